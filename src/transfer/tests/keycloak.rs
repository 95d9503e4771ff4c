//! Exports of a realm.

use super::{BCRYPT, created, hash, one, reject};
use crate::transfer::SourceFormat::Keycloak;

/// IM-580 of `tests/vectors/import_hashes.json`.
const VALUE: &str =
    "Kcj/NLAl6EqspXUpEikoOvV9kJDqcze85qXNPwQVd8HmAfFmCgmL7YdTjC8OfXRWHCPWqm5/ztF7Ga08D/4TLA==";
const SALT: &str = "ABEiM0RVZneImaq7zN3u/w==";

fn user(fields: &str) -> String {
    format!(r#"{{"realm":"house","enabled":true,"users":[{{"email":"a@b.c",{fields}}}]}}"#)
}

fn with_password(secret: &str, settings: &str) -> String {
    let [secret, settings] = [secret, settings].map(|text| serde_json::Value::from(text).to_string());
    user(&format!(
        r#""credentials":[{{"type":"otp","secretData":"{{}}"}},{{"type":"password","secretData":{secret},"credentialData":{settings}}}]"#
    ))
}

#[test]
fn a_user_of_a_realm_is_read() {
    let ada = one(
        Keycloak,
        user(
            r#""id":"0190163d-8694-439b-aea5-966c26f8ad91","createdTimestamp":1588561321500,"username":"ada",
            "enabled":true,"totp":false,"emailVerified":true,"firstName":"Ada","lastName":"Lovelace",
            "credentials":[],"disableableCredentialTypes":[],"requiredActions":[],
            "federatedIdentities":[{"identityProvider":"google"},{"identityProvider":"github"}],
            "realmRoles":["Billing","admin","ADMIN","offline_access","uma_authorization","default-roles-house",
            "two words","Übung","team_2",7],"clientRoles":{"account":["manage-account"]},"groups":["/admin"]"#,
        ),
    );
    assert_eq!(ada.id.map(|id| id.to_string()).as_deref(), Some("0190163d-8694-439b-aea5-966c26f8ad91"));
    assert!(ada.email_verified && !ada.disabled && ada.last_login_at.is_none());
    assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(ada.roles, ["billing", "team_2"]);
    assert_eq!(created(&ada).as_deref(), Some("2020-05-04T03:02:01.5Z"));
    assert_eq!(hash(&ada), None);
}

#[test]
fn who_is_not_enabled_is_disabled() {
    assert!(one(Keycloak, r#"[{"email":"a@b.c"}]"#).disabled);
    assert!(one(Keycloak, user(r#""enabled":false"#)).disabled);
    assert!(!one(Keycloak, user(r#""enabled":true,"id":"ada""#)).disabled);
}

#[test]
fn pbkdf2_stays_in_the_form_of_keycloak() {
    let stored = |algorithm: &str| {
        format!(
            r#"{{"credentialData":{{"algorithm":"{algorithm}","hashIterations":27500}},"secretData":{{"salt":"{SALT}","value":"{VALUE}"}}}}"#
        )
    };
    for algorithm in ["pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512"] {
        let secret = format!(r#"{{"value":"{VALUE}","salt":"{SALT}","additionalParameters":{{}}}}"#);
        let settings =
            format!(r#"{{"hashIterations":27500,"algorithm":"{algorithm}","additionalParameters":{{}}}}"#);
        let objects = format!(
            r#""credentials":[{{"type":"password","secretData":{secret},"credentialData":{settings}}}]"#
        );
        let old = format!(
            r#""credentials":[{{"type":"password","hashedSaltedValue":"{VALUE}","salt":"{}","hashIterations":27500,"counter":0,"algorithm":"{algorithm}","digits":0,"value":null}}]"#,
            SALT.trim_end_matches('=')
        );
        for file in [with_password(&secret, &settings), user(&objects), user(&old)] {
            assert_eq!(hash(&one(Keycloak, file)), Some(stored(algorithm).as_str()));
        }
    }
}

#[test]
fn argon2_becomes_a_phc_string() {
    let secret =
        r#"{"value":"2ky5GAdhT1kH4kIgPN/oERE3Taiy43vNN70a3HpiKQU=","salt":"FBMjI4RJBhIykCgol1KEJA=="}"#;
    let settings = |kind: &str, version: &str| {
        format!(
            r#"{{"hashIterations":5,"algorithm":"argon2","additionalParameters":{{"hashLength":["32"],"memory":["7168"],"type":["{kind}"],"version":["{version}"],"parallelism":["1"]}}}}"#
        )
    };
    for (kind, version, number) in [("id", "1.3", 19), ("i", "1.0", 16), ("d", "1.3", 19)] {
        let record = one(Keycloak, with_password(secret, &settings(kind, version)));
        let stored = format!(
            "$argon2{kind}$v={number}$m=7168,t=5,p=1$FBMjI4RJBhIykCgol1KEJA$2ky5GAdhT1kH4kIgPN/oERE3Taiy43vNN70a3HpiKQU"
        );
        assert_eq!(hash(&record), Some(stored.as_str()));
    }
    for (settings, reason) in [
        (settings("x", "1.3"), "`type` of its Argon2 is none of id, i, d"),
        (settings("id", "1.4"), "`version` of its Argon2 is neither 1.3 nor 1.0"),
        (settings("id", "1.3").replace("7168", "x"), "`memory` of its Argon2 is not a number"),
        (settings("id", "1.3").replace("parallelism", "p"), "its Argon2 has no `parallelism`"),
        (r#"{"hashIterations":5,"algorithm":"argon2"}"#.to_owned(), "its Argon2 has no parameters"),
    ] {
        assert_eq!(reject(Keycloak, with_password(secret, &settings)).reason, reason);
    }
}

#[test]
fn bcrypt_of_an_extension_is_taken_out() {
    let settings = r#"{"hashIterations":10,"algorithm":"bcrypt"}"#;
    let record = one(Keycloak, with_password(&format!(r#"{{"value":"{BCRYPT}","salt":""}}"#), settings));
    assert_eq!(hash(&record), Some(BCRYPT));
    let found = reject(Keycloak, with_password(r#"{"value":"x","salt":""}"#, settings));
    assert_eq!(found.reason, "`value` is not bcrypt");
}

#[test]
fn what_is_no_account_or_has_no_usable_password_is_refused() {
    let secret = format!(r#"{{"value":"{VALUE}","salt":"{SALT}"}}"#);
    let settings = r#"{"hashIterations":1,"algorithm":"pbkdf2"}"#;
    for (file, reason) in [
        (
            r#"[{"username":"service-account-x","serviceAccountClientId":"x"}]"#.to_owned(),
            "is the service account of a client, not a person",
        ),
        (r#"[{"username":"ada","enabled":true}]"#.to_owned(), "has no e-mail address"),
        (
            user(r#""credentials":[{"type":"password","value":"hunter2"}]"#),
            "has a password in plain text, which is no hash: take it out and let the user set one",
        ),
        (
            user(r#""credentials":[{"type":"password"}]"#),
            "its password has no `secretData`, which only an export of the server has",
        ),
        (
            user(r#""credentials":[{"type":"password","secretData":"{}"}]"#),
            "its password has no `credentialData`, which only an export of the server has",
        ),
        (user(r#""credentials":{}"#), "`credentials` is not an array"),
        (user(r#""realmRoles":"admin""#), "`realmRoles` is not an array"),
        (with_password("[]", settings), "`secretData` is not a JSON object"),
        (with_password("{}", settings), "its password has no `value`"),
        (with_password(&format!(r#"{{"value":"{VALUE}"}}"#), settings), "its password has no `salt`"),
        (with_password(&secret.replace(SALT, "?"), settings), "the `salt` of its password is not base64"),
        (with_password(&secret.replace(VALUE, "?"), settings), "`value` of its password is not base64"),
        (with_password(&secret, r#"{"hashIterations":1}"#), "its password does not say its `algorithm`"),
        (with_password(&secret, r#"{"algorithm":"pbkdf2"}"#), "its password has no `hashIterations`"),
        (
            with_password(&secret, r#"{"algorithm":"pbkdf2","hashIterations":-1}"#),
            "`hashIterations` is not a whole number",
        ),
        (
            with_password(&secret, r#"{"algorithm":"md5-crypt","hashIterations":1}"#),
            "its password is hashed with \"md5-crypt\", which is not known",
        ),
    ] {
        assert_eq!(reject(Keycloak, &file).reason, reason, "{file}");
    }
}
