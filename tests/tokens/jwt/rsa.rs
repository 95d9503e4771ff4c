//! RS256: signatures of other lengths, paddings and digests, and Bleichenbacher's forgery for small exponents.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::forger::*;
use super::*;

const RS256: KeyAlgorithm = KeyAlgorithm::Rs256;

/// What precedes a SHA-256 digest (RFC 8017 section 9.2, note 1).
const DIGEST_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

#[test]
fn the_signature_is_as_long_as_the_modulus_and_below_it() {
    let house = Everything::new();
    let message = format!("{}.{}", b64(header(RS256).to_string()), b64(payload().to_string()));
    let right = sign(RS256, message.as_bytes());
    house.accepts("control", &with_signature(RS256, &right));
    let Some(PublicKey::Rsa { n, .. }) = known(RS256).public_key().cloned() else { panic!("no modulus") };
    let (mut below, mut above) = (n.clone(), n.clone());
    *below.last_mut().unwrap() -= 1;
    *above.last_mut().unwrap() += 1;
    let mut one = vec![0; 256];
    one[255] = 1;
    let flipped: Vec<u8> = right.iter().map(|byte| !byte).collect();
    for other in [
        vec![],
        vec![0],
        vec![1],
        vec![0; 256],
        one,
        vec![0xff; 256],
        n.clone(),
        below,
        above,
        plus(&right, &n),
        right[..255].to_vec(),
        right[1..].to_vec(),
        [&[0], &right[..]].concat(),
        [&[0; 256], &right[..]].concat(),
        [&right[..], &[0]].concat(),
        right.iter().rev().copied().collect(),
        flipped,
        vec![0; 4096],
    ] {
        house.refuses("another number", &with_signature(RS256, other), SIGNATURE);
    }
}

/// The sum of two numbers, big endian, with the carry in front.
fn plus(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let digits = one.iter().zip(other).rev().map(|(&one, &other)| {
        let sum = u16::from(one) + u16::from(other) + carry;
        carry = sum >> 8;
        sum as u8
    });
    let mut sum: Vec<u8> = digits.collect();
    sum.push(carry as u8);
    sum.reverse();
    sum
}

