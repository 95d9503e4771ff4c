//! Files of users in every format: never a panic, always an end, nothing longer than may be, no hash in what is told.
//! What is read can be written and is read as the same.

use std::io::Cursor;

use guardhouse::transfer::{FirebaseHash, LONGEST_HASH, Options, Record, SourceFormat, read, write_jsonl};
use secrecy::{ExposeSecret, SecretString};

/// The first octet chooses the format, the others are the file.
pub fn run(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else { return };
    let format = SourceFormat::ALL[usize::from(*choice) % SourceFormat::ALL.len()];
    let mut reader = read(format, Cursor::new(file), &options(format)).expect("the options fit");
    let mut last = 0;
    while let Some(item) = reader.next() {
        assert!(reader.record() > last || reader.record() == 0, "records are counted");
        last = reader.record();
        match item {
            Ok(record) => check(&record, format),
            Err(unreadable) => {
                assert!(!unreadable.reason.contains("$2b$04$"), "{unreadable}");
                assert!(!unreadable.fatal || reader.next().is_none(), "nothing follows what is fatal");
            }
        }
    }
}

fn options(format: SourceFormat) -> Options {
    let firebase = FirebaseHash {
        signer_key: SecretString::from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        salt_separator: "Bw==".into(),
        rounds: 8,
        mem_cost: 14,
    };
    Options { firebase: (format == SourceFormat::Firebase).then_some(firebase), ..Options::default() }
}

fn check(record: &Record, format: SourceFormat) {
    assert!(!record.email.is_empty());
    let own = matches!(format, SourceFormat::Jsonl | SourceFormat::Csv);
    assert!(own || !record.roles.iter().any(|role| role == "admin"), "an administrator by a foreign file");
    let hash = record.hash.as_ref().map(|hash| hash.expose_secret());
    assert!(hash.is_none_or(|hash| !hash.is_empty() && hash.len() <= LONGEST_HASH));
    assert!(hash.is_none_or(|hash| hash.len() < 8 || !format!("{record:?}").contains(hash)), "it prints");
    let mut line = Vec::new();
    write_jsonl(&mut line, record).expect("a record can be written");
    let options = options(SourceFormat::Jsonl);
    let mut again = read(SourceFormat::Jsonl, Cursor::new(line), &options).expect("no options");
    let again = again.next().expect("one line").unwrap_or_else(|unreadable| panic!("{unreadable}"));
    assert_eq!((&again.email, &again.name, again.id), (&record.email, &record.name, record.id));
    assert_eq!(again.hash.as_ref().map(|hash| hash.expose_secret()), hash);
}

/// A small file of each format.
pub fn seeds() -> Vec<Vec<u8>> {
    const HASH: &str = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let files = [
        format!("{{\"email\":\"a@b.cd\",\"name\":\"A\",\"roles\":[\"user\"],\"password_hash\":\"{HASH}\",\"created_at\":\"2020-01-01T00:00:00Z\"}}\n{{\"email\":\"b@b.cd\"}}\n"),
        format!("email,name,roles,password_hash\na@b.cd,\"A, \"\"B\"\"\",user admin,{HASH}\n"),
        format!("{{\"_id\":{{\"$oid\":\"5e\"}},\"email\":\"a@b.cd\",\"passwordHash\":\"{HASH}\"}}"),
        "{\"users\":[{\"localId\":\"x\",\"email\":\"a@b.cd\",\"passwordHash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"salt\":\"AAAA\",\"createdAt\":\"1577836800000\"}]}".into(),
        "{\"realm\":\"x\",\"users\":[{\"email\":\"a@b.cd\",\"enabled\":true,\"realmRoles\":[\"user\",\"admin\"],\"credentials\":[{\"type\":\"password\",\"secretData\":\"{\\\"value\\\":\\\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\\\",\\\"salt\\\":\\\"AAAA\\\"}\",\"credentialData\":\"{\\\"hashIterations\\\":27500,\\\"algorithm\\\":\\\"pbkdf2-sha256\\\"}\"}]}]}".into(),
        format!("id,email,encrypted_password,created_at\n0a0a0a0a-0000-4000-8000-000000000002,a@b.cd,{HASH},2024-01-02 03:04:05.678+00\n"),
        "[{\"model\":\"auth.user\",\"pk\":1,\"fields\":{\"email\":\"a@b.cd\",\"password\":\"pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"is_active\":true,\"is_superuser\":true}}]".into(),
    ];
    files.iter().zip(0_u8..).map(|(file, choice)| [&[choice], file.as_bytes()].concat()).collect()
}
