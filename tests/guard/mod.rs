//! The guard of other services: the server's own rules, known keys, endings, and what it does when it hears nothing.

pub mod beside;
mod concurrent;
mod example;
mod extractors;
mod following;
mod over_http;
mod schedule;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guardhouse::domain::claims::Claims;
use guardhouse::domain::clock::{Clock, ManualClock, Timestamp};
use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::domain::role::{Role, Roles};
use guardhouse::domain::session::AuthMethod;
use guardhouse::guard::source::{EndingsPage, PublishedKeys, Source, SourceFault};
use guardhouse::guard::{Guard, GuardBuilder, OnStale, Refusal};
use guardhouse::tokens::algorithm::KeyAlgorithm;
use guardhouse::tokens::keys::{SigningKey, VerifyingKey};
use guardhouse::tokens::published::{jwk_set, paserk_set};
use guardhouse::tokens::{AccessTokens, TokenRules};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::entropy::Seeded;

const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "notes";
const START: i64 = 1_800_000_000;

/// A server in the mind: what it would publish and tell.
struct Imagined {
    keys: Mutex<Vec<VerifyingKey>>,
    pages: Mutex<Vec<Value>>,
    asked: Mutex<Vec<Option<String>>>,
    is_away: Mutex<bool>,
    max_age: Mutex<Duration>,
    fetched: AtomicUsize,
}

impl Imagined {
    fn new(keys: &[&SigningKey]) -> Arc<Self> {
        let keys = Mutex::new(keys.iter().map(|key| key.verifying()).collect());
        let (pages, asked, is_away) = (Mutex::default(), Mutex::default(), Mutex::new(false));
        let (max_age, fetched) = (Mutex::default(), AtomicUsize::new(0));
        Arc::new(Self { keys, pages, asked, is_away, max_age, fetched })
    }

    fn publish(&self, keys: &[&SigningKey]) {
        *self.keys.lock().unwrap() = keys.iter().map(|key| key.verifying()).collect();
    }

    fn tell(&self, page: Value) {
        self.pages.lock().unwrap().push(page);
    }
}

struct To(Arc<Imagined>);

impl Source for To {
    fn keys(&self) -> Result<PublishedKeys, SourceFault> {
        self.0.fetched.fetch_add(1, Ordering::SeqCst);
        if *self.0.is_away.lock().unwrap() {
            return Err(SourceFault("away".into()));
        }
        let keys = self.0.keys.lock().unwrap();
        Ok(PublishedKeys {
            jwks: jwk_set(&*keys),
            paserks: paserk_set(&*keys),
            max_age: *self.0.max_age.lock().unwrap(),
        })
    }

    fn endings(&self, after: Option<&str>) -> Result<EndingsPage, SourceFault> {
        if *self.0.is_away.lock().unwrap() {
            return Err(SourceFault("away".into()));
        }
        self.0.asked.lock().unwrap().push(after.map(str::to_owned));
        let mut pages = self.0.pages.lock().unwrap();
        let page = if pages.is_empty() { page("same", false, START, json!([])) } else { pages.remove(0) };
        Ok(serde_json::from_value(page).unwrap())
    }
}

fn page(cursor: &str, more: bool, fresh_at: i64, revocations: Value) -> Value {
    json!({
        "cursor": cursor, "complete": false, "more": more, "fresh_at": Timestamp::from_seconds(fresh_at),
        "floor": 0, "access_lifetime": 900, "revocations": revocations,
    })
}

fn key(algorithm: KeyAlgorithm, seed: u64) -> SigningKey {
    SigningKey::generate(algorithm, &Seeded::new(seed))
}

fn rules() -> TokenRules {
    TokenRules::new(ISSUER, AUDIENCE, Duration::from_secs(5)).unwrap()
}

fn claims() -> Claims {
    let now = Timestamp::from_seconds(START);
    let id =
        |number: u128| Uuid::from_u128((u128::from(now.millis()) << 80) | (7 << 76) | (2 << 62) | number);
    Claims {
        subject: UserId(id(1)),
        session: SessionId(id(2)),
        token: id(3),
        issued_at: now,
        expires_at: now.plus(Duration::from_secs(900)),
        authenticated_at: now,
        methods: vec![AuthMethod::Password],
        roles: Roles::from(vec![Role::user()]),
        epoch: 3,
    }
}

