//! Settings that are fine by themselves and cannot both hold: refused together, accepted one step apart.

use super::support::{Site, toml};

/// The one fault of `bad` is on `key` and speaks of every word in `says`; `good` is accepted.
#[track_caller]
fn contradiction(key: &str, says: &[&str], bad: &str, good: &str) {
    let fault = toml(bad).fault();
    assert_eq!(fault.key, key, "{fault}");
    assert!(fault.help.is_some(), "{fault}");
    for word in says {
        assert!(fault.reason.contains(word), "`{word}` is not in: {}", fault.reason);
    }
    toml(good).config();
}

#[test]
fn the_algorithm_belongs_to_the_format() {
    let says = ["`EdDSA`", "paseto", "site.toml:1"];
    let good = "tokens.format = 'paseto'\ntokens.algorithm = 'v4.public'";
    contradiction("tokens.algorithm", &says, "tokens.format = 'paseto'", good);
    contradiction("tokens.algorithm", &["`v4.public`", "jwt"], "tokens.algorithm = 'v4.public'", good);
}

#[test]
fn sessions_in_redis_need_redis() {
    let good = "sessions.store = 'redis'\nredis.url = 'redis://h'";
    contradiction("sessions.store", &["`redis.url`"], "sessions.store = 'redis'", good);
}

#[test]
fn limits_in_redis_need_redis() {
    let good = "limits.store = 'redis'\nredis.url = 'redis://h'";
    contradiction("limits.store", &["`redis.url`"], "limits.store = 'redis'", good);
    toml("limits.store = 'redis'\nlimits.enabled = false").config();
    let both = "limits.store = 'redis'\nsessions.store = 'redis'";
    contradiction("sessions.store", &["`redis.url`"], both, &format!("{both}\nredis.url = 'redis://h'"));
}

#[test]
fn hash_threads_fit_into_their_memory() {
    let bad = "[hashing]\nthreads = 14\nmemory_budget = '256MiB'";
    let says = ["14", "19MiB", "266MiB", "256MiB", "site.toml:3"];
    contradiction("hashing.threads", &says, bad, "[hashing]\nthreads = 14\nmemory_budget = '266MiB'");
    let bad = "hashing.argon2.memory = '300MiB'\nhashing.threads = 1";
    contradiction(
        "hashing.argon2.memory",
        &["300MiB", "256MiB"],
        bad,
        "hashing.argon2.memory = '256MiB'\nhashing.threads = 1",
    );
    toml("hashing.threads = 500\nhashing.algorithm = 'bcrypt'").config();
}

#[test]
fn automatic_threads_give_way_to_the_budget() {
    let config = toml("hashing.argon2.memory = '200MiB'").config();
    assert_eq!(config.hashing.threads.get(), 1);
}

#[test]
fn argon2_costs_reach_a_row_of_owasps_table_or_a_danger_is_admitted() {
    let cost = |mib, passes| format!("[hashing]\nargon2.memory = '{mib}MiB'\nargon2.iterations = {passes}\n");
    for (mib, passes) in [(46, 1), (19, 2), (12, 3), (9, 4), (7, 5)] {
        let (good, few, small) = (cost(mib, passes), cost(mib, passes - 1), cost(mib - 1, passes));
        contradiction("hashing.argon2.memory", &["OWASP"], &small, &good);
        if passes > 1 {
            contradiction("hashing.argon2.memory", &["OWASP"], &few, &good);
        }
        toml(&format!("{small}danger_allow_weak = true")).config();
        toml(&format!("{small}algorithm = 'bcrypt'")).config();
    }
}

#[test]
fn argon2_has_eight_kib_a_lane_whatever_is_admitted() {
    let bad = "[hashing]\ndanger_allow_weak = true\nargon2.memory = '31KiB'\nargon2.lanes = 4";
    let fault = toml(bad).fault();
    assert_eq!(
        (fault.key.as_str(), fault.reason.contains("32KiB")),
        ("hashing.argon2.memory", true),
        "{fault}"
    );
    toml(&bad.replace("31KiB", "32KiB")).config();
}

