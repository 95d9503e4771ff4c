//! What a running server takes over from a new configuration: key by key.

use guardhouse::config::{Change, Config, can_be_reloaded};

use super::every_key::{CASES, Case};
use super::support::{Site, effective};

fn with(case: &Case, site: Site) -> Site {
    case.with.iter().fold(site, |site, (key, value)| site.flag(key, value))
}

#[test]
fn exactly_the_keys_that_say_so_are_taken_over() {
    let mut taken = 0;
    for Case { key, text, value, expected, .. } in CASES {
        let case = CASES.iter().find(|case| case.key == *key).expect("it is there");
        let old = with(case, Site::new()).load().unwrap_or_else(|_| Config::defaults());
        let new = with(case, Site::new()).flag(key, text).config();
        let (after, changes) = old.taking_over(&new);
        let change = changes.iter().find(|change| change.key == *key);
        let change = change.unwrap_or_else(|| panic!("{key} is not told: {changes:?}"));
        assert_eq!(change.taken, can_be_reloaded(key), "{key}");
        let holds = if change.taken { (*expected).to_owned() } else { value(&old) };
        assert_eq!(value(&after), holds, "{key}");
        let shown = effective(if change.taken { &new } else { &old }, key);
        assert_eq!(effective(&after, key), shown, "{key}");
        taken += usize::from(change.taken);
    }
    assert!((20..60).contains(&taken), "{taken} keys are taken over");
}

#[test]
fn the_same_configuration_again_changes_nothing_and_a_digest_tells_what_holds() {
    let old = Site::new().flag("limits.login.address", "5/1m").config();
    assert_eq!(old.taking_over(&old.clone()).1, []);
    let new = Site::new().flag("limits.login.address", "6/1m").flag("database.pool", "9").config();
    let (after, changes) = old.taking_over(&new);
    let told: Vec<_> = changes.iter().map(|change| (change.taken, change.to_string())).collect();
    assert_eq!(
        told,
        [
            (false, "database.pool: 8 → 9".to_owned()),
            (true, "limits.login.address: [\"5/1m\"] → [\"6/1m\"]".to_owned()),
        ]
    );
    assert_ne!(after.digest(), old.digest());
    assert_ne!(after.digest(), new.digest(), "the pool is not what was asked for");
    assert_eq!(after.digest(), Site::new().flag("limits.login.address", "6/1m").config().digest());
    // Nothing is forgotten: what waits is told again.
    let waits: Vec<_> = after.taking_over(&new).1.into_iter().map(|change| change.key).collect();
    assert_eq!(waits, ["database.pool"]);
}

#[test]
fn another_secret_is_noticed_and_neither_is_told() {
    let site = |ops: &str, database: &str| {
        Site::new()
            .flag("server.ops_token", ops)
            .flag("database.url", &format!("postgres://u:{database}@db/house"))
            .config()
    };
    let (one, other) = ("first-does-not-show-0123456789abcdef", "other-does-not-show-0123456789abcdef");
    let (old, new) = (site(one, one), site(other, other));
    let (after, changes) = old.taking_over(&new);
    let told: Vec<_> = changes.iter().map(|Change { key, taken, .. }| (key.as_str(), *taken)).collect();
    assert_eq!(told, [("server.ops_token", true), ("database.url", false)]);
    for shown in
        [format!("{changes:?}"), changes[0].to_string(), changes[1].to_string(), format!("{after:?}")]
    {
        assert!(!shown.contains("does-not-show"), "{shown}");
    }
    assert_eq!(changes[0].to_string(), "server.ops_token: another secret");
    assert_eq!(after.taking_over(&new).1.len(), 1, "only the database waits");
}

#[test]
fn a_listener_that_others_reach_keeps_its_token() {
    const TOKEN: &str = "q8wX1vJ5cR0tY7uZ2nB4mK6pL9sD3fG_hA";
    let old = Site::new().flag("server.ops_bind", "0.0.0.0:9090").flag("server.ops_token", TOKEN).config();
    let (after, changes) = old.taking_over(&Config::defaults());
    assert!(after.server.ops_token.is_some());
    assert!(changes.iter().all(|change| !change.taken), "{changes:?}");
    let local = Site::new().flag("server.ops_token", TOKEN).config();
    assert!(local.taking_over(&Config::defaults()).0.server.ops_token.is_none());
}

#[test]
fn clients_come_change_and_go() {
    let site = |name: &str, digit: &str| {
        let hash = digit.repeat(64);
        super::support::toml(&format!(
            "[clients.{name}]\nsecret_sha256 = \"{hash}\"\nmay = [\"introspect\"]\n"
        ))
        .config()
    };
    let (after, changes) = site("shop", "a").taking_over(&site("shop", "b"));
    assert_eq!((changes.len(), changes[0].taken), (1, true), "{changes:?}");
    assert_eq!(after.clients, site("shop", "b").clients);
    let (after, changes) = site("shop", "a").taking_over(&site("mill", "a"));
    assert_eq!(changes.len(), 4, "{changes:?}");
    assert_eq!(after.clients.keys().collect::<Vec<_>>(), ["mill"]);
    assert!(!after.explain().iter().any(|setting| setting.key.contains("shop")));
}

#[test]
fn no_secret_can_get_into_the_explanation() {
    const MARK: &str = "does-not-show";
    let keys = Config::defaults();
    let keys = keys.explain().iter().filter_map(|setting| setting.key.strip_suffix("_file"));
    let (mut site, mut secrets) = (Site::new(), 0);
    for key in keys {
        let value = match key {
            "database.url" => format!("postgres://{MARK}:{MARK}@db/house?password={MARK}"),
            "redis.url" => format!("redis://{MARK}:{MARK}@cache/1"),
            // 32 octets in base64url.
            "keys.master_key" => format!("{MARK}-{}", "0123456789abcdefghijklmnopqrs"),
            _ => format!("{MARK}-qT4Zr8mK1vXc7Bn2Lw9Hd5Gs3Jf6Py0A"),
        };
        site = site.flag(key, &value);
        // And as something that was overridden.
        let variable = format!("GUARDHOUSE__{}", key.to_ascii_uppercase().replace('.', "__"));
        site = site.env(&variable, &value);
        secrets += 1;
    }
    assert!(secrets >= 6, "only {secrets} secrets");
    let config = site.config();
    let told = serde_json::to_string(&config.explanation()).unwrap();
    assert!(!told.contains(MARK), "{told}");
    assert!(told.contains("(redacted)") && told.contains("postgres://db/house"), "{told}");
    assert!(!format!("{config:?}").contains(MARK));
}