fn sealed(key: &SigningKey, claims: &Claims) -> String {
    AccessTokens::new(&rules(), key, &[]).unwrap().seal(claims).unwrap()
}

/// Everything that a user of the token may be told.
#[test]
fn the_current_user_is_who_the_token_says() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let said = Claims {
        authenticated_at: Timestamp::from_seconds(START - 60),
        roles: Roles::from(vec![Role::user(), Role::admin()]),
        ..claims()
    };
    let user = World::new(&[&key], |builder| builder).fetched().guard.verify(&sealed(&key, &said)).unwrap();
    assert_eq!((user.id, user.session, &user.roles), (said.subject, said.session, &said.roles));
    assert_eq!(user.methods, said.methods);
    let times = (user.authenticated_at, user.issued_at, user.expires_at);
    assert_eq!(times, (said.authenticated_at, said.issued_at, said.expires_at));
    assert_eq!(user.require_role("admin"), Ok(()));
    assert!(user.require_role("adm").is_err() && user.require_role("").is_err());
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let seconds = Duration::from_secs;
    type Change = fn(GuardBuilder) -> GuardBuilder;
    let changes: [(&str, Change); 6] = [
        ("every 0ns to 1s", |guard| guard.refresh_interval(Duration::ZERO, Duration::from_secs(1))),
        ("every 2s to 1s", |guard| guard.refresh_interval(Duration::from_secs(2), Duration::from_secs(1))),
        ("every 0ns: 1 ms", |guard| guard.poll_interval(Duration::ZERO)),
        ("everybody is refused", |guard| {
            guard
                .follow("a", "b")
                .poll_interval(Duration::from_secs(60))
                .when_stale(Duration::from_secs(30), OnStale::Refuse)
        }),
        ("timeout of 0", |guard| guard.timeout(Duration::ZERO)),
        ("leeway of 61 s", |guard| guard.leeway(Duration::from_secs(61))),
    ];
    for (told, change) in changes {
        let fault = change(Guard::builder(ISSUER)).build_without_thread().unwrap_err().to_string();
        assert!(fault.contains(told), "{told}: {fault}");
    }
    let slow = Guard::builder(ISSUER).follow("a", "b").poll_interval(seconds(60));
    slow.when_stale(seconds(30), OnStale::Allow).build_without_thread().unwrap();
}

#[test]
fn the_issuer_is_the_address_without_its_last_slash_and_the_roles_have_the_server_s_name() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let rules = rules().saying("groups", serde_json::Map::new()).unwrap();
    let token = AccessTokens::new(&rules, &key, &[]).unwrap().seal(&claims()).unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START + 1)));
    for (name, good) in [("groups", true), ("roles", false)] {
        let builder = Guard::builder(format!("{ISSUER}/")).audience(AUDIENCE).clock(clock.clone());
        let guard =
            builder.source(To(Imagined::new(&[&key]))).roles_claim(name).build_without_thread().unwrap();
        guard.fetch_keys().unwrap();
        guard.fetch_endings().unwrap();
        assert_eq!(guard.verify(&token).is_ok(), good, "{name}");
    }
}

struct World {
    guard: Guard,
    server: Arc<Imagined>,
    clock: Arc<ManualClock>,
}

impl World {
    fn new(keys: &[&SigningKey], set: impl FnOnce(GuardBuilder) -> GuardBuilder) -> Self {
        let (server, clock) =
            (Imagined::new(keys), Arc::new(ManualClock::new(Timestamp::from_seconds(START + 1))));
        let builder =
            Guard::builder(ISSUER).audience(AUDIENCE).clock(clock.clone()).source(To(server.clone()));
        let guard = set(builder).build_without_thread().unwrap();
        Self { guard, server, clock }
    }

    fn fetched(self) -> Self {
        self.guard.fetch_keys().unwrap();
        self.guard.fetch_endings().unwrap();
        self
    }
}

#[test]
fn tokens_of_every_published_algorithm_pass_and_secrets_are_never_taken_from_the_network() {
    for algorithm in KeyAlgorithm::ALL.into_iter().filter(|algorithm| algorithm.is_for_access()) {
        let key = key(algorithm, 1);
        let world = World::new(&[&key], |builder| builder).fetched();
        let verified = world.guard.verify(&sealed(&key, &claims()));
        if key.public_key().is_some() {
            let user = verified.unwrap();
            assert_eq!((user.id, user.session), (claims().subject, claims().session), "{algorithm}");
            assert!(user.has_role("user") && !user.has_role("admin"));
        } else {
            assert_eq!(verified, Err(Refusal::Invalid), "{algorithm}");
        }
    }
}

