//! The pool as a table of decisions: connections are plain numbers here.

use std::time::Duration;

use super::*;

/// A connection that writes its number down when it is closed.
#[derive(Debug)]
struct Wire(u32, Arc<Mutex<Vec<u32>>>);

impl Drop for Wire {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

struct Bench {
    pool: Pool<Wire>,
    closed: Arc<Mutex<Vec<u32>>>,
}

impl Bench {
    fn new(config: PoolConfig) -> Self {
        Self { pool: Pool::new(config), closed: Arc::default() }
    }

    /// Asks for a connection to `host`; opens number `number` if none is idle.
    async fn get(&self, host: &str, number: u32) -> Leased<Wire> {
        match self.pool.acquire(&key(host)).await {
            Grant::Reuse(leased) => leased,
            Grant::Open(place) => place.fill(Wire(number, Arc::clone(&self.closed))),
        }
    }

    fn closed(&self) -> Vec<u32> {
        self.closed.lock().unwrap().clone()
    }

    /// (open, idle, waiting)
    fn counts(&self) -> (usize, usize, usize) {
        let stats = self.pool.stats();
        (stats.open, stats.idle, stats.waiting)
    }
}

fn key(host: &str) -> Key {
    Key { host: host.into(), port: 80, tls: None, proxy: None, runtime: None }
}

/// Polls once, to get into the queue.
fn queue<F: Future>(future: &mut Pin<Box<F>>) {
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
}

fn limited(per_host: Option<usize>, total: Option<usize>) -> PoolConfig {
    PoolConfig { max_per_host: per_host, max_total: total, ..PoolConfig::default() }
}

#[tokio::test]
async fn the_last_connection_to_come_back_is_the_first_to_go_out() {
    let bench = Bench::new(PoolConfig::default());
    let (one, two) = (bench.get("a", 1).await, bench.get("a", 2).await);
    one.give_back();
    two.give_back();
    assert_eq!(bench.get("a", 9).await.connection.0, 2);
    assert_eq!(bench.pool.stats().reused, 1);
}

#[tokio::test]
async fn a_connection_serves_its_own_host_only() {
    let bench = Bench::new(PoolConfig::default());
    bench.get("a", 1).await.give_back();
    let other = bench.get("b", 2).await;
    assert_eq!(other.connection.0, 2);
    assert_eq!(bench.counts(), (2, 1, 0));
}

#[tokio::test]
async fn a_dropped_connection_is_closed_and_its_place_free() {
    let bench = Bench::new(limited(Some(1), None));
    drop(bench.get("a", 1).await);
    assert_eq!((bench.closed(), bench.counts()), (vec![1], (0, 0, 0)));
    assert_eq!(bench.get("a", 2).await.connection.0, 2);
}

#[tokio::test]
async fn who_waits_is_served_in_order_and_with_the_connection_that_came_back() {
    let bench = Bench::new(limited(Some(1), None));
    let held = bench.get("a", 1).await;
    let mut first = Box::pin(bench.get("a", 2));
    let mut second = Box::pin(bench.get("a", 3));
    queue(&mut first);
    queue(&mut second);
    held.give_back();
    queue(&mut second);
    let first = first.await;
    assert_eq!(first.connection.0, 1);
    drop(first);
    assert_eq!(second.await.connection.0, 3);
}

#[tokio::test]
async fn a_newcomer_does_not_overtake_who_waits() {
    let bench = Bench::new(limited(Some(1), None));
    let held = bench.get("a", 1).await;
    let mut early = Box::pin(bench.get("a", 2));
    queue(&mut early);
    held.give_back();
    let mut late = Box::pin(bench.get("a", 3));
    queue(&mut late);
    drop(early.await);
    assert_eq!(late.await.connection.0, 3);
}

#[tokio::test]
async fn who_gives_up_leaves_the_queue_and_what_was_granted_goes_to_the_next() {
    let bench = Bench::new(limited(Some(1), None));
    let held = bench.get("a", 1).await;
    let mut gone = Box::pin(bench.get("a", 2));
    let mut granted = Box::pin(bench.get("a", 3));
    let mut next = Box::pin(bench.get("a", 4));
    queue(&mut gone);
    queue(&mut granted);
    queue(&mut next);
    drop(gone);
    assert_eq!(bench.counts(), (1, 0, 2));
    held.give_back();
    drop(granted);
    assert_eq!(next.await.connection.0, 1);
    assert_eq!((bench.closed(), bench.counts()), (vec![1], (0, 0, 0)));
}

#[tokio::test]
async fn with_a_total_limit_an_idle_connection_to_another_host_gives_way() {
    let bench = Bench::new(limited(None, Some(2)));
    bench.get("a", 1).await.give_back();
    let _held = bench.get("b", 2).await;
    let other = bench.get("c", 3).await;
    assert_eq!(other.connection.0, 3);
    assert_eq!((bench.closed(), bench.counts()), (vec![1], (2, 0, 0)));
}

#[tokio::test]
async fn with_a_total_limit_a_connection_that_comes_back_is_closed_for_who_waits_elsewhere() {
    let bench = Bench::new(limited(None, Some(1)));
    let held = bench.get("a", 1).await;
    let mut other = Box::pin(bench.get("b", 2));
    queue(&mut other);
    held.give_back();
    assert_eq!(other.await.connection.0, 2);
    assert_eq!(bench.closed(), [1, 2]);
}

#[tokio::test]
async fn a_place_at_one_host_is_no_use_to_who_waits_for_another() {
    let bench = Bench::new(limited(Some(1), None));
    let (one, _two) = (bench.get("a", 1).await, bench.get("b", 2).await);
    let mut waiting = Box::pin(bench.get("b", 3));
    queue(&mut waiting);
    drop(one);
    queue(&mut waiting);
    assert_eq!(bench.counts(), (1, 0, 1));
}

#[tokio::test]
async fn an_expired_connection_is_closed_instead_of_used() {
    let config = PoolConfig { idle_expiry: Duration::ZERO, ..PoolConfig::default() };
    let bench = Bench::new(config);
    bench.get("a", 1).await.give_back();
    assert_eq!(bench.get("a", 2).await.connection.0, 2);
    assert_eq!(bench.closed(), [1, 2]);
}

#[tokio::test]
async fn a_connection_past_its_lifetime_is_not_kept() {
    let bench = Bench::new(PoolConfig { max_lifetime: Some(Duration::ZERO), ..PoolConfig::default() });
    bench.get("a", 1).await.give_back();
    assert_eq!((bench.closed(), bench.counts()), (vec![1], (0, 0, 0)));
}

#[tokio::test]
async fn beyond_the_idle_limits_the_oldest_is_closed() {
    let bench = Bench::new(PoolConfig { max_idle_per_host: 2, max_idle_total: 3, ..PoolConfig::default() });
    let leased = [bench.get("a", 1).await, bench.get("a", 2).await, bench.get("a", 3).await];
    leased.into_iter().for_each(Leased::give_back);
    assert_eq!((bench.closed(), bench.counts()), (vec![1], (2, 2, 0)));
    bench.get("b", 4).await.give_back();
    bench.get("c", 5).await.give_back();
    assert_eq!((bench.closed(), bench.counts()), (vec![1, 2], (3, 3, 0)));
}

#[tokio::test]
async fn closing_the_idle_ones_leaves_those_in_use() {
    let bench = Bench::new(PoolConfig::default());
    let held = bench.get("a", 1).await;
    bench.get("a", 2).await.give_back();
    assert_eq!(bench.pool.close_idle(), 1);
    assert_eq!((bench.closed(), bench.counts()), (vec![2], (1, 0, 0)));
    drop(held);
    assert_eq!(bench.pool.stats().hosts, 0);
}

#[tokio::test(start_paused = true)]
async fn the_reaper_closes_what_has_expired_and_ends_with_the_pool() {
    let bench = Bench::new(PoolConfig { idle_expiry: Duration::ZERO, ..PoolConfig::default() });
    let reaper = tokio::spawn(bench.pool.reap());
    bench.get("a", 1).await.give_back();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.closed(), [1]);
    drop(bench);
    reaper.await.unwrap();
}

#[tokio::test]
async fn who_ran_out_of_descriptors_hears_of_every_closing() {
    let bench = Bench::new(PoolConfig::default());
    let held = bench.get("a", 1).await;
    let mut hears = Box::pin(bench.pool.some_connection_closes());
    queue(&mut hears);
    drop(held);
    hears.await;
}
