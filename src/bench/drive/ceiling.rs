//! What the client reaches where nothing is done: an endpoint of this process that reads a request and answers with
//! as many octets as a login gets.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::answer::Answer;
use super::asker::{Asker, Ticket};
use super::engine::{Fault, Pace, Terms, drive};
use super::request::Requests;
use super::target::Target;
use crate::bench::recorder::{Failure, Outcome};
use crate::bench::result::{Action, Ceiling};
use crate::bench::schedule::Window;
use crate::domain::clock::Stopwatch;

/// How long the ceiling is looked for.
const WINDOW: Window = Window { warm_up: Duration::from_millis(200), measured: Duration::from_secs(2) };
/// Octets of a token reply, and of an access token in a request.
const BODY: usize = 1_150;
const TOKEN: usize = 560;

/// Measures the ceiling, with so many `connections` that all ask again at once.
///
/// # Errors
///
/// No thread or port to be had, or an interruption.
pub fn measure(connections: usize, stop: &AtomicBool) -> Result<Ceiling, Fault> {
    let bare = Bare::start()?;
    let target = Target::here(bare.address);
    let terms = Terms {
        target: &target,
        window: WINDOW,
        connections,
        patience: Duration::from_secs(5),
        rest_after_refusal: Duration::ZERO,
        clock: Stopwatch::start(),
        watch: None,
        stop,
    };
    let mut asker = Same { requests: Requests::to(&target), token: "t".repeat(TOKEN) };
    let tally = drive(terms, Pace::Closed, &mut asker)?;
    let service = tally.recorder.service();
    let quantile = |share| service.quantile(share).unwrap_or_default();
    Ok(Ceiling {
        per_second: service.count() as f64 / WINDOW.measured.as_secs_f64(),
        p50: quantile(0.5),
        p99: quantile(0.99),
    })
}

struct Same {
    requests: Requests,
    token: String,
}

impl Asker for Same {
    fn ask(&mut self, request: &mut Vec<u8>) -> Option<Ticket> {
        self.requests.me(request, &self.token);
        Some(Ticket { action: Action::Verify, who: 0 })
    }

    fn answered<'a>(&mut self, _: Ticket, answer: Result<&Answer<'a>, Failure>) -> Outcome<'a> {
        answer.map_or_else(Outcome::Failed, |answer| Outcome::Good(answer.status))
    }
}

/// The endpoint; it ends when dropped.
struct Bare {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bare {
    fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("bench-ceiling".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener) => {}
                    _ = ended => {}
                }
            });
        })?;
        Ok(Self { address, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener) {
    let body = "x".repeat(BODY);
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {BODY}\r\n\r\n{body}");
    let answer: std::sync::Arc<[u8]> = answer.into_bytes().into();
    while let Ok((stream, _)) = listener.accept().await {
        let answer = answer.clone();
        tokio::spawn(async move { serve(stream, &answer).await });
    }
}

/// Requests of ours that have no body end with the empty line.
async fn serve(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut buffer, mut filled) = ([0; 4_096], 0);
    loop {
        let octets = stream.read(&mut buffer[filled..]).await?;
        filled += octets;
        if octets == 0 {
            return Ok(());
        }
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            stream.write_all(answer).await?;
            filled = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_reaches_more_than_any_server_of_passwords() {
        let ceiling = measure(4, &AtomicBool::new(false)).unwrap();
        assert!(ceiling.per_second > 500.0, "{ceiling:?}");
        assert!(ceiling.p50 <= ceiling.p99 && !ceiling.p50.is_zero(), "{ceiling:?}");
    }
}
