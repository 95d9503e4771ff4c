//! Our own table.

use super::{all, created, hash, one, outline, reject};
use crate::transfer::SourceFormat::Csv;
use crate::transfer::{Options, read};

#[test]
fn columns_come_in_any_order_and_roles_between_blanks() {
    let record = one(
        Csv,
        "\u{feff}password_hash, email ,roles,created_at,id,email_verified,disabled,name,last_login_at\r\n\
         $2b$x,ada@example.org,user  admin,2024-01-02T03:04:05Z,0190163d-8694-739b-aea5-966c26f8ad91,true,false,\
         \"Lovelace, \"\"Ada\"\"\r\nCountess\",\r\n",
    );
    assert_eq!((record.email.as_str(), record.email_verified), ("ada@example.org", true));
    assert_eq!(record.roles, ["user", "admin"]);
    assert_eq!(record.name.as_deref(), Some("Lovelace, \"Ada\"\r\nCountess"));
    assert_eq!(created(&record).as_deref(), Some("2024-01-02T03:04:05Z"));
    assert!(record.id.is_some() && !record.disabled && record.last_login_at.is_none());
    assert_eq!(hash(&record), Some("$2b$x"));
}

#[test]
fn a_bad_row_is_named_and_stops_nobody() {
    let all = all(
        Csv,
        b"email,name\n\na@b.c,\"two\nlines\"\nb@b.c\n,Ada\nd@b.c,\xff\n\"e\"\"@b.c,\"x\" y\r\"\"\"\",z\nf@b.c,a\"b",
    );
    assert_eq!(
        outline(&all),
        [
            ("a@b.c", false),
            ("has 1 cells under 2 columns", false),
            ("has no e-mail address", false),
            ("is not text in UTF-8", false),
            ("has 1 cells under 2 columns", false),
            ("\"", false),
            ("f@b.c", false),
        ]
    );
    let second = all[1].as_ref().expect_err("refused");
    assert_eq!((second.record, second.line), (2, Some(5)));
    assert_eq!(all[6].as_ref().expect("a record").name.as_deref(), Some("a\"b"));
}

#[test]
fn a_wrong_header_is_the_end() {
    for (file, reason) in [
        ("", "the file is empty: its first row names the columns"),
        ("\n\n", "the file is empty: its first row names the columns"),
        (
            "email,shoe\na@b.c,1",
            "the column \"shoe\" is unknown; known are id, email, email_verified, name, roles, disabled, \
             created_at, last_login_at, password_hash",
        ),
        ("name\nAda", "the header has no column `email`; its columns are separated by commas"),
        ("email,name,name\n", "the column \"name\" is there twice"),
        ("email,\"name\na@b.c", "the file ends inside of quotes, which are opened in this row"),
    ] {
        let found = reject(Csv, file);
        assert_eq!((found.reason.as_str(), found.fatal, found.record), (reason, true, 0), "{file:?}");
        assert!(found.line.is_some(), "{file:?}");
    }
}

#[test]
fn quotes_that_are_never_closed_are_the_end() {
    let all = all(Csv, "email,name\na@b.c,x\nb@b.c,\"y\nc@b.c,z\n");
    let reason = "the file ends inside of quotes, which are opened in this row";
    assert_eq!(outline(&all), [("a@b.c", false), (reason, true)]);
    let end = all[1].as_ref().expect_err("the end");
    assert_eq!((end.record, end.line), (2, Some(3)));
}

#[test]
fn a_header_alone_has_nobody() {
    assert!(all(Csv, "email\n").is_empty());
}

#[test]
fn a_table_without_a_header_is_refused_and_its_data_not_quoted() {
    for hash in
        ["$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "098f6bcd4621d373cade4e832627b4f6"]
    {
        let table = format!("email,{hash}\na@example.org,x\n");
        let mut reader = read(Csv, table.as_bytes(), &Options::default()).expect("no options");
        let unreadable = reader.next().expect("a fault").expect_err("no header");
        assert!(unreadable.fatal && !unreadable.reason.contains(&hash[..8]), "{unreadable}");
    }
}
