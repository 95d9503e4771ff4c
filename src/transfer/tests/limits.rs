//! Files that are too long, too deep, cut off, or hostile.

use std::io::{self, BufRead, Read};

use super::{BCRYPT, all, one, outline, reader, reject};
use crate::transfer::SourceFormat::{Csv, Jsonl, Keycloak, Supabase};
use crate::transfer::{LONGEST_HASH, LONGEST_RECORD, Options, SourceFormat};

/// A record of exactly `length` octets.
fn padded(start: &str, length: usize, end: &str) -> String {
    format!("{start}{}{end}", "x".repeat(length - start.len() - end.len()))
}

#[test]
fn a_record_is_as_long_as_the_bound_and_no_longer() {
    let too_long = format!("is longer than {LONGEST_RECORD} octets");
    let user = |length| padded("{\"email\":\"a@b.c\",\"name\":\"", length, "\"}");
    let row = |length| padded("a@b.c,\"", length, "\"");
    for over in [0, 1] {
        let expected = if over == 0 { "a@b.c" } else { too_long.as_str() };
        let (user, row) = (user(LONGEST_RECORD + over), row(LONGEST_RECORD + over));
        for (format, file) in [
            (Jsonl, format!("{user}\n{{\"email\":\"z@b.c\"}}")),
            (Keycloak, format!("[{user},{{\"email\":\"z@b.c\"}}]")),
            (Csv, format!("email,name\n{row}\nz@b.c,")),
        ] {
            // Once, at the pace of a file: a megabyte byte by byte takes its time.
            let read: Vec<_> = reader(format, file.as_bytes(), &Options::default()).collect();
            assert_eq!(outline(&read), [(expected, false), ("z@b.c", false)], "{format} {over}");
        }
    }
    let header = format!("email,{}\n", "x".repeat(LONGEST_RECORD));
    assert_eq!(reject(Csv, header).reason, "the header is too long");
}

/// Gives the same piece again and again.
struct Endless {
    piece: &'static [u8],
    at: usize,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("only the buffer is asked")
    }
}

impl BufRead for Endless {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(if self.left == 0 { &[] } else { &self.piece[self.at..] })
    }

    fn consume(&mut self, amount: usize) {
        self.left -= amount.min(self.left);
        self.at = (self.at + amount) % self.piece.len();
    }
}

#[test]
fn a_file_of_nothing_but_brackets_ends_as_any_other() {
    let endless = |piece| Endless { piece, at: 0, left: LONGEST_RECORD + 2 };
    let read = |format: SourceFormat, piece| {
        let all: Vec<_> = reader(format, endless(piece), &Options::default()).collect();
        all.into_iter().map(|read| read.expect_err("no record").reason).collect::<Vec<_>>()
    };
    assert_eq!(read(Keycloak, b"["), ["the file ends in the middle of a value"]);
    assert_eq!(read(Jsonl, b"["), [format!("is longer than {LONGEST_RECORD} octets")]);
    assert_eq!(read(Csv, b"\""), ["the header is too long"]);
}

