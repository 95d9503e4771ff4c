//! The built-in list is what it says.

use std::collections::BTreeSet;

use super::*;

const LIST: &str = include_str!("../../../tests/vectors/common_passwords.txt");
/// Of the built-in filter: who rebuilds it writes the same.
const SOURCE: &str =
    "Django 5.2.19 common-passwords (BSD-3-Clause): 3,000 of 8 or more characters, each of 15 or more";

#[test]
fn the_built_in_filter_is_what_the_list_gives() {
    let desk = Desk::with(LIST);
    let recipe =
        Recipe { input: &desk.list(), kind: PASSWORDS, bits: 32, source: SOURCE, output: &desk.output() };
    let report = build(&recipe, &mut |_| ()).unwrap();
    assert_eq!((report.lines, report.left_out, report.entries), (3_033, 0, 3_033));
    assert!(
        desk.octets() == include_bytes!("../common.gcs"),
        "the layout or the list has changed: build src/breach/common.gcs anew"
    );
}

#[test]
fn every_listed_password_is_found_and_its_neighbours_are_not() {
    let (filter, listed): (_, BTreeSet<_>) = (common(), LIST.lines().collect());
    assert_eq!((filter.entries(), filter.source()), (3_033, SOURCE));
    assert!(filter.false_positive_rate() < 1e-9);
    for password in &listed {
        assert!(filter.contains(password.as_bytes()).unwrap(), "{password}");
        let neighbour = format!("{password}~");
        assert!(!filter.contains(neighbour.as_bytes()).unwrap(), "{neighbour}");
    }
}

fn spelt(password: &str) -> Vec<String> {
    spellings(password).map(|spelling| spelling.to_string()).collect()
}

#[test]
fn a_password_is_asked_for_as_it_is_and_in_lower_case() {
    assert_eq!(spelt("password1"), ["password1"]);
    assert_eq!(spelt("PassWord1"), ["PassWord1", "password1"]);
    assert_eq!(spelt("ПАРОЛЬ"), ["ПАРОЛЬ", "пароль"]);
    assert_eq!(spelt(""), [""]);
    let filter = common();
    let found = |password| spellings(password).any(|spelling| filter.contains(spelling.as_bytes()).unwrap());
    assert!(found("Password1") && found("PASSWORD1") && !found("Password1~"));
}

#[test]
fn the_list_is_in_lower_case_so_the_spellings_reach_all_of_it() {
    assert!(
        LIST.lines().all(|password| password == password.to_lowercase() && password.chars().count() >= 8)
    );
}