#[test]
fn bcrypt_costs_ten_or_a_danger_is_admitted() {
    let bad = "[hashing]\nalgorithm = 'bcrypt'\nbcrypt.cost = 9\n";
    contradiction("hashing.bcrypt.cost", &["9", "10"], bad, &bad.replace('9', "10"));
    toml(&format!("{bad}danger_allow_weak = true")).config();
    toml("hashing.bcrypt.cost = 9").config();
}

#[test]
fn a_session_cannot_idle_longer_than_it_lives() {
    let bad = "[sessions]\nrefresh_lifetime = '1d'\nidle_timeout = '25h'";
    let says = ["1d1h", "1d", "site.toml:2"];
    contradiction(
        "sessions.idle_timeout",
        &says,
        bad,
        "[sessions]\nrefresh_lifetime = '1d'\nidle_timeout = '1d'",
    );
}

#[test]
fn an_access_token_does_not_outlive_what_renews_it() {
    let sessions = "sessions.refresh_lifetime = '1h'\nsessions.idle_timeout = '1h'\n";
    let bad = format!("{sessions}tokens.access_lifetime = '61m'");
    let says = ["1h1m", "sessions.idle_timeout"];
    contradiction("tokens.access_lifetime", &says, &bad, &bad.replace("61m", "60m"));
    toml(&format!("{bad}\nsessions.refresh_tokens = false")).config();
}

#[test]
fn a_feed_in_redis_is_read_a_few_times_a_second() {
    let good =
        "redis.url = 'redis://localhost'\n[sessions]\nstore = 'redis'\nrevocation.max_staleness = '1s'";
    let bad = good.replace("'1s'", "'999ms'");
    contradiction("sessions.revocation.max_staleness", &["999ms", "Redis"], &bad, good);
    toml("sessions.revocation.max_staleness = '999ms'").config();
}

#[test]
fn a_limit_counts_to_ten_thousand() {
    let bad = "limits.login.address = ['10001/1d']";
    contradiction("limits.login.address", &["10001", "10000"], bad, &bad.replace("10001", "10000"));
}

#[test]
fn a_feed_is_not_stale_between_two_looks() {
    let bad = "[sessions.revocation]\npoll_interval = '1s'\nmax_staleness = '1s'";
    contradiction(
        "sessions.revocation.max_staleness",
        &["1s"],
        bad,
        &bad.replace("ness = '1s'", "ness = '2s'"),
    );
}

#[test]
fn passwords_can_be_as_long_as_they_must_be() {
    let bad = "[passwords]\nmin_length = 65\nmax_length = 64";
    contradiction("passwords.min_length", &["65", "64", "site.toml:3"], bad, &bad.replace("= 65", "= 64"));
}

#[test]
fn the_two_listeners_do_not_collide() {
    let site = |bind: &str, ops: &str| toml(&format!("[server]\nbind = '{bind}'\nops_bind = '{ops}'"));
    for (bind, ops) in [("127.0.0.1:1", "127.0.0.1:1"), ("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1")] {
        let fault = site(bind, ops).fault();
        assert_eq!(fault.key, "server.ops_bind");
        assert!(fault.reason.contains("collides"), "{fault}");
    }
    for (bind, ops) in
        [("127.0.0.1:0", "127.0.0.1:0"), ("127.0.0.1:1", "127.0.0.2:1"), ("0.0.0.0:1", "127.0.0.1:2")]
    {
        site(bind, ops).config();
    }
}

#[test]
fn a_certificate_and_its_key_belong_together() {
    let both = "[server.tls]\ncertificate = '/srv/crt'\nkey = '/srv/key'\n";
    let [key, certificate] = ["server.tls.key", "server.tls.certificate"];
    contradiction(key, &["`server.tls.certificate` is not set"], "server.tls.key = '/srv/key'", both);
    contradiction(certificate, &["`server.tls.key` is not set"], "server.tls.certificate = '/srv/crt'", both);
}

