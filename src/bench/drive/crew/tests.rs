//! Each session keeps its own chain, and each mix its weights.

use super::*;
use crate::bench::recorder::Stages;

fn reply(refresh: &str) -> String {
    format!(r#"{{"access_token":"a","refresh_token":"{refresh}","expires_in":900,"user":{{"name":null}}}}"#)
}

fn crew(mix: &[(Action, u32)], sessions: &[&str]) -> Crew {
    let target = Target::here("127.0.0.1:1".parse().unwrap());
    let people = People { seed: 7, count: 4, every: None };
    let mut crew = Crew::new(&target, Mix(mix.to_vec()), people, "n".to_owned());
    crew.stay(sessions.iter().map(|token| Session::read(reply(token).as_bytes()).unwrap()).collect());
    crew
}

fn ask(crew: &mut Crew) -> (Ticket, String) {
    let mut request = Vec::new();
    let ticket = crew.ask(&mut request).unwrap();
    (ticket, String::from_utf8(request).unwrap())
}

fn answer(crew: &mut Crew, ticket: Ticket, status: u16, body: &str) -> bool {
    let answer = Answer { status, body: body.as_bytes(), stages: Stages::default(), closes: false };
    crew.answered(ticket, Ok(&answer)).is_good()
}

#[test]
fn a_session_refreshes_with_what_it_got_and_never_twice_at_a_time() {
    let mut crew = crew(&[(Action::Refresh, 1)], &["one", "two"]);
    let (first, text) = ask(&mut crew);
    assert!(text.contains(r#"{"refresh_token":"one"}"#), "{text}");
    let (second, text) = ask(&mut crew);
    assert!(text.contains("two"), "{text}");
    assert!(crew.ask(&mut Vec::new()).is_none(), "both are under way");
    assert!(answer(&mut crew, first, 200, &reply("three")));
    let (first, text) = ask(&mut crew);
    assert!(text.contains("three"), "{text}");
    // Without an answer it tries the same token again; refused, it is out.
    assert!(matches!(crew.answered(second, Err(Failure::Timeout)), Outcome::Failed(Failure::Timeout)));
    let (second, text) = ask(&mut crew);
    assert!(text.contains("two"), "{text}");
    assert!(!answer(&mut crew, second, 401, r#"{"code":"refresh_invalid"}"#));
    assert!(!answer(&mut crew, first, 200, "no tokens"));
    assert_eq!((crew.broken, crew.can_stay(Duration::ZERO)), (1, false));
}

#[test]
fn a_refresh_that_was_drawn_is_asked_as_soon_as_it_can_be() {
    let mut crew = crew(&[(Action::Verify, 1), (Action::Refresh, 1)], &["one"]);
    let under_way = loop {
        let (ticket, _) = ask(&mut crew);
        if ticket.action == Action::Refresh {
            break ticket;
        }
    };
    // The next one that is drawn waits, and nothing is drawn in its place.
    while crew.ask(&mut Vec::new()).is_some() {}
    assert!((0..20).all(|_| crew.ask(&mut Vec::new()).is_none()));
    assert!(answer(&mut crew, under_way, 200, &reply("two")));
    let (next, text) = ask(&mut crew);
    assert!(next.action == Action::Refresh && text.contains("two"), "{text}");
}

#[test]
fn a_mix_follows_its_weights_and_ends_only_what_it_made() {
    let mut crew = crew(&[(Action::Verify, 8), (Action::Login, 1), (Action::Logout, 1)], &["one", "two"]);
    let mut counts = [0; 6];
    for _ in 0..2_000 {
        let (ticket, text) = ask(&mut crew);
        counts[ticket.action as usize] += 1;
        if ticket.action == Action::Login {
            assert!(text.contains("bench-7-2@") || text.contains("bench-7-3@"), "{text}");
            assert!(answer(&mut crew, ticket, 200, &reply("new")));
        }
    }
    assert!((1_500..1_700).contains(&counts[Action::Verify as usize]), "{counts:?}");
    assert!(counts[Action::Logout as usize] <= counts[Action::Login as usize], "{counts:?}");
    assert_eq!(crew.staying().len(), 2);
}
