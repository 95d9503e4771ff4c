//! Everything that is wrong is said at once, with key, place and reason.

use guardhouse::config::Origin;

use super::support::{Site, toml};

#[test]
fn five_mistakes_in_a_file_are_five_faults_with_their_lines() {
    let site = toml(
        "[server]\nbind = 'localhost'\nworkrs = 4\n\n[hashing]\nqueue = 'many'\n[tokens]\nleeway = '2m'\nformat = 'jwtt'\n",
    );
    let found: Vec<_> = site.faults().into_iter().map(|fault| (fault.key, fault.origin)).collect();
    let expected = [
        ("server.workrs", 3),
        ("server.bind", 2),
        ("tokens.format", 9),
        ("tokens.leeway", 8),
        ("hashing.queue", 6),
    ];
    assert_eq!(found, expected.map(|(key, line)| (key.to_owned(), site.origin_in("site.toml", line))));
}

#[test]
fn thirty_mistakes_are_thirty_faults() {
    let text = r#"
data_dir = 1
[server]
bind = "nowhere"
ops_bind = true
base_path = "auth/"
trusted_proxies = ["everyone"]
workers = 0
body_limit = "16KB"
max_connections = 0
client_timeout = 5
keep_alive = "2h"
shutdown_timeout = "soon"
[database]
url = "oracle://h"
pool = -1
acquire_timeout = "1ms"
migrate = "yes"
[redis]
timeout = "1"
[sessions]
store = "disk"
refresh_grace = "6m"
max_per_user = 1.5
[sessions.revocation]
on_stale = "panic"
[tokens]
algorithm = "none"
issuer = ""
access_lifetime = "10s"
[hashing]
niceness = 20
argon2.lanes = 0
bcrypt.cost = 3
[passwords]
min_length = 0
[limits]
enabled = "off"
[audit]
batch = 0
[log]
colour = true
"#;
    let keys: Vec<_> = toml(text).faults().into_iter().map(|fault| fault.key).collect();
    let expected = [
        "log.colour",
        "data_dir",
        "server.bind",
        "server.ops_bind",
        "server.base_path",
        "server.trusted_proxies",
        "server.workers",
        "server.body_limit",
        "server.max_connections",
        "server.client_timeout",
        "server.keep_alive",
        "server.shutdown_timeout",
        "database.url",
        "database.pool",
        "database.acquire_timeout",
        "database.migrate",
        "redis.timeout",
        "sessions.store",
        "sessions.refresh_grace",
        "sessions.max_per_user",
        "sessions.revocation.on_stale",
        "tokens.algorithm",
        "tokens.issuer",
        "tokens.access_lifetime",
        "hashing.niceness",
        "hashing.argon2.lanes",
        "hashing.bcrypt.cost",
        "passwords.min_length",
        "limits.enabled",
        "audit.batch",
    ];
    assert_eq!(expected.len(), 30);
    assert_eq!(keys, expected);
    let more = toml(text)
        .env("GUARDHOUSE__AUDIT__INTERVAL", "0s")
        .flag("limits.login.address", "5")
        .flag("nothing", "1");
    assert_eq!(more.faults().len(), expected.len() + 3);
}

#[test]
fn a_misspelt_key_is_refused_with_the_one_that_was_meant() {
    let help = |site: Site| site.fault().help.expect("help");
    assert_eq!(help(toml("[hashing]\nthread = 2")), "did you mean `hashing.threads`");
    assert_eq!(help(toml("[sesions]\nstore = 'redis'")), "did you mean `sessions.store`");
    assert_eq!(help(toml("[server]\npool = 3")), "did you mean `database.pool`");
    assert_eq!(help(Site::new().flag("tokens.isuer", "x")), "did you mean `tokens.issuer`");
    let variable = help(Site::new().env("GUARDHOUSE__HASHING__ARGON2__MEMRY", "1"));
    assert_eq!(variable, "did you mean `GUARDHOUSE__HASHING__ARGON2__MEMORY`");
    assert!(!help(toml("[zoo]\nlion = 1")).contains("did you mean"));
}

