//! The hashes of other systems: they verify as they say, or are refused before their work and without panic.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::actors::hasher::foreign::{
    Foreign, LONGEST, bare, formats, is_memory_hard, is_weak, name, verify as verify_foreign,
};

/// What a server with 256 MiB for a thread allows.
const LIMITS: CostLimits = CostLimits {
    each_kib: 64,
    memory_kib: 256 * 1_024,
    work_kib: 64 * 2 * 19 * 1_024,
    bcrypt: 15,
    rounds: 4_000_000,
};

/// Cheap enough that a thousand mutations of it are verified in a second.
const TIGHT: CostLimits = CostLimits { memory_kib: 1_024, bcrypt: 4, rounds: 2_000, ..LIMITS };

/// Those that take half a second and more each in a debug build: only the whole suite runs them.
const DEAR: [&str; 9] = [
    "$2a$15$",
    "$rounds=535000$",
    "$rounds=656000$",
    "$pbkdf2-sha224$",
    "$pbkdf2-sha384$",
    "$390000$",
    "$P$F",
    "$m=102400,",
    "$m=65536,",
];

/// Nothing that is expected to match is refused: whoever adds such a vector adds its name and the reason here.
const NOT_SUPPORTED: [(&str, &str); 0] = [];

fn cases() -> Vec<Value> {
    let vectors = include_str!("../../../../tests/vectors/import_hashes.json");
    let vectors: Value = serde_json::from_str(vectors).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases").clone();
    assert_eq!((vectors["number_of_cases"].as_u64(), cases.len()), (Some(591), 591));
    cases
}

fn field<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().expect("a text")
}

/// The dialect that whoever imports this format has to name.
fn dialect(format: &str) -> Option<&'static str> {
    Some(match format {
        // These two are what they seem.
        "kratos_5" | "kratos_unknown" => return None,
        kratos if kratos.starts_with("kratos_") => "kratos",
        "nthash" => "nt-hash",
        "hex_md5" => "md5",
        "hex_sha1" => "sha1",
        "hex_sha256" => "sha256",
        "hex_sha512" => "sha512",
        "hashcat_bcrypt_md5_pass_bcryptmd5" => "bcrypt-md5",
        "hashcat_bcrypt_sha1_pass_bcryptsha1" => "bcrypt-sha1",
        "hashcat_bcrypt_sha256_pass_bcryptsha256" => "bcrypt-sha256",
        "hashcat_bcrypt_sha512_pass_bcryptsha512" => "bcrypt-sha512",
        "hashcat_python_werkzeug_sha256_hmac_sha256_key_salt" => "werkzeug",
        "better_auth_scrypt" => "better-auth",
        "aspnet_identity_v2" | "aspnet_identity_v3" => "aspnet",
        _ => return None,
    })
}

/// What the house has stored.
fn stored(case: &Value) -> String {
    let hash = field(case, "hash");
    dialect(field(case, "format")).map_or(hash.to_owned(), |dialect| format!("$import${dialect}${hash}"))
}

/// How the cases of a format were found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Found {
    matches: usize,
    mismatches: usize,
    malformed: usize,
    too_expensive: usize,
    unknown: usize,
    /// Of [`DEAR`]: would have matched, and would not.
    left_out: [usize; 2],
    /// Argon2 and bcrypt in the envelopes of others, which the scheme verifies: matched, and did not.
    own: [usize; 2],
}

fn judge(case: &Value, scheme: &Scheme, memory: &mut Memory) -> Found {
    let (id, expect, hash) = (field(case, "id"), field(case, "expect"), stored(case));
    let password = field(case, "password_utf8").as_bytes();
    let mut found = Found::default();
    let dear = DEAR.iter().any(|part| hash.contains(part));
    if dear && std::env::var_os("GUARDHOUSE_TEST_REQUIRE").is_none() {
        found.left_out[usize::from(expect != "match")] += 1;
        return found;
    }
    if ["$argon2", "$2"].iter().any(|own| bare(&hash).starts_with(own)) {
        let compared = scheme.compare(password, &hash, memory);
        assert_eq!(scheme.look_at(&hash).is_ok(), compared.is_some(), "{id}: looked at, and compared");
        let matched = compared == Some(true);
        assert_eq!(matched, expect == "match", "{id}");
        found.own[usize::from(!matched)] += 1;
        return found;
    }
    assert_eq!(
        name(&hash).is_some(),
        !matches!(field(case, "format"), "unusable" | "kratos_unknown"),
        "{id}"
    );
    let stopwatch = Stopwatch::start();
    let verdict = verify_foreign(&hash, password, &LIMITS);
    let took = stopwatch.elapsed();
    let good = match expect {
        "match" if NOT_SUPPORTED.iter().any(|(unsupported, _)| *unsupported == id) => {
            verdict == Foreign::Unknown
        }
        "match" => verdict == Foreign::Match,
        "too_expensive" => verdict == Foreign::TooExpensive,
        // To refuse what is malformed as too expensive is as good, and a mismatch may lie in the encoding.
        _ => verdict != Foreign::Match,
    };
    assert!(good, "{id}: {expect} was {verdict:?}");
    let worked = matches!(verdict, Foreign::Match | Foreign::Mismatch);
    let stopwatch = Stopwatch::start();
    let looked_at = scheme.look_at(&hash);
    let took_to_look = stopwatch.elapsed();
    assert!(took_to_look < Duration::from_millis(100), "{id}: to look took {took_to_look:?}");
    let expected = match verdict {
        Foreign::Match | Foreign::Mismatch => Ok(()),
        Foreign::Malformed => Err(Unsound::Malformed),
        Foreign::TooExpensive => Err(Unsound::TooExpensive),
        Foreign::Unknown => Err(Unsound::Unknown),
    };
    assert_eq!(looked_at, expected, "{id}: looked at, where it was found {verdict:?}");
    assert!(worked || took < Duration::from_millis(500), "{id}: {verdict:?} took {took:?}");
    match verdict {
        Foreign::Match => found.matches += 1,
        Foreign::Mismatch => found.mismatches += 1,
        Foreign::Malformed => found.malformed += 1,
        Foreign::TooExpensive => found.too_expensive += 1,
        Foreign::Unknown => found.unknown += 1,
    }
    found
}

