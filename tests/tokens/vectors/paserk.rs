//! The types of PASERK that the house reads or writes: `secret`, `local`, `public`, and the ids of keys.

use ::paseto::keys::{AsymmetricPublicKey, AsymmetricSecretKey, SymmetricKey};
use ::paseto::paserk::Id;
use ::paseto::version4::V4;
use guardhouse::tokens::published::{Paserk, paserk_set};

use super::*;

/// What is published of the key that another house calls `kid`.
fn published(kid: &str, public: &[u8]) -> Paserk {
    Paserk { kid: kid.to_owned(), paserk: format!("k4.public.{}", b64(public)) }
}

#[test]
fn k4_secret_and_k4_sid() {
    let (mut secrets, mut ids) = (0, 0);
    for test in vectors(include_str!("../../vectors/paserk_k4_secret.json")) {
        secrets += 1;
        let octets = hex(text(&test, "key"));
        let told = format!("k4.secret.{}", b64(&octets));
        if must_fail(&test) {
            is_nothing(&told);
            continue;
        }
        assert_eq!(text(&test, "paserk"), told);
        let public = hex(text(&test, "public-key"));
        let pid = written(&Id::from(&AsymmetricPublicKey::<V4>::from(&public).unwrap()));
        // The seed of k4.secret-1 is zeros: the library cannot use it, and everybody knows it.
        if text(&test, "name") == "k4.secret-1" {
            assert_eq!(octets[..32], [0; 32]);
            is_nothing(&told);
            continue;
        }
        let ours = import(KeyAlgorithm::V4Public, &told).unwrap();
        assert_eq!((ed25519_public(&ours).as_slice(), ours.id()), (&*public, &*pid));
        assert_eq!(paserk_set(&verifying([&ours])).keys, [published(&pid, &public)]);
        assert_eq!(written(&AsymmetricSecretKey::<V4>::from(&octets).unwrap()), told);
        assert!(published(&pid, &octets).read().is_none(), "a secret is no public key");
        assert!(Paserk { kid: pid, paserk: told }.read().is_none(), "a secret is not published");
    }
    for test in vectors(include_str!("../../vectors/paserk_k4_sid.json")) {
        ids += 1;
        let octets = hex(text(&test, "key"));
        let told = format!("k4.secret.{}", b64(&octets));
        if must_fail(&test) || octets[..32] == [0; 32] {
            is_nothing(&told);
            continue;
        }
        let secret = AsymmetricSecretKey::<V4>::from(&octets).unwrap();
        let sid = text(&test, "paserk");
        assert_eq!(written(&Id::from(&secret)), sid);
        is_nothing(sid);
        // A key of ours is called by its public half, so that nothing that follows from the secret is sent.
        let ours = import(KeyAlgorithm::V4Public, &told).unwrap();
        assert!(ours.id().starts_with("k4.pid."));
        assert!(published(sid, &ed25519_public(&ours)).read().is_none(), "a sid is no name of ours");
    }
    println!("PASERK: {secrets} k4.secret, {ids} k4.sid");
    assert_eq!((secrets, ids), (5, 4));
}

#[test]
fn k4_local_and_k4_lid() {
    let (mut secrets, mut ids, mut zeros) = (0, 0, 0);
    for test in vectors(include_str!("../../vectors/paserk_k4_local.json")) {
        secrets += 1;
        let told = text(&test, "paserk");
        if must_fail(&test) {
            is_nothing(told);
            continue;
        }
        let octets = hex(text(&test, "key"));
        assert_eq!(told, format!("k4.local.{}", b64(&octets)));
        if octets.iter().all(|&byte| byte == 0) {
            // Good form, but a key that everybody can guess.
            zeros += 1;
            is_nothing(told);
            continue;
        }
        let ours = import(KeyAlgorithm::V4Local, told).unwrap();
        let library = SymmetricKey::<V4>::from(&octets).unwrap();
        assert_eq!((written(&library), ours.id()), (told.to_owned(), &*written(&Id::from(&library))));
        assert_eq!(paserk_set(&verifying([&ours])).keys, [], "it is not published");
    }
    for test in vectors(include_str!("../../vectors/paserk_k4_lid.json")) {
        ids += 1;
        let octets = hex(text(&test, "key"));
        if !octets.is_empty() && octets.iter().all(|&byte| byte == 0) {
            zeros += 1;
            continue;
        }
        let key = import(KeyAlgorithm::V4Local, &format!("k4.local.{}", b64(octets)));
        if let Some(key) = opened(key, &test) {
            assert_eq!(key.id(), text(&test, "paserk"));
            is_nothing(key.id());
        }
    }
    println!("PASERK: {secrets} k4.local, {ids} k4.lid, {zeros} of them zeros");
    assert_eq!((secrets, ids, zeros), (5, 4, 2));
}

#[test]
fn k4_public_and_k4_pid() {
    let (mut keys, mut ids) = (0, 0);
    for test in vectors(include_str!("../../vectors/paserk_k4_public.json")) {
        keys += 1;
        let octets = hex(text(&test, "key"));
        is_nothing(&format!("k4.public.{}", b64(&octets)));
        let key = AsymmetricPublicKey::<V4>::from(&octets);
        let Some(key) = opened(key, &test) else {
            assert!(published("k4.pid.AAAA", &octets).read().is_none());
            continue;
        };
        let told = text(&test, "paserk");
        assert_eq!(written(&key), told);
        let ours = Paserk { kid: written(&Id::from(&key)), paserk: told.to_owned() };
        let read = ours.read().unwrap();
        assert_eq!(paserk_set([&read]).keys, [ours]);
    }
    for test in vectors(include_str!("../../vectors/paserk_k4_pid.json")) {
        ids += 1;
        let octets = hex(text(&test, "key"));
        let pid = test["paserk"].as_str().unwrap_or("k4.pid.AAAA");
        let read = published(pid, &octets).read();
        if let Some(read) = opened(read.ok_or("refused"), &test) {
            assert_eq!(read.id(), pid);
            is_nothing(pid);
            let another = format!("{}A", &pid[..pid.len() - 1]);
            assert!(another == pid || published(&another, &octets).read().is_none());
        }
    }
    println!("PASERK: {keys} k4.public, {ids} k4.pid");
    assert_eq!((keys, ids), (4, 5));
}