#[test]
fn unknown_keys_are_found_in_every_source_even_below_the_winning_one() {
    let site = toml("[log]\nlevel = 'x'").env("GUARDHOUSE__LOG__LEVEL", "y").flag("log.level", "z");
    let origins: Vec<_> = site.faults().into_iter().map(|fault| fault.origin).collect();
    let variable = Origin::Environment("GUARDHOUSE__LOG__LEVEL".to_owned());
    assert_eq!(
        origins,
        [site.origin_in("site.toml", 2), variable, Origin::Flag("--set log.level".to_owned())]
    );
}

#[test]
fn a_variable_with_one_underscore_too_few_does_not_go_unnoticed() {
    let fault = Site::new().env("GUARDHOUSE_SERVER__OPS_BIND", "127.0.0.1:1").fault();
    assert_eq!(fault.key, "server.ops_bind");
    assert_eq!(fault.help.as_deref(), Some("did you mean `GUARDHOUSE__SERVER__OPS_BIND`"));
}

#[test]
fn a_value_for_a_section_spoils_no_key_in_it() {
    let site = toml("hashing = 3\n[server]\nbind = 'x'");
    let faults = site.faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert_eq!(faults[0].reason, "`hashing` is a section, not a value");
    assert!(faults[0].help.as_ref().is_some_and(|help| help.contains("argon2.memory")));
    assert_eq!(faults[1].key, "server.bind");
}

#[test]
fn a_section_for_a_value_is_refused_and_an_empty_section_is_harmless() {
    let fault = toml("[sessions.store]\nkind = 'redis'").fault();
    assert_eq!(
        fault.reason,
        "`sessions.store` takes a value and is not a section, so there is no `sessions.store.kind`"
    );
    toml("[sessions]\n[limits.login]\n").config();
    toml("[[server]]\nbind = '127.0.0.1:1'").fault();
}

#[test]
fn a_syntax_error_names_its_line_and_hides_no_fault_elsewhere() {
    let site =
        Site::new().file("one.toml", "[log]\nformat = 'json'\nfilter = = 3\n").flag("hashing.queue", "x");
    let faults = site.faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert_eq!(faults[0].origin, site.origin_in("one.toml", 3));
    assert_eq!(faults[1].key, "hashing.queue");
}

#[test]
fn a_syntax_error_in_the_line_of_a_secret_does_not_quote_it() {
    let faults = toml("[tokens]\nhs256_secret = \"hunter2-and-no-end\n").load().expect_err("an open string");
    let shown = format!("{faults} {faults:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_file_that_is_not_there_is_a_fault_like_any_other() {
    let mut site = Site::new().flag("hashing.queue", "x");
    let path = site.dir.path().join("missing.toml");
    site.sources.files.push(path.clone());
    let faults = site.faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert_eq!(faults[0].origin, Origin::File { path, line: None });
    assert!(faults[0].reason.starts_with("the file cannot be read: "), "{}", faults[0].reason);
}

#[test]
fn text_that_is_no_utf8_is_refused_instead_of_guessed() {
    let fault = Site::new().env("DATABASE_URL", "mysql://u:p\u{FFFD}@h/d").fault();
    assert_eq!(fault.reason, "the value of the variable is not UTF-8");
}

#[test]
fn all_wrong_items_of_a_list_are_named() {
    let fault = toml("server.trusted_proxies = ['10.0.0.0/8', 'here', 3, 'there']").fault();
    for part in ["`here`", "the number 3", "`there`"] {
        assert!(fault.reason.contains(part), "{}", fault.reason);
    }
}

#[test]
fn the_report_reads_like_one() {
    let faults = Site::new().env("GUARDHOUSE__SESSIONS__STORE", "Redis").flag("log.formt", "json").load();
    let expected = "the configuration has 2 faults

  log.formt (flag --set log.formt)
    `log.formt` is not a key of the configuration
    help: did you mean `log.format`

  sessions.store (environment variable GUARDHOUSE__SESSIONS__STORE)
    `Redis` is none of `memory`, `database`, `redis`
    help: did you mean `redis`";
    assert_eq!(faults.expect_err("two faults").to_string(), expected);
}