#[test]
fn hashes_of_other_systems_verify_as_they_say() {
    let (cases, mut found) = (cases(), BTreeMap::<&str, Found>::new());
    let scheme = Scheme::new(argon2id(64, 1, 1), LIMITS, Arc::new(Counting::default()));
    let mut memory = Memory::default();
    // On one thread, for other tests here measure time.
    for case in &cases {
        let one = judge(case, &scheme, &mut memory);
        add(found.entry(field(case, "format")).or_default(), &one);
    }
    let mut all = Found::default();
    for (format, one) in &found {
        println!("{format}: {one:?}");
        add(&mut all, one);
    }
    println!("import: {} formats, {} cases, {all:?}", found.len(), cases.len());
    assert!(std::env::var_os("GUARDHOUSE_TEST_REQUIRE").is_none() || all.left_out == [0, 0]);
    println!("import: not supported: {NOT_SUPPORTED:?}");
    assert_eq!(all.matches + all.own[0] + all.left_out[0] + NOT_SUPPORTED.len(), 268);
    let refused =
        all.mismatches + all.malformed + all.too_expensive + all.unknown + all.own[1] + all.left_out[1];
    assert_eq!(refused, 591 - 268);
    assert_eq!(all.unknown, NOT_SUPPORTED.len() + EXPECTED_UNKNOWN);
}

/// The eight unusable markers, and Kratos' four kinds that do not exist.
const EXPECTED_UNKNOWN: usize = 8 + 4;

fn add(sum: &mut Found, one: &Found) {
    sum.matches += one.matches;
    sum.mismatches += one.mismatches;
    sum.malformed += one.malformed;
    sum.too_expensive += one.too_expensive;
    sum.unknown += one.unknown;
    sum.left_out = [sum.left_out[0] + one.left_out[0], sum.left_out[1] + one.left_out[1]];
    sum.own = [sum.own[0] + one.own[0], sum.own[1] + one.own[1]];
}

#[test]
fn the_readers_of_files_know_the_dialects_and_the_longest_hash() {
    assert_eq!(crate::transfer::DIALECTS, formats::DIALECTS.each_ref().map(|format| format.name));
    assert_eq!(crate::transfer::LONGEST_HASH, LONGEST);
}

#[test]
fn a_foreign_hash_is_renewed_and_a_wrong_password_renews_nothing() {
    let django = "pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs=";
    let envelope = "bcrypt$$2y$04$mIJxfrCaEI3GukZe11CiXublhEFanu5.ododkll1WphfSp6pn4zIu";
    let scrypt = "$scrypt$ln=8,r=8,p=1$wlhLyXmP8b53bm1NKYVQqg$mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU+VxWA";
    for (costs, new) in [(argon2id(64, 1, 1), "$argon2id$"), (Costs::Bcrypt(4), "$2b$04$")] {
        let scheme = scheme(costs);
        for (password, hash) in [("not a password", django), ("test", envelope), ("test", scrypt)] {
            let renewed = upgrade(verify(&scheme, password, hash)).expect("renewed");
            assert!(renewed.starts_with(new), "{renewed}");
            let wrong = verify(&scheme, "Wrong-horse-9-battery", hash);
            assert!(matches!(wrong, PasswordVerification::Mismatch));
        }
    }
}

#[test]
fn scrypt_takes_no_memory_beside_that_of_its_thread() {
    let scheme = scheme(argon2id(64, 1, 1));
    let mut memory = Memory::default();
    scheme.hash(&password("test"), &mut memory);
    assert_eq!(memory.kib(), 64);
    let scrypt = "$scrypt$ln=8,r=8,p=1$wlhLyXmP8b53bm1NKYVQqg$mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU+VxWA";
    assert_eq!(scheme.compare(b"test", scrypt, &mut memory), Some(true));
    assert_eq!(memory.kib(), 0);
}

