//! What happens to the file of an open filter.

use std::io::ErrorKind;

use super::*;

const FIRST: &[u8] = b"member 0";

fn desk() -> Desk {
    let desk = Desk::with(members(300));
    desk.build(PASSWORDS, 20).unwrap();
    desk
}

#[test]
fn a_filter_that_is_replaced_by_a_build_stays_what_it_was() {
    let desk = desk();
    let old = desk.filter();
    fs::write(desk.list(), "another\n").unwrap();
    desk.build(PASSWORDS, 20).unwrap();
    assert!(old.contains(FIRST).unwrap() && !old.contains(b"another").unwrap());
    let new = desk.filter();
    assert!(!new.contains(FIRST).unwrap() && new.contains(b"another").unwrap());
}

#[test]
fn a_filter_that_is_cut_short_gives_an_error_and_does_not_kill() {
    let desk = desk();
    let filter = desk.filter();
    for length in [200, 90, 0] {
        fs::File::options().write(true).open(desk.output()).unwrap().set_len(length).unwrap();
        let fault = filter.contains(FIRST).unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::InvalidData, "{fault}");
        assert_names(&fault, &desk.output());
    }
}

#[test]
fn a_filter_that_is_overwritten_in_place_gives_an_error() {
    let desk = desk();
    let filter = desk.filter();
    let length = desk.octets().len();
    for octet in [0, 0x55, 0xff] {
        fs::write(desk.output(), vec![octet; length]).unwrap();
        let fault = filter.contains(FIRST).unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::InvalidData, "{fault}");
    }
}

#[test]
fn what_is_no_filter_is_told_from_what_is_not_there() {
    let desk = Desk::with(members(10));
    let missing = BreachFilter::open(&desk.output()).map(|_| ()).unwrap_err();
    assert!(matches!(missing, FilterFault::Unreadable { .. }), "{missing}");
    assert_names(&missing, &desk.output());
    for foreign in [&desk.list(), desk.0.path()] {
        let fault = BreachFilter::open(foreign).map(|_| ()).unwrap_err();
        assert!(matches!(fault, FilterFault::NotAFilter { .. }), "{fault}");
        assert_names(&fault, foreign);
    }
}

#[test]
fn many_threads_ask_one_filter() {
    let desk = desk();
    let filter = &desk.filter();
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || {
                for number in (part..300).step_by(4) {
                    assert!(filter.contains(member(number).as_bytes()).unwrap());
                }
            });
        }
    });
}
