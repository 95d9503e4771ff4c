//! The vectors of others: they verify as they say, or are refused quickly and without panic.

use std::sync::Mutex;

use argon2::{Algorithm, Argon2, ParamsBuilder, Version};
use guardhouse_argon2::Recipe;
use serde_json::Value;

use super::*;

#[test]
fn argon2_makes_the_tags_of_rfc_9106() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/argon2_rfc9106.json")).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    for case in cases {
        let number = |key: &str| u32::try_from(case[key].as_u64().expect("a number")).expect("32 bits");
        let field = |key: &str| octets(case[key].as_str().expect("a text"));
        let (secret, tag) = (field("secret_hex"), field("tag_hex"));
        let params = ParamsBuilder::new()
            .m_cost(number("memory_kib"))
            .t_cost(number("iterations"))
            .p_cost(number("parallelism"))
            .data(argon2::AssociatedData::new(&field("associated_data_hex")).expect("short"))
            .output_len(tag.len())
            .build()
            .expect("valid parameters");
        let algorithm = Algorithm::try_from(case["type"].as_str().expect("a text")).expect("known");
        let version = Version::try_from(number("version")).expect("known");
        let mut output = vec![0; tag.len()];
        Recipe::new(algorithm, version, &params)
            .with_secret(&secret)
            .hash_into(&field("password_hex"), &field("salt_hex"), &mut Memory::default(), &mut output)
            .expect("hashed");
        assert_eq!(output, tag, "{}", case["rfc9106_section"]);
    }
    println!("RFC 9106: {} of {} vectors", cases.len(), vectors["number_of_cases"]);
    assert_eq!(cases.len(), 3);
}

/// What a case was found to be, and how many of each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    matches: usize,
    mismatches: usize,
    /// Malformed and refused without a comparison, or with one that found no match; the latter by id.
    unusable: usize,
    compared: Vec<String>,
    /// A mismatch that was refused without a comparison, by id.
    not_canonical: Vec<String>,
    too_expensive: usize,
    /// Passwords that nobody can have here: not UTF-8, with U+0000, or changed by NFKC. Straight to the library.
    impossible: usize,
    /// Of 64 MiB and more: together they take ten seconds, so only the whole suite runs them.
    left_out: usize,
    /// Where implementations differ by tradition.
    either: usize,
}

/// Runs every case on two threads, each with a memory of its own, as the pool does.
fn run(vectors: &str) -> Found {
    let vectors: Value = serde_json::from_str(vectors).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    assert_eq!(vectors["number_of_cases"], cases.len());
    let (scheme, next, found) = (scheme(argon2id(64, 1, 1)), AtomicU64::new(0), Mutex::new(Found::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut memory = Memory::default();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst) as usize) {
                    judge(case, &scheme, &mut memory, &found);
                }
            });
        }
    });
    let found = found.into_inner().expect("no thread panicked");
    println!("{}: {found:?}", vectors["description"]);
    found
}

/// Whether the library alone says that it matches.
fn library(password: &[u8], hash: &str) -> bool {
    let Ok(phc) = argon2::password_hash::phc::PasswordHash::new(hash) else {
        return bcrypt::verify(password, hash).unwrap_or(false);
    };
    let params = argon2::Params::try_from(&phc).expect("valid parameters");
    let algorithm = Algorithm::try_from(phc.algorithm.as_str()).expect("known");
    let version = phc.version.map_or(Version::V0x10, |version| Version::try_from(version).expect("known"));
    let (salt, expected) = (phc.salt.expect("a salt"), phc.hash.expect("a tag"));
    let mut output = vec![0; expected.len()];
    Argon2::new(algorithm, version, params)
        .hash_password_into(password, salt.as_ref(), &mut output)
        .expect("hashed");
    output == expected.as_bytes()
}

