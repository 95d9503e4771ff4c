//! The client's address from the proxy in front, before HTTP begins: the PROXY protocol, version 2.
//!
//! For proxies that pass connections on without looking into them, and so cannot write a forwarding header. Whether a
//! header is expected is configured and never guessed (proxy-protocol.txt, section 5): a client that could choose to
//! send one would choose its address. Where it is expected, whoever does not send one, or stands in no trusted network,
//! is cut off without a word.

mod extensions;
pub mod header;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use metrics::counter;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;

use header::{FIXED, Fault, Source};

use crate::domain::address::canonical;

/// The proxies that must announce each connection.
#[derive(Debug, Clone)]
pub struct Announced {
    /// The networks in which they stand; nobody else may connect.
    pub proxies: Vec<IpNet>,
    /// How long a header may take.
    pub timeout: Duration,
}

/// Why a connection is closed unanswered.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the peer is not in `server.trusted_proxies`")]
    Untrusted,
    #[error("the header did not come in time")]
    Late,
    #[error("the connection ended before the header did: {0}")]
    Ended(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Fault),
}

impl Announced {
    /// Reads the header off `connection`, and nothing of what follows it. Returns the client's address, or that of the
    /// peer where this speaks for itself.
    ///
    /// # Errors
    ///
    /// When the connection has to be closed; counted and logged already.
    pub async fn client(&self, connection: &mut TcpStream) -> io::Result<SocketAddr> {
        self.admit(connection).await.map_err(|refusal| {
            let reason = refusal.reason();
            counter!("guardhouse_connections_refused_total", "reason" => reason).increment(1);
            if let Refusal::Ended(_) = refusal {
                // Whoever only asks whether somebody listens does this, many balancers every few seconds.
                tracing::debug!(%refusal, "a connection was not announced");
            } else {
                tracing::warn!(%refusal, "a connection was not announced as `server.proxy_protocol` demands; closed it");
            }
            io::Error::new(io::ErrorKind::ConnectionAborted, refusal)
        })
    }

    async fn admit(&self, connection: &mut TcpStream) -> Result<SocketAddr, Refusal> {
        let peer = connection.peer_addr()?;
        let address = canonical(peer.ip());
        if !self.proxies.iter().any(|network| network.contains(&address)) {
            return Err(Refusal::Untrusted);
        }
        let source = tokio::time::timeout(self.timeout, read(connection)).await;
        match source.map_err(|_| Refusal::Late)?? {
            Source::Peer => Ok(peer),
            Source::Client(client) => Ok(client),
        }
    }
}

impl Refusal {
    /// For the metric.
    fn reason(&self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::Late => "late",
            Self::Ended(_) => "ended",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// Never asks for more than is certain to belong to the header: what follows it is HTTP's, even in the same segment.
async fn read(connection: &mut (impl AsyncRead + Unpin)) -> Result<Source, Refusal> {
    let (mut octets, mut have) = (vec![0; FIXED], 0);
    while have < octets.len() {
        match connection.read(&mut octets[have..]).await? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            more => have += more,
        }
        octets.resize(header::length(&octets[..have])?, 0);
    }
    Ok(header::read(&octets)?)
}
