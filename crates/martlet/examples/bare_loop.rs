//! What the engine alone costs: N GETs, C at a time, on one thread.
//!
//! ```sh
//! cargo run --release -p martlet --example bare_loop -- http://127.0.0.1:8000/ 100000 64
//! ```
//! Prints requests per second and microseconds of CPU per request (user + system, of this process). It is
//! the floor under every number of `make bench`: nothing that uses the engine can be quicker.

use std::error::Error;
use std::time::{Duration, Instant};

use martlet::proto::{Request, Url};
use martlet::{Body, Call, Client};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: bare_loop URL [REQUESTS [IN_FLIGHT]]")?;
    let requests: usize = args.next().as_deref().unwrap_or("100000").parse()?;
    let in_flight: usize = args.next().as_deref().unwrap_or("64").parse()?;
    let url = Url::prepare(&url, "")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = Client::default();
    // Connections are opened before the clock starts.
    runtime.block_on(many(&client, &url, in_flight, in_flight))?;
    let (begun, cpu) = (Instant::now(), cpu_time()?);
    let bytes = runtime.block_on(many(&client, &url, requests, in_flight))?;
    let (wall, cpu) = (begun.elapsed(), cpu_time()? - cpu);
    println!(
        "{requests} requests, {in_flight} in flight, {bytes} bytes: {:.0} requests/s, {:.2} us CPU per request; {:?}",
        requests as f64 / wall.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / requests as f64,
        client.stats(),
    );
    Ok(())
}

/// Makes `requests` requests, `in_flight` at a time; tells how many bytes of body came.
async fn many(client: &Client, url: &Url, requests: usize, in_flight: usize) -> Result<u64, Box<dyn Error>> {
    let workers = (0..in_flight).map(|worker| {
        let (client, url) = (client.clone(), url.clone());
        let share = requests / in_flight + usize::from(worker < requests % in_flight);
        tokio::spawn(async move {
            let mut bytes = 0;
            for _ in 0..share {
                let response = client.execute(Call::new(Request::new("GET", url.clone()))).await?;
                if let Body::Full(body) = response.body {
                    bytes += body.len() as u64;
                }
            }
            Ok::<u64, martlet::CallError>(bytes)
        })
    });
    let mut bytes = 0;
    for worker in workers.collect::<Vec<_>>() {
        bytes += worker.await??;
    }
    Ok(bytes)
}

/// CPU time of this process so far, from `/proc` (in ticks of 10 ms).
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(") ").ok_or("unreadable /proc/self/stat")?.1.split(' ');
    let ticks = fields.skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
