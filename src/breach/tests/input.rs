//! What a line is.

use super::*;

fn counted(lines: &str, min_count: u64) -> Result<(Desk, BuildReport), BuildFault> {
    let desk = Desk::with(lines);
    let report = desk.build(InputKind::Sha1Lines { min_count }, 20)?;
    Ok((desk, report))
}

fn holds(desk: &Desk, password: &str) -> bool {
    desk.filter().contains(password.as_bytes()).unwrap()
}

#[test]
fn hashes_have_counts_either_case_and_either_end_of_line() {
    let [one, two, three, four] = ["one", "two", "three", "four"].map(sha1_hex);
    let lines = format!("{one}:3\r\n{}\n{three}:18446744073709551616\r\n{four}:1\r", two.to_lowercase());
    let (desk, report) = counted(&lines, 0).unwrap();
    assert_eq!((report.lines, report.left_out, report.entries), (4, 0, 4));
    assert!(["one", "two", "three", "four"].iter().all(|password| holds(&desk, password)));
}

#[test]
fn a_least_count_leaves_out_what_was_seen_less_often() {
    let [one, two, three] = ["one", "two", "three"].map(sha1_hex);
    let lines = format!("{one}:4\n{two}:5\n{three}:18446744073709551620\n");
    let (desk, report) = counted(&lines, 5).unwrap();
    assert_eq!((report.lines, report.left_out, report.entries), (3, 1, 2));
    assert!(!holds(&desk, "one") && holds(&desk, "two") && holds(&desk, "three"));
    assert_eq!(counted(&format!("{one}\n{two}:0"), 1).unwrap().1.entries, 1);
    let fault = counted(&format!("{one}:4\n{two}\n"), 2).map(|_| ()).unwrap_err();
    assert!(fault.to_string().starts_with("line 2 of ") && fault.to_string().contains("no count"), "{fault}");
}

#[test]
fn a_bad_line_is_named_and_not_quoted() {
    let good = sha1_hex("good");
    let long = format!("{good}{good}");
    let bad = [
        "",
        "hunter2",
        &good[..39],
        &long,
        &good.replace('A', "G"),
        &format!("{good}:"),
        &format!("{good}:-1"),
        &format!("{good}:1 "),
        &format!(" {good}"),
        &format!("{good} 1"),
        &"0".repeat(5_000),
        &"é".repeat(20),
        &format!("{}é", &good[..39]),
        &format!("{good}:1\r"),
    ]
    .map(str::to_owned);
    assert_ne!(bad[4], good, "there is an A in it");
    for line in bad {
        let desk = Desk::with(format!("{good}:1\r\n{good}\n{line}\n{good}\n"));
        // One CR belongs to the end of the line.
        let line = if line.ends_with('\r') { line + "\r" } else { line };
        fs::write(desk.list(), format!("{good}:1\r\n{good}\n{line}\n{good}\n")).unwrap();
        let fault = desk.build(HASHES, 20).unwrap_err();
        assert!(matches!(fault, BuildFault::Line { line: 3, .. }), "{line:?}: {fault}");
        assert_names(&fault, &desk.list());
        assert!(line.trim().len() < 2 || !fault.to_string().contains(&line), "{fault}");
        assert_eq!(desk.names(), ["list.txt"]);
    }
}

#[test]
fn passwords_are_octets_up_to_the_end_of_the_line() {
    let desk = Desk::with(b" two words \r\nback\rslash\\\n\xff\xfe\n\n\r\nlast".as_slice());
    let report = desk.build(PASSWORDS, 20).unwrap();
    assert_eq!((report.lines, report.left_out, report.entries), (6, 2, 4));
    let filter = desk.filter();
    for octets in [b" two words ".as_slice(), b"back\rslash\\", b"\xff\xfe", b"last"] {
        assert!(filter.contains(octets).unwrap(), "{octets:?}");
    }
    assert!(!filter.contains(b"two words").unwrap() && !filter.contains(b"").unwrap());
}

#[test]
fn passwords_are_found_as_they_leaked_and_as_they_are_hashed() {
    // A ligature and a decomposed umlaut: NFKC changes both.
    let desk = Desk::with("ﬁsh\npa\u{308}ssword\npässe\n");
    let report = desk.build(PASSWORDS, 20).unwrap();
    assert_eq!((report.lines, report.entries), (3, 5));
    for password in ["ﬁsh", "fish", "pa\u{308}ssword", "pässword", "pässe"] {
        assert!(holds(&desk, password), "{password}");
    }
}

#[test]
fn a_line_longer_than_any_password_is_left_out_whole() {
    let [longest, longer, endless] = [1_024, 1_025, 300_000].map(|octets| "x".repeat(octets));
    let desk = Desk::with(format!("{endless}\n{longest}\r\n{longer}\r\n{longer}\nnext\n{longest}"));
    let report = desk.build(PASSWORDS, 20).unwrap();
    assert_eq!((report.lines, report.left_out, report.entries), (6, 3, 2));
    assert!(holds(&desk, &longest) && holds(&desk, "next") && !holds(&desk, &longer));
}

#[test]
fn what_is_no_file_is_refused_without_waiting_for_it() {
    let desk = Desk::with("");
    fs::remove_file(desk.list()).unwrap();
    let fault = desk.build(PASSWORDS, 20).unwrap_err();
    assert!(matches!(fault, BuildFault::Input { .. }), "{fault}");
    fs::create_dir(desk.list()).unwrap();
    let fault = desk.build(PASSWORDS, 20).unwrap_err();
    assert!(matches!(fault, BuildFault::NotAFile { .. }), "{fault}");
    assert_names(&fault, &desk.list());
}
