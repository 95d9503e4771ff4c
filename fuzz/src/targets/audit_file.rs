//! The audit log as a file, and the spool: whatever the bytes are, nothing that was not written is proved or read back.

use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

use guardhouse::domain::audit::chain::{Head, Linked};
use guardhouse::domain::audit::checkpoint::{CheckpointKey, Statement};
use guardhouse::domain::audit::lines::{Line, Reading};
use guardhouse::domain::audit::record::Record;
use guardhouse::domain::audit::verify::Verifier;
use guardhouse::domain::audit::{Free, FreeKind, Origin, Subject};
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::domain::id::InstanceId;
use guardhouse::store::audit::Spool;
use uuid::Uuid;

use super::common::{Known, at};

/// A log of one chain of six records, signed in the middle and at its end.
struct Log {
    key: CheckpointKey,
    lines: Vec<Line>,
    records: Vec<Linked>,
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let key = CheckpointKey::generate(&Known(5));
    let chain = InstanceId(Uuid::from_u128(7));
    let (mut head, mut records, mut checkpoints) = (Head::START, Vec::new(), Vec::new());
    for number in 0..6 {
        let kind = if number == 0 { FreeKind::ChainBegun } else { FreeKind::LoginFailed };
        let subject = Subject::default().detail(format!("number {number}"));
        let event = Free::new(at(number), kind, subject, &Origin::server("fuzz"));
        let id = Uuid::from_u128(100 + u128::try_from(number).unwrap_or_default());
        let record = Record::new(id, chain, event.event(), "192.0.2.1".into(), &Known(9));
        head = head.then(chain, &record.digest());
        records.push(Linked { chain, head, record });
        if number == 2 || number == 5 {
            checkpoints.push(key.sign(chain, head, at(number), Statement::Reached));
        }
    }
    let public = *key.public();
    let mut lines = vec![Line::Key { kid: public.kid(), public }, Line::Chain { chain, checkpoints }];
    lines.extend(records.iter().map(|linked| Line::Record(Box::new(linked.clone()))));
    lines.push(Line::End { records: 6 });
    Log { key, lines, records }
});

/// The first octet chooses what the others are: an export, or a spool.
pub fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, file)) => exported(file),
        Some((_, file)) => spooled(file),
        None => {}
    }
}

fn exported(file: &[u8]) {
    let log = &*LOG;
    let (mut reading, mut verifier) =
        (Reading::default(), Verifier::new(vec![*log.key.public()], Vec::new()));
    let mut taken = Vec::new();
    for line in file.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { return };
        let text = serde_json::to_vec(&line).expect("a line can be written");
        assert_eq!(serde_json::from_slice::<Line>(&text).ok().as_ref(), Some(&line));
        if let Line::Record(linked) = &line {
            taken.push((**linked).clone());
        }
        if reading.line(line, &mut verifier).is_err() {
            return;
        }
    }
    let (ended, report) = (reading.end(), verifier.finish());
    if ended.is_err() || !report.faults.is_empty() {
        return;
    }
    // What a signature vouches for is what was written.
    let genuine: HashMap<_, _> =
        log.records.iter().map(|linked| ((linked.chain, linked.head.seq), linked)).collect();
    for proven in &report.chains {
        for linked in
            taken.iter().filter(|linked| linked.chain == proven.chain && linked.head.seq <= proven.signed)
        {
            let written = genuine.get(&(linked.chain, linked.head.seq)).expect("it was never written");
            assert_eq!(linked.record.digest(), written.record.digest(), "{linked:?}");
            assert!(linked.record.personal.is_none() || linked.record.personal == written.record.personal);
        }
    }
}

fn spooled(file: &[u8]) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let folder = directory.path().join("audit-spool");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::File::create(folder.join("x.jsonl")).and_then(|mut made| made.write_all(file)).expect("a file");
    for mut spool in Spool::abandoned(directory.path()).expect("the folder can be read") {
        let mut rounds = 0;
        while !spool.is_empty() {
            let (records, end) = spool.next(2).expect("the file can be read");
            for record in records {
                // Whoever meddles by chance does not hit the sum.
                assert!(LOG.records.iter().any(|linked| linked.record == record), "{record:?}");
            }
            spool.took(end).expect("the file can be emptied");
            rounds += 1;
            assert!(rounds <= file.len() + 1, "it comes to an end");
        }
    }
}

/// A good log, logs that were meddled with, and a spool.
pub fn seeds() -> Vec<Vec<u8>> {
    let log = &*LOG;
    let text = |lines: &[Line]| {
        let lines =
            lines.iter().map(|line| serde_json::to_string(line).expect("a line can be written") + "\n");
        format!("\0{}", lines.collect::<String>()).into_bytes()
    };
    let mut swapped = log.lines.clone();
    swapped.swap(4, 5);
    let mut cut = log.lines.clone();
    cut.truncate(6);
    cut.push(Line::End { records: 4 });
    let mut erased = log.lines.clone();
    if let Line::Record(linked) = &mut erased[3] {
        linked.record.personal = None;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let instance = InstanceId::generate(at(0), &SystemEntropy);
    let mut spool = Spool::open(directory.path(), instance, 1 << 20).expect("a spool");
    let records: Vec<_> = log.records.iter().map(|linked| linked.record.clone()).collect();
    spool.append(&records).expect("there is room");
    let path = directory.path().join("audit-spool").join(format!("{instance}.jsonl"));
    let spooled = [b"\x01".to_vec(), std::fs::read(path).expect("the spool can be read")].concat();
    vec![
        text(&log.lines),
        text(&swapped),
        text(&cut),
        text(&erased),
        spooled[..spooled.len() / 2].to_vec(),
        spooled,
    ]
}
