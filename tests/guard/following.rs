//! A guard that follows real views, whose answers get lost, come twice, or come from another node: whenever it has read to
//! the end, it refuses exactly the tokens that the view refuses, and it never lets anybody in again before.

use guardhouse::domain::revocation::{Revocation, Revoked};
use guardhouse::tokens::revocations::{Cursor, Page, Revocations};
use guardhouse::tokens::rules::MAX_LEEWAY;
use proptest::prelude::*;

use super::*;

/// Two nodes behind one address.
struct Nodes {
    views: [Revocations; 2],
    /// Which one answers.
    answers: AtomicUsize,
    most: AtomicUsize,
    /// What becomes of the next answers.
    fates: Mutex<Vec<Fate>>,
    clock: Arc<ManualClock>,
    key: VerifyingKey,
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It never arrives.
    Lost,
    /// The node that answers is another one from now on.
    Elsewhere,
    Arrives,
}

struct Either(Arc<Nodes>);

impl Source for Either {
    fn keys(&self) -> Result<PublishedKeys, SourceFault> {
        let keys = [self.0.key.clone()];
        Ok(PublishedKeys { jwks: jwk_set(&keys), paserks: paserk_set(&keys), max_age: Duration::ZERO })
    }

    fn endings(&self, after: Option<&str>) -> Result<EndingsPage, SourceFault> {
        match self.0.fates.lock().unwrap().pop().unwrap_or(Fate::Arrives) {
            Fate::Lost => return Err(SourceFault("lost".into())),
            Fate::Elsewhere => drop(self.0.answers.fetch_xor(1, Ordering::SeqCst)),
            Fate::Arrives => {}
        }
        let view = &self.0.views[self.0.answers.load(Ordering::SeqCst)];
        view.forget_expired(self.0.clock.now());
        let page = view.page(after.and_then(Cursor::parse), self.0.most.load(Ordering::SeqCst));
        Ok(serde_json::from_value(told(&page)).unwrap())
    }
}

/// As `GET /oauth2/revocations` writes it.
fn told(page: &Page) -> Value {
    let entry = |&(what, expires_at): &(Revoked, Timestamp)| {
        let expires_at = expires_at.plus(MAX_LEEWAY);
        match what {
            Revoked::Session(session) => json!({ "session": session, "expires_at": expires_at }),
            Revoked::User { user, below_epoch, spare: None } => {
                json!({ "user": user, "below_epoch": below_epoch, "expires_at": expires_at })
            }
            Revoked::User { user, below_epoch, spare } => {
                json!({ "user": user, "below_epoch": below_epoch, "spare": spare, "expires_at": expires_at })
            }
        }
    };
    json!({
        "cursor": page.cursor.to_string(), "complete": page.complete, "more": page.more, "fresh_at": page.fresh_at,
        "access_lifetime": 100_000, "floor": page.floor,
        "revocations": page.revocations.iter().map(entry).collect::<Vec<_>>(),
    })
}

#[derive(Debug, Clone)]
enum Step {
    Insert(Revoked, u64),
    Floor(u64),
    Pass(u64),
    Follow(usize, Vec<Fate>),
}

/// Few values, so that entries and tokens meet often.
fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

/// Opened `number` milliseconds after the start.
fn session(number: u128) -> SessionId {
    let millis = u128::from(Timestamp::from_seconds(START).millis()) + number;
    SessionId(Uuid::from_u128((millis << 80) | (7 << 76) | (2 << 62)))
}

fn any_step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![2 => Just(Fate::Lost), 1 => Just(Fate::Elsewhere), 5 => Just(Fate::Arrives)];
    let spare = prop_oneof![Just(None), (0u128..4).prop_map(|number| Some(session(number)))];
    let what = prop_oneof![
        (0u128..4).prop_map(|number| Revoked::Session(session(number))),
        (0u128..2, 0u32..4, spare).prop_map(|(number, below_epoch, spare)| Revoked::User {
            user: user(number),
            below_epoch,
            spare
        }),
    ];
    prop_oneof![
        6 => (what, 0u64..400).prop_map(|(what, life)| Step::Insert(what, life)),
        1 => (0u64..5).prop_map(Step::Floor),
        2 => (1u64..200).prop_map(Step::Pass),
        5 => (1usize..4, proptest::collection::vec(fate, 0..5)).prop_map(|(most, fates)| Step::Follow(most, fates)),
    ]
}

