//! `GET /oauth2/revocations`: what a guard in another service has to know to refuse what this node refuses.

use guardhouse::domain::clock::{Clock, Timestamp};
use guardhouse::domain::id::SessionId;
use guardhouse::domain::revocation::{Revocation, Revoked};
use guardhouse::tokens::revocations::Revocations;
use guardhouse::tokens::rules::MAX_LEEWAY;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{GUARD, SHOP, basic, is_error, with_clients};
use crate::in_every_home;
use crate::proofs::home::Home;
use crate::support::house::PASSWORD;
use crate::support::{Answer, Kind, TestHouse, User};

in_every_home!(a_guard_that_follows_one_node_after_the_other_refuses_what_they_refuse);

fn ask(house: &TestHouse, query: &str) -> Answer {
    let path = format!("/oauth2/revocations{query}");
    house.send(house.request("GET", &path).header("authorization", basic(GUARD)), Vec::new())
}

fn page(house: &TestHouse, query: &str) -> Value {
    ask(house, query).ok(200)
}

fn after(page: &Value) -> String {
    format!("?after={}", page["cursor"].as_str().unwrap())
}

fn parse(time: &Value) -> Timestamp {
    let moment = OffsetDateTime::parse(time.as_str().unwrap(), &Rfc3339).unwrap();
    Timestamp::from_micros(i64::try_from(moment.unix_timestamp_nanos() / 1_000).unwrap())
}

fn logout(house: &TestHouse, user: &User) {
    assert_eq!(house.call("POST", "/auth/logout", Some(&user.access), None).status, 204);
}

/// A guard in another service, written by the contract alone.
struct Guard {
    view: Revocations,
    cursor: String,
    access_lifetime: u64,
}

impl Guard {
    fn new() -> Self {
        Self { view: Revocations::new(), cursor: String::new(), access_lifetime: 0 }
    }

    /// Asks until there is no more; returns how many pages there were, and whether it began anew.
    fn follow(&mut self, house: &TestHouse) -> (usize, bool) {
        let mut pages = 0;
        let mut began_anew = false;
        let mut fresh = Revocations::new();
        loop {
            let page = page(house, &format!("?limit=2&after={}", self.cursor));
            pages += 1;
            began_anew |= page["complete"] == true;
            for entry in page["revocations"].as_array().unwrap() {
                let revocation = read(entry);
                if began_anew {
                    fresh.insert(&revocation)
                } else {
                    self.view.insert(&revocation)
                };
            }
            self.cursor = page["cursor"].as_str().unwrap().to_owned();
            self.access_lifetime = page["access_lifetime"].as_u64().unwrap();
            let floor = page["floor"].as_i64().unwrap();
            if page["more"] == false {
                if began_anew {
                    self.view = std::mem::take(&mut fresh);
                }
                self.view.refuse_sessions_opened_before(Timestamp::from_micros(floor * 1_000));
                return (pages, began_anew);
            }
        }
    }

    fn refuses(&self, house: &TestHouse, user: &User) -> bool {
        let claims = house.desk().access_tokens.open(&user.access, house.clock.now()).unwrap();
        self.view.is_revoked(&claims)
    }
}

fn read(entry: &Value) -> Revocation {
    let id = |value: &Value| value.as_str().unwrap().parse().unwrap();
    let what = match entry.get("session") {
        Some(session) => Revoked::Session(id(session)),
        None => Revoked::User {
            user: entry["user"].as_str().unwrap().parse().unwrap(),
            below_epoch: u32::try_from(entry["below_epoch"].as_u64().unwrap()).unwrap(),
            spare: entry.get("spare").map(id),
        },
    };
    Revocation { what, at: Timestamp::MIN, expires_at: parse(&entry["expires_at"]) }
}

