//! Fetches URLs side by side over one session and says how each went.
//!
//! ```sh
//! cargo run -p martlet --example fetch -- https://example.org/ https://www.rust-lang.org/
//! ```

use std::time::Duration;

use martlet::{CallError, Session};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let session = Session::new();
    let urls = std::env::args().skip(1);
    let fetches: Vec<_> = urls.map(|url| (url.clone(), tokio::spawn(fetch(session.clone(), url)))).collect();
    for (url, fetch) in fetches {
        match fetch.await {
            Ok(Ok((status, length))) => println!("{status}  {length:>9} bytes  {url}"),
            Ok(Err(failure)) => println!("failed: {failure}"),
            Err(panicked) => println!("failed: {panicked}"),
        }
    }
    eprintln!("{:?}", session.client());
}

/// The status and the length of what is at `url`, read piece by piece.
async fn fetch(session: Session, url: String) -> Result<(u16, usize), CallError> {
    let mut response = session.get(url).timeout(Duration::from_secs(10)).stream().send().await?;
    let mut length = 0;
    while let Some(piece) = response.chunk().await? {
        length += piece.len();
    }
    Ok((response.status(), length))
}
