//! Messages to a web server, as Standard Webhooks 1.0.0: one record each, signed, with the record's id as the message's.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use ureq::Agent;
use url::Url;
use uuid::Uuid;

use super::{Carrier, Verdict};
use crate::domain::audit::chain::Linked;
use crate::domain::clock::{Stopwatch, Timestamp};
use crate::domain::id::InstanceId;
use crate::domain::webhook::WebhookSecrets;
use crate::guard::agent::{agent, read};

/// The longest that one answer may take, and for how long new messages of a batch are begun.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Messages under way at once, and in a batch.
const AT_ONCE: usize = 8;
const BATCH: usize = 64;

/// A receiver's web server.
#[derive(Debug)]
pub struct Webhook {
    agent: Agent,
    url: String,
    secrets: WebhookSecrets,
}

/// What the body says.
#[derive(Serialize)]
struct Message<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    id: Uuid,
    outcome: &'a str,
    user: Option<Uuid>,
    actor: Option<Uuid>,
    session: Option<Uuid>,
    detail: Option<&'a str>,
    address: Option<&'a str>,
    user_agent: Option<&'a str>,
    request_id: Option<&'a str>,
    instance: InstanceId,
    chain: InstanceId,
    seq: u64,
}

/// The body of the message about a record.
pub fn body(linked: &Linked) -> Vec<u8> {
    let record = &linked.record;
    let personal = record.personal.as_ref();
    let data = Data {
        id: record.id,
        outcome: &record.outcome,
        user: record.user,
        actor: record.actor,
        session: record.session,
        detail: record.detail.as_deref(),
        address: personal.map(|personal| personal.address.as_str()),
        user_agent: personal.and_then(|personal| personal.user_agent.as_deref()),
        request_id: personal.map(|personal| personal.request_id.as_str()),
        instance: record.instance,
        chain: linked.chain,
        seq: linked.head.seq,
    };
    let message = Message { r#type: &record.kind, timestamp: record.at, data };
    serde_json::to_vec(&message).unwrap_or_default()
}

impl Webhook {
    /// The server at `url`, which shares `secrets` with this one.
    ///
    /// # Errors
    ///
    /// When this system trusts no server at all.
    pub fn new(url: &Url, secrets: WebhookSecrets) -> Result<Self, String> {
        let agent = agent(TIMEOUT, None, url.scheme() == "https")?;
        Ok(Self { agent, url: url.to_string(), secrets })
    }

    /// Sends `body` as the message `id` and says what came of it.
    pub fn send(&self, id: Uuid, body: &[u8], now: Timestamp) -> Verdict {
        let id = id.to_string();
        let request = self.agent.post(&self.url).header("content-type", "application/json");
        let request = request
            .header("webhook-id", &id)
            .header("webhook-timestamp", now.seconds().to_string())
            .header("webhook-signature", self.secrets.sign(&id, now, body))
            .header("user-agent", concat!("guardhouse/", env!("CARGO_PKG_VERSION")));
        match request.send(body) {
            // Its text may hold the address, which may be a secret.
            Err(error) => Verdict::Later { reason: without(&error.to_string(), &self.url), pause: None },
            Ok(answer) => {
                let verdict = verdict(answer.status().as_u16(), answer.headers().get("retry-after"));
                // Only a connection whose answer was read to its end can be used again.
                let _ = read(answer);
                verdict
            }
        }
    }
}

fn without(text: &str, url: &str) -> String {
    text.replace(url, "the address")
}

fn verdict(status: u16, retry_after: Option<&ureq::http::HeaderValue>) -> Verdict {
    let later = |reason: String, pause| Verdict::Later { reason, pause };
    match status {
        200..=299 => Verdict::Delivered,
        300..=399 => later(format!("{status}: redirects are not followed; give the address itself"), None),
        // These are about the message; any other may be about the receiver, or about us.
        400 | 409 | 413 | 415 | 422 => Verdict::Refused(format!("{status}: it does not take this message")),
        410 => {
            later("410: it wants no more messages; remove the delivery".into(), Some(super::backoff::LONGEST))
        }
        _ => {
            let seconds =
                retry_after.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
            let (reason, pause) = (status.to_string(), seconds.map(Duration::from_secs));
            if status == 429 || pause.is_some() {
                Verdict::Busy { reason, pause }
            } else {
                later(reason, None)
            }
        }
    }
}

impl Carrier for Webhook {
    fn most(&self) -> usize {
        BATCH
    }

    fn carry(&self, messages: &[Linked], now: Timestamp) -> Vec<Verdict> {
        let (next, watch) = (AtomicUsize::new(0), Stopwatch::start());
        // One that takes nothing now is not asked for the rest.
        let has_enough = AtomicBool::new(false);
        let work = || {
            let mut done = Vec::new();
            while watch.elapsed() < TIMEOUT && !has_enough.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(linked) = messages.get(number) else { break };
                // What is sent late says so: receivers refuse what is old.
                let sent = now.plus(watch.elapsed());
                let verdict = self.send(linked.record.id, &body(linked), sent);
                if matches!(verdict, Verdict::Later { .. } | Verdict::Busy { .. }) {
                    has_enough.store(true, Ordering::Relaxed);
                }
                done.push((number, verdict));
            }
            done
        };
        let mut verdicts = vec![Verdict::Untried; messages.len()];
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE.min(messages.len())).map(|_| scope.spawn(work)).collect();
            for (number, verdict) in threads.into_iter().filter_map(|thread| thread.join().ok()).flatten() {
                verdicts[number] = verdict;
            }
        });
        verdicts
    }
}
