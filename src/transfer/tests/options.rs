//! What has to be said beside a file, and what must not.

use crate::transfer::{DIALECTS, FirebaseHash, Options, OptionsFault, SourceFormat, read};

fn fault(format: SourceFormat, options: &Options) -> Option<OptionsFault> {
    read(format, &b""[..], options).err()
}

fn firebase() -> FirebaseHash {
    FirebaseHash { signer_key: "c2lnbmVy".into(), salt_separator: "Bw==".into(), rounds: 8, mem_cost: 14 }
}

fn with(firebase: FirebaseHash) -> Options {
    Options { firebase: Some(firebase), ..Options::default() }
}

#[test]
fn a_source_is_read_as_it_is_written() {
    let words: Vec<_> = SourceFormat::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["jsonl", "csv", "auth0", "firebase", "keycloak", "supabase", "django"]);
    for format in SourceFormat::ALL {
        assert_eq!(format.word().parse(), Ok(format));
    }
    let unknown = "JSON".parse::<SourceFormat>().expect_err("no such source").to_string();
    assert_eq!(unknown, "`JSON` is none of jsonl, csv, auth0, firebase, keycloak, supabase, django");
}

#[test]
fn an_option_that_would_do_nothing_is_refused() {
    for format in SourceFormat::ALL {
        let own = matches!(format, SourceFormat::Jsonl | SourceFormat::Csv);
        let dialect = Options { hash_dialect: Some("md5".into()), ..Options::default() };
        let fault_of_dialect = OptionsFault::NotForFormat { option: "the dialect of hashes", format };
        assert_eq!(fault(format, &dialect), (!own).then_some(fault_of_dialect));
        let is_firebase = format == SourceFormat::Firebase;
        let fault_of_firebase = OptionsFault::NotForFormat { option: "a hash parameter of firebase", format };
        assert_eq!(fault(format, &with(firebase())), (!is_firebase).then_some(fault_of_firebase));
        let nothing = fault(format, &Options::default());
        assert_eq!(nothing, is_firebase.then_some(OptionsFault::FirebaseMissing));
    }
}

#[test]
fn a_dialect_is_one_of_those_that_are_known() {
    for dialect in DIALECTS {
        let options = Options { hash_dialect: Some(dialect.into()), ..Options::default() };
        assert_eq!(fault(SourceFormat::Csv, &options), None);
    }
    let options = Options { hash_dialect: Some("MD5".into()), ..Options::default() };
    let unknown = fault(SourceFormat::Csv, &options).expect("a fault").to_string();
    assert!(unknown.starts_with("`MD5` is no dialect of hashes; known are kratos, aspnet, "), "{unknown}");
}

#[test]
fn the_parameters_of_firebase_are_checked_before_the_file() {
    let of = |hash| fault(SourceFormat::Firebase, &with(hash));
    assert_eq!(of(firebase()), None);
    assert_eq!(of(FirebaseHash { salt_separator: String::new(), ..firebase() }), None);
    for key in ["", "no base64!"] {
        assert_eq!(of(FirebaseHash { signer_key: key.into(), ..firebase() }), Some(OptionsFault::SignerKey));
    }
    let separator = FirebaseHash { salt_separator: "?".into(), ..firebase() };
    assert_eq!(of(separator), Some(OptionsFault::SaltSeparator));
    for rounds in [0, 9] {
        assert_eq!(of(FirebaseHash { rounds, ..firebase() }), Some(OptionsFault::Rounds(rounds)));
    }
    for mem_cost in [0, 15] {
        assert_eq!(of(FirebaseHash { mem_cost, ..firebase() }), Some(OptionsFault::MemCost(mem_cost)));
    }
    assert!(!format!("{:?}", with(firebase())).contains("c2lnbmVy"));
}
