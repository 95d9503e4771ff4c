//! PEM in every armour: PKCS#8, SEC 1, PKCS#1; other curves and sizes, public halves, certificates, passphrases.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use KeyAlgorithm::{EdDsa, Es256, Rs256, V4Public};

use super::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tokens/import/pem")
}

pub(super) fn text(name: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.pem"))).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

const ED25519: &[KeyAlgorithm] = &[EdDsa, V4Public];
const P256: &[KeyAlgorithm] = &[Es256];
const RSA: &[KeyAlgorithm] = &[Rs256];
const NONE: &[KeyAlgorithm] = &[];

/// What each file is read for.
const FILES: [(&str, &[KeyAlgorithm]); 36] = [
    ("ed25519_pkcs8_v1", ED25519),
    ("ed25519_pkcs8_v2", ED25519),
    ("ed25519_pkcs8_v2_other_public_half", NONE),
    ("ed25519_seed_of_zeros", NONE),
    ("ed25519_encrypted", NONE),
    ("ed25519_public", NONE),
    ("ed448_pkcs8", NONE),
    ("x25519_pkcs8", NONE),
    ("certificate", NONE),
    ("p256_pkcs8", P256),
    ("p256_sec1", P256),
    ("p256_sec1_without_public_half", P256),
    ("p256_sec1_other_public_half", NONE),
    ("p256_sec1_scalar_zero", NONE),
    ("p256_sec1_scalar_is_the_order", NONE),
    ("p256_sec1_encrypted", NONE),
    ("p256_public", NONE),
    ("p384_pkcs8", NONE),
    ("p384_sec1", NONE),
    ("p521_pkcs8", NONE),
    ("secp256k1_pkcs8", NONE),
    ("secp256k1_sec1", NONE),
    ("rsa2048_pkcs8", RSA),
    ("rsa2048_pkcs1", RSA),
    ("rsa4096_pkcs8", RSA),
    ("rsa1024_pkcs8", NONE),
    ("rsa1024_pkcs1", NONE),
    ("rsa5120_pkcs8", NONE),
    ("rsa8192_pkcs1", NONE),
    ("rsa2048_exponent_3", NONE),
    ("rsa2048_three_primes", NONE),
    ("rsa_pss_pkcs8", NONE),
    ("rsa2048_encrypted", NONE),
    ("rsa2048_pkcs1_encrypted", NONE),
    ("rsa2048_public", NONE),
    ("rsa2048_pkcs1_public", NONE),
];

#[test]
fn each_key_is_read_for_its_own_algorithms_and_for_no_other() {
    let named: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let there = there.filter(|path| path.extension().is_some_and(|extension| extension == "pem"));
    let there: BTreeSet<String> =
        there.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(named, there);
    let (mut read, mut refused) = (0, 0);
    for (name, algorithms) in FILES {
        for algorithm in KeyAlgorithm::ALL {
            if algorithms.contains(&algorithm) {
                kid(algorithm, &text(name));
                read += 1;
            } else {
                let told = refusal(algorithm, &text(name));
                assert!(told.starts_with(&format!("the PEM does not hold a private key for {algorithm}: ")));
                refused += 1;
            }
        }
    }
    println!("PEM: {read} read, {refused} refused");
    assert_eq!((read, refused), (10, 242));
}

#[test]
fn a_key_has_one_name_in_every_armour() {
    for name in ["ed25519_pkcs8_v1", "ed25519_pkcs8_v2"] {
        assert_eq!(kid(EdDsa, &text(name)), ED25519_THUMBPRINT, "{name}");
        assert_eq!(kid(V4Public, &text(name)), ED25519_PID, "{name}");
    }
    for name in ["p256_pkcs8", "p256_sec1", "p256_sec1_without_public_half"] {
        assert_eq!(kid(Es256, &text(name)), P256_THUMBPRINT, "{name}");
    }
    for name in ["rsa2048_pkcs8", "rsa2048_pkcs1"] {
        assert_eq!(kid(Rs256, &text(name)), "_3GWSBI8Hei8RF3K3ql0Y3ulRxb4mwuCJ4Rk2j8qQZk", "{name}");
    }
    assert_eq!(kid(Rs256, &text("rsa4096_pkcs8")), "AEHm76m3h5rFcLU7EHkXPcI6DpJCERe5K4Lgs-kgBUY");
}

#[test]
fn a_refusal_says_what_to_do() {
    for (algorithm, name, help) in [
        (EdDsa, "ed25519_encrypted", "decrypted first"),
        (Es256, "p256_sec1_encrypted", "decrypted first"),
        (Rs256, "rsa2048_encrypted", "decrypted first"),
        (Rs256, "rsa2048_pkcs1_encrypted", "decrypted first"),
        (EdDsa, "ed25519_public", "no private key"),
        (Rs256, "rsa2048_public", "no private key"),
        (EdDsa, "certificate", "no private key"),
        (EdDsa, "p256_pkcs8", "no Ed25519 key"),
        (EdDsa, "x25519_pkcs8", "no Ed25519 key"),
        (Es256, "p384_pkcs8", "no key on P-256"),
        (Es256, "secp256k1_sec1", "no key on P-256"),
        (Rs256, "rsa1024_pkcs8", "2048 to 4096 bits"),
        (Rs256, "rsa5120_pkcs8", "2048 to 4096 bits"),
        (Rs256, "rsa8192_pkcs1", "2048 to 4096 bits"),
        (Rs256, "rsa2048_exponent_3", "exponent"),
        (Rs256, "rsa_pss_pkcs8", "no RSA key"),
        (KeyAlgorithm::Hs256, "ed25519_pkcs8_v1", "use a JWK"),
        (KeyAlgorithm::V4Local, "ed25519_pkcs8_v1", "PASERK"),
    ] {
        let told = refusal(algorithm, &text(name));
        assert!(told.contains(help), "{name}: {told}");
    }
}

#[test]
fn what_stands_around_a_key_is_passed_over_and_what_is_broken_is_not_mended() {
    let good = text("p256_sec1");
    for around in [
        // As `openssl ecparam -genkey` writes it.
        format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{good}"),
        format!("{}{good}", text("certificate")),
        format!("\n\n  {good}\n"),
        good.replace('\n', "\r\n"),
    ] {
        assert_eq!(kid(Es256, &around), P256_THUMBPRINT, "{around}");
    }
    let lines: Vec<&str> = good.lines().collect();
    let without = |from: usize, to: usize| [&lines[..from], &lines[to..]].concat().join("\n");
    for broken in [
        without(1, 2),
        without(lines.len() - 1, lines.len()),
        without(1, lines.len() - 1),
        good.replacen("MH", "M*", 1),
        good.replacen("MH", "MI", 1),
        good.replacen("EC PRIVATE", "EC PUBLIC", 1),
        good.replace("-----\n", "-----"),
    ] {
        is_refused_for_everything(&broken);
    }
}
