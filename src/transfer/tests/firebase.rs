//! `firebase auth:export`.

use super::{all_with, created, hash, last_login, one_with, outline, reject_with};
use crate::transfer::SourceFormat::Firebase;
use crate::transfer::{FirebaseHash, Options};

/// IM-510 of `tests/vectors/import_hashes.json`, of "mytestpassword".
const KEY: &str = "ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==";
const HASH: &str = "zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==";
const SALT: &str = "C0sHCg9ek77hsg==";

fn options() -> Options {
    let hash =
        FirebaseHash { signer_key: KEY.into(), salt_separator: "Bw==".into(), rounds: 8, mem_cost: 14 };
    Options { firebase: Some(hash), ..Options::default() }
}

fn user(fields: &str) -> String {
    format!("{{\"users\": [\n{{\"localId\":\"Qx1\",\"email\":\"a@b.c\",{fields}}}]}}")
}

#[test]
fn an_export_is_read_and_its_hashes_are_complete() {
    let file = format!(
        r#"{{"users": [
{{
  "localId": "0190163d-8694-739b-aea5-966c26f8ad91",
  "email": "ada@example.org",
  "emailVerified": true,
  "passwordHash": "{HASH}",
  "salt": "{SALT}",
  "displayName": "Ada",
  "lastSignedInAt": "1704164645678",
  "createdAt": "1588561321500",
  "disabled": true,
  "providerUserInfo": []
}},
{{
  "localId": "Qx1",
  "email": "mo@example.org",
  "emailVerified": false,
  "createdAt": 0,
  "lastLoginAt": "1",
  "providerUserInfo": [{{"providerId": "google.com", "rawId": "1", "email": "mo@gmail.com"}}, {{"providerId": "github.com"}}]
}},
{{"localId": "Qx2", "phoneNumber": "+49", "createdAt": "1588561321500"}}]}}"#
    );
    let all = all_with(Firebase, file, &options());
    assert_eq!(
        outline(&all),
        [("ada@example.org", false), ("mo@example.org", false), ("has no e-mail address", false)]
    );
    let [ada, mo] = [0, 1].map(|at: usize| all[at].as_ref().expect("a record"));
    assert!(ada.id.is_some() && ada.email_verified && ada.disabled && ada.roles.is_empty());
    assert_eq!(ada.name.as_deref(), Some("Ada"));
    assert_eq!(created(ada).as_deref(), Some("2020-05-04T03:02:01.5Z"));
    assert_eq!(last_login(ada).as_deref(), Some("2024-01-02T03:04:05.678Z"));
    let stored = format!("$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={KEY}${SALT}${HASH}");
    assert_eq!(hash(ada), Some(stored.as_str()));
    assert!(mo.id.is_none() && !mo.disabled && mo.hash.is_none());
    assert_eq!(created(mo).as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(last_login(mo).as_deref(), Some("1970-01-01T00:00:00.001Z"));
}

#[test]
fn both_alphabets_of_base64_give_the_same() {
    let web = |text: &str| text.replace('+', "-").replace('/', "_").replace('=', "");
    let mut options = options();
    let fields = |hash: &str, salt: &str| format!(r#""passwordHash":"{hash}","salt":"{salt}""#);
    let one = one_with(Firebase, user(&fields(HASH, SALT)), &options);
    let firebase = options.firebase.as_mut().expect("set");
    (firebase.signer_key, firebase.salt_separator) = (web(KEY).into(), web("Bw=="));
    let other = one_with(Firebase, user(&fields(&web(HASH), &web(SALT))), &options);
    assert!(hash(&one).is_some());
    assert_eq!(hash(&one), hash(&other));
}

#[test]
fn a_hash_that_cannot_be_one_is_refused() {
    for (fields, reason) in [
        (format!(r#""passwordHash":"{HASH}""#), "has a password hash without its `salt`"),
        (format!(r#""passwordHash":"{HASH}","salt":"?""#), "`salt` is not base64"),
        (r#""passwordHash":"?""#.to_owned(), "`passwordHash` is not base64"),
        (
            format!(r#""passwordHash":"UkVEQUNURUQ=","salt":"{SALT}""#),
            "the password hash was left out of the export: the account that exported it may not read hashes \
             (firebaseauth.configs.getHashConfig)",
        ),
        (
            format!(r#""passwordHash":"AAAA","salt":"{SALT}""#),
            "the password hash is not as long as the signer key: one of them is of another project or of another \
             algorithm",
        ),
        (
            r#""createdAt":"yesterday""#.to_owned(),
            "`createdAt` is not a time between the years 1970 and 9999",
        ),
        (r#""disabled":0"#.to_owned(), "`disabled` is neither true nor false"),
    ] {
        assert_eq!(reject_with(Firebase, user(&fields), &options()).reason, reason);
    }
}

#[test]
fn a_truncated_export_says_so() {
    let file = user(r#""createdAt":"1""#);
    let all = all_with(Firebase, &file[..file.len() - 1], &options());
    assert_eq!(
        outline(&all),
        [("a@b.c", false), ("the file ends too early: its last brace is missing", true)]
    );
}