fn a_guard_that_follows_one_node_after_the_other_refuses_what_they_refuse(home: Home) {
    let opened = home.open();
    let house = with_clients(opened.plan()).start();
    let root = house.admin("root");
    let (left, stays, disabled) = (house.user("ada"), house.login("ada@example.org"), house.user("bob"));
    let (changed, changer) = (house.user("eve"), house.login("eve@example.org"));
    let mut guard = Guard::new();
    assert!(guard.follow(&house).1, "whoever knows nothing begins with everything");

    logout(&house, &left);
    let path = format!("/users/{}/disable", disabled.id);
    assert_eq!(house.call("POST", &path, Some(&root.access), None).status, 204);
    let body = json!({ "current_password": PASSWORD, "new_password": format!("{PASSWORD}!") });
    assert_eq!(house.post_as(&changer.access, "/auth/password", body).status, 204);
    let verdicts = |guard: &Guard, house: &TestHouse| {
        [&left, &stays, &disabled, &changed, &changer, &root].map(|user| {
            let refused = house.get_as(&user.access, "/auth/me").status == 401;
            assert_eq!(guard.refuses(house, user), refused, "{}", user.email);
            refused
        })
    };
    let (pages, anew) = guard.follow(&house);
    assert!(pages >= 2 && !anew, "{pages} pages; only what is new");
    assert_eq!(verdicts(&guard, &house), [true, false, true, true, false, false]);
    assert_eq!(guard.access_lifetime, 900);
    assert_eq!(guard.follow(&house), (1, false));

    if home == Home::Memory {
        return;
    }
    let other = house.another_node();
    logout(&house, &stays);
    crate::binary::process::until("the other node knows", || {
        other.poll_revocations();
        other.get_as(&stays.access, "/auth/me").status == 401
    });
    assert!(guard.follow(&other).1, "the cursor is one of another node");
    assert_eq!(verdicts(&guard, &other), [true, true, true, true, false, false]);
    assert!(guard.follow(&house).1, "and back");
    assert_eq!(verdicts(&guard, &house), [true, true, true, true, false, false]);
}

#[test]
fn an_entry_says_what_is_refused_and_until_when() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    let empty = page(&house, "");
    assert_eq!(
        empty,
        json!({
            "cursor": empty["cursor"],
            "complete": true,
            "more": false,
            "fresh_at": empty["fresh_at"],
            "access_lifetime": 900,
            "floor": empty["floor"],
            "revocations": [],
        })
    );
    logout(&house, &ada);
    let next = page(&house, &after(&empty));
    // Fifteen minutes, two for clocks that differ, and one in which an expired token may still be accepted.
    let entry = json!({ "session": ada.session, "expires_at": "2027-01-15T08:18:00Z" });
    assert_eq!((&next["revocations"], &next["complete"]), (&json!([entry]), &json!(false)));
    assert_ne!(next["cursor"], empty["cursor"]);
    let same = page(&house, &after(&next));
    assert_eq!((&same["revocations"], &same["cursor"]), (&json!([]), &next["cursor"]));

    let (here, there) = (house.login(&ada.email), house.login(&ada.email));
    let body = json!({ "current_password": PASSWORD, "new_password": format!("{PASSWORD}!") });
    assert_eq!(house.post_as(&here.access, "/auth/password", body).status, 204);
    let last = page(&house, &after(&same));
    let found = |wanted: Value| last["revocations"].as_array().unwrap().contains(&wanted);
    let until = "2027-01-15T08:18:00Z";
    assert!(
        found(json!({ "user": ada.id, "below_epoch": 1, "spare": here.session, "expires_at": until })),
        "{last}"
    );
    assert!(found(json!({ "session": there.session, "expires_at": until })), "{last}");
    let all = page(&house, "");
    assert_eq!(all["revocations"].as_array().unwrap().len(), 3, "{all}");
    assert_eq!(all["cursor"], last["cursor"]);
}

#[test]
fn what_no_token_can_need_any_more_is_not_told() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let (ada, start) = (house.user("ada"), house.clock.now());
    logout(&house, &ada);
    let told = page(&house, "");
    let until = parse(&told["revocations"][0]["expires_at"]);
    assert!(until >= start.plus(std::time::Duration::from_secs(900)).plus(MAX_LEEWAY));
    let sweep = || {
        let desk = house.desk();
        desk.sessions.sweep();
    };
    house.clock.set(until.minus(std::time::Duration::from_micros(1)));
    sweep();
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(page(&house, "")["revocations"].as_array().unwrap().len(), 1);
    house.clock.set(until);
    sweep();
    crate::binary::process::until("the entry is forgotten", || page(&house, "")["revocations"] == json!([]));
}

