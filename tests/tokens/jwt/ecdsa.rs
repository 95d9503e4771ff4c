//! ES256: signatures that verify nothing, in other encodings, on other curves.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm,
};

use super::forger::*;
use super::*;

const ES256: KeyAlgorithm = KeyAlgorithm::Es256;

/// `number` plus one, or minus another, big endian.
fn next(mut number: [u8; 32]) -> [u8; 32] {
    for byte in number.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    number
}

fn minus(from: [u8; 32], subtracted: &[u8]) -> [u8; 32] {
    let mut borrow = 0;
    let mut difference = from;
    for (digit, &less) in difference.iter_mut().zip(subtracted).rev() {
        let value = i16::from(*digit) - i16::from(less) - borrow;
        borrow = i16::from(value < 0);
        *digit = value.rem_euclid(256) as u8;
    }
    assert_eq!(borrow, 0, "the difference is negative");
    difference
}

/// CVE-2022-21449: zero is no inverse, and a verifier that forgets to look divides by it.
#[test]
fn no_signature_of_zeros_or_of_numbers_out_of_range_verifies() {
    let house = Everything::new();
    let (zero, one, order) = ([0; 32], next([0; 32]), P256_ORDER);
    let below = minus(order, &one);
    let genuine = sign(ES256, b"another message");
    let (r, s): ([u8; 32], [u8; 32]) = (genuine[..32].try_into().unwrap(), genuine[32..].try_into().unwrap());
    let special = [zero, one, below, order, next(order), [0xff; 32], r, s];
    let mut tried = 0;
    for first in special {
        for second in special {
            house.refuses("psychic", &with_signature(ES256, [first, second].concat()), SIGNATURE);
            tried += 1;
        }
    }
    // One half of the right signature, the other special.
    let message = format!("{}.{}", b64(header(ES256).to_string()), b64(payload().to_string()));
    let right = sign(ES256, message.as_bytes());
    house.accepts("control", &with_signature(ES256, &right));
    for number in special {
        for half in [[&right[..32], &number].concat(), [&number, &right[32..]].concat()] {
            house.refuses("half", &with_signature(ES256, half), SIGNATURE);
            tried += 1;
        }
    }
    assert_eq!(tried, 80);
}

#[test]
fn the_signature_is_two_numbers_of_32_octets_and_nothing_else() {
    let house = Everything::new();
    let message = format!("{}.{}", b64(header(ES256).to_string()), b64(payload().to_string()));
    let right = sign(ES256, message.as_bytes());
    let (r, s) = right.split_at(32);
    let Some(&PublicKey::P256(point)) = known(ES256).public_key() else { panic!("no point") };
    let asn1 =
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_ASN1_SIGNING, &[1; 32], &point);
    let der = asn1.unwrap().sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    assert_eq!(der.as_ref()[0], 0x30, "DER begins with a sequence");
    let reversed = |number: &[u8]| number.iter().rev().copied().collect::<Vec<_>>();
    for other in [
        der.as_ref().to_vec(),
        vec![],
        r.to_vec(),
        right[..63].to_vec(),
        right[1..].to_vec(),
        [&right[..], &[0]].concat(),
        [&[0], &right[..]].concat(),
        [&[0], r, &[0], s].concat(),
        [&[0; 16], r, &[0; 16], s].concat(),
        [&[4], &right[..]].concat(),
        [&right[..], &right[..]].concat(),
        [s, r].concat(),
        [reversed(r), reversed(s)].concat(),
        vec![0; 4096],
    ] {
        house.refuses("another encoding", &with_signature(ES256, other), SIGNATURE);
    }
}

/// Whoever holds a token can make a second spelling of it: with (r, s) also (r, n - s) is a signature (SEC 1 section
/// 4.1.4; RFC 7518 section 3.4 asks for no canonical one). It says the same of the same session, so that it gains
/// nothing, lives as long and ends with it; nothing but the memory of verified tokens knows a token by its text.
#[test]
fn the_mirrored_signature_is_the_same_token() {
    let house = Everything::new();
    let genuine = genuine(ES256);
    let (message, signature) = genuine.rsplit_once('.').unwrap();
    let signature = unb64(signature);
    let mirrored = [&signature[..32], &minus(P256_ORDER, &signature[32..])].concat();
    let mirrored = format!("{message}.{}", b64(mirrored));
    assert_ne!(mirrored, genuine);
    house.accepts("as it was made", &genuine);
    house.accepts("mirrored", &mirrored);
    house.accepts("as it was made, again", &genuine);
}

#[test]
fn other_curves_do_not_pass_for_ours() {
    let house = Everything::new();
    let by = |algorithm: &'static EcdsaSigningAlgorithm| {
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).unwrap();
        move |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    };
    let claims = payload().to_string();
    let (k1, p384) = (by(&ECDSA_P256K1_SHA256_FIXED_SIGNING), by(&ECDSA_P384_SHA384_FIXED_SIGNING));
    for alg in ["ES256K", "ES384", "ES512", "ESP256", "es256", "ES256 ", "SM2"] {
        let header = mixed(alg, ES256);
        house.refuses(alg, &forged(ES256, &header, &claims), ALGORITHM);
        house.refuses(alg, &signed(&header.to_string(), &claims, &k1), ALGORITHM);
        house.refuses(alg, &signed(&header.to_string(), &claims, &p384), ALGORITHM);
    }
    house.refuses("secp256k1", &signed(&header(ES256).to_string(), &claims, &k1), SIGNATURE);
    house.refuses("P-384", &signed(&header(ES256).to_string(), &claims, &p384), SIGNATURE);
}

/// No such key is ours; if one came from the database nevertheless, nothing must verify with it.
#[test]
fn a_point_that_is_not_on_the_curve_verifies_nothing() {
    let Some(&PublicKey::P256(point)) = known(ES256).public_key() else { panic!("no point") };
    let mut beside = point;
    beside[64] ^= 1;
    let mut compressed = point;
    compressed[0] = 2;
    let mut infinity = [0; 65];
    infinity[0] = 4;
    for other in [beside, compressed, infinity, [0; 65], [0xff; 65]] {
        let key = VerifyingKey::published(known(ES256).id().into(), ES256, PublicKey::P256(other));
        let opener = JwtOpener::new(rules(), [&key]).unwrap();
        for token in [genuine(ES256), with_signature(ES256, [0; 64]), with_signature(ES256, [1; 64])] {
            assert_eq!(opener.open(&token, at(1)), Err(TokenFault::Invalid(SIGNATURE)), "{other:?}");
        }
    }
}