#[test]
fn other_issuers_audiences_keys_and_times_are_refused() {
    let (ours, theirs) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::EdDsa, 2));
    let patient = |builder: GuardBuilder| builder.when_stale(Duration::from_secs(3_600), OnStale::Refuse);
    let world = World::new(&[&ours], patient).fetched();
    let by = |rules: TokenRules| AccessTokens::new(&rules, &ours, &[]).unwrap().seal(&claims()).unwrap();
    let good = sealed(&ours, &claims());
    assert!(world.guard.verify(&good).is_ok());
    let rules = |issuer, audience| TokenRules::new(issuer, audience, Duration::ZERO).unwrap();
    for token in [
        by(rules("https://other.example", AUDIENCE)),
        by(rules(ISSUER, "guardhouse")),
        sealed(&theirs, &claims()),
        String::new(),
        "a.b.c".into(),
        format!("{good}x"),
        good[..good.len() - 1].to_owned(),
    ] {
        assert_eq!(world.guard.verify(&token), Err(Refusal::Invalid), "{token}");
    }
    world.clock.advance(Duration::from_secs(899 + 4));
    assert!(world.guard.verify(&good).is_ok(), "within the leeway");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.guard.verify(&good), Err(Refusal::Expired));
}

#[test]
fn without_keys_nobody_can_say_and_without_the_server_the_known_keys_go_on() {
    let key = key(KeyAlgorithm::V4Public, 1);
    let token = sealed(&key, &claims());
    let world = World::new(&[&key], |builder| builder.when_stale(Duration::from_secs(3_600), OnStale::Allow));
    assert_eq!(world.guard.verify(&token), Err(Refusal::Unknown));
    let world = world.fetched();
    *world.server.is_away.lock().unwrap() = true;
    assert!(world.guard.fetch_keys().is_err() && world.guard.fetch_endings().is_err());
    assert!(world.guard.verify(&token).is_ok());
}

#[test]
fn a_key_that_is_no_longer_published_stops_verifying_what_it_has_verified_before() {
    let (old, new) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::Es256, 2));
    let world = World::new(&[&old], |builder| builder).fetched();
    let (before, after) = (sealed(&old, &claims()), sealed(&new, &claims()));
    assert!(world.guard.verify(&before).is_ok());
    assert_eq!(world.guard.verify(&after), Err(Refusal::Invalid));
    world.server.publish(&[&old, &new]);
    world.guard.fetch_keys().unwrap();
    assert!(world.guard.verify(&before).is_ok() && world.guard.verify(&after).is_ok());
    world.server.publish(&[&new]);
    world.guard.fetch_keys().unwrap();
    assert_eq!(world.guard.verify(&before), Err(Refusal::Invalid));
    assert!(world.guard.verify(&after).is_ok());
}

#[test]
fn what_was_ended_is_refused_page_after_page() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let (token, now) = (sealed(&key, &claims()), Timestamp::from_seconds(START));
    let end = now.plus(Duration::from_secs(1_000));
    let other = Uuid::from_u128(9);
    let session = claims().session;
    for (entry, refused) in [
        (json!({ "session": session, "expires_at": end }), true),
        (json!({ "session": other, "expires_at": end }), false),
        (json!({ "user": claims().subject, "below_epoch": 4, "expires_at": end }), true),
        (json!({ "user": claims().subject, "below_epoch": 3, "expires_at": end }), false),
        (json!({ "user": claims().subject, "below_epoch": 4, "spare": session, "expires_at": end }), false),
        (json!({ "user": other, "below_epoch": 4, "expires_at": end }), false),
        (json!({ "expires_at": end }), false),
    ] {
        let world = World::new(&[&key], |builder| builder).fetched();
        assert!(world.guard.verify(&token).is_ok());
        world.server.tell(page("one", true, START, json!([])));
        world.server.tell(page("two", false, START + 1, json!([entry.clone()])));
        world.guard.fetch_endings().unwrap();
        let asked = world.server.asked.lock().unwrap().clone();
        assert_eq!(
            asked,
            [None, Some("same".into()), Some("one".into())],
            "with the cursor of the page before"
        );
        let expected = if refused { Err(Refusal::Revoked) } else { Ok(()) };
        assert_eq!(world.guard.verify(&token).map(drop), expected, "{entry}");
        // For as long as a token could still be accepted.
        world.clock.set(end.minus(Duration::from_secs(200)));
        world.server.tell(page("three", false, START + 800, json!([])));
        world.guard.fetch_endings().unwrap();
        assert_eq!(world.guard.verify(&token).map(drop), expected, "{entry}, later");
    }
}

