//! PASERK: `k4.secret` and `k4.local`, and none of the other types.

use KeyAlgorithm::{V4Local, V4Public};

use super::*;

pub(super) fn secret(seed: &[u8; 32]) -> String {
    let key = SigningKey::generate(V4Public, &Given(*seed));
    format!("k4.secret.{}", b64([&seed[..], &ed25519_public(&key)].concat()))
}

#[test]
fn a_secret_key_is_for_one_purpose_and_a_local_key_for_the_other() {
    let (public, local) = (secret(&SEED), format!("k4.local.{}", b64(SEED)));
    assert_eq!(kid(V4Public, &public), ED25519_PID);
    assert!(kid(V4Local, &local).starts_with("k4.lid."));
    for algorithm in KeyAlgorithm::ALL {
        if algorithm != V4Public {
            refusal(algorithm, &public);
        }
        if algorithm != V4Local {
            refusal(algorithm, &local);
        }
    }
    assert!(refusal(V4Public, &local).contains("it is not k4.secret"));
    assert!(refusal(V4Local, &public).ends_with("it is not k4.local"));
}

#[test]
fn other_versions_types_sizes_and_spellings_are_refused() {
    let both = [&SEED[..], &ed25519_public(&SigningKey::generate(V4Public, &Given(SEED)))].concat();
    let (seed, both64) = (b64(SEED), b64(&both));
    for version in ["k1", "k2", "k3", "k5", "K4", "v4", "k4 "] {
        is_refused_for_everything(&format!("{version}.secret.{both64}"));
        is_refused_for_everything(&format!("{version}.local.{seed}"));
    }
    for kind in
        ["public", "pid", "sid", "lid", "seal", "secret-pw", "local-pw", "secret-wrap.pie", "Secret", ""]
    {
        is_refused_for_everything(&format!("k4.{kind}.{both64}"));
        is_refused_for_everything(&format!("k4.{kind}.{seed}"));
    }
    for size in [0, 31, 33, 63] {
        is_refused_for_everything(&format!("k4.secret.{}", b64(&both[..size])));
        is_refused_for_everything(&format!("k4.local.{}", b64(&both[..size])));
    }
    is_refused_for_everything(&format!("k4.secret.{}", b64([&both[..], &[0]].concat())));
    for other in other_spellings(&both64) {
        // White space at the very end of a file is not part of its text.
        if other.trim() == other {
            is_refused_for_everything(&format!("k4.secret.{other}"));
        }
    }
    for other in other_spellings(&seed).into_iter().filter(|other| other.trim() == other) {
        is_refused_for_everything(&format!("k4.local.{other}"));
    }
    for text in ["k4", "k4.", "k4.secret", "k4.secret.", "k4.local.", "k4.secret..", "k4.secret.\u{20ac}"] {
        is_refused_for_everything(text);
    }
    is_refused_for_everything(&format!("k4.secret.{both64}.{both64}"));
    is_refused_for_everything(&format!("k4.secret.{both64}\nk4.secret.{both64}"));
}

#[test]
fn halves_that_disagree_are_refused() {
    let other = ed25519_public(&SigningKey::generate(V4Public, &Given([9; 32])));
    is_refused_for_everything(&format!("k4.secret.{}", b64([SEED, other].concat())));
    is_refused_for_everything(&format!("k4.secret.{}", b64([SEED, SEED].concat())));
    is_refused_for_everything(&format!("k4.secret.{}", b64([SEED, [0; 32]].concat())));
}

#[test]
fn a_secret_of_zeros_is_no_key_and_is_never_made() {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    let zeros = Ed25519KeyPair::from_seed_unchecked(&[0; 32]).unwrap();
    is_refused_for_everything(&format!(
        "k4.secret.{}",
        b64([&[0; 32], zeros.public_key().as_ref()].concat())
    ));
    is_refused_for_everything(&format!("k4.secret.{}", b64([0; 64])));
    is_refused_for_everything(&format!("k4.local.{}", b64([0; 32])));
    for algorithm in [V4Public, KeyAlgorithm::EdDsa] {
        let drawn = SigningKey::generate(algorithm, &ZerosFirst(AtomicU64::new(3)));
        assert_eq!(drawn.id(), SigningKey::generate(algorithm, &Given([7; 32])).id());
    }
}

/// A generator that is broken for a few draws.
struct ZerosFirst(AtomicU64);

impl Entropy for ZerosFirst {
    fn fill(&self, buffer: &mut [u8]) {
        let left = self.0.load(Ordering::SeqCst);
        buffer.fill(if left == 0 { 7 } else { 0 });
        self.0.store(left.saturating_sub(1), Ordering::SeqCst);
    }
}
