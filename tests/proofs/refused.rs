//! Refused refresh tokens tell nobody why: what is forged costs no look-up whatever is wrong with it, what is genuine
//! and dead costs the same look-up however it died, and all are answered alike.
//!
//! `GUARDHOUSE_PROVE_ROUNDS` presentations of each kind, in an order of chance, over HTTP to a server process; their
//! times are printed. They are asserted only where `GUARDHOUSE_PROVE_STRICT` is set: what a busy machine measures proves
//! nothing. What is asked of the stores and written to them is counted in every run. SQLite and the memory of a process
//! cannot be listened to: there the answers, the rows and the notes have to do.

mod dead;
mod figures;
mod forged;
mod line;

use std::time::Duration;

use guardhouse::domain::entropy::Entropy;
use guardhouse_entity::{audit_events, credentials, revocations, sessions, users};
use sea_orm::{ColumnTrait, Database, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};

use super::home::{Home, Opened};
use super::redis::Admin;
use super::site::Site;
use super::size;
use super::wire::Wire;
use crate::in_every_home;
use crate::support::Kind as DatabaseKind;
use crate::support::entropy::Seeded;
use figures::{CLOSE, Sample, are_close, distance};
use line::Line;

in_every_home!(
    what_is_refused_asks_the_same_and_writes_nothing,
    how_long_a_refusal_takes_does_not_tell_the_reason,
);

/// What a refused token is, and so what refusing it may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Not made by this installation: no look-up.
    Forged,
    /// Made by it, and its session is over: one look-up, and a note in the audit log.
    Dead,
}

impl Class {
    const ALL: [(Self, &str); 2] = [(Self::Forged, "forged"), (Self::Dead, "genuine, but dead")];
}

/// One way of being refused.
#[derive(Debug)]
struct Refused {
    name: &'static str,
    class: Class,
    token: String,
}

/// The shape of every site here: nothing comes by itself, and a token that was exchanged is a replay at once.
fn site(opened: &Opened) -> Site {
    opened
        .site()
        .set("sessions.refresh_grace", "0s")
        .set("sessions.revocation.poll_interval", "50s")
        .set("sessions.revocation.max_staleness", "1h")
}

/// Forged ones and dead ones of all kinds.
fn all_kinds(opened: &Opened, site: &Site, home: Home) -> (crate::binary::process::Server, Vec<Refused>) {
    let (server, mut kinds) = dead::bury(opened, site, home);
    kinds.extend(forged::forgeries(&server.user("ada"), &server.user("bob")));
    (server, kinds)
}

/// How often a kind is presented between two looks at the counter, and how many such pairs of looks there are.
const WINDOW: (usize, usize) = (4, 3);

/// In this time a driver has said what it says after the answer: it asks the connection that it puts back for its health.
const PAUSE: Duration = Duration::from_millis(15);

fn what_is_refused_asks_the_same_and_writes_nothing(home: Home) {
    let opened = home.open();
    // One connection, so that each statement is prepared once; notes stay with their writer while bytes are counted.
    let site = site(&opened).set("database.pool", 1).set("audit.interval", "10s").set("audit.batch", 2_000);
    let database = site.database_url().to_owned();
    let (wire, site) = match home.kind() {
        DatabaseKind::Sqlite => (None, site),
        _ => {
            let (wire, url) = Wire::before(&database);
            (Some(wire), site.set("database.url", url))
        }
    };
    let (server, kinds) = all_kinds(&opened, &site, home);
    let mut admin = opened.redis_url().map(Admin::connect);
    let mut line = Line::to(server.address);
    let first = line.present(&kinds[0].token).1;
    for kind in &kinds {
        let (_, answer) = line.present(&kind.token);
        assert!(answer.body.contains("refresh_invalid"), "{}: {answer:?}", kind.name);
        assert_eq!(answer, first, "{} is answered otherwise", kind.name);
    }
    if let Some(wire) = &wire {
        wire.wait_for_silence();
    }
    // An event that somebody waits for takes all notes with it; the next group begins an interval later.
    server.login("ada@example.org");
    let before = (rows(&database), admin.as_mut().map(Admin::contents));
    let mut asked = || match (&wire, admin.as_mut()) {
        (Some(wire), _) => {
            wire.wait_for_silence_of(PAUSE);
            wire.sent()
        }
        (None, admin) => admin.map(Admin::questions).unwrap_or_default(),
    };
    let mut windows = vec![Vec::new(); kinds.len()];
    let mut last = asked();
    for _ in 0..WINDOW.1 {
        for (kind, windows) in kinds.iter().zip(&mut windows) {
            for _ in 0..WINDOW.0 {
                line.present(&kind.token);
            }
            let now = asked();
            windows.push(now - last);
            last = now;
        }
    }
    // The median: what a driver says after the answer may be counted with the next kind.
    let costs = windows.into_iter().map(|mut windows| {
        windows.sort_unstable();
        windows[WINDOW.1 / 2]
    });
    let costs: Vec<u64> = costs.collect();
    let is_heard = wire.is_some() || admin.is_some();
    let dead = kinds.iter().zip(&costs).find(|(kind, _)| kind.class == Class::Dead).expect("one is dead").1;
    for (kind, cost) in kinds.iter().zip(&costs) {
        let expected = if kind.class == Class::Dead { *dead } else { 0 };
        assert_eq!(*cost, expected, "{home:?}: what {} asks of the store, four times", kind.name);
    }
    assert_eq!(*dead > 0, is_heard);
    assert_eq!((rows(&database), admin.as_mut().map(Admin::contents)), before);
    server.terminate();
    let of_class = |class| kinds.iter().filter(|kind| kind.class == class).count();
    // The first one was presented once more, and each dead one is asked for at its burial.
    let presented = of_class(Class::Dead) * (2 + WINDOW.0 * WINDOW.1) + 1;
    assert_eq!(notes(&database), [("session is over".to_owned(), presented)], "forged ones leave no note");
}