#[test]
fn pages_are_bounded_and_say_when_there_is_more() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let view = house.desk().revocations.clone();
    let until = house.clock.now().plus(std::time::Duration::from_secs(1_000));
    let session = |n: u128| SessionId(uuid::Uuid::from_u128((7 << 76) | (u128::MAX << 80) | n));
    for n in 0..2_500 {
        let what = Revoked::Session(session(n));
        view.insert(&Revocation { what, at: house.clock.now(), expires_at: until });
    }
    let (mut query, mut sizes, mut first, mut mores) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let page = page(&house, &query);
        let entries = page["revocations"].as_array().unwrap();
        sizes.push(entries.len());
        first.push(entries[0]["session"].as_str().unwrap().to_owned());
        mores.push((page["complete"] == true, page["more"] == true));
        query = after(&page);
    }
    assert_eq!(sizes, [1_000, 1_000, 500]);
    assert_eq!(first, [0, 1_000, 2_000].map(|n| session(n).to_string()), "in the order in which they came");
    assert_eq!(mores, [(true, true), (false, true), (false, false)]);
    assert_eq!(page(&house, "?limit=1")["revocations"].as_array().unwrap().len(), 1);
    for bad in ["?limit=0", "?limit=1001", "?limit=-1", "?limit=x", "?other=1", "?after=x&after=x"] {
        is_error(&ask(&house, bad), 400, "invalid_request");
    }
}

#[test]
fn whatever_is_no_cursor_of_this_node_begins_anew() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    logout(&house, &ada);
    let told = page(&house, "");
    let cursor = told["cursor"].as_str().unwrap();
    let (view, number) = cursor.split_once('.').unwrap();
    let ahead = format!("{view}.{}", number.parse::<u64>().unwrap() + 1);
    let dressed = [format!("{cursor}.0"), format!("{view}.+{number}"), format!("{view}.0{number}")];
    let others =
        ["x", ".", "1.1", &ahead, &format!("{view}.{}", u64::MAX), "00000000000000000000000000000000.1"];
    for other in others.into_iter().chain(dressed.iter().map(String::as_str)) {
        let page = page(&house, &format!("?after={}", other.replace('+', "%2B")));
        assert_eq!(
            (&page["complete"], &page["revocations"]),
            (&json!(true), &told["revocations"]),
            "{other}"
        );
    }
    // The same installation in another process: what was ended is still told, the cursor is not understood.
    let house = house.restart();
    let again = page(&house, &after(&told));
    assert_eq!((&again["complete"], &again["revocations"]), (&json!(true), &told["revocations"]));
}

#[test]
fn the_answer_says_how_fresh_it_is_and_which_sessions_are_none_any_more() {
    let house = with_clients(TestHouse::on(Kind::Sqlite))
        .set("sessions.revocation.poll_interval", "1m")
        .set("sessions.revocation.max_staleness", "61s")
        .start();
    let ada = house.user("ada");
    house.poll_revocations();
    let read_at = house.clock.now();
    house.advance(50);
    assert_eq!(parse(&page(&house, "")["fresh_at"]), read_at, "nobody has looked since");
    house.poll_revocations();
    assert_eq!(parse(&page(&house, "")["fresh_at"]), house.clock.now());
    // Sessions move to another store: those of the first one are over, and a guard is told by their time.
    let house = house.restart_with(&[("sessions.store", "memory")]);
    house.get_as(&ada.access, "/auth/me").is_problem(401, "token_revoked");
    let mut guard = Guard::new();
    guard.follow(&house);
    assert!(guard.refuses(&house, &ada));
    assert_eq!(page(&house, "")["floor"], house.clock.now().millis());
}

#[test]
fn only_clients_with_the_right_may_follow() {
    let house = with_clients(TestHouse::on(Kind::Sqlite)).start();
    let ada = house.user("ada");
    let answers = [
        (house.get("/oauth2/revocations"), 401, "invalid_client"),
        (house.get_as(&ada.access, "/oauth2/revocations"), 401, "invalid_client"),
        (
            house.send(
                house.request("GET", "/oauth2/revocations").header("authorization", basic(SHOP)),
                Vec::new(),
            ),
            403,
            "unauthorized_client",
        ),
        (house.call("POST", "/oauth2/revocations", None, None), 405, "invalid_request"),
    ];
    for (answer, status, error) in answers {
        is_error(&answer, status, error);
    }
    // Who is not let in learns nothing from the query either.
    is_error(&house.get("/oauth2/revocations?limit=0"), 401, "invalid_client");
    let head = house.request("HEAD", "/oauth2/revocations").header("authorization", basic(GUARD));
    let head = house.send(head, Vec::new());
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(ask(&house, "").header("cache-control"), "no-store");
}
