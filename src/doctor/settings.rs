//! Settings that are allowed, and that hardly anybody means.

use super::Finding;
use crate::config::{BCRYPT_FLOOR, Config, HashAlgorithm, SessionTransport, reaches_owasp_floor};

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = vec![hashing(config), proxies(config), issuer(config)];
    found.extend(dangers(config));
    found
}

/// Against OWASP's Password Storage Cheat Sheet.
fn hashing(config: &Config) -> Finding {
    const WHAT: &str = "settings.hashing";
    let hashing = &config.hashing;
    let (value, is_enough) = match hashing.algorithm {
        HashAlgorithm::Argon2id => {
            let cost = hashing.argon2;
            let value = format!("argon2id with {} KiB × {}", cost.memory_kib, cost.iterations);
            (value, reaches_owasp_floor(cost.memory_kib, cost.iterations))
        }
        HashAlgorithm::Bcrypt => {
            (format!("bcrypt with cost {}", hashing.bcrypt_cost), hashing.bcrypt_cost >= BCRYPT_FLOOR)
        }
    };
    if is_enough {
        return Finding::ok(WHAT, value);
    }
    Finding::fail(
        WHAT,
        value,
        "below OWASP's least: stolen hashes are soon passwords; ask `guardhouse calibrate`",
    )
}

fn proxies(config: &Config) -> Finding {
    const WHAT: &str = "settings.trusted_proxies";
    let (server, bind) = (&config.server, config.server.bind);
    let count = server.trusted_proxies.len();
    let value = format!("{bind}, {count} networks of proxies");
    if !bind.ip().to_canonical().is_loopback() && count == 0 && server.tls.is_none() {
        let advice = "if a proxy stands in front, name it in server.trusted_proxies: until then every limit counts the proxy; \
                      if none does, passwords cross the network in the clear";
        return Finding::warn(WHAT, value, advice);
    }
    Finding::ok(WHAT, value)
}

fn issuer(config: &Config) -> Finding {
    const WHAT: &str = "settings.issuer";
    let issuer = &config.tokens.issuer;
    let is_local = ["http://localhost", "http://127.0.0.1", "http://[::1]"]
        .iter()
        .any(|local| issuer.starts_with(local));
    if config.sessions.transport == SessionTransport::Cookie && issuer.starts_with("http:") && !is_local {
        return Finding::fail(
            WHAT,
            issuer,
            "browsers keep the cookie on https only: put TLS in front, and write https:// here",
        );
    }
    if issuer.starts_with("http:") && !is_local {
        return Finding::warn(
            WHAT,
            issuer,
            "clients reach this server without TLS, or this is not the address they use",
        );
    }
    if is_local && !config.server.bind.ip().to_canonical().is_loopback() {
        let advice = "set tokens.issuer to the address that clients use, before the first user comes";
        return Finding::warn(WHAT, issuer, advice);
    }
    Finding::ok(WHAT, issuer)
}

fn dangers(config: &Config) -> impl Iterator<Item = Finding> {
    let taken = config.explain().iter().filter(|it| it.key.contains("danger_") && it.value == "true");
    taken.map(|it| {
        Finding::warn("settings.danger", format!("{} = true", it.key), "remove it outside of tests")
    })
}