#[test]
fn a_reachable_operators_listener_needs_a_token() {
    let bad = "[server]\nops_bind = '0.0.0.0:9090'\n";
    let good = format!("{bad}ops_token = 'nobody-will-ever-guess-these-words'");
    contradiction("server.ops_bind", &["0.0.0.0:9090", "`server.ops_token`"], bad, &good);
    toml("server.ops_bind = '127.5.5.5:9090'").config();
    toml("server.ops_bind = '[::ffff:127.0.0.1]:9090'").config();
}

#[test]
fn a_key_is_announced_for_several_looks_and_lives_longer_than_that() {
    let good = "keys.announcement = '30s'\nkeys.poll_interval = '10s'\nkeys.lifetime = '31s'";
    contradiction("keys.announcement", &["`keys.poll_interval`"], &good.replace("10s", "11s"), good);
    contradiction("keys.lifetime", &["`keys.announcement`"], &good.replace("31s", "30s"), good);
    let free = "keys.announcement = '0s'\nkeys.poll_interval = '1h'\nkeys.lifetime = '0s'";
    assert!(Site::new().file("site.toml", free).load().is_ok());
}

#[test]
fn claims_of_the_operator_do_not_touch_ours() {
    let good = r#"tokens.claims = '{"tenant": "acme"}'"#;
    for name in ["sub", "sid", "epoch", "roles"] {
        let bad = format!(r#"tokens.claims = '{{"{name}": 1}}'"#);
        contradiction("tokens.claims", &[&format!("`{name}`")], &bad, good);
    }
    contradiction(
        "tokens.roles_claim",
        &["`iss`"],
        "tokens.roles_claim = 'iss'",
        "tokens.roles_claim = 'groups'",
    );
    let both = "tokens.roles_claim = 'groups'\n";
    let bad = format!(r#"{both}tokens.claims = '{{"groups": []}}'"#);
    contradiction("tokens.claims", &["`groups`"], &bad, &format!("{both}{good}"));
    let long = |length| format!(r#"tokens.claims = '{{"a": "{}"}}'"#, "x".repeat(length));
    assert!(Site::new().file("site.toml", &long(1_016)).load().is_ok());
    let fault = Site::new().file("site.toml", &long(1_017)).fault();
    assert!(fault.key == "tokens.claims" && fault.reason.contains("1025 bytes"), "{fault:?}");
}

#[test]
fn what_is_wrong_by_itself_is_not_compared_as_well() {
    let site = Site::new()
        .flag("sessions.idle_timeout", "40d")
        .flag("sessions.refresh_lifetime", "long")
        .flag("hashing.threads", "900")
        .flag("hashing.memory_budget", "much")
        .flag("tokens.algorithm", "HS256")
        .flag("tokens.hs256_secret_file", "/nonexistent/secret");
    let keys: Vec<_> = site.faults().into_iter().map(|fault| fault.key).collect();
    assert_eq!(keys, ["sessions.refresh_lifetime", "tokens.hs256_secret_file", "hashing.memory_budget"]);
}

#[test]
fn announced_connections_need_somebody_who_may_announce() {
    let bad = "server.proxy_protocol = true";
    let good = "server.proxy_protocol = true\nserver.trusted_proxies = ['10.0.0.0/8']";
    contradiction("server.proxy_protocol", &["`server.trusted_proxies`"], bad, good);
}

#[test]
fn a_first_delay_is_no_longer_than_the_longest() {
    let bad = "limits.login.first_delay = '2m'";
    contradiction(
        "limits.login.first_delay",
        &["limits.login.longest_delay", "1m"],
        bad,
        "limits.login.first_delay = '1m'",
    );
}