#[test]
fn sessions_before_the_floor_and_tokens_older_than_entries_are_kept_are_over() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let token = sealed(&key, &claims());
    let floor = |millis: u64| {
        let mut page = page("one", false, START, json!([]));
        page["floor"] = json!(millis);
        page
    };
    let opened = Timestamp::from_seconds(START).millis();
    for (millis, good) in [(opened, true), (opened + 1, false)] {
        let world = World::new(&[&key], |builder| builder);
        world.server.tell(floor(millis));
        assert_eq!(world.fetched().guard.verify(&token).is_ok(), good, "{millis}");
    }
    let world = World::new(&[&key], |builder| builder.when_stale(Duration::from_secs(3_600), OnStale::Allow));
    let mut short = page("one", false, START, json!([]));
    short["access_lifetime"] = json!(60);
    world.server.tell(short);
    let world = world.fetched();
    world.clock.set(Timestamp::from_seconds(START + 119));
    assert!(world.guard.verify(&token).is_ok());
    world.clock.set(Timestamp::from_seconds(START + 120));
    assert_eq!(world.guard.verify(&token), Err(Refusal::Expired));
}

#[test]
fn before_it_has_heard_of_endings_nobody_can_say_whatever_it_was_told() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let token = sealed(&key, &claims());
    for on_stale in [OnStale::Refuse, OnStale::Allow] {
        let world = World::new(&[&key], |builder| builder.when_stale(Duration::from_secs(30), on_stale));
        world.guard.fetch_keys().unwrap();
        assert_eq!(world.guard.verify(&token), Err(Refusal::Unknown), "{on_stale:?}");
        // A node that has just started has not heard of anything itself.
        let mut deaf = page("one", false, START, json!([]));
        deaf["fresh_at"] = Value::Null;
        world.server.tell(deaf);
        world.guard.fetch_endings().unwrap();
        assert_eq!(world.guard.verify(&token), Err(Refusal::Unknown), "{on_stale:?}");
        world.guard.fetch_endings().unwrap();
        assert!(world.guard.verify(&token).is_ok(), "{on_stale:?}");
    }
}

#[test]
fn a_server_whose_clock_is_ahead_does_not_make_old_news_fresh() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let token = sealed(&key, &claims());
    let world = World::new(&[&key], |builder| builder.when_stale(Duration::from_secs(30), OnStale::Refuse));
    world.server.tell(page("one", false, START + 3_600, json!([])));
    let world = world.fetched();
    world.clock.advance(Duration::from_secs(30));
    assert!(world.guard.verify(&token).is_ok());
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(world.guard.verify(&token), Err(Refusal::Unknown));
}

#[test]
fn a_feed_that_leads_nowhere_is_given_up_and_what_it_told_is_kept() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let end = Timestamp::from_seconds(START + 1_000);
    let world = World::new(&[&key], |builder| builder).fetched();
    let entry = json!([{ "session": claims().session, "expires_at": end }]);
    world.server.tell(page("round", true, START, entry));
    world.server.tell(page("round", true, START, json!([])));
    let fault = world.guard.fetch_endings().unwrap_err().to_string();
    assert!(fault.contains("leads nowhere"), "{fault}");
    assert_eq!(world.guard.verify(&sealed(&key, &claims())), Err(Refusal::Revoked));
    // However many pages: it goes on with the next.
    for number in 0..1_001 {
        world.server.tell(page(&number.to_string(), true, START, json!([])));
    }
    let fault = world.guard.fetch_endings().unwrap_err().to_string();
    assert!(fault.contains("1000 pages"), "{fault}");
    world.guard.fetch_endings().unwrap();
    let asked = world.server.asked.lock().unwrap().clone();
    assert_eq!(asked[asked.len() - 2..], [Some("999".into()), Some("1000".into())]);
}

