//! `dumpdata auth.user`.

use super::{BCRYPT, all, created, hash, last_login, one, outline, reject};
use crate::transfer::SourceFormat::Django;

fn user(fields: &str) -> String {
    format!(r#"[{{"model":"auth.user","pk":1,"fields":{{"email":"a@b.c",{fields}}}}}]"#)
}

fn with_password(password: &str) -> String {
    user(&format!(r#""password":"{password}""#))
}

#[test]
fn a_dump_is_read_and_other_models_are_passed_over() {
    let file = r#"[{"model": "auth.group", "pk": 1, "fields": {"name": "staff", "permissions": []}},
{"model": "auth.user", "pk": 1, "fields": {"password": "pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs=", "last_login": "2024-02-03T04:05:06.789Z", "is_superuser": true, "username": "ada", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org", "is_staff": true, "is_active": true, "date_joined": "2024-01-02T03:04:05.678", "groups": [1], "user_permissions": []}},
{"model": "accounts.User", "pk": "0190163d-8694-739b-aea5-966c26f8ad91", "fields": {"email": "mo@example.org", "name": "Mo", "is_active": false, "password": "", "last_login": null}},
{"model": "auth.user", "pk": 3, "fields": {"email": "", "username": "ned"}},
{"model": "app.superuser", "pk": 3, "fields": {"email": "x@example.org"}},
{"model": "auth.user", "pk": 4, "fields": {"email": "zoe@example.org", "is_active": "maybe"}}]"#;
    let all = all(Django, file);
    let neither = "`is_active` is neither true nor false";
    assert_eq!(
        outline(&all),
        [
            ("ada@example.org", false),
            ("mo@example.org", false),
            ("has no e-mail address", false),
            (neither, false)
        ]
    );
    let [ada, mo] = [0, 1].map(|at: usize| all[at].as_ref().expect("a record"));
    assert!(ada.id.is_none() && !ada.email_verified && !ada.disabled);
    assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
    assert!(ada.roles.is_empty(), "a superuser elsewhere is nobody here");
    assert_eq!(created(ada).as_deref(), Some("2024-01-02T03:04:05.678Z"));
    assert_eq!(last_login(ada).as_deref(), Some("2024-02-03T04:05:06.789Z"));
    let django = "pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs=";
    assert_eq!(hash(ada), Some(django));
    assert!(mo.id.is_some() && mo.disabled && mo.hash.is_none());
    assert_eq!(mo.name.as_deref(), Some("Mo"));
    let [ned, zoe] = [2, 3].map(|at: usize| all[at].as_ref().expect_err("refused"));
    assert_eq!((ned.record, ned.line, ned.email.as_deref()), (4, Some(4), None));
    assert_eq!((zoe.record, zoe.line, zoe.email.as_deref()), (6, Some(6), Some("zoe@example.org")));
}

#[test]
fn every_hasher_of_django_has_its_form() {
    for same in [
        "pbkdf2_sha1$10000$wz5B6WkasRoF$atJmJ1o+XfJxKq1+Nu1f1i57Z5I=".to_owned(),
        "argon2$argon2i$v=19$m=256,t=1,p=1$c29tZXNhbHQ$AJFIsNZTMKTAewB4+ETN1A".to_owned(),
        format!("bcrypt${BCRYPT}"),
        format!("bcrypt_sha256${BCRYPT}"),
        "sha1$123abcdef$e4a1877b0e35c47329e7ed7e58014276168a37ba".to_owned(),
        "sha1$$e4a1877b0e35c47329e7ed7e58014276168a37ba".to_owned(),
        "md5$123abcdef$c8272612932975ee80e8a35995708e80".to_owned(),
    ] {
        assert_eq!(hash(&one(Django, with_password(&same))), Some(same.as_str()));
    }
    for (django, stored) in [
        // IM-322 and IM-556 of `tests/vectors/import_hashes.json`
        ("5f4dcc3b5aa765d61d8327deb882cf99", "$import$md5$5f4dcc3b5aa765d61d8327deb882cf99"),
        ("md5$$5f4dcc3b5aa765d61d8327deb882cf99", "$import$md5$5f4dcc3b5aa765d61d8327deb882cf99"),
        (
            "scrypt$16384$91275488$8$1$Cc8SPjRH1hFQhuIPCdF51uNGtJ2aOY/isuoMlMUsJ8c=",
            "SCRYPT:16384:8:1:OTEyNzU0ODg=:Cc8SPjRH1hFQhuIPCdF51uNGtJ2aOY/isuoMlMUsJ8c=",
        ),
    ] {
        assert_eq!(hash(&one(Django, with_password(django))), Some(stored));
    }
}

#[test]
fn a_mark_for_no_password_is_none() {
    for unusable in ["!", "!M3zHgzvB2oOBFNZcMjFHQgTOQpQHNLvW5gQ8pZDa", ""] {
        let record = one(Django, with_password(unusable));
        assert!(record.hash.is_none() && !record.disabled, "{unusable}");
    }
}

#[test]
fn what_is_no_hash_of_django_is_refused() {
    let unknown = "`password` is of no hasher of Django's";
    for password in ["hunter2", "crypt$$ab", "pbkdf2_md5$1$a$b", "argon2$x", "bcrypt$x", "bcrypt$", "$2b$x"] {
        assert_eq!(reject(Django, with_password(password)).reason, unknown, "{password}");
    }
    for scrypt in ["scrypt$1$a$8$1", "scrypt$x$a$8$1$AAAA", "scrypt$1$a$$1$AAAA", "scrypt$1$a$8$1$?"] {
        assert_eq!(reject(Django, with_password(scrypt)).reason, "`password` is not as Django writes scrypt");
    }
    for (file, reason) in [
        (r#"[{"email":"a@b.c"}]"#, "is not of a dump of Django: it has no `model`"),
        (r#"[{"model":"auth.user"}]"#, "has no `fields`"),
        (r#"[{"model":"auth.user","fields":[]}]"#, "`fields` is not an object"),
    ] {
        assert_eq!(reject(Django, file).reason, reason);
    }
    let found = reject(Django, user(r#""email":"x@b.c""#));
    assert!(found.reason.starts_with("has the key \"email\" twice"), "{found}");
}
