//! The rules tried on planted texts: each kind of violation is found on its line, and nothing that is allowed is.

use super::{reading::rules_apply_to, violations};

#[test]
fn a_planted_violation_is_found() {
    for (file, planted, line) in [
        ("domain/account.rs", "//! x\nuse crate::store::users;", 2),
        ("store/users.rs", "fn f() {\n\n    crate::flows::login::login();\n}", 3),
        ("flows/login.rs", "use crate::{\n    domain::{id::Id, clock::Clock},\n    http::problem,\n};", 3),
        ("flows/login.rs", "use super::super::http::problem;", 1),
        ("flows/login.rs", "async fn f() { tokio::spawn(async {}); }", 1),
        ("flows/login.rs", "use tokio::{sync::Mutex, task::spawn_blocking};", 1),
        ("flows/mod.rs", "#[expect(unused, reason = \"\\\"\")]\nuse sea_orm::EntityTrait;", 2),
        ("actors/sessions/mod.rs", "use crate::tokens::jwt::Jwt;", 1),
        ("http/auth.rs", "use crate::actors::hasher::Hashers;", 1),
        ("http/auth.rs", "fn f() -> anyhow::Result<()> { Ok(()) }", 1),
        ("tokens/jwt.rs", "use argon2;", 1),
        ("domain/secret.rs", "const Q: char = '\"';\nuse crate::config::Config; // '\"'", 2),
        ("cellar/wine.rs", "", 0),
    ] {
        let found = violations(file, planted);
        assert_eq!(found.len(), 1, "{planted}: {found:?}");
        assert!(line == 0 || found[0].contains(&format!("{file}:{line}:")), "{found:?}");
    }
}

#[test]
fn what_the_rows_allow_is_not_found() {
    for (file, allowed) in [
        ("domain/refresh.rs", "use crate::domain::{clock::Clock, id::Id};"),
        (
            "flows/login.rs",
            "use super::{Outcome, change::Change};\n// crate::http::problem\n/* tokio::spawn /* actix:: */ */",
        ),
        (
            "flows/login.rs",
            "/// Not `crate::http::problem`.\nfn f() { \"crate::http\"; r#\"sea_orm::\"\"#; 'a'; }",
        ),
        (
            "flows/login.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::http::{a, b};\n    use super::super::super::house;\n}",
        ),
        ("actors/sessions/mod.rs", "use crate::tokens::revocations::Revocations;"),
        ("http/ops.rs", "use crate::actors::hasher::Observe;"),
        (
            "config/hashing.rs",
            "fn f(argon2: Argon2) { argon2.cost(); Self::argon2::<u8>(); hashing::bcrypt::cost(); }",
        ),
        ("cli/serve.rs", "use anyhow::Context;\nuse crate::{http, store};\nuse actix_web::App;"),
    ] {
        assert_eq!(violations(file, allowed), Vec::<String>::new(), "{allowed}");
    }
    assert!(rules_apply_to("actors/limiter/mod.rs") && !rules_apply_to("actors/limiter/tests.rs"));
}
