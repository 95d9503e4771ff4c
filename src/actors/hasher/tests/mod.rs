//! Upgrades, the decoy, bounds, and the knobs of the pool; the vectors of others in a file of their own.

mod foreign;
mod vectors;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use super::*;
use crate::config::{Config, Sources};
use crate::domain::clock::Stopwatch;

/// The same octet for ever, so that a test knows what the decoy is made of.
struct Constant(u8);

impl Entropy for Constant {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

/// Counts up.
#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        buffer.iter_mut().zip(count.iter().cycle()).for_each(|(octet, count)| *octet = *count);
    }
}

fn argon2id(memory_kib: u32, iterations: u32, lanes: u32) -> Costs {
    Costs::Argon2id(argon2::Params::new(memory_kib, iterations, lanes, None).expect("valid parameters"))
}

/// Cheap hashes, and the bounds on stored ones that a server with 256 MiB for a thread has.
fn scheme(costs: Costs) -> Scheme {
    let limits = CostLimits {
        each_kib: 64,
        memory_kib: 256 * 1_024,
        work_kib: 64 * 2 * 19 * 1_024,
        bcrypt: 12,
        rounds: 4_000_000,
    };
    Scheme::new(costs, limits, Arc::new(Counting::default()))
}

fn password(text: &str) -> Password {
    Password::parse(&SecretString::from(text)).expect("a password")
}

fn verify(scheme: &Scheme, candidate: &str, stored: &str) -> PasswordVerification {
    scheme.verify(&password(candidate), Some(stored), &mut Memory::default())
}

fn upgrade(verification: PasswordVerification) -> Option<String> {
    match verification {
        PasswordVerification::Match { upgrade } => upgrade.map(|hash| hash.expose_secret().to_owned()),
        other => panic!("{other:?}"),
    }
}

