//! Refresh tokens that are not, or no longer, worth anything, and sessions that are somebody else's: refused, with
//! nothing written, and what is forged without asking any store.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guardhouse_entity::{audit_events, credentials, revocations, sessions, users};
use sea_orm::{ConnectionTrait, Database, EntityTrait, PaginatorTrait};
use serde_json::json;

use super::home::Home;
use super::redis::Admin;
use super::wire::Wire;
use crate::binary::process::until;
use crate::in_every_home;
use crate::support::{Kind, TestHouse};

in_every_home!(
    what_is_forged_is_refused_and_no_store_is_asked,
    what_is_over_is_refused_and_nothing_is_written,
    a_session_of_somebody_else_does_not_exist,
);

fn what_is_forged_is_refused_and_no_store_is_asked(home: Home) {
    let opened = home.open();
    let site = opened.site().set("sessions.revocation.poll_interval", "50s");
    let site = site.set("sessions.revocation.max_staleness", "1h").set("sessions.sweep_interval", "1h");
    let database = site.database_url().to_owned();
    // SQLite has no wire: there the rows have to do.
    let (wire, site) = match home.kind() {
        Kind::Sqlite => (None, site),
        _ => {
            let (wire, url) = Wire::before(&database);
            (Some(wire), site.set("database.url", url))
        }
    };
    let server = site.serve("one");
    let (ada, bob) = (server.user("ada"), server.user("bob"));
    let foreign = TestHouse::new().user("ada").refresh;
    if let Some(wire) = &wire {
        wire.wait_for_silence();
    }
    let mut admin = opened.redis_url().map(Admin::connect);
    let mut seen = || {
        let redis = admin.as_mut().map(|admin| (admin.questions(), admin.contents()));
        // Counting is a question too, always the same one.
        (
            wire.as_ref().map(Wire::sent),
            redis.map(|(questions, contents)| (contents, questions)),
            rows(&database),
        )
    };
    let counting = {
        let (first, second) = (seen(), seen());
        second.1.zip(first.1).map_or(0, |((_, after), (_, before))| after - before)
    };
    let before = seen();
    let mut forged = forgeries(&ada.refresh, &bob.refresh);
    forged.push(foreign);
    for token in &forged {
        let answer = server.post("/auth/refresh", &json!({ "refresh_token": token }));
        answer.is_problem(401, "refresh_invalid");
    }
    let mut after = seen();
    if let Some((_, questions)) = &mut after.1 {
        *questions -= counting;
    }
    assert_eq!(after, before);
    let answer =
        server.post("/auth/refresh", &json!({ "refresh_token": "ghr_".to_owned() + &"A".repeat(20_000) }));
    answer.is_problem(413, "body_too_large");
    // All of them were made from a good one.
    assert_eq!(server.post("/auth/refresh", &json!({ "refresh_token": ada.refresh })).status, 200);
}

/// What somebody could make of two genuine tokens.
fn forgeries(one: &str, other: &str) -> Vec<String> {
    let bytes = |token: &str| URL_SAFE_NO_PAD.decode(&token[4..]).expect("base64url");
    let token = |bytes: &[u8]| format!("ghr_{}", URL_SAFE_NO_PAD.encode(bytes));
    let (one_bytes, other_bytes) = (bytes(one), bytes(other));
    let mut forged: Vec<String> = ["", "ghr_", "ghr_AAAA", "null"].map(str::to_owned).into();
    forged.extend([1, 4, 50, one.len() - 1].map(|length| one[..length].to_owned()));
    forged.extend([format!("{one}A"), format!("{one}="), format!(" {one}"), one.to_uppercase()]);
    forged.push(format!("ghr_{}", "A".repeat(8_000)));
    // One bit of each part: version, key, user, session, generation, MAC.
    for place in [0, 1, 4, 5, 20, 21, 36, 37, 40, 41, 72] {
        for bit in [0, 7] {
            let mut flipped = one_bytes.clone();
            flipped[place] ^= 1 << bit;
            forged.push(token(&flipped));
        }
    }
    for version in [0, 2, 255] {
        forged.push(token(&[&[version], &one_bytes[1..]].concat()));
    }
    // Ada's session in Bob's name, and the other way round; the next generation with the MAC of this one.
    forged.push(token(&[&one_bytes[..5], &other_bytes[5..21], &one_bytes[21..]].concat()));
    forged.push(token(&[&one_bytes[..21], &other_bytes[21..37], &one_bytes[37..]].concat()));
    forged.push(token(&[&one_bytes[..37], &1_u32.to_be_bytes()[..], &one_bytes[41..]].concat()));
    forged.push(token(&[&one_bytes[..41], &other_bytes[41..]].concat()));
    forged
}

