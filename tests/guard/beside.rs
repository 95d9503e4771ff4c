//! A guard beside the server's own verifier: the attack tables of `tests/tokens` are put to both.

use super::*;

/// A guard that knows what is published of `keys`, and time as it is told.
pub struct Beside {
    guard: Guard,
    clock: Arc<ManualClock>,
}

struct Keys(Vec<VerifyingKey>);

impl Source for Keys {
    fn keys(&self) -> Result<PublishedKeys, SourceFault> {
        Ok(PublishedKeys { jwks: jwk_set(&self.0), paserks: paserk_set(&self.0), max_age: Duration::ZERO })
    }

    fn endings(&self, _: Option<&str>) -> Result<EndingsPage, SourceFault> {
        let mut page = page("one", false, 0, json!([]));
        page["access_lifetime"] = json!(100_000_000);
        Ok(serde_json::from_value(page).unwrap())
    }
}

impl Beside {
    pub fn new(rules: &TokenRules, keys: Vec<VerifyingKey>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::MIN));
        let builder = Guard::builder(rules.issuer()).audience(rules.audience()).leeway(rules.leeway());
        let builder = builder.when_stale(Duration::ZERO, OnStale::Allow).clock(clock.clone());
        let guard = builder.source(Keys(keys)).build_without_thread().unwrap();
        guard.fetch_keys().unwrap();
        guard.fetch_endings().unwrap();
        Self { guard, clock }
    }

    /// Whatever the server refuses is a bad token here, and never merely an old one.
    #[track_caller]
    pub fn refuses(&self, what: &str, token: &str, now: Timestamp) {
        self.clock.set(now);
        assert_eq!(self.guard.verify(token), Err(Refusal::Invalid), "{what}: {token:?}");
    }

    /// What the server accepts passes, unless it is made with a secret, which is not published.
    #[track_caller]
    pub fn accepts(&self, what: &str, token: &str, now: Timestamp) {
        use base64::Engine;
        self.clock.set(now);
        let header = token.split('.').next().unwrap_or_default();
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
        let is_secret = token.starts_with("v4.local.") || String::from_utf8_lossy(&header).contains("HS256");
        let expected = if is_secret { Err(Refusal::Invalid) } else { Ok(()) };
        assert_eq!(self.guard.verify(token).map(drop), expected, "{what}: {token:?}");
    }
}