#[expect(clippy::print_stdout, reason = "the figures for docs/proofs.md")]
fn how_long_a_refusal_takes_does_not_tell_the_reason(home: Home) {
    let rounds: usize = size("GUARDHOUSE_PROVE_ROUNDS", 5);
    let opened = home.open();
    let site = site(&opened);
    let (server, kinds) = all_kinds(&opened, &site, home);
    let mut line = Line::to(server.address);
    let first = line.present(&kinds[0].token).1;
    let mut samples = vec![Sample::default(); kinds.len()];
    let chance = Seeded::new(7);
    for _ in 0..rounds {
        for place in shuffled(kinds.len(), &chance) {
            let (took, answer) = line.present(&kinds[place].token);
            assert_eq!(answer, first, "{} is answered otherwise: {}", kinds[place].name, server.output());
            samples[place].push(took);
        }
    }
    println!(
        "{home:?}: {rounds} presentations of each kind; median and p90 in µs, distance to the others of its class"
    );
    for (class, title) in Class::ALL {
        let members: Vec<(&Refused, &Sample)> =
            kinds.iter().zip(&samples).filter(|(kind, _)| kind.class == class).collect();
        println!("  {title}");
        for (kind, sample) in &members {
            let others = members.iter().filter(|(other, _)| other.name != kind.name);
            let others = Sample::of_all(others.map(|(_, sample)| *sample));
            let (median, p90) = (sample.quantile(0.5).as_micros(), sample.quantile(0.9).as_micros());
            println!("    {:<44} {median:>6} {p90:>6}   {:.3}", kind.name, distance(sample, &others));
        }
        if std::env::var("GUARDHOUSE_PROVE_STRICT").is_ok() {
            let compared = members.iter().filter(|(kind, _)| !is_apart(home, kind));
            let medians = compared.map(|(_, sample)| sample.quantile(0.5));
            let (least, most) = (medians.clone().min(), medians.max());
            let (least, most) = least.zip(most).expect("each class has members");
            assert!(are_close(least, most), "{title}: {least:?} to {most:?}; allowed are {CLOSE}");
        }
    }
}

/// What may take another time than the others of its class, because it tells nobody anything of worth: that one's own
/// request is long; and, to the holder of a token that was genuine, that their account is no more (there is no user to
/// be read beside the session), or, in Redis, that it ran out (its record is still there).
fn is_apart(home: Home, kind: &Refused) -> bool {
    kind.token.len() > 1_000
        || kind.name == "account deleted"
        || (home == Home::Redis && kind.name == "expired")
}

/// The numbers below `length`, in an order of chance.
fn shuffled(length: usize, chance: &Seeded) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    for last in (1..length).rev() {
        let mut bytes = [0; 8];
        chance.fill(&mut bytes);
        places.swap(last, (u64::from_be_bytes(bytes) % (last as u64 + 1)) as usize);
    }
    places
}

/// All rows but the notes.
fn rows(url: &str) -> [u64; 4] {
    on(url, async |db| {
        [
            users::Entity::find().count(db).await.expect("readable"),
            credentials::Entity::find().count(db).await.expect("readable"),
            sessions::Entity::find().count(db).await.expect("readable"),
            revocations::Entity::find().count(db).await.expect("readable"),
        ]
    })
}

/// What the notes of refused tokens say, and how often.
fn notes(url: &str) -> Vec<(String, usize)> {
    let notes = on(url, async |db| {
        let refused = audit_events::Column::Kind.eq("refresh_refused");
        audit_events::Entity::find().filter(refused).all(db).await.expect("readable")
    });
    let mut counts = std::collections::BTreeMap::new();
    for note in notes {
        *counts.entry(note.detail.unwrap_or_default()).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Does `work` on a connection of the test's own.
fn on<T>(url: &str, work: impl AsyncFnOnce(&DatabaseConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = Database::connect(url).await.expect("the database answers");
        let done = work(&db).await;
        db.close().await.expect("the connection closes");
        done
    })
}