#[test]
fn every_bound_refuses_what_is_one_step_above_it() {
    let verdict = |hash: &str| verify_foreign(hash, b"password", &LIMITS);
    let pbkdf2 =
        |rounds: u64| format!("$pbkdf2-sha256${rounds}$c2FsdA$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ");
    assert_eq!(verdict(&pbkdf2(4_000_001)), Foreign::TooExpensive);
    assert_eq!(verdict(&pbkdf2(1)), Foreign::Mismatch);
    // Two digests' worth of output costs twice as much.
    let wide = format!("sha256:2000001:c2FsdA==:{}", "A".repeat(86));
    assert_eq!(verdict(&wide), Foreign::TooExpensive);
    let scrypt = |ln: u32, r: u32, p: u32| {
        format!("$scrypt$ln={ln},r={r},p={p}$c2FsdA$d9ZXYjhleyA7GcpCwYoEl/FrSETjB0ro39/6P+3iFEI")
    };
    for (ln, r, p) in [(18, 8, 1), (17, 9, 1), (17, 8, 5), (63, 8, 1), (64, 8, 1), (4, 8, 600_000)] {
        assert_eq!(verdict(&scrypt(ln, r, p)), Foreign::TooExpensive, "{ln} {r} {p}");
    }
    assert_eq!(verdict(&scrypt(4, 8, 1)), Foreign::Mismatch);
    let small = CostLimits { memory_kib: 16 * 1_024, ..LIMITS };
    assert_eq!(
        verify_foreign(&scrypt(14, 8, 1), b"password", &small),
        Foreign::TooExpensive,
        "the budget of this server"
    );
    let sha_crypt = format!("$5$rounds=4000001$salt${}", "A".repeat(43));
    assert_eq!(verdict(&sha_crypt), Foreign::TooExpensive);
    // A long password makes each round dearer.
    let dear = format!("$6$rounds=656000$salt${}", "A".repeat(86));
    assert_eq!(verify_foreign(&dear, &[b'a'; 1_024], &LIMITS), Foreign::TooExpensive);
    let log = |log: char| format!("$P${log}12345678{}", "A".repeat(22));
    assert_eq!(verdict(&log('N')), Foreign::TooExpensive);
    assert_eq!(verdict(&log('6')), Foreign::Mismatch);
    let bcrypt = "bcrypt_sha256$$2b$16$NDjSAIcas.EcoxCRiArvT.MkNiPYVhrsrnJsRkLueZOoV1bsQqlmC";
    assert_eq!(verdict(bcrypt), Foreign::TooExpensive);
    assert_eq!(verdict(&"$1$".repeat(LONGEST)), Foreign::Malformed);
    assert_eq!(verdict("sha256:1:c2FsdA==:QUJD"), Foreign::Malformed, "a digest of three octets");
}

#[test]
fn a_template_without_the_password_matches_nobody() {
    let fixed = "$import$kratos$$md5$pf=e1NBTFR9$MTIz$ICy5YqxZB1uWSwcVLSNLcA==";
    assert_eq!(verify_foreign(fixed, b"123", &LIMITS), Foreign::Malformed);
    assert_eq!(verify_foreign(fixed, b"anything", &LIMITS), Foreign::Malformed);
}

#[test]
fn weak_hashes_are_told_apart() {
    for case in cases() {
        let unsalted =
            ["hex_", "nthash", "ldap_sha1", "ldap_md5", "kanidm_sha", "kanidm_ipa", "kanidm_samba"];
        let format = field(&case, "format");
        let kratos = field(&case, "hash").strip_prefix("$md5$").is_some_and(|rest| !rest.contains('$'));
        let weak = unsalted.iter().any(|start| format.starts_with(start)) || kratos && format == "kratos_md5";
        assert_eq!(is_weak(&stored(&case)), weak, "{}", field(&case, "id"));
    }
    assert!(is_memory_hard("$fbscrypt$v=1") && !is_memory_hard("$6$rounds=1"));
    let names: std::collections::BTreeSet<_> = formats::DIALECTS.iter().map(|dialect| dialect.name).collect();
    assert_eq!(names.len(), formats::DIALECTS.len(), "a dialect has one meaning");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_mutation_panics_or_matches_what_it_should_not(
        case in 0_usize..591,
        at in any::<prop::sample::Index>(),
        with in "[$:,=.{}A-Za-z0-9\u{e4}]{0,3}",
        cut in 0_usize..3,
        password in ".{0,40}",
    ) {
        let case = &cases_once()[case];
        let mut hash: Vec<char> = stored(case).chars().collect();
        let at = at.index(hash.len() + 1);
        hash.splice(at..(at + cut).min(hash.len()), with.chars());
        let hash: String = hash.into_iter().collect();
        let password = format!("{password}?");
        prop_assert_ne!(verify_foreign(&hash, password.as_bytes(), &TIGHT), Foreign::Match, "{}", hash);
        prop_assert!(bare(&hash).len() <= hash.len());
    }
}

fn cases_once() -> &'static [Value] {
    static CASES: std::sync::OnceLock<Vec<Value>> = std::sync::OnceLock::new();
    CASES.get_or_init(cases)
}
