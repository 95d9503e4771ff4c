//! Which service asks.

use metrics::counter;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::limited::{self, may_be_limited};
use super::{Desk, Fault, Limited, Visit};
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

/// Why nobody is let pass.
#[derive(Debug)]
pub enum ClientError {
    /// No client has these credentials.
    Unknown,
    /// Too many questions.
    Limited(Limited),
    /// Not the client's doing.
    Fault(Fault),
}
may_be_limited!(ClientError);

/// Counts a question about tokens and says who asks; `None` where nobody says who they are.
///
/// # Errors
///
/// [`ClientError`]
pub async fn admit(
    desk: &Desk,
    presented: Option<Credentials>,
    visit: &Visit,
) -> Result<Option<KnownClient>, ClientError> {
    limited::take(desk, visit, desk.rules().limits.question(visit.origin.address)).await?;
    let Some(presented) = presented else { return Ok(None) };
    let client = recognise(desk, presented).ok_or(ClientError::Unknown)?;
    limited::take(desk, visit, desk.rules().limits.client(&client.id)).await?;
    Ok(Some(client))
}

/// The client with these credentials. `None` for a wrong secret as for an unknown name, after the same work.
fn recognise(desk: &Desk, presented: Credentials) -> Option<KnownClient> {
    let Credentials { id, secret } = presented;
    let presented = Sha256Digest::of(secret.expose_secret());
    let rules = desk.rules();
    let known = rules.clients.get(&id);
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
