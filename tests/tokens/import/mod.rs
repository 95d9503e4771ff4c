//! Keys that were made elsewhere: what is read, what is refused, and that no refusal shows a part of the text.

mod jwk;
mod paserk;
mod pem;
mod properties;

use guardhouse::tokens::import::{ImportFault, MAX_KEY_TEXT_BYTES, import};

use super::*;

/// The seed of the Ed25519 keys in `pem/`; half of it, as a number, is the scalar of those on P-256.
const SEED: [u8; 32] = [
    0x6d, 0x0b, 0x1a, 0x55, 0xe0, 0xc9, 0x4f, 0x3c, 0x9b, 0x7a, 0x2e, 0x18, 0xd4, 0xf0, 0x83, 0x71, 0x56,
    0xaa, 0x0f, 0x92, 0xcb, 0x3d, 0x4e, 0x67, 0xb8, 0x19, 0x7c, 0x20, 0xf5, 0xd3, 0xe6, 0xa4,
];

// Computed by pyca/cryptography and hashlib.
const ED25519_THUMBPRINT: &str = "AT7tNpYutG3RWV8KSqdZ4EiXgwp2gTnq8yZBRsspqts";
const ED25519_PID: &str = "k4.pid.YM_ZW0Dbse0-n0hVxSwWmnnvkte7fCRdfGf3N7YKyWg1";
const P256_THUMBPRINT: &str = "ZCeCdl7H9duGlzHuKSandwmEmjCFYgDgbMjqjgfiGLw";

/// The P-256 scalar that is half of [`SEED`].
fn scalar() -> [u8; 32] {
    let mut carry = 0;
    SEED.map(|byte| {
        let half = byte >> 1 | carry;
        carry = byte << 7;
        half
    })
}

/// Why `text` is no key for `algorithm`. The words never show a part of it.
#[track_caller]
fn refusal(algorithm: KeyAlgorithm, text: &str) -> String {
    let fault = match import(algorithm, text) {
        Ok(key) => panic!("{key:?} was read from {text}"),
        Err(fault) => fault,
    };
    let told = format!("{fault} {fault:?}");
    // Armour is no secret, and the advice shows how it looks.
    for line in text.lines().filter(|line| !line.starts_with("-----")) {
        for part in line.as_bytes().windows(12).filter_map(|part| std::str::from_utf8(part).ok()) {
            assert!(!told.contains(part), "{part:?} of the key is in: {told}");
        }
    }
    fault.to_string()
}

#[track_caller]
fn is_refused_for_everything(text: &str) {
    for algorithm in KeyAlgorithm::ALL {
        refusal(algorithm, text);
    }
}

/// What is read from `text` signs, and opens what it signed; its name.
#[track_caller]
fn kid(algorithm: KeyAlgorithm, text: &str) -> String {
    let key = import(algorithm, text).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    assert_eq!(key.algorithm(), algorithm);
    let make = if algorithm.is_jwt() { Codec::jwt } else { Codec::paseto };
    let codec = make(rules(), &key, &[]).unwrap();
    let token = codec.seal(&claims()).unwrap_or_else(|fault| panic!("{algorithm} {fault}"));
    assert_eq!(codec.open(&token, at(1)), Ok(claims()), "{algorithm}");
    key.id().to_owned()
}

#[test]
fn a_text_is_one_of_three_forms_and_not_longer_than_any_key() {
    for text in [
        "",
        " ",
        "hello",
        "\"k4.secret.\"",
        "k5.secret.AAAA",
        "K4.secret.AAAA",
        "[{\"kty\":\"OKP\"}]",
        "null",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtqq3",
        "\u{feff}{\"kty\":\"oct\"}",
        "BEGIN PRIVATE KEY",
        "----- BEGIN PRIVATE KEY-----",
        "\0",
    ] {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(import(algorithm, text).unwrap_err(), ImportFault::UnknownForm, "{text:?}");
        }
    }
    let jwk = jwk::oct(&SEED);
    let padded = |size: usize| jwk.clone() + &" ".repeat(size - jwk.len());
    assert!(import(KeyAlgorithm::Hs256, &padded(MAX_KEY_TEXT_BYTES)).is_ok(), "white space around is fine");
    let fault = import(KeyAlgorithm::Hs256, &padded(MAX_KEY_TEXT_BYTES + 1)).unwrap_err();
    assert_eq!(fault, ImportFault::TooLong);
    assert!(fault.to_string().contains("16384 bytes"), "{fault}");
}

#[test]
fn nothing_is_imported_for_refresh_tokens() {
    let texts = [
        pem::text("ed25519_pkcs8_v1"),
        pem::text("rsa2048_pkcs8"),
        jwk::oct(&SEED),
        format!("k4.local.{}", b64(SEED)),
        paserk::secret(&SEED),
    ];
    for text in texts {
        let told = refusal(KeyAlgorithm::Refresh, &text);
        assert!(told.contains("refresh"), "{told}");
    }
}