fn octets(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[test]
fn w13_unusable_markers_match_no_password() {
    for costs in [argon2id(64, 1, 1), Costs::Bcrypt(4)] {
        let scheme = scheme(costs);
        for marker in [
            "!",
            "*",
            "",
            "*0",
            "!$2b$04$",
            "secret",
            "$",
            "$argon2id$",
            "$argon2",
            "x",
            "\u{0}",
            "{PLAIN}secret",
        ] {
            for candidate in ["secret", marker.trim_matches('\0'), "!"] {
                let verification = verify(&scheme, candidate, marker);
                assert!(
                    matches!(verification, PasswordVerification::Unusable),
                    "{marker:?}: {verification:?}"
                );
            }
        }
    }
}

#[test]
fn a_new_hash_is_written_as_configured_and_verifies_without_an_upgrade() {
    for (costs, prefix) in [
        (argon2id(64, 2, 1), "$argon2id$v=19$m=64,t=2,p=1$"),
        (argon2id(128, 1, 4), "$argon2id$v=19$m=128,t=1,p=4$"),
        (Costs::Bcrypt(5), "$2b$05$"),
    ] {
        let scheme = scheme(costs);
        let mut memory = Memory::default();
        let hash = scheme.hash(&password("pässword"), &mut memory);
        let again = scheme.hash(&password("pässword"), &mut memory);
        assert!(hash.expose_secret().starts_with(prefix), "{}", hash.expose_secret());
        assert_ne!(hash.expose_secret(), again.expose_secret(), "each has a salt of its own");
        assert_eq!(upgrade(verify(&scheme, "pässword", hash.expose_secret())), None);
        for wrong in ["passwort", "pässword ", "Pässword", ""] {
            let verification = verify(&scheme, wrong, hash.expose_secret());
            assert!(matches!(verification, PasswordVerification::Mismatch), "{wrong:?}");
        }
    }
}

#[test]
fn a_hash_made_otherwise_is_upgraded_at_the_next_match_and_only_then() {
    let old = [
        argon2id(64, 1, 1),
        argon2id(128, 1, 1),
        argon2id(64, 2, 1),
        argon2id(64, 1, 2),
        Costs::Bcrypt(4),
        Costs::Bcrypt(5),
    ];
    for from in &old {
        let stored = scheme(from.clone()).hash(&password("right"), &mut Memory::default());
        for to in &old {
            let scheme = scheme(to.clone());
            let new = upgrade(verify(&scheme, "right", stored.expose_secret()));
            assert_eq!(new.is_some(), from != to, "from {from:?} to {to:?}");
            if let Some(new) = new {
                assert_eq!(upgrade(verify(&scheme, "right", &new)), None, "upgraded once");
                assert!(matches!(verify(&scheme, "wrong", &new), PasswordVerification::Mismatch));
            }
            let wrong = verify(&scheme, "wrong", stored.expose_secret());
            assert!(matches!(wrong, PasswordVerification::Mismatch), "a wrong password upgrades nothing");
        }
    }
    // Another kind of Argon2, and the version before RFC 9106, of the same cost.
    let scheme = scheme(argon2id(256, 2, 1));
    for stored in [
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    ] {
        let new = upgrade(verify(&scheme, "password", stored)).expect("an upgrade");
        assert!(new.starts_with("$argon2id$v=19$m=256,t=2,p=1$"), "{new}");
    }
    let current = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert_eq!(upgrade(verify(&scheme, "password", current)), None);
}

#[test]
fn nothing_matches_the_decoy_not_even_what_it_is_made_of() {
    for costs in [argon2id(64, 1, 1), Costs::Bcrypt(4)] {
        let limits = CostLimits { each_kib: 64, memory_kib: 64, work_kib: 64, bcrypt: 4, rounds: 1_000 };
        let scheme = Scheme::new(costs, limits, Arc::new(Constant(b'a')));
        for candidate in ["a".repeat(32), "a".repeat(31), String::new(), "secret".into()] {
            let verification = scheme.verify(&password(&candidate), None, &mut Memory::default());
            assert!(
                matches!(verification, PasswordVerification::Mismatch),
                "{candidate:?}: {verification:?}"
            );
        }
    }
}

#[test]
fn an_unknown_user_and_a_broken_hash_cost_as_much_time_as_a_wrong_password() {
    let scheme = scheme(argon2id(8 * 1_024, 1, 1));
    let mut memory = Memory::default();
    let stored = scheme.hash(&password("right"), &mut memory);
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..15 {
        for (times, stored) in times.iter_mut().zip([Some(stored.expose_secret()), None, Some("!")]) {
            let stopwatch = Stopwatch::start();
            scheme.verify(&password("wrong"), stored, &mut memory);
            times.push(stopwatch.elapsed());
        }
    }
    // The fastest of each: what the machine did beside it only ever adds.
    let [wrong, unknown, broken] = times.map(|times| times.into_iter().min().expect("fifteen of them"));
    for other in [unknown, broken] {
        assert!(other > wrong / 3 && other < wrong * 3, "{other:?} where a wrong password takes {wrong:?}");
    }
}

#[test]
fn the_memory_grows_for_the_moment_of_a_dearer_hash_up_to_the_bound_and_no_further() {
    let limits = CostLimits { each_kib: 64, memory_kib: 512, work_kib: 1_024, bcrypt: 4, rounds: 1_000 };
    let scheme = Scheme::new(argon2id(64, 1, 1), limits, Arc::new(Counting::default()));
    let mut memory = Memory::default();
    let made = |costs| self::scheme(costs).hash(&password("right"), &mut Memory::default());
    for (costs, usable) in [
        (argon2id(64, 1, 1), true),
        (argon2id(32, 1, 1), true),
        (argon2id(512, 2, 1), true),
        (argon2id(516, 1, 1), false),
        (argon2id(512, 3, 1), false),
        (argon2id(64, 1, 1), true),
        (Costs::Bcrypt(5), false),
    ] {
        let stored = made(costs.clone());
        let verification = scheme.verify(&password("right"), Some(stored.expose_secret()), &mut memory);
        assert_eq!(
            matches!(verification, PasswordVerification::Match { .. }),
            usable,
            "{costs:?}: {verification:?}"
        );
        assert_eq!(matches!(verification, PasswordVerification::Unusable), !usable);
        assert_eq!(memory.kib(), 64, "after {costs:?} the thread keeps what its own hashes need");
    }
}

#[test]
fn what_bcrypt_would_cut_is_neither_accepted_nor_made_where_bcrypt_is_the_scheme() {
    let (exact, longer) = ("a".repeat(72), "a".repeat(73));
    let [bcrypt, argon2] = [Costs::Bcrypt(4), argon2id(64, 1, 1)].map(scheme);
    let cut = bcrypt.hash(&password(&exact), &mut Memory::default());
    assert_eq!(upgrade(verify(&bcrypt, &exact, cut.expose_secret())), None);
    assert!(matches!(verify(&bcrypt, &longer, cut.expose_secret()), PasswordVerification::Mismatch));
    // An imported hash means what it meant where it was made, and the login replaces it by one that reads all.
    let whole = upgrade(verify(&argon2, &longer, cut.expose_secret())).expect("an upgrade");
    assert!(matches!(verify(&argon2, &exact, &whole), PasswordVerification::Mismatch));
    assert_eq!(upgrade(verify(&bcrypt, &longer, &whole)), None, "no hash of its first 72 octets is made");
}

fn settings(flags: &[(&str, &str)]) -> config::Hashing {
    let cheap =
        [("hashing.danger_allow_weak", "true"), ("hashing.argon2.memory", "64KiB"), ("hashing.threads", "1")];
    let flags =
        cheap.iter().chain(flags).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { flags, ..Sources::default() }).unwrap_or_else(|faults| panic!("{faults}")).hashing
}

