//! Our own lines.

use super::{all, all_with, created, hash, last_login, one, outline, reject};
use crate::transfer::{Options, SourceFormat::Jsonl};

#[test]
fn a_line_has_all_that_a_record_has() {
    let record = one(
        Jsonl,
        r#"{"id":"0190163d-8694-739b-aea5-966c26f8ad91","email":"Ada@example.org","email_verified":true,"name":"Ada",
            "roles":["admin","user"],"disabled":true,"created_at":"2024-01-02T03:04:05.678901Z",
            "last_login_at":"2024-02-03T04:05:06+01:00","password_hash":"$argon2id$v=19$x"}"#
            .replace('\n', " "),
    );
    assert_eq!(record.id.map(|id| id.to_string()).as_deref(), Some("0190163d-8694-739b-aea5-966c26f8ad91"));
    assert_eq!((record.email.as_str(), record.email_verified), ("Ada@example.org", true));
    assert_eq!((record.name.as_deref(), record.disabled), (Some("Ada"), true));
    assert_eq!(record.roles, ["admin", "user"]);
    assert_eq!(created(&record).as_deref(), Some("2024-01-02T03:04:05.678901Z"));
    assert_eq!(last_login(&record).as_deref(), Some("2024-02-03T03:05:06Z"));
    assert_eq!(hash(&record), Some("$argon2id$v=19$x"));
}

#[test]
fn an_address_is_enough_and_null_is_nothing() {
    for line in [r#"{"email":"a@b.c"}"#, r#"{"email":"a@b.c","name":null,"roles":null,"password_hash":""}"#] {
        let record = one(Jsonl, line);
        assert!(!record.email_verified && !record.disabled && record.roles.is_empty());
        assert!(record.id.is_none() && record.name.is_none() && record.created_at.is_none());
        assert!(record.last_login_at.is_none() && record.hash.is_none());
    }
}

#[test]
fn a_bad_line_is_named_and_stops_nobody() {
    let file = "\u{feff}{\"email\":\"a@b.c\"}\r\n\r\n   \n{\"email\":\"b@b.c\",\"shoe\":1}\r\n{\"email\"\n[1]\n{\"email\":\"d@b.c\"}";
    let all = all(Jsonl, file);
    assert_eq!(
        outline(&all),
        [
            ("a@b.c", false),
            (
                "\"shoe\" is unknown; known are id, email, email_verified, name, roles, disabled, created_at, \
                 last_login_at, password_hash",
                false
            ),
            ("is not JSON: it ends in the middle of a value", false),
            ("is not a JSON object", false),
            ("d@b.c", false),
        ]
    );
    let shoe = all[1].as_ref().expect_err("refused");
    assert_eq!((shoe.record, shoe.line, shoe.email.as_deref()), (2, Some(4), Some("b@b.c")));
    assert_eq!(all[2].as_ref().expect_err("refused").record, 3);
    assert_eq!(all[3].as_ref().expect_err("refused").line, Some(6));
}

#[test]
fn each_field_is_refused_for_its_own_reason() {
    let moment = "is not a time as RFC 3339 writes it, between the years 1970 and 9999";
    for (field, reason) in [
        (r#""id":"7""#, "`id` is not a UUID".to_owned()),
        (r#""id":7"#, "`id` is not a text".to_owned()),
        (r#""email_verified":1"#, "`email_verified` is neither true nor false".to_owned()),
        (r#""name":["Ada"]"#, "`name` is not a text".to_owned()),
        (r#""roles":["user",1]"#, "`roles` is not an array of texts".to_owned()),
        (r#""roles":{}"#, "`roles` is not an array of texts".to_owned()),
        (r#""disabled":"no""#, "`disabled` is neither true nor false".to_owned()),
        (r#""created_at":"2024-01-02""#, format!("`created_at` {moment}")),
        (r#""created_at":"1969-12-31T23:59:59Z""#, format!("`created_at` {moment}")),
        (r#""last_login_at":"2024-01-02 03:04:05+00""#, format!("`last_login_at` {moment}")),
        (r#""last_login_at":1700000000000"#, "`last_login_at` is not a text".to_owned()),
        (r#""password_hash":{"a":1}"#, "`password_hash` is not a text".to_owned()),
        (r#""disabled":true,"disabled":false"#, "has the key \"disabled\" twice".to_owned()),
        (r#""name":"\uD800""#, "is not JSON, seen at its line 1, column 32".to_owned()),
        (r#""roles":1e999"#, "is not JSON, seen at its line 1, column 30".to_owned()),
    ] {
        let found = reject(Jsonl, format!(r#"{{"email":"a@b.c",{field}}}"#));
        assert_eq!((found.reason.as_str(), found.fatal), (reason.as_str(), false), "{field}");
    }
    for (line, reason) in [
        (&b"{\"name\":\"Ada\"}"[..], "has no e-mail address"),
        (b"{\"email\":\"\"}", "has no e-mail address"),
        (b"{\"email\":null}", "has no e-mail address"),
        (b"{\"email\":5}", "`email` is not a text"),
        (b"{\"email\":\"\xff\"}", "is not text in UTF-8"),
        (b"{\"email\":\"a@b.c\"} {}", "is not JSON, seen at its line 1, column 19"),
    ] {
        assert_eq!(reject(Jsonl, line).reason, reason);
    }
}

#[test]
fn a_dialect_is_put_before_hashes_that_have_none() {
    let options = Options { hash_dialect: Some("kratos".into()), ..Options::default() };
    let file = "{\"email\":\"a@b.c\",\"password_hash\":\"$md5$MTIz\"}\n\
                {\"email\":\"b@b.c\",\"password_hash\":\"$import$md5$00\"}\n{\"email\":\"c@b.c\"}\n";
    let all = all_with(Jsonl, file, &options);
    let hashes: Vec<_> = all.iter().map(|read| hash(read.as_ref().expect("a record"))).collect();
    assert_eq!(hashes, [Some("$import$kratos$$md5$MTIz"), Some("$import$md5$00"), None]);
}

#[test]
fn an_empty_file_has_nobody() {
    assert!(all(Jsonl, "").is_empty() && all(Jsonl, "\u{feff}\n \n").is_empty());
}