#[test]
fn when_nothing_is_heard_of_endings_it_does_as_it_was_told() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let token = sealed(&key, &claims());
    for (on_stale, expected) in [(OnStale::Refuse, Err(Refusal::Unknown)), (OnStale::Allow, Ok(()))] {
        let world = World::new(&[&key], |builder| builder.when_stale(Duration::from_secs(30), on_stale));
        let world = world.fetched();
        world.clock.set(Timestamp::from_seconds(START + 30));
        assert!(world.guard.verify(&token).is_ok());
        world.clock.advance(Duration::from_micros(1));
        assert_eq!(world.guard.verify(&token).map(drop), expected);
        world.server.tell(page("later", false, START + 30, json!([])));
        world.guard.fetch_endings().unwrap();
        assert!(world.guard.verify(&token).is_ok());
    }
}

#[test]
fn an_address_that_others_can_write_to_is_refused() {
    let fault = |address: &str| Guard::builder(address).build_without_thread().unwrap_err().to_string();
    for address in [
        "http://auth.example",
        "ftp://auth.example",
        "auth.example",
        "https://",
        "https://u:p@auth.example",
        "https://auth.example/?x=1",
    ] {
        assert!(fault(address).contains(address), "{address}");
    }
    for address in
        ["https://auth.example", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:80/base/"]
    {
        Guard::builder(address).build_without_thread().unwrap();
    }
    Guard::builder("http://auth.example").danger_allow_http().build_without_thread().unwrap();
    let printed =
        format!("{:?}", Guard::builder("https://a.example").follow("me", "hidden").build_without_thread());
    assert!(!printed.contains("hidden"), "{printed}");
}

#[test]
fn the_thread_fetches_what_is_not_known_yet_and_ends_with_the_guard() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let server = Imagined::new(&[&key]);
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START + 1)));
    let builder = Guard::builder(ISSUER).audience(AUDIENCE).clock(clock.clone()).source(To(server.clone()));
    let guard = builder.poll_interval(Duration::from_millis(1)).build_lazily().unwrap();
    let token = sealed(&key, &claims());
    crate::binary::process::until("the first keys", || guard.verify(&token).is_ok());
    assert_eq!(server.fetched.load(Ordering::SeqCst), 1, "once, and not with each poll");
    assert!(clock.now() > Timestamp::from_seconds(START));
    drop(guard);
    // The thread was the only other holder of the source.
    crate::binary::process::until("its end", || Arc::strong_count(&server) == 1);
}

#[test]
fn made_up_tokens_make_nobody_ask_the_server_more_often() {
    let (key, other) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::EdDsa, 2));
    let server = Imagined::new(&[&key]);
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START + 1)));
    let builder = Guard::builder(ISSUER).audience(AUDIENCE).clock(clock).source(To(server.clone()));
    let guard = builder.poll_interval(Duration::from_secs(3_600)).build().unwrap();
    let unknown = sealed(&other, &claims());
    for _ in 0..2_000 {
        assert_eq!(guard.verify(&unknown), Err(Refusal::Invalid));
        std::thread::yield_now();
    }
    // The one of the building, and the thread's own first.
    assert!(server.asked.lock().unwrap().len() <= 2, "{:?}", server.asked.lock().unwrap());
    assert_eq!(server.fetched.load(Ordering::SeqCst), 1);
}

struct Panicking(Arc<AtomicUsize>);

impl Source for Panicking {
    fn keys(&self) -> Result<PublishedKeys, SourceFault> {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("a source of somebody's own");
    }

    fn endings(&self, _: Option<&str>) -> Result<EndingsPage, SourceFault> {
        unreachable!("keys come first")
    }
}

#[test]
fn a_source_that_panics_does_not_end_the_thread() {
    let calls = Arc::new(AtomicUsize::new(0));
    let guard = Guard::builder(ISSUER).source(Panicking(calls.clone())).build_lazily().unwrap();
    crate::binary::process::until("the panic", || calls.load(Ordering::SeqCst) > 0);
    crate::binary::process::until("another try", || {
        assert_eq!(guard.verify("a.b.c"), Err(Refusal::Unknown));
        calls.load(Ordering::SeqCst) > 1
    });
}
