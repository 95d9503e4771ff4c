//! What Auth0 exports and what it imports.

use super::{BCRYPT, all, created, hash, last_login, one, outline, reject};
use crate::transfer::SourceFormat::Auth0;

#[test]
fn what_support_exports_is_read_line_by_line() {
    let all = all(
        Auth0,
        format!(
            r#"{{"_id":{{"$oid":"65a1c0de00000000000000a1"}},"email_verified":false,"email":"nic@example.com","passwordHash":"{BCRYPT}","password_set_date":{{"$date":"2020-05-04T03:02:01.5Z"}},"tenant":"example","connection":"Username-Password-Authentication","_tmp_is_unique":true,"alt_id":"crm-17"}}
{{"_id":{{"$oid":"65a1c0de00000000000000a2"}},"identifiers":[{{"type":"username","value":"mo"}},{{"type":"email","value":"mo@example.com","verified":true}}],"passwordHash":"$2a${}","created_at":{{"$date":{{"$numberLong":"1588561321500"}}}}}}
not json
{{"_id":{{"$oid":"65a1c0de00000000000000a3"}},"username":"ned","identifiers":[{{"type":"email"}}]}}
"#,
            &BCRYPT[4..]
        ),
    );
    let json = "is not JSON, seen at its line 1, column 2";
    assert_eq!(
        outline(&all),
        [
            ("nic@example.com", false),
            ("mo@example.com", false),
            (json, false),
            ("has no e-mail address", false)
        ]
    );
    let [nic, mo] = [0, 1].map(|at: usize| all[at].as_ref().expect("a record"));
    assert_eq!((nic.email_verified, nic.id, hash(nic)), (false, None, Some(BCRYPT)));
    assert!(mo.email_verified && hash(mo).is_some_and(|hash| hash.starts_with("$2a$10$abc")));
    assert_eq!(created(mo).as_deref(), Some("2020-05-04T03:02:01.5Z"));
}

#[test]
fn what_auth0_imports_is_read_as_an_array_and_as_lines() {
    let user = format!(
        r#"{{"user_id":"auth0|0190163d-8694-739b-aea5-966c26f8ad91","email":"ada@example.org","email_verified":true,"given_name":"Ada","family_name":"Lovelace","nickname":"al","blocked":true,"password_hash":"{BCRYPT}","created_at":"2024-01-02T03:04:05.678Z","last_login":{{"$date":1704164645678}},"app_metadata":{{"roles":["admin"]}},"roles":["admin"]}}"#
    );
    for file in [format!("[{user}]"), format!("\n{user}\r\n")] {
        let ada = one(Auth0, file);
        assert_eq!(ada.id.map(|id| id.to_string()).as_deref(), Some("0190163d-8694-739b-aea5-966c26f8ad91"));
        assert_eq!((ada.email.as_str(), ada.email_verified, ada.disabled), ("ada@example.org", true, true));
        assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
        assert!(ada.roles.is_empty());
        assert_eq!(hash(&ada), Some(BCRYPT));
        assert_eq!(created(&ada).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        assert_eq!(last_login(&ada).as_deref(), Some("2024-01-02T03:04:05.678Z"));
    }
}

#[test]
fn a_name_is_what_somebody_gave() {
    for (fields, name) in [
        (r#""name":"Ada","nickname":"al""#, Some("Ada")),
        (r#""name":"A@b.c","nickname":"al""#, Some("al")),
        (r#""name":"a@b.c","given_name":" Ada ","nickname":"al""#, Some("Ada")),
        (r#""family_name":"Lovelace""#, Some("Lovelace")),
        (r#""nickname":"""#, None),
    ] {
        let record = one(Auth0, format!(r#"{{"email":"a@b.c",{fields}}}"#));
        assert_eq!(record.name.as_deref(), name, "{fields}");
    }
}

#[test]
fn an_id_is_kept_where_it_is_a_uuid() {
    let uuid = "0190163d-8694-739b-aea5-966c26f8ad91";
    for (fields, kept) in [
        (format!(r#""alt_id":"{uuid}""#), true),
        (format!(r#""user_id":"{uuid}""#), true),
        (format!(r#""user_id":"github|{uuid}""#), false),
        (r#""user_id":"auth0|0190163d8694739baea5966c26f8ad91""#.to_owned(), false),
        (r#""user_id":"auth0|65a1c0de00000000000000a1""#.to_owned(), false),
    ] {
        let record = one(Auth0, format!(r#"{{"email":"a@b.c",{fields}}}"#));
        assert_eq!(record.id.is_some(), kept, "{fields}");
    }
}

#[test]
fn who_has_no_password_has_no_hash_and_a_wrong_one_is_refused() {
    let identities = r#""identities":[{"provider":"google-oauth2"},{"provider":"github"}]"#;
    assert_eq!(hash(&one(Auth0, format!(r#"{{"email":"a@b.c",{identities}}}"#))), None);
    let custom = r#""custom_password_hash":{"algorithm":"md5"}"#;
    for (fields, reason) in [
        (r#""passwordHash":"x""#.to_owned(), "`passwordHash` is not bcrypt"),
        (r#""password_hash":5"#.to_owned(), "`password_hash` is not a text"),
        (format!(r#""password_hash":"{BCRYPT}0""#), "`password_hash` is not bcrypt"),
        (format!(r#""password_hash":"{}""#, BCRYPT.replace("$10$", "$1x$")), "`password_hash` is not bcrypt"),
        (format!(r#""password_hash":"{}""#, BCRYPT.replace('h', "-")), "`password_hash` is not bcrypt"),
        (format!(r#""password_hash":"x",{custom}"#), "has both `password_hash` and `custom_password_hash`"),
        (r#""blocked":"x""#.to_owned(), "`blocked` is neither true nor false"),
        (
            r#""created_at":{"$date":{}}"#.to_owned(),
            "`created_at` is not a time between the years 1970 and 9999",
        ),
        (r#""custom_password_hash":"x""#.to_owned(), "`custom_password_hash` is not an object"),
    ] {
        let found = reject(Auth0, format!(r#"{{"email":"a@b.c",{fields}}}"#));
        assert_eq!((found.reason.as_str(), found.email.as_deref()), (reason, Some("a@b.c")));
    }
}
