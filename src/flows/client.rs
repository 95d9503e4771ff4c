//! Which service asks.

use metrics::counter;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::Desk;
use crate::config::{Client, ClientRight};
use crate::domain::secret::Sha256Digest;

/// What a client presents to prove who it is.
pub struct Credentials {
    /// Its name.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// A configured client that has proved who it is.
#[derive(Debug, Clone)]
pub struct KnownClient {
    /// Its name.
    pub id: String,
    may: Vec<ClientRight>,
}

impl KnownClient {
    /// Whether it has this right.
    pub fn may(&self, right: ClientRight) -> bool {
        self.may.contains(&right)
    }
}

/// The client with these credentials. `None` for a wrong secret as for an unknown name, after the same work.
pub fn recognise(desk: &Desk, presented: Credentials) -> Option<KnownClient> {
    let Credentials { id, secret } = presented;
    let presented = Sha256Digest::of(secret.expose_secret());
    let known = desk.rules.clients.get(&id);
    let [one, other] = known.map_or_else(decoys, |client| client.secret_sha256.both());
    let is_right = bool::from(presented.ct_eq(&one) | presented.ct_eq(&other));
    if known.is_none() || !is_right {
        counter!("guardhouse_clients_refused_total").increment(1);
    }
    known.filter(|_| is_right).map(|Client { may, .. }| KnownClient { id, may: may.clone() })
}

/// What the secret of an unknown client is compared with.
fn decoys() -> [Sha256Digest; 2] {
    [Sha256Digest::ZERO; 2]
}
