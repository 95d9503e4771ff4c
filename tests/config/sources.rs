//! Which source wins, and what each may say.

use guardhouse::config::{Backend, Config, Origin, Sources};
use secrecy::ExposeSecret;

use super::support::{Site, effective, toml};

#[test]
fn later_files_lie_over_earlier_ones_key_by_key() {
    let site = Site::new()
        .file("one.toml", "[hashing]\nqueue = 1\nniceness = 1")
        .file("two.toml", "[hashing]\n\nqueue = 2");
    let config = site.config();
    assert_eq!((config.hashing.queue, config.hashing.niceness), (2, 1));
    assert_eq!(effective(&config, "hashing.queue").1, site.origin_in("two.toml", 3));
    assert_eq!(effective(&config, "hashing.niceness").1, site.origin_in("one.toml", 3));
}

#[test]
fn files_then_conventional_variables_then_own_variables_then_flags() {
    let file = || toml("[database]\nurl = 'mysql://file/d'");
    let host = |site: &Site| site.config().database.url.expose_secret().to_owned();
    assert_eq!(host(&file()), "mysql://file/d");
    let conventional = || file().env("DATABASE_URL", "mysql://conventional/d");
    assert_eq!(host(&conventional()), "mysql://conventional/d");
    let own = || conventional().env("GUARDHOUSE__DATABASE__URL", "mysql://own/d");
    assert_eq!(host(&own()), "mysql://own/d");
    let flag = own().flag("database.url", "mysql://flag/d").flag("database.url", "mysql://last/d");
    assert_eq!(host(&flag), "mysql://last/d");
}

#[test]
fn conventional_variables_give_both_addresses_and_are_ignored_when_empty() {
    let set = Site::new().env("DATABASE_URL", "postgres://h/d").env("REDIS_URL", "redis://h").config();
    assert_eq!(set.database.backend, Backend::Postgres);
    assert_eq!(set.redis.expect("REDIS_URL is set").url.expose_secret(), "redis://h");
    let empty = toml("database.url = 'mysql://file/d'").env("DATABASE_URL", "").env("REDIS_URL", "").config();
    assert_eq!(empty.database.backend, Backend::MySql);
    assert!(empty.redis.is_none());
}

#[test]
fn an_empty_text_unsets_what_a_weaker_source_set() {
    let config = toml("redis.url = 'redis://h'").env("GUARDHOUSE__REDIS__URL", "").config();
    assert!(config.redis.is_none());
    let origin = Origin::Environment("GUARDHOUSE__REDIS__URL".to_owned());
    assert_eq!(effective(&config, "redis.url"), ("(not set)".to_owned(), origin));
}

#[test]
fn the_default_database_follows_the_data_directory_even_through_awkward_names() {
    let url = |dir: &str| Site::new().flag("data_dir", dir).config().database.url.expose_secret().to_owned();
    assert_eq!(url("/srv/gh"), "sqlite:///srv/gh/guardhouse.db?mode=rwc");
    assert_eq!(url("why?/100%#1/"), "sqlite://why%3F/100%25%231/guardhouse.db?mode=rwc");
}

#[test]
fn foreign_variables_are_none_of_our_business() {
    let config = Site::new()
        .env("PATH", "/bin")
        .env("GUARDHOUSE_TEST_REQUIRE", "redis")
        .env("GUARDHOUSE", "x")
        .env("HASHING__QUEUE", "1")
        .config();
    assert_eq!(config.hashing.queue, Config::defaults().hashing.queue);
}

#[test]
fn the_lines_of_keys_are_found_in_every_notation_or_left_out() {
    let text = "log.format = 'json'\n[hashing]\nqueue = 5\nargon2 = { memory = '46MiB' }\n[ server ] # x\n\"bind\" = '127.0.0.1:0'\n";
    let site = toml(text);
    let config = site.config();
    for (key, line) in
        [("log.format", 1), ("hashing.queue", 3), ("hashing.argon2.memory", 4), ("server.bind", 6)]
    {
        assert_eq!(effective(&config, key).1, site.origin_in("site.toml", line), "{key}");
    }
}

#[test]
fn sources_show_no_values_when_debugged() {
    let site =
        Site::new().env("DATABASE_URL", "mysql://u:hunter2@h/d").flag("tokens.hs256_secret", "hunter2");
    let shown = format!("{:?}", site.sources);
    assert!(shown.contains("DATABASE_URL") && shown.contains("tokens.hs256_secret"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// Runs itself once more in a process with a variable of its own: changing the environment of this one is unsafe.
#[test]
fn the_environment_of_the_process_is_one_of_the_sources() {
    const PROBE: &str = "GUARDHOUSE__HASHING__QUEUE";
    if std::env::var_os(PROBE).is_none() {
        let (_, module) = module_path!().split_once("::").expect("the module is not the root");
        let test = format!("{module}::the_environment_of_the_process_is_one_of_the_sources");
        let exe = std::env::current_exe().expect("the test has a path");
        let child = std::process::Command::new(exe).args(["--exact", &test]).env(PROBE, "77").output();
        let child = child.expect("the test can be started");
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let sources = Sources::from_process(Vec::new(), vec![("log.format".to_owned(), "json".to_owned())]);
    assert!(!sources.env.contains_key("PATH"), "only what is ours is kept");
    let config = Config::load(&sources).expect("one variable and one flag");
    assert_eq!((config.hashing.queue, config.log.format), (77, guardhouse::config::LogFormat::Json));
}
