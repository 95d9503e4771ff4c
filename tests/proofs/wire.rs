//! A wire between a server and its store that counts what the server sends.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use guardhouse::domain::clock::Stopwatch;

use crate::binary::process::until;

/// Passes on what comes, in both directions; ends with its drop.
pub struct Wire {
    address: SocketAddr,
    sent: Arc<AtomicU64>,
    cut: Arc<AtomicBool>,
}

impl Wire {
    /// In front of the server that `url` names. With it, the address to use instead.
    pub fn before(url: &str) -> (Self, String) {
        let mut url = url::Url::parse(url).expect("an address");
        let target = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let wire = Self { address, sent: Arc::default(), cut: Arc::default() };
        let (sent, cut) = (wire.sent.clone(), wire.cut.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                if cut.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(client) = client else { continue };
                let Ok(server) = TcpStream::connect(&target) else { continue };
                carry(&client, &server, Some(sent.clone()));
                carry(&server, &client, None);
            }
        });
        url.set_port(Some(address.port())).expect("an address with a host");
        (wire, url.into())
    }

    /// How many bytes the server has sent to its store.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Waits until nothing more comes by itself: what was done is written down by timers of up to a second.
    pub fn wait_for_silence(&self) {
        self.wait_for_silence_of(Duration::from_millis(1_300));
    }

    /// Waits until nothing has come for `pause`.
    pub fn wait_for_silence_of(&self, pause: Duration) {
        let mut last = (self.sent(), Stopwatch::start());
        until("silence", || {
            if self.sent() != last.0 {
                last = (self.sent(), Stopwatch::start());
            }
            last.1.elapsed() > pause
        });
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut.store(true, Ordering::SeqCst);
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

fn carry(from: &TcpStream, to: &TcpStream, count: Option<Arc<AtomicU64>>) {
    let mut from = from.try_clone().expect("a second handle");
    let mut to = to.try_clone().expect("a second handle");
    let _ = to.set_nodelay(true);
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1_024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if let Some(count) = &count {
                count.fetch_add(length as u64, Ordering::SeqCst);
            }
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