fn judge(case: &Value, scheme: &Scheme, memory: &mut Memory, found: &Mutex<Found>) {
    let text = |key: &str| case[key].as_str().map(str::to_owned);
    let id = text("id").expect("an id");
    // The one recipe is a hash of 150 KB.
    let hash = text("hash")
        .unwrap_or_else(|| format!("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ${}", "A".repeat(200_000)));
    let raw = text("password_utf8")
        .map(String::into_bytes)
        .unwrap_or_else(|| octets(&text("password_hex").unwrap_or_default()));
    let candidate =
        String::from_utf8(raw.clone()).ok().and_then(|text| Password::parse(&SecretString::from(text)).ok());
    let candidate = candidate.filter(|candidate| candidate.as_bytes() == raw);
    let expect = text("expect").expect("an expectation");
    let by_tradition =
        text("note").is_some_and(|note| note.contains("$2x$ =") || note.contains("accept either"));
    let Some(candidate) = candidate else {
        assert!(by_tradition || library(&raw, &hash) == (expect == "match"), "{id}");
        found.lock().expect("unpoisoned").impossible += 1;
        return;
    };
    let large = ["m=65536,", "m=102400,", "m=262144,"].iter().any(|memory| hash.contains(memory));
    if large
        && matches!(expect.as_str(), "match" | "mismatch")
        && std::env::var_os("GUARDHOUSE_TEST_REQUIRE").is_none()
    {
        found.lock().expect("unpoisoned").left_out += 1;
        return;
    }
    let stopwatch = Stopwatch::start();
    let verification = scheme.verify(&candidate, Some(&hash), memory);
    let took = stopwatch.elapsed();
    let usable = !matches!(verification, PasswordVerification::Unusable);
    assert_eq!(scheme.look_at(&hash).is_ok(), usable, "{id}: looked at, and verified");
    let mut found = found.lock().expect("unpoisoned");
    match (expect.as_str(), verification) {
        _ if by_tradition => found.either += 1,
        ("match", PasswordVerification::Match { upgrade: Some(_) }) => found.matches += 1,
        ("mismatch", PasswordVerification::Mismatch) => found.mismatches += 1,
        // The last character carries bits that are not zero: nobody's encoding of any tag.
        ("mismatch", PasswordVerification::Unusable) => found.not_canonical.push(id.clone()),
        ("malformed", PasswordVerification::Unusable) => found.unusable += 1,
        ("malformed", PasswordVerification::Mismatch) => found.compared.push(id.clone()),
        ("too_expensive", PasswordVerification::Unusable) => found.too_expensive += 1,
        (_, other) => panic!("{id}: {expect} was {other:?}"),
    }
    if !matches!(expect.as_str(), "match" | "mismatch") {
        assert!(took < Duration::from_millis(500), "{id} took {took:?}");
    }
}

#[test]
fn argon2_hashes_of_others_verify_as_they_say() {
    let found = run(include_str!("../../../../tests/vectors/argon2_phc.json"));
    assert_eq!(found.too_expensive, 3);
    let verified = found.matches + found.mismatches + found.not_canonical.len() + found.impossible;
    assert_eq!(verified + found.left_out, 61 + 40);
    assert!(found.left_out > 0 || found.matches == 57, "{found:?}");
    assert!(found.matches >= 18 && found.mismatches >= 8, "{found:?}");
    assert_eq!(found.unusable + found.compared.len(), 22);
}

#[test]
fn hostile_argon2_hashes_are_refused_quickly_and_without_panic() {
    let found = run(include_str!("../../../../tests/vectors/argon2_hostile.json"));
    assert_eq!((found.matches, found.too_expensive), (1, 6));
    assert_eq!(found.unusable + found.compared.len(), 40);
}

#[test]
fn bcrypt_hashes_of_others_verify_as_they_say() {
    let found = run(include_str!("../../../../tests/vectors/bcrypt.json"));
    assert_eq!(found.too_expensive, 2);
    assert_eq!(found.unusable + found.compared.len(), 31);
    assert_eq!(found.matches + found.mismatches + found.impossible + found.either, 55);
}
