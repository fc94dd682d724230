//! A gate for `/gate/N`: those who wait at it are let through together.
//!
//! It opens when as many wait as the last of them asks for, after the pause that one asks for. Who leaves
//! while waiting no longer counts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// The gate, and how many wait at it.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    /// Tells those who wait now that it opens. The next ones get another.
    bell: Option<watch::Sender<bool>>,
}

/// A place at the gate.
pub(crate) struct Place<'g> {
    gate: &'g Gate,
    opens: watch::Receiver<bool>,
    /// Who came last rings the bell, after the pause.
    ring: Option<(watch::Sender<bool>, Duration)>,
}

impl Gate {
    pub(crate) fn enter(&self, count: usize, pause: Duration) -> Place<'_> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let opens = match &state.bell {
            Some(bell) => bell.subscribe(),
            None => {
                let (bell, opens) = watch::channel(false);
                state.bell = Some(bell);
                opens
            }
        };
        state.waiting += 1;
        let mut ring = None;
        if state.waiting >= count {
            state.waiting = 0;
            ring = state.bell.take().map(|bell| (bell, pause));
        }
        Place { gate: self, opens, ring }
    }
}

impl Place<'_> {
    pub(crate) async fn opened(&mut self) {
        if let Some((bell, pause)) = self.ring.take() {
            tokio::time::sleep(pause).await;
            bell.send_replace(true);
            return;
        }
        // An error means that the one who was to ring has gone: nobody waits for ever.
        _ = self.opens.wait_for(|open| *open).await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bell.as_ref().is_some_and(|bell| bell.subscribe().same_channel(&self.opens)) {
            state.waiting = state.waiting.saturating_sub(1);
        }
    }
}
