//! The vectors of RFC 9106 and of the reference implementation, through every backend. Strings that nobody can verify
//! are the business of who parses them.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, AssociatedData, Params, ParamsBuilder, Version};
use serde_json::Value;

use super::*;

fn octets(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[test]
fn every_backend_makes_the_tags_of_rfc_9106() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/argon2_rfc9106.json")).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 3);
    for case in cases {
        let number = |key: &str| u32::try_from(case[key].as_u64().expect("a number")).expect("32 bits");
        let field = |key: &str| octets(case[key].as_str().expect("a text"));
        let (secret, tag) = (field("secret_hex"), field("tag_hex"));
        let params = ParamsBuilder::new()
            .m_cost(number("memory_kib"))
            .t_cost(number("iterations"))
            .p_cost(number("parallelism"))
            .data(AssociatedData::new(&field("associated_data_hex")).expect("short"))
            .output_len(tag.len())
            .build()
            .expect("valid parameters");
        let algorithm = Algorithm::try_from(case["type"].as_str().expect("a text")).expect("known");
        let version = Version::try_from(number("version")).expect("known");
        let recipe = Recipe::new(algorithm, version, &params).with_secret(&secret);
        for backend in Backend::available() {
            let mut output = vec![0; tag.len()];
            recipe
                .with_backend(backend)
                .hash_into(&field("password_hex"), &field("salt_hex"), &mut Memory::default(), &mut output)
                .expect("hashed");
            assert_eq!(output, tag, "{}, {backend}", case["rfc9106_section"]);
        }
    }
}

/// Whether each backend says that `password` matches, or `None` where the string is not to be verified at all.
fn verify(password: &[u8], stored: &str, memory: &mut Memory) -> Option<Vec<bool>> {
    let hash = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let (salt, expected) = (hash.salt?, hash.hash?);
    // As a server's own bounds would: some of these strings are there to be refused.
    if u64::from(params.m_cost()) * u64::from(params.t_cost()) > 1 << 20 {
        return None;
    }
    let recipe = Recipe::new(algorithm, version, &params);
    let matches = |backend| {
        let mut output = vec![0; expected.len()];
        recipe.with_backend(backend).hash_into(password, salt.as_ref(), memory, &mut output).ok()?;
        Some(output == expected.as_bytes())
    };
    Backend::available().map(matches).collect()
}

/// How many cases matched as they should, and how many that should were left out.
fn run(vectors: &str) -> [usize; 2] {
    let vectors: Value = serde_json::from_str(vectors).expect("JSON");
    let mut memory = Memory::default();
    let mut found = [0; 2];
    for case in vectors["cases"].as_array().expect("cases") {
        let text = |key: &str| case[key].as_str().map(str::to_owned);
        // One is a recipe for a string of 150 KB, for who parses them.
        let Some(stored) = text("hash") else { continue };
        let password = text("password_utf8").map(String::into_bytes);
        let password = password.unwrap_or_else(|| octets(&text("password_hex").unwrap_or_default()));
        let is_match = case["expect"] == "match";
        // Of 64 MiB and more: together they take half a minute, so only the whole suite runs them.
        let large = ["m=65536,", "m=102400,", "m=262144,"].iter().any(|memory| stored.contains(memory));
        if large && std::env::var_os("GUARDHOUSE_TEST_REQUIRE").is_none() {
            found[1] += usize::from(is_match);
            continue;
        }
        let verified = verify(&password, &stored, &mut memory);
        let right = match &verified {
            Some(backends) => backends.iter().all(|matches| *matches == is_match),
            None => !is_match,
        };
        assert!(right, "{}: {} was {verified:?}", case["id"], case["expect"]);
        found[0] += usize::from(is_match);
    }
    println!("{}: {found:?}", vectors["description"]);
    found
}

#[test]
fn every_backend_verifies_the_strings_of_others_as_they_say() {
    let [matches, left_out] = run(include_str!("../../../tests/vectors/argon2_phc.json"));
    assert_eq!(matches + left_out, 61);
    assert!(matches >= 18, "{matches}");
}

#[test]
fn hostile_strings_match_nothing_and_panic_nowhere() {
    let [matches, _] = run(include_str!("../../../tests/vectors/argon2_hostile.json"));
    assert_eq!(matches, 1, "the control");
}