fn what_is_over_is_refused_and_nothing_is_written(home: Home) {
    let opened = home.open();
    let house = opened.plan().set("sessions.refresh_grace", "10s").start();
    let (ended, expires, replayed) = (house.user("ada"), house.user("bob"), house.user("eve"));
    assert_eq!(house.post_as(&ended.access, "/auth/logout", json!({})).status, 204);
    let body = json!({ "refresh_token": replayed.refresh });
    assert_eq!(house.post("/auth/refresh", body.clone()).status, 200);
    house.advance(10);
    house.post("/auth/refresh", body).is_problem(401, "refresh_replayed");

    let mut admin = opened.redis_url().map(Admin::connect);
    let mut kept = || (session_rows(&house), admin.as_mut().map(Admin::contents));
    let refused = |person: &crate::support::User| {
        for _ in 0..3 {
            let answer = house.post("/auth/refresh", json!({ "refresh_token": person.refresh }));
            answer.is_problem(401, "refresh_invalid");
        }
    };
    let before = kept();
    refused(&ended);
    refused(&replayed);
    // Its time is over, and the sweep has not come by.
    house.advance(31 * 24 * 3_600);
    refused(&expires);
    assert_eq!(kept(), before);

    let desk = house.desk();
    house.io(async move { desk.sessions.sweep() });
    until("the sweep", || session_rows(&house) == [0, 0]);
    let before = kept();
    for person in [&ended, &expires, &replayed] {
        refused(person);
    }
    assert_eq!(kept(), before);
    assert_eq!(house.events("refresh_replayed").len(), 1);
}

fn a_session_of_somebody_else_does_not_exist(home: Home) {
    let opened = home.open();
    let house = opened.plan().start();
    let (ada, bob) = (house.user("ada"), house.user("bob"));
    let mut admin = opened.redis_url().map(Admin::connect);
    let mut kept = || (session_rows(&house), admin.as_mut().map(Admin::contents));
    let before = kept();
    for id in [bob.session.as_str(), &bob.id, "01890000-0000-7000-8000-000000000000"] {
        let answer = house.call("DELETE", &format!("/auth/sessions/{id}"), Some(&ada.access), None);
        answer.is_problem(404, "not_found");
    }
    assert_eq!(kept(), before);
    house.get_as(&bob.access, "/auth/me").ok(200);
    assert_eq!(house.post("/auth/refresh", json!({ "refresh_token": bob.refresh })).status, 200);
    // One's own does.
    let answer = house.call("DELETE", &format!("/auth/sessions/{}", ada.session), Some(&ada.access), None);
    assert_eq!(answer.status, 204);
}

/// Sessions and announcements in the database.
fn session_rows(house: &TestHouse) -> [u64; 2] {
    let desk = house.desk();
    house.io(async move {
        let db = desk.db.reader();
        [count::<sessions::Entity>(db).await, count::<revocations::Entity>(db).await]
    })
}

/// All rows of all tables that a request could write to.
fn rows(url: &str) -> [u64; 5] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = Database::connect(url).await.expect("the database answers");
        let rows = [
            count::<users::Entity>(&db).await,
            count::<credentials::Entity>(&db).await,
            count::<sessions::Entity>(&db).await,
            count::<revocations::Entity>(&db).await,
            count::<audit_events::Entity>(&db).await,
        ];
        db.close().await.expect("the connection closes");
        rows
    })
}

async fn count<E>(db: &impl ConnectionTrait) -> u64
where
    E: EntityTrait,
    E::Model: Sync,
{
    E::find().count(db).await.expect("the table can be read")
}
