//! Where a hash of these is known to verify, it is one of `tests/vectors/import_hashes.json`, by the number beside it.

use super::{BCRYPT, hash, one, reject};
use crate::transfer::SourceFormat::Auth0;

fn user(custom: &str) -> String {
    format!(r#"[{{"email":"a@b.c","custom_password_hash":{{{custom}}}}}]"#)
}

fn stored(custom: &str) -> String {
    hash(&one(Auth0, user(custom))).expect("a hash").to_owned()
}

fn reason(custom: &str) -> String {
    reject(Auth0, user(custom)).reason
}

const SALT: &str = r#""salt":{"value":"5opmkgz03r","position":"prefix"}"#;

#[test]
fn what_is_a_string_of_its_own_stays_as_it_is() {
    let argon2 =
        "$argon2id$v=19$m=65536,t=3,p=1$FBMjI4RJBhIykCgol1KEJA$2ky5GAdhT1kH4kIgPN/oERE3Taiy43vNN70a3HpiKQU";
    for (algorithm, value) in [
        ("bcrypt", BCRYPT),
        ("argon2", argon2),
        ("ldap", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"),
        ("ldap", "{ssha512}x"),
        // IM-397
        (
            "pbkdf2",
            "$pbkdf2-sha256$i=100000,l=32$1jP+5Zxpxgtee/iPxGgOz0RfE9/KJuDElP1ley4VxXc$QJxzfvdbHYBpydCbHoFg3GJEqMFULwskiuqiJctoYpI",
        ),
    ] {
        let custom = format!(r#""algorithm":"{algorithm}","hash":{{"value":"{value}"}}"#);
        assert_eq!(stored(&custom), value);
    }
    for (algorithm, value) in [
        ("bcrypt", argon2),
        ("argon2", BCRYPT),
        ("argon2", "$argon2x$v=19"),
        ("ldap", "{CRYPT}x"),
        ("ldap", "{SSHA384}x"),
        ("ldap", "SSHA"),
    ] {
        let custom = format!(r#""algorithm":"{algorithm}","hash":{{"value":"{value}"}}"#);
        assert_eq!(reason(&custom), format!("`hash.value` is not {algorithm} as it is known here"));
    }
}

#[test]
fn pbkdf2_says_all_that_it_may_leave_out() {
    let of = |value: &str| format!(r#""algorithm":"pbkdf2","hash":{{"value":"{value}","encoding":"utf8"}}"#);
    let (salt, long) = ("c2FsdHNhbHQ", format!("{}AA", "A".repeat(84)));
    let whole = format!("$pbkdf2-sha512$i=100000,l=64${salt}${long}");
    assert_eq!(stored(&of(&format!("$pbkdf2-sha512${salt}${long}"))), whole);
    assert_eq!(stored(&of(&format!("$pbkdf2-sha512$l=64,i=100000${salt}=${long}=="))), whole);
    assert_eq!(
        stored(&of(&format!("$pbkdf2-sha1$i=7${salt}${long}"))),
        format!("$pbkdf2-sha1$i=7,l=64${salt}${long}")
    );
    let wrong = "`hash.value` is not PBKDF2 as a PHC string of SHA-1, SHA-256 or SHA-512";
    for value in [
        "$pbkdf2-md4$i=100000,l=64$c2FsdA$AAAA",
        "$pbkdf2-sha256$i=x,l=3$c2FsdA$AAAA",
        "$pbkdf2-sha256$i=1,l=-3$c2FsdA$AAAA",
        "$pbkdf2-sha256$n=1$c2FsdA$AAAA",
        "$pbkdf2-sha256$l=3$c2FsdA$!",
        "$pbkdf2-sha256$l=3$!$AAAA",
        "pbkdf2",
        "$pbkdf2-sha256$a$b$c$d",
    ] {
        assert_eq!(reason(&of(value)), wrong, "{value}");
    }
    let length = "`hash.value` is PBKDF2 of another length than it says";
    assert_eq!(reason(&of("$pbkdf2-sha256$l=4$c2FsdA$AAAA")), length);
}

#[test]
fn digests_become_the_dialect_that_fits() {
    for (custom, expected) in [
        // IM-322
        (
            r#""algorithm":"md5","hash":{"value":"5F4DCC3B5AA765D61D8327DEB882CF99","encoding":"hex"}"#.to_owned(),
            "$import$md5$5f4dcc3b5aa765d61d8327deb882cf99",
        ),
        (
            r#""algorithm":"sha256","hash":{"value":"XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=","encoding":"base64"},"salt":{"value":""},"password":{"encoding":"ascii"}"#
                .to_owned(),
            "$import$sha256$5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        ),
        // IM-424
        (
            format!(r#""algorithm":"sha1","hash":{{"value":"2qU2SGWP8viTM1md3FiI3-rjWXQ","encoding":"base64"}},{SALT}"#),
            "$import$kratos$$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3FiI3+rjWXQ=",
        ),
        // IM-453
        (
            r#""algorithm":"md5","hash":{"value":"abe45d28281cfa2a4201c9b90a143095","encoding":"hex"},"salt":{"value":"313233","encoding":"hex","position":"prefix"}"#
                .to_owned(),
            "$import$kratos$$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MTIz$q+RdKCgc+ipCAcm5ChQwlQ==",
        ),
        (
            r#""algorithm":"sha512","hash":{"value":"00","encoding":"hex"},"salt":{"value":"MTIz","encoding":"base64","position":"suffix"}"#
                .to_owned(),
            "$import$kratos$$sha512$pf=e1BBU1NXT1JEfXtTQUxUfQ==$MTIz$AA==",
        ),
        // IM-318, of "€€"
        (
            r#""algorithm":"md4","hash":{"value":"682467b963bb4e61943e170a04f7db46","encoding":"hex"},"password":{"encoding":"utf16le"}"#
                .to_owned(),
            "$import$nt-hash$682467b963bb4e61943e170a04f7db46",
        ),
        // IM-494
        (
            r#""algorithm":"hmac","hash":{"value":"e031ba1c2938b1d283f919a1df9ac66c192a7dd74432d5fd4ada299941ba109f","encoding":"hex","digest":"sha256","key":{"value":"12345"}}"#
                .to_owned(),
            "$import$kratos$$hmac-sha256$ZTAzMWJhMWMyOTM4YjFkMjgzZjkxOWExZGY5YWM2NmMxOTJhN2RkNzQ0MzJkNWZkNGFkYTI5OTk0MWJhMTA5Zg==$MTIzNDU=",
        ),
        // IM-099
        (
            r#""algorithm":"scrypt","hash":{"value":"g/Wf2A0vhHhaJM+addK61QPBthSmYB6uVTtQzh8CM3o=","encoding":"base64"},"salt":{"value":"74ee9dd31a03a0b4f63e87d01a83506a","encoding":"hex"},"keylen":32,"cost":256,"blockSize":2"#
                .to_owned(),
            "$scrypt$ln=8,r=2,p=1$dO6d0xoDoLT2PofQGoNQag$g/Wf2A0vhHhaJM+addK61QPBthSmYB6uVTtQzh8CM3o",
        ),
        (
            r#""algorithm":"scrypt","hash":{"value":"AAAA","encoding":"base64"},"keylen":3,"parallelization":3"#
                .to_owned(),
            "$scrypt$ln=14,r=8,p=3$$AAAA",
        ),
    ] {
        assert_eq!(stored(&custom), expected, "{custom}");
    }
}

#[test]
fn what_nobody_could_verify_is_refused() {
    let hex = r#""hash":{"value":"00","encoding":"hex"}"#;
    let key = r#""key":{"value":"k"}"#;
    for (custom, reason_given) in [
        (r#""hash":{"value":"x"}"#.to_owned(), "`custom_password_hash` has no `algorithm`"),
        (r#""algorithm":"md5""#.to_owned(), "`custom_password_hash` has no `hash`"),
        (r#""algorithm":"md5","hash":{}"#.to_owned(), "`custom_password_hash` has no `hash.value`"),
        (r#""algorithm":"md5","hash":"00""#.to_owned(), "`hash` is not an object"),
        (format!(r#""algorithm":"md2",{hex}"#), "its password is hashed with \"md2\", which is not known"),
        (
            format!(r#""algorithm":"md4",{hex}"#),
            "its password is hashed with MD4, which is known of UTF-16 alone",
        ),
        (
            format!(r#""algorithm":"md4",{hex},{SALT},"password":{{"encoding":"ucs2"}}"#),
            "its password is hashed with MD4 and a salt, which is not known",
        ),
        (
            format!(r#""algorithm":"md5",{hex},"password":{{"encoding":"ucs2"}}"#),
            "its password was hashed in UTF-16, which is known of MD4 alone",
        ),
        (
            format!(r#""algorithm":"md5",{hex},"password":{{"encoding":"latin1"}}"#),
            "its password was hashed in \"latin1\", which is not known",
        ),
        (r#""algorithm":"md5","hash":{"value":"00"}"#.to_owned(), "`hash` does not say its encoding"),
        (
            r#""algorithm":"md5","hash":{"value":"00","encoding":"utf8"}"#.to_owned(),
            "`hash` has the encoding \"utf8\", which is not known",
        ),
        (
            r#""algorithm":"md5","hash":{"value":"0g","encoding":"hex"}"#.to_owned(),
            "`hash` is not in the encoding that it names",
        ),
        (
            r#""algorithm":"md5","hash":{"value":"000","encoding":"hex"}"#.to_owned(),
            "`hash` is not in the encoding that it names",
        ),
        (
            format!(r#""algorithm":"md5",{hex},"salt":{{"value":"x"}}"#),
            "`salt.position` is neither prefix nor suffix",
        ),
        (
            format!(r#""algorithm":"md5",{hex},"salt":{{"value":"?","encoding":"base64"}}"#),
            "`salt` is not in the encoding that it names",
        ),
        (format!(r#""algorithm":"hmac",{hex}"#), "its HMAC has no `hash.digest`"),
        (
            format!(
                r#""algorithm":"hmac","hash":{{"value":"00","encoding":"hex","digest":"whirlpool",{key}}}"#
            ),
            "its HMAC is of \"whirlpool\", which is not known",
        ),
        (
            r#""algorithm":"hmac","hash":{"value":"00","encoding":"hex","digest":"md5"}"#.to_owned(),
            "its HMAC has no `hash.key`",
        ),
        (
            r#""algorithm":"hmac","hash":{"value":"00","encoding":"hex","digest":"md5","key":{"value":""}}"#
                .to_owned(),
            "its HMAC has an empty `hash.key`",
        ),
        (
            format!(
                r#""algorithm":"hmac","hash":{{"value":"00","encoding":"hex","digest":"md5",{key}}},{SALT}"#
            ),
            "its HMAC has a salt, which is not known",
        ),
        (format!(r#""algorithm":"scrypt",{hex}"#), "`keylen` is not the length of its scrypt"),
        (format!(r#""algorithm":"scrypt",{hex},"keylen":2"#), "`keylen` is not the length of its scrypt"),
        (
            format!(r#""algorithm":"scrypt",{hex},"keylen":1,"cost":1000"#),
            "the `cost` of its scrypt is not a power of two",
        ),
        (
            format!(r#""algorithm":"scrypt",{hex},"keylen":1,"cost":1"#),
            "the `cost` of its scrypt is not a power of two",
        ),
        (format!(r#""algorithm":"scrypt",{hex},"keylen":1,"cost":"8""#), "`cost` is not a whole number"),
    ] {
        assert_eq!(reason(&custom), reason_given, "{custom}");
    }
}
