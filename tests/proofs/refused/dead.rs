//! Genuine refresh tokens, and all the ways in which the session behind one can end.

use std::time::Duration;

use guardhouse_entity::sessions::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::home::{Home, Opened};
use super::super::redis::Admin;
use super::super::site::Site;
use super::super::size;
use super::{Class, Refused, on};
use crate::binary::process::{Server, until};
use crate::support::User;
use crate::support::house::PASSWORD;

/// The shortest life that a session in memory can be given.
const SHORTEST: Duration = Duration::from_secs(30);

/// One dead token of each kind, and the server that refuses them.
///
/// Where sessions outlive the process it is started twice: first it sweeps all the time, then not at all. What lives
/// in memory can only be waited for, which the small edition does not do.
pub(super) fn bury(opened: &Opened, site: &Site, home: Home) -> (Server, Vec<Refused>) {
    let mut dead = Vec::new();
    let mut add =
        |name, token: &str| dead.push(Refused { name, class: Class::Dead, token: token.to_owned() });
    let quiet = ("sessions.sweep_interval", "1h");
    let server = if home == Home::Memory {
        if size("GUARDHOUSE_PROVE_ROUNDS", 0) == 0 {
            site.serve_with("one", &[quiet])
        } else {
            let life = ["tokens.access_lifetime", "sessions.idle_timeout", "sessions.refresh_lifetime"];
            let [first, second, third] = life.map(|key| (key, "30s"));
            let server = site.serve_with("one", &[quiet, first, second, third]);
            let person = server.user("expired");
            std::thread::sleep(SHORTEST);
            add("expired", &person.refresh);
            server
        }
    } else {
        let server = site.serve_with("one", &[("sessions.sweep_interval", "100ms")]);
        let (ended, expired) = (server.user("ended.and.swept"), server.user("expired.and.swept"));
        sign_out(&server, &ended);
        expire(opened, site, &expired);
        match opened.redis_url() {
            // There a session that is over goes when its user opens another.
            Some(_) => drop(server.login(&expired.email)),
            None => until("the sweep", || rows_of(site, &expired) == 0),
        }
        server.terminate();
        let server = site.serve_with("one", &[quiet]);
        add("signed out, and swept", &ended.refresh);
        add("expired, and swept", &expired.refresh);
        let person = server.user("expired");
        expire(opened, site, &person);
        add("expired", &person.refresh);
        server
    };

    let person = server.user("ended");
    sign_out(&server, &person);
    add("signed out", &person.refresh);

    let person = server.user("elsewhere");
    let elsewhere = server.login(&person.email);
    let path = format!("/auth/sessions/{}", person.session);
    assert_eq!(server.call("DELETE", &path, Some(&elsewhere.access), None).status, 204);
    add("ended from another session", &person.refresh);

    let person = server.user("careful");
    let elsewhere = server.login(&person.email);
    let body = json!({ "current_password": PASSWORD, "new_password": format!("{PASSWORD}-new") });
    assert_eq!(server.call("POST", "/auth/password", Some(&elsewhere.access), Some(&body)).status, 204);
    add("ended by a new password", &person.refresh);

    let person = server.user("gone");
    let body = json!({ "password": PASSWORD });
    assert_eq!(server.call("DELETE", "/auth/me", Some(&person.access), Some(&body)).status, 204);
    add("account deleted", &person.refresh);

    let person = server.user("robbed");
    let body = json!({ "refresh_token": person.refresh });
    let successor = User::from(person.email.clone(), &server.post("/auth/refresh", &body));
    server.post("/auth/refresh", &body).is_problem(401, "refresh_replayed");
    add("replayed, its first token", &person.refresh);
    add("replayed, its last token", &successor.refresh);

    for dead in &dead {
        let answer = server.post("/auth/refresh", &json!({ "refresh_token": dead.token }));
        answer.is_problem(401, "refresh_invalid");
    }
    (server, dead)
}

fn sign_out(server: &Server, person: &User) {
    assert_eq!(server.call("POST", "/auth/logout", Some(&person.access), None).status, 204);
}

/// Puts the end of a session into the past, in its store.
fn expire(opened: &Opened, site: &Site, person: &User) {
    let Some(redis) = opened.redis_url() else {
        let done = on(site.database_url(), async |db| {
            let past = Entity::update_many().filter(Column::Id.eq(id_of(person)));
            let past = past.col_expr(Column::IdleExpiresAt, Expr::value(1_i64));
            past.col_expr(Column::ExpiresAt, Expr::value(1_i64)).exec(db).await.expect("writable")
        });
        assert_eq!(done.rows_affected, 1);
        return;
    };
    let mut admin = Admin::connect(redis);
    let find = "return redis.call('KEYS', '*:user:' .. ARGV[1])[1]";
    let key = admin.tell(&["EVAL", find, "0", &person.id]);
    let mut record: Value =
        serde_json::from_str(&admin.tell(&["HGET", &key, &person.session])).expect("a record of JSON");
    for end in ["idle_expires_at", "expires_at"] {
        assert!(record[end].is_i64(), "{record}");
        record[end] = 1.into();
    }
    assert_eq!(admin.tell(&["HSET", &key, &person.session, &record.to_string()]), "0", "it was there");
}

fn rows_of(site: &Site, person: &User) -> u64 {
    on(site.database_url(), async |db| {
        Entity::find().filter(Column::Id.eq(id_of(person))).count(db).await.expect("readable")
    })
}

fn id_of(person: &User) -> Uuid {
    person.session.parse().expect("a session's id")
}
