//! The connection to Redis, and what Redis must be like to be trusted with sessions and limits.

use std::collections::BTreeMap;
use std::time::Duration;

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface, MetricsInterface, ServerInterface};
use fred::types::Builder;
use fred::types::config::{Config, ReconnectPolicy};
use fred::types::{ClusterHash, CustomCommand, InfoKind};
use metrics::gauge;
use secrecy::ExposeSecret;

use super::StoreError;
use crate::config;

/// Set in a Redis of made-up sessions: by whom. It may be emptied.
const MADE_UP: &str = "guardhouse:made_up";

/// Pause between tries to connect again.
const RECONNECT_PAUSE_MS: u32 = 100;

/// A connected Redis: one server, a cluster (`redis-cluster://`) or sentinels (`redis-sentinel://`).
#[derive(Clone)]
pub struct Redis {
    client: Client,
    clustered: bool,
    timeout: Duration,
}

impl Redis {
    /// Connects. The runtime this is called on must outlive every use.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when Redis cannot be reached within the configured time.
    pub async fn connect(settings: &config::Redis) -> Result<Self, StoreError> {
        let config = Config::from_url(settings.url.expose_secret())?;
        let (clustered, secured) = (config.server.is_clustered(), config.uses_tls());
        let timeout = settings.timeout;
        let client = Builder::from_config(config)
            .with_performance_config(|performance| performance.default_command_timeout = timeout)
            .with_connection_config(|connection| {
                connection.connection_timeout = timeout;
                connection.internal_command_timeout = timeout;
                // A command whose answer was lost is not sent twice behind the caller's back.
                connection.max_command_attempts = 1;
            })
            .set_policy(ReconnectPolicy::new_constant(0, RECONNECT_PAUSE_MS))
            .build()?;
        let connecting = tokio::time::timeout(timeout.saturating_mul(3), client.init());
        match connecting.await {
            Ok(connected) => drop(connected.map_err(|error| explained(error, secured))?),
            Err(_) => return Err(StoreError::Unavailable("no answer from Redis".into())),
        }
        Ok(Self { client, clustered, timeout })
    }

    /// Tells the metrics how long the commands since the last time took, the wait for the connection included.
    pub fn tell_times(&self) {
        let times = self.client.take_latency_metrics();
        if times.samples == 0 {
            return;
        }
        for (statistic, millis) in [("mean", times.avg), ("max", times.max as f64)] {
            gauge!("guardhouse_redis_latency_seconds", "statistic" => statistic).set(millis / 1e3);
        }
    }

    /// The client for commands that are answered at once.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether keys of different hash slots may be on different servers.
    pub(super) fn is_clustered(&self) -> bool {
        self.clustered
    }

    /// A client of its own for commands that wait: they would hold up all others on a shared connection.
    pub(super) async fn waiting_client(&self, longest: Duration) -> Result<Client, StoreError> {
        let client = self.client.clone_new();
        let mut performance = client.perf_config();
        performance.default_command_timeout = longest + self.timeout;
        client.update_perf_config(performance);
        client.init().await?;
        Ok(client)
    }

    /// Refuses a Redis that throws keys away when its memory is full: a session would end for no reason, and worse,
    /// a revocation would be forgotten, or what an attacker has tried. `accepts` is the setting that takes the risk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Other`] with what to do; [`StoreError::Unavailable`].
    pub async fn refuse_eviction(&self, accepts: &str) -> Result<(), StoreError> {
        let memory = self.info(InfoKind::Memory).await?;
        let policy = memory.lines().find_map(|line| line.strip_prefix("maxmemory_policy:")).map(str::trim);
        match policy {
            Some("noeviction") => Ok(()),
            policy => Err(StoreError::Other(format!(
                "Redis evicts keys when its memory is full (maxmemory-policy {}); set it to noeviction, or accept the \
                 loss with {accepts} = true",
                policy.unwrap_or("unknown")
            ))),
        }
    }