#[test]
fn the_budget_bounds_stored_hashes_to_what_the_other_threads_leave() {
    let limits = |flags: &[_]| CostLimits::from(&settings(flags));
    assert_eq!(limits(&[("hashing.memory_budget", "64MiB")]).memory_kib, 64 * 1_024);
    let four = limits(&[("hashing.memory_budget", "64MiB"), ("hashing.threads", "4")]);
    assert_eq!(
        (four.each_kib, four.memory_kib),
        (64, 64 * 1_024 - 3 * 64),
        "what the three others need is theirs"
    );
    assert_eq!(limits(&[("hashing.bcrypt.cost", "12")]).bcrypt, 15);
    assert_eq!(four.rounds, 4_000_000);
    assert_eq!(limits(&[("hashing.bcrypt.cost", "17")]).bcrypt, 17, "what is configured is allowed");
    let dear = limits(&[("hashing.argon2.memory", "256MiB"), ("hashing.argon2.iterations", "20")]);
    assert_eq!(dear.work_kib, 20 * 256 * 1_024);
    let Costs::Argon2id(params) = argon2id(256 * 1_024, 20, 1) else {
        unreachable!("Argon2id was asked for")
    };
    assert!(dear.allow(&params));
}

#[test]
fn who_would_wait_past_the_deadline_is_refused_at_once() {
    in_pool(&[("hashing.deadline", "50ms"), ("hashing.queue", "100")], async |pool| {
        let nap = || std::thread::sleep(Duration::from_millis(30));
        // So that the pool knows how long its work takes.
        pool.errand(nap).await.expect("room");
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(pool.errand(nap))).collect();
        let refused = |errand: &mut _| matches!(futures_util::FutureExt::now_or_never(errand), Some(Err(_)));
        let refusals = waiting.iter_mut().filter_map(|errand| refused(errand).then_some(())).count();
        // One is at work and one waits 30 ms; the next would wait 60 ms.
        assert!((97..=98).contains(&refusals), "{refusals} of 100 were refused");
        assert!(pool.observe().inside <= 3, "{:?}", pool.observe());
    });
}

