//! What is written is read as the same.

use proptest::prelude::*;
use uuid::Uuid;

use super::{all, told};
use crate::domain::clock::Timestamp;
use crate::transfer::SourceFormat::{Csv, Jsonl};
use crate::transfer::{CsvWriter, Record, write_jsonl};

fn jsonl(records: &[Record]) -> Vec<u8> {
    let mut file = Vec::new();
    for record in records {
        write_jsonl(&mut file, record).expect("memory");
    }
    file
}

fn csv(records: &[Record]) -> Vec<u8> {
    let mut table = CsvWriter::new(Vec::new()).expect("memory");
    for record in records {
        table.write(record).expect("memory");
    }
    table.finish().expect("memory")
}

fn assert_round_trip(records: &[Record]) {
    let written: Vec<_> = records.iter().map(told).collect();
    for (format, file) in [(Jsonl, jsonl(records)), (Csv, csv(records))] {
        let read: Vec<_> =
            all(format, file).iter().map(|read| told(read.as_ref().expect("a record"))).collect();
        assert_eq!(read, written, "{format}");
    }
}

#[test]
fn awkward_names_come_back_as_they_were() {
    let names = [
        "=1+1",
        "@SUM(A1)",
        "+1",
        "-1",
        "O'Brien",
        "\"",
        "\"\"",
        "a\"b\"",
        ",",
        "a,b",
        "\n",
        "\r",
        "\r\n",
        "a\r\nb",
        " ",
        " a ",
        "\t",
        "\\",
        "\\n",
        "\0",
        "null",
        "true",
        "[]",
        "{}",
        "\u{feff}",
        "\u{2028}",
        "Zoë 🦀",
        "#",
        ";",
        "'",
    ];
    let record =
        |name: &&str| Record { name: Some((*name).to_owned()), ..Record::new(format!("{name}@b.c")) };
    assert_round_trip(&names.iter().map(record).collect::<Vec<_>>());
    assert_round_trip(&[]);
}

#[test]
fn what_is_written_looks_as_it_is_documented() {
    let record = Record {
        id: Some(Uuid::from_u128(7)),
        name: Some("Ada".into()),
        roles: vec!["admin".into(), "user".into()],
        created_at: Some(Timestamp::from_micros(1_700_000_000_000_001)),
        hash: Some("$2b$x".to_owned().into()),
        ..Record::new("a@b.c")
    };
    assert_eq!(
        String::from_utf8(jsonl(std::slice::from_ref(&record))).expect("UTF-8"),
        "{\"id\":\"00000000-0000-0000-0000-000000000007\",\"email\":\"a@b.c\",\"email_verified\":false,\
         \"name\":\"Ada\",\"roles\":[\"admin\",\"user\"],\"disabled\":false,\
         \"created_at\":\"2023-11-14T22:13:20.000001Z\",\"password_hash\":\"$2b$x\"}\n"
    );
    assert_eq!(
        String::from_utf8(csv(&[record])).expect("UTF-8"),
        "id,email,email_verified,name,roles,disabled,created_at,last_login_at,password_hash\n\
         00000000-0000-0000-0000-000000000007,a@b.c,false,Ada,admin user,false,2023-11-14T22:13:20.000001Z,,$2b$x\n"
    );
}

#[test]
fn a_table_has_no_place_for_a_role_with_blanks() {
    for role in ["", "a b", "a\n"] {
        let record = Record { roles: vec![role.into()], ..Record::new("a@b.c") };
        let mut table = CsvWriter::new(Vec::new()).expect("memory");
        let error = table.write(&record).expect_err("refused");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{role:?}");
    }
}

fn records() -> impl Strategy<Value = Record> {
    let moment = || proptest::option::of((0..=Timestamp::MAX.micros()).prop_map(Timestamp::from_micros));
    let text = || proptest::string::string_regex("(?s).{1,12}").expect("a pattern");
    let times = (moment(), moment());
    let flags = (any::<bool>(), any::<bool>());
    let id = proptest::option::of(any::<u128>().prop_map(Uuid::from_u128));
    let roles = proptest::collection::vec("[a-z][a-z0-9_-]{0,5}", 0..3);
    let (name, hash) = (proptest::option::of(text()), proptest::option::of(text()));
    (id, text(), flags, name, roles, times, hash).prop_map(|(id, email, flags, name, roles, times, hash)| {
        Record {
            id,
            email,
            email_verified: flags.0,
            name,
            roles,
            disabled: flags.1,
            created_at: times.0,
            last_login_at: times.1,
            hash: hash.map(Into::into),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_as_the_same(records in proptest::collection::vec(records(), 0..4)) {
        assert_round_trip(&records);
    }
}