#[test]
fn other_paddings_and_digests_are_refused_whatever_the_header_says() {
    let house = Everything::new();
    let pair = rsa_pair(&RSA_JWK);
    let others: [(&str, &'static dyn RsaEncoding); 5] = [
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
        ("PS512", &RSA_PSS_SHA512),
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
    ];
    let claims = payload().to_string();
    for (alg, padding) in others {
        let by_our_key = |message: &[u8]| rsa_signed(&pair, padding, message);
        house.refuses(alg, &signed(&mixed(alg, RS256).to_string(), &claims, by_our_key), ALGORITHM);
        house.refuses(alg, &signed(&header(RS256).to_string(), &claims, by_our_key), SIGNATURE);
        house.refuses(alg, &forged(RS256, &mixed(alg, RS256), &claims), ALGORITHM);
    }
    for alg in ["RS1", "RSA1_5", "RSA-OAEP", "rs256", "RS256 "] {
        house.refuses(alg, &forged(RS256, &mixed(alg, RS256), &claims), ALGORITHM);
    }
}

/// Big endian numbers, as little as the forgery needs.
mod numbers {
    pub(super) fn product(one: &[u8], other: &[u8]) -> Vec<u8> {
        let mut digits = vec![0_u32; one.len() + other.len()];
        for (at, &left) in one.iter().enumerate().rev() {
            let mut carry = 0;
            for (beside, &right) in other.iter().enumerate().rev() {
                let sum = digits[at + beside + 1] + u32::from(left) * u32::from(right) + carry;
                (digits[at + beside + 1], carry) = (sum & 0xff, sum >> 8);
            }
            digits[at] += carry;
        }
        digits.into_iter().map(|digit| digit as u8).collect()
    }

    pub(super) fn cube(number: &[u8]) -> Vec<u8> {
        product(&product(number, number), number)
    }

    /// The greatest number of 86 octets whose cube is not above `most`, which has 256.
    pub(super) fn cube_root(most: &[u8]) -> [u8; 86] {
        let mut root = [0; 86];
        for bit in 0..86 * 8 {
            root[bit / 8] |= 0x80 >> (bit % 8);
            let cube = cube(&root);
            let (above, cube) = cube.split_at(cube.len() - most.len());
            if above.iter().any(|&digit| digit != 0) || cube > most {
                root[bit / 8] ^= 0x80 >> (bit % 8);
            }
        }
        root
    }
}

/// Where the exponent is 3, whoever checks only the beginning of the padded digest is forged for without the key:
/// the cube root of the beginning, filled up with anything, is a signature (CVE-2006-4339).
#[test]
fn garbage_behind_the_digest_is_no_signature() {
    let pem = include_bytes!("../import/pem/rsa2048_exponent_3.pem");
    let pair = RsaKeyPair::from_pkcs8(PrivateKeyDer::from_pem_slice(pem).unwrap().secret_der()).unwrap();
    let public = pair.public_key();
    let (n, e) = (public.modulus(), public.exponent());
    let (n, e) = (n.big_endian_without_leading_zero().to_vec(), e.big_endian_without_leading_zero().to_vec());
    assert_eq!(e, [3]);
    // No such key can be imported here: the verifier under test is told of it directly.
    let id = known(RS256).id().to_owned();
    let key = VerifyingKey::published(id, RS256, PublicKey::Rsa { n: n.clone(), e });
    let opener = JwtOpener::new(rules(), [&key]).unwrap();

    let message = format!("{}.{}", b64(header(RS256).to_string()), b64(payload().to_string()));
    let token = |signature: &[u8]| format!("{message}.{}", b64(signature));
    let right = rsa_signed(&pair, &RSA_PKCS1_SHA256, message.as_bytes());
    assert_eq!(opener.open(&token(&right), at(1)), Ok(claims()), "the control");

    let digest = digest(&SHA256, message.as_bytes());
    let mut tried = 0;
    for (what, beginning) in [
        ("eight octets of padding", [&[0, 1], &[0xff; 8][..], &[0]].concat()),
        ("no padding", vec![0, 1, 0]),
        ("no zero behind the padding", [&[0, 1], &[0xff; 8][..]].concat()),
    ] {
        let wanted = [&beginning[..], &DIGEST_INFO, digest.as_ref()].concat();
        let mut padded = wanted.clone();
        padded.resize(256, 0xff);
        let root = numbers::cube_root(&padded);
        let cube = numbers::cube(&root);
        let cube = &cube[cube.len() - 256..];
        assert_eq!(&cube[..wanted.len()], wanted, "{what}: the forger's sums are right");
        let signature = [&[0; 170][..], &root].concat();
        assert!(cube < &n[..] && signature.len() == 256);
        for signature in [&signature[..], &root] {
            let opened = opener.open(&token(signature), at(1));
            assert_eq!(opened, Err(TokenFault::Invalid(SIGNATURE)), "{what}");
            tried += 1;
        }
    }
    assert_eq!(tried, 6);
}

/// No such key is ours; if one came from the database nevertheless, nothing must verify with it.
#[test]
fn a_weak_public_key_verifies_nothing() {
    let Some(PublicKey::Rsa { n, e }) = known(RS256).public_key().cloned() else { panic!("no modulus") };
    let message = format!("{}.{}", b64(header(RS256).to_string()), b64(payload().to_string()));
    // With the exponent 1 the padded digest is its own signature.
    let digest = digest(&SHA256, message.as_bytes());
    let padding = 256 - 3 - DIGEST_INFO.len() - 32;
    let padded = [&[0, 1][..], &vec![0xff; padding], &[0], &DIGEST_INFO, digest.as_ref()].concat();
    let right = sign(RS256, message.as_bytes());
    for (n, e) in [
        (n.clone(), vec![1]),
        (n.clone(), vec![]),
        (n.clone(), vec![0]),
        (n.clone(), vec![2]),
        (vec![], e.clone()),
        (vec![1], e.clone()),
        (n[128..].to_vec(), e.clone()),
        (n[..128].to_vec(), e),
    ] {
        let public = PublicKey::Rsa { n: n.clone(), e: e.clone() };
        let key = VerifyingKey::published(known(RS256).id().into(), RS256, public);
        let opener = JwtOpener::new(rules(), [&key]).unwrap();
        for signature in [&padded, &right, &padded[128..].to_vec(), &vec![0; n.len()]] {
            let token = format!("{message}.{}", b64(signature));
            let opened = opener.open(&token, at(1));
            assert_eq!(opened, Err(TokenFault::Invalid(SIGNATURE)), "{} octets, e {e:?}", n.len());
        }
    }
}