#[test]
fn a_failure_is_held_for_twice_the_dearest_hash_since_the_start() {
    in_pool(&[("hashing.queue", "3"), ("hashing.failure_time", "1ms")], async |pool| {
        let cheap = pool.observe().failure_millis;
        let dear = scheme(Costs::Bcrypt(9)).hash(&password("right"), &mut Memory::default());
        let verified = pool.verify(password("wrong"), Some(dear)).await.expect("room");
        let held = pool.observe().failure_millis;
        assert!(held > 2 * cheap + 4, "{held} ms after {cheap} ms");
        let stopwatch = Stopwatch::start();
        pool.hold_failure(&verified).await;
        assert!(stopwatch.elapsed() > Duration::from_millis(1));
        // And what was cheap to find out is answered no sooner.
        let nobody = pool.verify(password("wrong"), None).await.expect("room");
        pool.hold_failure(&nobody).await;
        assert!(nobody.begun.0.elapsed().as_millis() >= held / 2, "{:?}", nobody.begun.0.elapsed());
    });
}

fn in_pool<W: Future>(flags: &[(&str, &str)], work: impl FnOnce(Hashers) -> W) -> W::Output {
    let settings = settings(flags);
    actix::System::new()
        .block_on(async { work(Hashers::start(&settings, Arc::new(Counting::default()))).await })
}

#[test]
fn the_pool_hashes_and_verifies() {
    in_pool(&[("hashing.queue", "3")], async |pool| {
        let hash = pool.hash(password("right")).await.expect("room");
        let right = pool.verify(password("right"), Some(hash.clone())).await.expect("room");
        assert!(matches!(right.outcome, PasswordVerification::Match { upgrade: None }));
        let wrong = pool.verify(password("wrong"), Some(hash)).await.expect("room");
        assert!(matches!(wrong.outcome, PasswordVerification::Mismatch));
        let nobody = pool.verify(password("right"), None).await.expect("room");
        assert!(matches!(nobody.outcome, PasswordVerification::Mismatch));
        let seen = pool.observe();
        assert_eq!((seen.threads, seen.inside, seen.capacity), (1, 0, 4));
        assert_eq!(seen.scheme, "argon2id m=64 KiB t=2 p=1");
    });
}

#[test]
fn the_threads_yield_by_the_configured_niceness_and_have_a_name() {
    let ordinary = rustix::process::getpriority_process(None).expect("known");
    in_pool(&[("hashing.niceness", "7")], async move |pool| {
        let (told, tell) = mpsc::channel();
        let look = move || {
            let name = std::fs::read_to_string("/proc/thread-self/comm").expect("this is Linux");
            let _ = told.send((rustix::process::getpriority_process(None).expect("known"), name));
        };
        pool.errand(look).await.expect("room");
        let (niceness, name) = tell.recv().expect("looked");
        assert_eq!((niceness, name.trim_end()), ((ordinary + 7).min(19), "hasher"));
    });
    assert_eq!(
        rustix::process::getpriority_process(None).expect("known"),
        ordinary,
        "only the pool's own threads"
    );
}

#[test]
fn who_waited_past_the_deadline_is_refused_without_any_work() {
    in_pool(&[("hashing.deadline", "10ms"), ("hashing.queue", "1")], async |pool| {
        let ((begun, begins), (release, held)) = (mpsc::channel(), mpsc::channel::<()>());
        let blocking = pool.clone();
        let first = actix::spawn(async move {
            let wait = move || {
                let _ = begun.send(());
                let _ = held.recv();
            };
            blocking.errand(wait).await
        });
        tokio::task::yield_now().await;
        begins.recv().expect("the only thread is busy");
        let mut second = Box::pin(pool.errand(|| panic!("worked on after its deadline")));
        assert!(futures_util::FutureExt::now_or_never(&mut second).is_none());
        tokio::time::sleep(Duration::from_millis(15)).await;
        drop(release);
        assert_eq!(second.await, Err(Refused::Stale));
        assert_eq!(first.await.expect("not cancelled"), Ok(()));
        assert_eq!(pool.observe().inside, 0);
    });
}