    async fn info(&self, kind: InfoKind) -> Result<String, StoreError> {
        Ok(match self.clustered {
            // Every node of a cluster is set up alike; one of them is asked.
            true => {
                let options = fred::types::config::Options {
                    cluster_hash: Some(ClusterHash::Random),
                    ..Default::default()
                };
                self.client.with_options(&options).info(Some(kind)).await?
            }
            false => self.client.info(Some(kind)).await?,
        })
    }

    /// What Redis says of itself: the lines of `INFO server`, `memory` and `persistence`, by name. Hosted ones leave out
    /// some.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]
    pub async fn vitals(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut vitals = BTreeMap::new();
        for kind in [InfoKind::Server, InfoKind::Memory, InfoKind::Persistence] {
            let text = self.info(kind).await?;
            let lines = text.lines().filter_map(|line| line.trim().split_once(':'));
            vitals.extend(lines.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Ok(vitals)
    }

    /// Whether it holds nothing at all, or the mark of whoever filled it and may empty it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; [`StoreError::Other`] for a cluster, of which a mark would stand on one server only.
    pub async fn is_free_for(&self, mark: &str) -> Result<bool, StoreError> {
        if self.clustered {
            return Err(StoreError::Other("a cluster of Redis is not emptied; take one server".into()));
        }
        let keys: u64 = self.client.dbsize().await?;
        let known: Option<String> = self.client.get(MADE_UP).await?;
        Ok(keys == 0 || known.as_deref() == Some(mark))
    }

    /// Empties it, but for `mark`. Only after [`Self::is_free_for`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]
    pub async fn make_anew(&self, mark: &str) -> Result<(), StoreError> {
        self.empty().await?;
        Ok(self.client.set(MADE_UP, mark, None, None, false).await?)
    }

    /// Empties it, the mark included: what comes next in it is not ours. Only after [`Self::is_free_for`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]
    pub async fn empty(&self) -> Result<(), StoreError> {
        // Of this number of a database only, and not FLUSHALL.
        let flush = CustomCommand::new_static("FLUSHDB", None::<u16>, false);
        Ok(self.client.custom::<(), &str>(flush, Vec::new()).await?)
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.client.ping::<()>(None).await?)
    }
}

/// The error of a first connection with its likely cause, where the client has no words for it.
fn explained(error: Error, secured: bool) -> StoreError {
    let text = format!("{:?} {}", error.kind(), error.details());
    let says = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    let cause = if secured && says(&["InvalidCertificate"]) {
        "the certificate of the server is not accepted: it has to name the host of redis.url, and to come from an \
         authority of this system or from one in the file that SSL_CERT_FILE names"
    } else if secured && says(&["InvalidContentType", "InvalidMessage", "Timeout"]) {
        "it did not answer the greeting of TLS: a server without TLS is reached with redis://"
    } else if !secured && says(&["ConnectionReset", "BrokenPipe", "UnexpectedEof", "Canceled", "Protocol"]) {
        "it ended the connection at the first word: a server that expects TLS is reached with rediss://"
    } else {
        return error.into();
    };
    StoreError::Unavailable(format!("redis: {error}: {cause}"))
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let text = format!("redis: {error}");
        let details = error.details();
        let not_now = [
            "OOM",
            "READONLY",
            "LOADING",
            "MISCONF",
            "CLUSTERDOWN",
            "MASTERDOWN",
            "TRYAGAIN",
            "BUSY",
            "NOREPLICAS",
            // Loaded a moment ago, and lost with a server that was started anew.
            "NOSCRIPT",
        ];
        match error.kind() {
            ErrorKind::IO
            | ErrorKind::Timeout
            | ErrorKind::Canceled
            | ErrorKind::Cluster
            | ErrorKind::Sentinel
            | ErrorKind::Routing
            | ErrorKind::Backpressure
            | ErrorKind::Auth
            | ErrorKind::Tls
            | ErrorKind::Protocol => Self::Unavailable(text),
            _ if not_now.iter().any(|prefix| details.starts_with(prefix)) => Self::Unavailable(text),
            _ => Self::Other(text),
        }
    }
}