/// Whether each token is refused: by the guard, and by the view.
fn compare(guard: &Guard, view: &Revocations, tokens: &[(Claims, String)]) -> Vec<(bool, bool)> {
    let refused = |token: &str| match guard.verify(token).map(drop) {
        Ok(()) => false,
        Err(Refusal::Revoked) => true,
        Err(other) => panic!("{other:?}"),
    };
    tokens.iter().map(|(claims, token)| (refused(token), view.is_revoked(claims))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn whoever_has_read_to_the_end_refuses_what_the_node_refuses(
        steps in proptest::collection::vec(any_step(), 1..25),
    ) {
        // PASETO's and JWT's life is longer than this day.
        let key = key(KeyAlgorithm::EdDsa, 1);
        let start = Timestamp::from_seconds(START);
        let long = |of, within, epoch| Claims {
            subject: user(of), session: session(within), epoch,
            expires_at: start.plus(Duration::from_secs(90_000)), ..claims()
        };
        let sealer = AccessTokens::new(&rules(), &key, &[]).unwrap();
        let mut tokens = Vec::new();
        for (of, within, epoch) in (0..2).flat_map(|of| (0..4).flat_map(move |within| (0..4).map(move |epoch| (of, within, epoch)))) {
            let claims = long(of, within, epoch);
            let token = sealer.seal(&claims).unwrap();
            tokens.push((claims, token));
        }
        let clock = Arc::new(ManualClock::new(start));
        let nodes = Arc::new(Nodes {
            views: [1, 2].map(|id| Revocations::new().with_id(Uuid::from_u128(id))),
            answers: AtomicUsize::new(0), most: AtomicUsize::new(1), fates: Mutex::default(),
            clock: clock.clone(), key: key.verifying(),
        });
        let builder = Guard::builder(ISSUER).audience(AUDIENCE).clock(clock.clone()).source(Either(nodes.clone()));
        let guard = builder.when_stale(Duration::ZERO, OnStale::Allow).build_without_thread().unwrap();
        guard.fetch_keys().unwrap();
        nodes.views.iter().for_each(|view| view.mark_fresh(start));
        guard.fetch_endings().unwrap();
        let mut stands_still = true;
        for step in steps {
            match step {
                Step::Insert(what, life) => {
                    let (at, expires_at) = (clock.now(), clock.now().plus(Duration::from_secs(life)));
                    nodes.views.iter().for_each(|view| view.insert(&Revocation { what, at, expires_at }));
                }
                Step::Floor(millis) => {
                    let time = start.plus(Duration::from_millis(millis));
                    nodes.views.iter().for_each(|view| view.refuse_sessions_opened_before(time));
                }
                Step::Pass(seconds) => {
                    stands_still = false;
                    clock.advance(Duration::from_secs(seconds));
                }
                Step::Follow(most, fates) => {
                    nodes.most.store(most, Ordering::SeqCst);
                    *nodes.fates.lock().unwrap() = fates;
                    let before: Vec<bool> = compare(&guard, &nodes.views[0], &tokens).into_iter().map(|pair| pair.0).collect();
                    let is_at_the_end = guard.fetch_endings().is_ok();
                    nodes.views.iter().for_each(|view| view.forget_expired(clock.now()));
                    let pairs = compare(&guard, &nodes.views[nodes.answers.load(Ordering::SeqCst)], &tokens);
                    for ((was, (is, by_view)), (claims, _)) in before.into_iter().zip(pairs).zip(&tokens) {
                        if is_at_the_end {
                            prop_assert_eq!(is, by_view, "{:?}", claims);
                        }
                        // Until something can be over.
                        prop_assert!(!was || is || !stands_still, "let in again: {:?}", claims);
                    }
                }
            }
        }
    }
}
