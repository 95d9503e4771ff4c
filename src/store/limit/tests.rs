//! The table's rules; those of a single log are tested where it lives, in the domain.

use super::*;
use crate::domain::limit::{Home, Rule, Standing, Window};

/// Room for one key of one letter and a half.
const KEY: usize = 450;

fn cell(rule: Rule, subject: &str, limit: &str) -> Cell {
    let windows: Vec<Window> =
        limit.split_whitespace().map(|window| window.parse().expect("a window")).collect();
    Cell::new(rule, subject, windows)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

fn granted(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Granted { .. })
}

fn places(verdict: Verdict) -> Vec<Place> {
    match verdict {
        Verdict::Granted { places, .. } => places,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_attempt_takes_a_place_in_every_cell_or_in_none() {
    let mut table = LimitTable::new(100 * KEY);
    let address = cell(Rule::LoginAddress, "192.0.2.1", "3/1m");
    let (ada, bob) = (cell(Rule::LoginAccount, "ada", "1/1m"), cell(Rule::LoginAccount, "bob", "5/1m"));
    assert!(granted(table.take(vec![address.clone(), ada.clone()], at(0))));
    // Refused because of the account: the address must not be charged for it.
    for _ in 0..10 {
        let refused = table.take(vec![address.clone(), ada.clone()], at(1));
        assert!(matches!(refused, Verdict::Limited { rule: Rule::LoginAccount, .. }), "{refused:?}");
    }
    assert!(granted(table.take(vec![address.clone(), bob.clone()], at(2))));
    assert!(granted(table.take(vec![address.clone(), bob.clone()], at(2))));
    let refused = table.take(vec![address, bob], at(2));
    assert!(matches!(refused, Verdict::Limited { rule: Rule::LoginAddress, .. }), "{refused:?}");
}

#[test]
fn rules_and_subjects_count_apart() {
    let mut table = LimitTable::new(100 * KEY);
    assert!(granted(table.take(vec![cell(Rule::LoginAddress, "a", "1/1m")], at(0))));
    assert!(granted(table.take(vec![cell(Rule::RegisterAddress, "a", "1/1m")], at(0))));
    assert!(granted(table.take(vec![cell(Rule::LoginAddress, "b", "1/1m")], at(0))));
    assert!(!granted(table.take(vec![cell(Rule::LoginAddress, "a", "1/1m")], at(0))));
}

#[test]
fn a_forgiven_attempt_frees_its_place() {
    let mut table = LimitTable::new(100 * KEY);
    let cells = vec![cell(Rule::LoginAddress, "a", "1/1m")];
    let places = places(table.take(cells.clone(), at(0)));
    table.forgive(&places);
    assert!(table.is_empty());
    assert!(granted(table.take(cells.clone(), at(0))));
    assert!(!granted(table.take(cells, at(0))));
}

#[test]
fn the_place_that_is_given_back_is_the_one_that_was_taken() {
    let mut table = LimitTable::new(100 * KEY);
    let cells = || vec![cell(Rule::LoginAddress, "a", "2/1m")];
    let first = places(table.take(cells(), at(0)));
    assert!(granted(table.take(cells(), at(10))));
    table.forgive(&first);
    table.forgive(&first);
    // The one of ten seconds stays, and counts until seventy.
    assert!(granted(table.take(cells(), at(60))));
    assert!(!granted(table.take(cells(), at(69))));
    assert!(granted(table.take(cells(), at(70))));
}

#[test]
fn what_was_granted_elsewhere_counts_in_its_order_and_only_where_there_is_room_for_it() {
    let mut table = LimitTable::new(KEY);
    let place = |subject: &str, second| Place {
        cell: cell(Rule::LoginAddress, subject, "2/1m"),
        at: at(second),
        home: Home::Shared,
    };
    table.note(&[place("a", 20)], at(20));
    table.note(&[place("a", 10)], at(20));
    table.note(&[place("b", 10)], at(20));
    assert_eq!(table.len(), 1);
    assert!(!granted(table.take(vec![cell(Rule::LoginAddress, "a", "2/1m")], at(69))));
    table.forgive(&[place("a", 10)]);
    assert!(granted(table.take(vec![cell(Rule::LoginAddress, "a", "2/1m")], at(69))));
}

#[test]
fn peeking_takes_nothing_and_tells_the_tightest_limit() {
    let mut table = LimitTable::new(100 * KEY);
    let cells = [cell(Rule::LoginAddress, "a", "9/1m"), cell(Rule::LoginAccount, "b", "2/1m")];
    for _ in 0..3 {
        let verdict = table.peek(&cells, at(0));
        let Outlook::Room { rule, standing: Standing::Room { remaining, .. }, .. } = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!((rule, remaining), (Rule::LoginAccount, 1));
    }
    assert!(table.is_empty());
    assert!(granted(table.take(cells.to_vec(), at(0))));
    assert_eq!(table.len(), 2);
}

#[test]
fn a_full_table_refuses_new_keys_and_keeps_the_counters_it_has() {
    let mut table = LimitTable::new(2 * KEY);
    let (a, b, c) = (
        cell(Rule::LoginAddress, "a", "1/1m"),
        cell(Rule::LoginAddress, "b", "2/1m"),
        cell(Rule::LoginAddress, "c", "1/1m"),
    );
    assert!(granted(table.take(vec![a.clone()], at(0))));
    assert!(granted(table.take(vec![b.clone()], at(30))));
    assert_eq!(table.take(vec![c.clone()], at(31)), Verdict::TableFull);
    assert!(
        matches!(table.take(vec![a.clone()], at(31)), Verdict::Limited { .. }),
        "the victim's counter was reset"
    );
    assert!(granted(table.take(vec![b.clone()], at(31))), "a known key has its place");
    assert!(granted(table.take(vec![c.clone()], at(61))), "what no window sees any more makes room");
    assert_eq!(table.len(), 2);
}

#[test]
fn a_sweep_drops_only_what_no_window_sees() {
    let mut table = LimitTable::new(100 * KEY);
    table.take(vec![cell(Rule::LoginAddress, "a", "1/1m 2/1h")], at(0));
    table.take(vec![cell(Rule::LoginAddress, "b", "1/1m")], at(0));
    assert_eq!(table.sweep(at(59)), 0);
    assert_eq!(table.sweep(at(60)), 1);
    assert_eq!(table.sweep(at(3_600)), 1);
}

#[test]
fn without_windows_nothing_is_counted() {
    let mut table = LimitTable::new(1);
    assert_eq!(table.take(vec![cell(Rule::LoginAddress, "a", "")], at(0)), Verdict::Unlimited);
    assert!(table.is_empty());
}

#[test]
fn a_flood_of_addresses_stays_within_the_budget_and_reset_nobody() {
    let budget = 4 << 20;
    let mut table = LimitTable::new(budget);
    let victim = cell(Rule::LoginAddress, "192.0.2.1", "1/1d");
    assert!(granted(table.take(vec![victim.clone()], at(0))));
    let mut refused = 0;
    for number in 0..20_000 {
        match table
            .take(vec![cell(Rule::LoginAddress, &format!("2001:db8:{number:x}::"), "20/15m 200/1d")], at(1))
        {
            Verdict::TableFull => refused += 1,
            verdict => assert!(granted(verdict)),
        }
    }
    assert!(refused > 0 && table.bytes() <= budget, "{refused} refused, {} octets", table.bytes());
    assert!(table.bytes() > budget - 1_000, "and it makes use of what it may");
    assert!(matches!(table.take(vec![victim], at(1)), Verdict::Limited { .. }));
    let keys = table.len();
    assert_eq!(table.sweep(at(2 * 86_400)), keys, "everything is forgotten");
    assert_eq!((table.len(), table.bytes()), (0, 0));
}

#[test]
fn the_times_of_one_key_count_against_the_budget_too() {
    let budget = 450 + 8 * 64;
    let mut table = LimitTable::new(budget);
    let key = || vec![cell(Rule::LoginAddress, "a", "10000/1d")];
    let taken = (0..10_000).take_while(|second| granted(table.take(key(), at(*second)))).count();
    assert!((32..=64).contains(&taken), "{taken}");
    assert!(table.bytes() <= budget);
    assert_eq!(table.take(key(), at(10_000)), Verdict::TableFull);
}