#[test]
fn deep_nesting_is_refused_and_stops_nobody() {
    for depth in [127, 128, 200, 5_000] {
        let deep = format!("{{\"x\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let all = all(Keycloak, format!("[{deep},{{\"email\":\"z@b.c\"}}]"));
        let reason = if depth < 127 { "has no e-mail address" } else { "is not JSON" };
        assert!(all[0].as_ref().expect_err("refused").reason.starts_with(reason), "{depth}");
        assert_eq!(outline(&all)[1..], [("z@b.c", false)], "{depth}");
    }
    let deep = format!("[{{\"x\":{}1{}}}]", "[".repeat(120), "]".repeat(120));
    assert_eq!(reject(Keycloak, deep).reason, "has no e-mail address");
}

#[test]
fn huge_numbers_are_no_times() {
    for number in ["99999999999999999999999", "1e300", "253402300800000", "-1", "9223372036854775807"] {
        let found = reject(Keycloak, format!("[{{\"email\":\"a@b.c\",\"createdTimestamp\":{number}}}]"));
        let reason = "`createdTimestamp` is not a time between the years 1970 and 9999";
        assert_eq!((found.reason.as_str(), found.email.as_deref()), (reason, Some("a@b.c")), "{number}");
    }
    let found = reject(Keycloak, "[{\"email\":\"a@b.c\",\"createdTimestamp\":1e999}]");
    assert!(found.reason.starts_with("is not JSON"), "{found}");
}

#[test]
fn a_hash_is_as_long_as_the_column_and_no_longer() {
    let user = |length| format!("{{\"email\":\"a@b.c\",\"password_hash\":\"{}\"}}", "x".repeat(length));
    assert!(one(Jsonl, user(LONGEST_HASH)).hash.is_some());
    assert_eq!(
        reject(Jsonl, user(LONGEST_HASH + 1)).reason,
        "the password hash is longer than 512 characters"
    );
}

#[test]
fn neither_debug_nor_a_reason_shows_a_hash() {
    let record = one(Jsonl, format!("{{\"email\":\"a@b.c\",\"password_hash\":\"{BCRYPT}\"}}"));
    let debug = format!("{record:?}");
    assert!(debug.contains("a@b.c") && !debug.contains("abcdefgh"), "{debug}");
    for (format, file) in [
        (Jsonl, "{\"email\":\"a@b.c\",\"password_hash\":{\"x\":\"hunter2\"}}"),
        (Jsonl, "{\"email\":\"a@b.c\",\"disabled\":\"hunter2\"}"),
        (Jsonl, "{\"email\":\"a@b.c\",\"password_hash\":\"hunter2"),
        (Supabase, "email,encrypted_password\na@b.c,hunter2"),
        (Supabase, "email,encrypted_password\na@b.c,1,hunter2"),
        (SourceFormat::Django, r#"[{"model":"auth.user","fields":{"email":"a@b.c","password":"hunter2"}}]"#),
        (SourceFormat::Auth0, r#"{"email":"a@b.c","passwordHash":"hunter2"}"#),
        (
            SourceFormat::Auth0,
            r#"{"email":"a@b.c","custom_password_hash":{"algorithm":"sha1","hash":{"value":"hunter2","encoding":"hex"}}}"#,
        ),
        (Keycloak, r#"[{"email":"a@b.c","credentials":[{"type":"password","value":"hunter2"}]}]"#),
        (Keycloak, r#"[{"email":"a@b.c","credentials":[{"type":"password","secretData":"hunter2"}]}]"#),
    ] {
        let found = reject(format, file);
        assert!(!found.to_string().contains("hunter2") && !found.to_json().contains("hunter2"), "{found}");
    }
}

#[test]
fn a_reject_is_one_line_of_json() {
    let found = reject(Keycloak, "[\n{\"id\":\"1\"}]");
    assert_eq!(found.to_json(), r#"{"record":1,"line":2,"email":null,"reason":"has no e-mail address"}"#);
    assert_eq!(found.to_string(), "record 1 (line 2): has no e-mail address");
    let found = reject(Jsonl, "{\"email\":\"a\\nb\",\"disabled\":1}");
    assert_eq!(
        found.to_json(),
        r#"{"record":1,"line":1,"email":"a\nb","reason":"`disabled` is neither true nor false"}"#
    );
}

#[test]
fn the_reader_says_where_it_is() {
    let mut reader = reader(Jsonl, &b"\n{\"email\":\"a@b.c\"}\nx\n"[..], &Options::default());
    assert_eq!((reader.record(), reader.line()), (0, None));
    assert!(reader.next().expect("one").is_ok());
    assert_eq!((reader.record(), reader.line()), (1, Some(2)));
    assert!(reader.next().expect("one").is_err());
    assert_eq!((reader.record(), reader.line()), (2, Some(3)));
    assert!(reader.next().is_none() && reader.next().is_none());
}
