//! Building: the same filter from the same set, and nothing left behind.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::build::Stage;
use super::*;

#[test]
fn lists_in_order_and_out_of_order_give_the_same_octets() {
    let mut lines = hashes(3_000);
    let shuffled = Desk::with(lines.join("\n"));
    assert!(!shuffled.build(HASHES, 20).unwrap().streamed);
    lines.sort();
    let sorted = Desk::with(lines.join("\n"));
    assert!(sorted.build(HASHES, 20).unwrap().streamed);
    let passwords = Desk::with(members(3_000));
    assert!(!passwords.build(PASSWORDS, 20).unwrap().streamed);
    assert!(sorted.octets() == shuffled.octets() && sorted.octets() == passwords.octets());
}

#[test]
fn what_is_there_twice_counts_once() {
    let mut lines = [hashes(700), hashes(700), hashes(3)].concat();
    let shuffled = Desk::with(lines.join("\n"));
    assert_eq!(shuffled.build(HASHES, 20).unwrap().entries, 700);
    lines.sort();
    let sorted = Desk::with(lines.join("\n"));
    let report = sorted.build(HASHES, 20).unwrap();
    assert_eq!((report.lines, report.entries, report.streamed), (1_403, 700, true));
    let once = Desk::with(members(700));
    once.build(PASSWORDS, 20).unwrap();
    assert!(sorted.octets() == once.octets() && shuffled.octets() == once.octets());
}

#[test]
fn only_eight_to_thirty_two_bits_are_built() {
    let desk = Desk::with(members(10));
    for bits in [0, 7, 33, 255] {
        let fault = desk.build(PASSWORDS, bits).unwrap_err();
        assert!(matches!(fault, BuildFault::Bits(found) if found == bits), "{fault}");
    }
    assert_eq!(desk.names(), ["list.txt"]);
    for bits in [8, 32] {
        desk.build(PASSWORDS, bits).unwrap();
    }
}

#[test]
fn a_source_is_one_short_line() {
    let desk = Desk::with(members(1));
    let with = |source: &str| {
        let (input, output) = (&*desk.list(), &*desk.output());
        build(&Recipe { input, kind: PASSWORDS, bits: 20, source, output }, &mut |_| ())
    };
    assert!(matches!(with("two\nlines"), Err(BuildFault::Source)));
    assert!(matches!(with(&"é".repeat(129)), Err(BuildFault::Source)));
    with(&"é".repeat(128)).unwrap();
    assert_eq!(desk.filter().source(), "é".repeat(128));
}

#[test]
fn a_build_that_fails_leaves_what_was_there() {
    let desk = Desk::with(members(10));
    desk.build(PASSWORDS, 20).unwrap();
    let before = desk.octets();
    fs::write(desk.list(), format!("{}\nno hash\n", hashes(5).join("\n"))).unwrap();
    assert!(desk.build(HASHES, 20).is_err());
    let panics = catch_unwind(AssertUnwindSafe(|| {
        desk.build_watched(PASSWORDS, 20, &mut |_| panic!("the one who watches is gone"))
    }));
    assert!(panics.is_err());
    assert_eq!(desk.names(), ["filter.gcs", "list.txt"]);
    assert!(desk.octets() == before);
}

#[test]
fn the_output_has_no_name_before_it_is_whole() {
    let desk = Desk::with(members(10));
    let mut seen = Vec::new();
    desk.build_watched(PASSWORDS, 20, &mut |at| seen.push((at.stage, desk.names()))).unwrap();
    let unfinished = vec!["filter.gcs.partial".to_owned(), "list.txt".to_owned()];
    assert_eq!(seen, [(Stage::Gathering, unfinished.clone()), (Stage::Writing, unfinished)]);
    assert_eq!(desk.names(), ["filter.gcs", "list.txt"]);
}

#[test]
fn two_builds_do_not_write_into_one_file() {
    let desk = Desk::with(members(10));
    let partial = desk.0.path().join("filter.gcs.partial");
    fs::write(&partial, "of another").unwrap();
    let fault = desk.build(PASSWORDS, 20).unwrap_err();
    assert!(matches!(fault, BuildFault::Partial { .. }), "{fault}");
    assert_names(&fault, &partial);
    assert_eq!(fs::read_to_string(&partial).unwrap(), "of another", "it is not ours to remove");
}

#[test]
fn a_file_that_is_no_filter_is_not_replaced() {
    let desk = Desk::with(members(10));
    fs::write(desk.output(), "a precious list").unwrap();
    let fault = desk.build(PASSWORDS, 20).unwrap_err();
    assert!(matches!(fault, BuildFault::NotReplaced { .. }), "{fault}");
    assert_names(&fault, &desk.output());
    assert_eq!(desk.octets(), b"a precious list");
}

#[test]
fn a_list_that_changes_between_its_two_readings_is_noticed() {
    let mut lines = hashes(1_000);
    lines.sort();
    let (fewer, swapped) = (lines[1..].join("\n"), [&lines[1..], &lines[..1]].concat().join("\n"));
    let more = [&lines[..], &["F".repeat(40)]].concat().join("\n");
    for changed in [fewer, swapped, more] {
        let desk = Desk::with(lines.join("\n"));
        let mut change = |at: Progress| {
            if at.stage == Stage::Counting {
                fs::write(desk.list(), &changed).unwrap();
            }
        };
        let fault = desk.build_watched(HASHES, 20, &mut change).unwrap_err();
        assert!(matches!(fault, BuildFault::Changed { .. }), "{fault}");
        assert_eq!(desk.names(), ["list.txt"]);
    }
}

#[test]
fn a_part_of_a_list_is_refused_since_one_block_would_hold_it_all() {
    let lines: Vec<_> = (0..5_000).map(|number| format!("00000{number:011X}{}", "A".repeat(24))).collect();
    let desk = Desk::with(lines.join("\n"));
    let fault = desk.build(HASHES, 20).unwrap_err();
    assert!(matches!(fault, BuildFault::Uneven { .. }), "{fault}");
    assert_eq!(desk.names(), ["list.txt"]);
}

#[test]
fn progress_ends_at_the_whole() {
    let mut lines = hashes(70_000);
    let shuffled = Desk::with(lines.join("\n"));
    lines.sort();
    let sorted = Desk::with(lines.join("\n"));
    for (desk, stages) in
        [(sorted, &[Stage::Counting, Stage::Writing][..]), (shuffled, &[Stage::Gathering, Stage::Writing])]
    {
        let mut seen: Vec<Progress> = Vec::new();
        desk.build_watched(HASHES, 20, &mut |at| seen.push(at)).unwrap();
        for stage in stages {
            let of_it: Vec<_> = seen.iter().filter(|at| at.stage == *stage).collect();
            assert!(of_it.len() == 2 && of_it[0].done < of_it[0].total, "one in between: {of_it:?}");
            assert_eq!(of_it[1].done, of_it[1].total);
        }
        assert_eq!(seen.len(), 2 * stages.len());
    }
}
