//! What the engine alone costs: N GETs, C at a time, on one thread, with the fields that a session of requests sends.
//!
//! ```sh
//! cargo run --release -p martlet --example bare_loop -- http://127.0.0.1:8000/ 100000 64 [SECONDS]
//! ```
//! Prints requests per second and microseconds of CPU per request, of this process: in all, and outside the
//! system's calls. It is the floor under every number of `make bench`: nothing that uses the engine can be
//! quicker. With SECONDS, each call has that limit for connecting and for each read.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use martlet::proto::cookie::SharedJar;
use martlet::proto::exchange::Policy;
use martlet::proto::{Request, Timeouts, Url};
use martlet::{Body, Call, Client, TlsSettings};

/// What a session of requests says of itself in each request.
const FIELDS: [(&str, &str); 4] = [
    ("User-Agent", concat!("python-requests/", env!("CARGO_PKG_VERSION"))),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept", "*/*"),
    ("Connection", "keep-alive"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: bare_loop URL [REQUESTS [IN_FLIGHT [SECONDS]]]")?;
    let requests: usize = args.next().as_deref().unwrap_or("100000").parse()?;
    let in_flight: usize = args.next().as_deref().unwrap_or("64").parse()?;
    let timeouts = args.next().map(|seconds| seconds.parse().map(Duration::from_secs_f64)).transpose()?;
    let timeouts = timeouts.map(Timeouts::both).unwrap_or_default();
    let mut request = Request::new("GET", Url::prepare(&url, "")?);
    request.headers = FIELDS.into_iter().collect();
    let session = Arc::new((request, timeouts, SharedJar::default(), Arc::<TlsSettings>::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = Client::default();
    // Connections are opened before the clock starts.
    runtime.block_on(many(&client, &session, in_flight, in_flight))?;
    let (begun, cpu) = (Instant::now(), cpu_time()?);
    let bytes = runtime.block_on(many(&client, &session, requests, in_flight))?;
    let (wall, now) = (begun.elapsed(), cpu_time()?);
    let per_request = |ticks: u64| ticks as f64 * 1e4 / requests as f64;
    println!(
        "{requests} requests, {in_flight} in flight, {bytes} bytes: {:.0} requests/s, {:.2} us CPU per request \
         ({:.2} of it outside system calls)",
        requests as f64 / wall.as_secs_f64(),
        per_request(now.0 + now.1 - cpu.0 - cpu.1),
        per_request(now.0 - cpu.0),
    );
    Ok(())
}

/// What all calls have in common, as those of a session have.
type Session = Arc<(Request, Timeouts, SharedJar, Arc<TlsSettings>)>;

fn call(session: &Session) -> Call {
    let (request, timeouts, jar, tls) = &**session;
    let policy = Policy { cookies: Some(Arc::clone(jar)), ..Policy::default() };
    Call { timeouts: *timeouts, policy, tls: Arc::clone(tls), ..Call::new(request.clone()) }
}

/// Makes `requests` requests, `in_flight` at a time; tells how many bytes of body came.
async fn many(
    client: &Client,
    session: &Session,
    requests: usize,
    in_flight: usize,
) -> Result<u64, Box<dyn Error>> {
    let workers = (0..in_flight).map(|worker| {
        let (client, session) = (client.clone(), Arc::clone(session));
        let share = requests / in_flight + usize::from(worker < requests % in_flight);
        tokio::spawn(async move {
            let mut bytes = 0;
            for _ in 0..share {
                let response = client.execute(call(&session)).await?;
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

/// CPU time of this process so far, in ticks of 10 ms: its own, and the system's on its behalf.
fn cpu_time() -> Result<(u64, u64), Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let mut fields = stat.rsplit_once(") ").ok_or("unreadable /proc/self/stat")?.1.split(' ').skip(11);
    let mut next = || fields.next().ok_or("short /proc/self/stat");
    Ok((next()?.parse()?, next()?.parse()?))
}
