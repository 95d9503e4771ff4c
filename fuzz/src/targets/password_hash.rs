//! Stored password hashes, as an import or a tampered row may bring them: never a panic, never more work than the
//! limits allow, never a match for two passwords.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use guardhouse::actors::hasher::scheme::{Memory, Scheme};
use guardhouse::actors::hasher::{CostLimits, Costs, PasswordVerification};
use guardhouse::config::{Config, Sources};
use guardhouse::domain::password::Password;
use secrecy::{ExposeSecret, SecretString};

use super::common::{Known, vectors};

/// So low that the dearest hash that is verified takes a millisecond or two.
const LIMITS: CostLimits =
    CostLimits { each_kib: 64, memory_kib: 256, work_kib: 512, bcrypt: 4, rounds: 1_000 };

static SCHEME: LazyLock<Scheme> = LazyLock::new(|| {
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let flags = vec![
        set("hashing.danger_allow_weak", "true"),
        set("hashing.argon2.memory", "64KiB"),
        set("hashing.argon2.iterations", "1"),
    ];
    let config =
        Config::load(&Sources { flags, ..Sources::default() }).unwrap_or_else(|faults| panic!("{faults}"));
    Scheme::new(Costs::from(&config.hashing), LIMITS, Arc::new(Known(5)))
});

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

fn password(text: &str) -> Password {
    Password::parse(&SecretString::from(text)).expect("a password")
}

fn verify(candidate: &str, stored: &str) -> PasswordVerification {
    MEMORY.with_borrow_mut(|memory| SCHEME.verify(&password(candidate), Some(stored), memory))
}

/// `data` is a stored hash.
pub fn run(data: &[u8]) {
    let Ok(stored) = std::str::from_utf8(data) else { return };
    let verified = verify("password", stored);
    if !matches!(verified, PasswordVerification::Unusable) {
        assert!(is_within_limits(stored), "too much work was done for {stored}");
    }
    let PasswordVerification::Match { upgrade } = verified else { return };
    assert!(
        !matches!(verify("Password", stored), PasswordVerification::Match { .. }),
        "any password: {stored}"
    );
    let Some(renewed) = upgrade else { return };
    let again = verify("password", renewed.expose_secret());
    assert!(matches!(again, PasswordVerification::Match { upgrade: None }), "{again:?} after {stored}");
}

/// As far as `stored` plainly says what it costs; of a cost that is given twice the last counts.
fn is_within_limits(stored: &str) -> bool {
    let cost = |part: &str, name: &str| {
        part.rsplit(',').find_map(|pair| pair.strip_prefix(name))?.parse::<u64>().ok()
    };
    let costs = stored.split('$').find(|part| part.starts_with("m=")).unwrap_or_default();
    let (memory, passes) = (cost(costs, "m=").unwrap_or(0), cost(costs, "t=").unwrap_or(0));
    let bcrypt = stored.strip_prefix("$2").and_then(|rest| rest.split('$').nth(1)?.parse().ok());
    memory <= u64::from(LIMITS.memory_kib)
        && memory.saturating_mul(passes) <= LIMITS.work_kib
        && bcrypt.unwrap_or(0) <= LIMITS.bcrypt
}

/// Hashes of our own and of others, hostile ones too.
pub fn seeds() -> Vec<Vec<u8>> {
    let ours = MEMORY.with_borrow_mut(|memory| SCHEME.hash(&password("password"), memory));
    let mut seeds = vec![ours.expose_secret().as_bytes().to_vec()];
    let costs =
        ["m=256,t=2,p=1", "m=256,t=3,p=1", "m=257,t=1,p=1", "m=8,t=64,p=1", "m=8,t=65,p=1", "m=256,t=1,p=32"];
    seeds.extend(
        costs.map(|costs| format!("$argon2id$v=19${costs}$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlA").into_bytes()),
    );
    let bcrypt = ["$2b$04$", "$2y$05$"]
        .map(|cost| format!("{cost}CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    seeds.extend(bcrypt.map(String::into_bytes));
    let vectors = [
        vectors(include_str!("../../../tests/vectors/argon2_phc.json")),
        vectors(include_str!("../../../tests/vectors/argon2_hostile.json")),
        vectors(include_str!("../../../tests/vectors/bcrypt.json")),
    ];
    seeds.extend(vectors.concat().into_iter().filter(|text| text.starts_with(b"$")));
    seeds
}
