//! Secrets: from files or directly, never both, never weak, never shown.

use guardhouse::config::{Config, Origin};
use secrecy::ExposeSecret;

use super::support::{Site, effective};

const GOOD: &str = "qT4Zr8mK1vXc7Bn2Lw9Hd5Gs3Jf6Py0A";

/// Each secret with a value it accepts, and how to get it back.
type Secret = (&'static str, &'static str, fn(&Config) -> Option<String>);
const SECRETS: [Secret; 4] = [
    ("server.ops_token", "ops-token-qT4Zr8mK1vXc7Bn2Lw9Hd5", |c| {
        Some(c.server.ops_token.as_ref()?.expose_secret().into())
    }),
    ("database.url", "postgres://user:qT4Zr8mK@db.example/house?options=qT4Zr8mK", |c| {
        Some(c.database.url.expose_secret().into())
    }),
    ("redis.url", "redis://user:qT4Zr8mK@redis.example:6379/2", |c| {
        Some(c.redis.as_ref()?.url.expose_secret().into())
    }),
    ("tokens.hs256_secret", GOOD, |c| Some(c.tokens.hs256_secret.as_ref()?.expose_secret().into())),
];

#[test]
fn each_secret_can_stand_in_a_file_of_its_own() {
    for (key, secret, value) in SECRETS {
        for (ending, kept) in [("", ""), ("\n", ""), ("\r\n", ""), ("\n\n", "\n")] {
            // An address with a line break in it is still an address; only the trimming is looked at.
            if !kept.is_empty() && key.ends_with("url") {
                continue;
            }
            let site = Site::new();
            let path = site.write("secret", &format!("{secret}{ending}"));
            let file_key = format!("{key}_file");
            let site = site.flag(&file_key, path.to_str().expect("the path is UTF-8"));
            let config = site.config();
            assert_eq!(value(&config), Some(format!("{secret}{kept}")), "{key} with {ending:?}");
            assert_eq!(effective(&config, key).1, Origin::Flag(format!("--set {file_key}")));
        }
    }
}

#[test]
fn a_secret_given_twice_is_refused_with_both_places() {
    for (key, secret, _) in SECRETS {
        let site = Site::new();
        let path = site.write("secret", secret);
        let name = format!("GUARDHOUSE__{}_FILE", key.to_ascii_uppercase().replace('.', "__"));
        let site = site.env(&name, path.to_str().expect("the path is UTF-8")).flag(key, secret);
        let fault = site.fault();
        assert_eq!((fault.key.as_str(), &fault.origin), (key, &Origin::Flag(format!("--set {key}"))));
        assert!(fault.reason.contains(&name), "{fault}");
        assert!(!format!("{fault:?}").contains("qT4Zr8mK"), "{fault:?}");
        // Unset, the other one may stand.
        site.flag(key, "").config();
    }
}

#[test]
fn a_secret_file_has_to_be_there_and_hold_something() {
    for (key, ..) in SECRETS {
        let file_key = format!("{key}_file");
        let fault = Site::new().flag(&file_key, "/nonexistent/secret").fault();
        assert_eq!(fault.key, file_key);
        assert!(fault.reason.starts_with("the file `/nonexistent/secret` cannot be read: "), "{fault}");
        let site = Site::new();
        let path = site.write("empty", "\n");
        let fault = site.flag(&file_key, path.to_str().expect("the path is UTF-8")).fault();
        assert!(fault.key == file_key && fault.reason.ends_with("is empty"), "{fault}");
    }
}

#[test]
fn a_wrong_type_does_not_give_the_secret_away() {
    for (key, ..) in SECRETS {
        let fault = super::support::toml(&format!("{key} = 8347561029384756")).fault();
        assert_eq!(fault.key, key);
        assert!(!format!("{fault:?}").contains("8347"), "{fault:?}");
    }
}

#[test]
fn a_weak_fault_points_at_the_file_that_held_the_secret_and_does_not_quote_it() {
    for (key, weak) in [
        ("server.ops_token", "hunter2"),
        ("tokens.hs256_secret", "hunter2"),
        ("database.url", "hunter2"),
        ("redis.url", "hunter2"),
    ] {
        let site = Site::new();
        let path = site.write("weak", weak);
        let file_key = format!("{key}_file");
        let fault = site.flag(&file_key, path.to_str().expect("the path is UTF-8")).fault();
        assert_eq!(fault.key, file_key);
        assert_eq!(fault.origin, Origin::Flag(format!("--set {file_key}")));
        assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    }
}

#[test]
fn ops_tokens_have_thirty_two_characters() {
    let load = |length: usize| Site::new().flag("server.ops_token", &"ä".repeat(length)).load();
    assert!(load(32).is_ok());
    assert!(load(31).is_err());
}

fn hs256(secret: &str) -> Result<Config, String> {
    Site::new().env("GUARDHOUSE__TOKENS__HS256_SECRET", secret).load().map_err(|faults| faults.to_string())
}

#[test]
fn hs256_keys_have_thirty_two_bytes() {
    assert!(hs256(GOOD).is_ok());
    let error = hs256(&GOOD[1..]).expect_err("31 bytes");
    assert!(error.contains("31 bytes") && error.contains("32"), "{error}");
}

#[test]
fn hs256_keys_that_everybody_knows_are_refused() {
    for known in [
        "secret",
        "changeme",
        "your-256-bit-secret",
        "a-string-secret-at-least-256-bits-long",
        "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
        "super-secret-jwt-signing-key-for-tests-1",
        "your-secret-key-here-please-replace-it-now",
    ] {
        let error = hs256(known).expect_err(known);
        assert!(error.contains("stand in examples"), "{known}: {error}");
    }
}

#[test]
fn hs256_keys_made_of_hardly_anything_are_refused() {
    for poor in [
        "00000000000000000000000000000000",
        "xyzzyxyzzyxyzzyxyzzyxyzzyxyzzyxyzzy",
        "0123456789abcdef0123456789abcdef",
        "qT4Zr8mK1vXc7Bn2qT4Zr8mK1vXc7Bn2",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "1213121312231312231231312213123122",
    ] {
        let error = hs256(poor).expect_err(poor);
        assert!(error.contains("repeats itself or counts up"), "{poor}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn random_keys_are_accepted(bytes in proptest::collection::vec(proptest::num::u8::ANY, 32)) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        proptest::prop_assert!(hs256(&hex).is_ok() || bytes.iter().collect::<std::collections::HashSet<_>>().len() < 8);
    }
}
