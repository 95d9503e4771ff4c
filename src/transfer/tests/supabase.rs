//! `auth.users` as a table and as JSON.

use super::{BCRYPT, all, created, hash, last_login, one, one_with, outline, reject};
use crate::domain::clock::Timestamp;
use crate::transfer::{Options, SourceFormat::Supabase};

const ID: &str = "d0714948-69e4-4ce2-a6e4-9e4d3b6c8a11";

#[test]
fn a_table_is_read_and_other_columns_are_passed_over() {
    let ada = one(
        Supabase,
        format!(
            "instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,last_sign_in_at,\
             raw_user_meta_data,is_super_admin,created_at,banned_until,deleted_at\r\n\
             00000000-0000-0000-0000-000000000000,{ID},authenticated,authenticated,ada@example.org,{BCRYPT},\
             2024-01-02 03:04:05.678+00,2024-02-03 04:05:06.123456+05:30,\
             \"{{\"\"full_name\"\": \"\"Ada, Lovelace\"\", \"\"sub\"\": 1}}\",t,2023-01-02 03:04:05-0330,,NULL\r\n"
        ),
    );
    assert_eq!(ada.id.map(|id| id.to_string()).as_deref(), Some(ID));
    assert_eq!((ada.email.as_str(), ada.email_verified, ada.disabled), ("ada@example.org", true, false));
    assert_eq!(ada.name.as_deref(), Some("Ada, Lovelace"));
    assert!(ada.roles.is_empty());
    assert_eq!(hash(&ada), Some(BCRYPT));
    assert_eq!(created(&ada).as_deref(), Some("2023-01-02T06:34:05Z"));
    assert_eq!(last_login(&ada).as_deref(), Some("2024-02-02T22:35:06.123456Z"));
}

#[test]
fn json_is_read_as_lines_and_as_an_array() {
    let user = format!(
        r#"{{"id":"{ID}","email":"a@b.c","encrypted_password":"","email_confirmed_at":null,"created_at":"2024-01-02T03:04:05+00:00","raw_user_meta_data":{{"full_name":7,"name":"Ada"}},"banned_until":null}}"#
    );
    for file in [format!("{user}\n"), format!("[{user}]"), format!("\u{feff}\r\n[\r\n{user}\r\n]\r\n")] {
        let record = one(Supabase, file);
        assert!(record.id.is_some() && !record.email_verified && record.hash.is_none());
        assert_eq!(record.name.as_deref(), Some("Ada"));
        assert_eq!(created(&record).as_deref(), Some("2024-01-02T03:04:05Z"));
    }
    let two = all(Supabase, format!("{user}\n{{\n{user}"));
    assert_eq!(
        outline(&two),
        [("a@b.c", false), ("is not JSON: it ends in the middle of a value", false), ("a@b.c", false)]
    );
}

#[test]
fn a_ban_counts_until_it_ends() {
    let now = Timestamp::from_seconds(1_700_000_000);
    let banned = |until: &str, now| {
        let file = format!("email,banned_until\na@b.c,{until}");
        one_with(Supabase, file, &Options { now, ..Options::default() }).disabled
    };
    assert!(banned("2023-11-14 22:13:21+00", now) && !banned("2023-11-14 22:13:20+00", now));
    assert!(banned("infinity", Timestamp::MAX) && !banned("", Timestamp::MIN));
    assert!(banned("2001-01-01 00:00:00+00", Options::default().now));
}

#[test]
fn confirmation_may_stand_in_the_older_column() {
    assert!(one(Supabase, "email,confirmed_at\na@b.c,2020-01-01 00:00:00+00").email_verified);
    assert!(!one(Supabase, "email,confirmed_at\na@b.c,").email_verified);
}

#[test]
fn hashes_that_supabase_knows_stay_as_they_are() {
    for known in ["$argon2id$v=19$m=1,t=1,p=1$a$b", "$fbscrypt$v=1"] {
        let record = one(Supabase, format!("email,encrypted_password\na@b.c,\"{known}\""));
        assert_eq!(hash(&record), Some(known));
    }
}

#[test]
fn what_is_no_account_is_refused() {
    for (file, reason) in [
        ("email,deleted_at\na@b.c,2024-01-01 00:00:00+00", "was deleted at the source"),
        ("id,email,phone\nd0714948-69e4-4ce2-a6e4-9e4d3b6c8a11,,+49", "has no e-mail address"),
        ("id,email\n7,a@b.c", "`id` is not a UUID"),
        (
            "email,encrypted_password\na@b.c,x",
            "`encrypted_password` is neither bcrypt nor Argon2 nor a hash of Firebase",
        ),
        ("email,created_at\na@b.c,soon", "`created_at` is not a time between the years 1970 and 9999"),
        (
            "email,created_at\na@b.c,0001-01-01 00:00:00+00",
            "`created_at` is not a time between the years 1970 and 9999",
        ),
        (
            "email,created_at\na@b.c,2024-01-01x00:00:00",
            "`created_at` is not a time between the years 1970 and 9999",
        ),
        (
            "email,banned_until\na@b.c,-infinity",
            "`banned_until` is not a time between the years 1970 and 9999",
        ),
        ("email,raw_user_meta_data\na@b.c,x", "`raw_user_meta_data` is not a JSON object"),
    ] {
        let found = reject(Supabase, file);
        assert_eq!((found.reason.as_str(), found.fatal), (reason, false), "{file}");
    }
    let header = reject(Supabase, "id;email\n7;a@b.c");
    assert_eq!(header.reason, "the header has no column `email`; its columns are separated by commas");
    assert!(header.fatal);
}
