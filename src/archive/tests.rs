//! What the file of a back-up promises: it is an `age` file, and nothing of it can be altered, left out or cut off unseen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::header::{self, FileKey};
use super::stream::{Opening, Sealing};
use super::*;
use crate::copy::{Digest, Summary, TableSummary, Value};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::{Entropy, SystemEntropy};

const PIECE: usize = 64 * 1_024;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into()).expect("it is long enough")
}

fn content(sealed: &[u8], key: &FileKey) -> Result<Vec<u8>, ArchiveFault> {
    let mut opening = Opening::new(sealed, key)?;
    let (mut content, mut some) = (Vec::new(), [0; 1_000]);
    loop {
        match opening.fill(&mut some)? {
            0 => return Ok(content),
            many => content.extend_from_slice(&some[..many]),
        }
    }
}

/// Written by age 1.1.1: `age -p`.
#[test]
fn what_age_writes_is_read() {
    let file = STANDARD
        .decode(
            "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBwUFdYY0xMSW9seExkK0NWNEVjNk1BIDE4CkZBbEFjd3M4SEplQy9NNC84\
             eVBGUjBFUEhzREhvS0ZYMy9wRlRQVC9SaGsKLS0tIGxoRUQ1ck5KTkszKzJCSkR1L3NCK0NoSFNJdlYwRjJWZzA2cWxkTTdUczQK\
             QERs/ZlGt+qSHlN9Zw7e0YZ9yrF3gD9Meh04Uem1KT/l3qtrWOQIspnawrAyDntjcNvoVuJ3ou7EWjI2eGln9ByW",
        )
        .expect("base64");
    let mut from = file.as_slice();
    let key = header::read(&mut from, &passphrase("correct horse battery staple")).expect("its header");
    assert_eq!(content(from, &key).expect("its content"), b"Guardhouse reads what age writes.\n");
    // That it is a file of something else is told, too.
    let other = Reader::open(file.as_slice(), &passphrase("correct horse battery staple")).err();
    assert!(matches!(other, Some(ArchiveFault::Content(_) | ArchiveFault::Altered(_))), "{other:?}");
}

#[test]
fn a_header_opens_for_its_passphrase_alone_and_as_it_was_written() {
    let (mut file, right) = (Vec::new(), passphrase("a good passphrase"));
    header::write(&mut file, &right, &SystemEntropy).expect("written");
    assert!(header::read(&mut file.as_slice(), &right).is_ok());
    let wrong = header::read(&mut file.as_slice(), &passphrase("another passphrase")).err();
    assert!(matches!(wrong, Some(ArchiveFault::WrongPassphrase)), "{wrong:?}");

    let text = String::from_utf8(file).expect("a header is text");
    let mut lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
    let other = if lines[3].starts_with("--- A") { "B" } else { "A" };
    lines[3].replace_range(4..5, other);
    let altered = header::read(&mut (lines.join("\n") + "\n").as_bytes(), &right).err();
    assert!(matches!(altered, Some(ArchiveFault::WrongPassphrase)), "{altered:?}");
    // Refused before anything is derived.
    for (from, to, told) in [
        ("age-encryption.org/v1", "age-encryption.org/v2", "does not begin"),
        (" scrypt ", " X25519 ", "for others"),
        (" 17\n", " 017\n", "malformed"),
        (" 17\n", " +17\n", "malformed"),
        (" 17\n", " 17 \n", "for others"),
        (" 17\n", " 21\n", "2^21"),
        (" 17\n", " 256\n", "malformed"),
        ("--- ", "---", "malformed"),
        ("---", "-> x\n---", "malformed"),
    ] {
        let refused = header::read(&mut text.replacen(from, to, 1).as_bytes(), &right).err().expect(to);
        assert!(refused.to_string().contains(told), "{to:?}: {refused}");
    }
    for length in [0, 10, text.len() - 1] {
        assert!(header::read(&mut &text.as_bytes()[..length], &right).is_err(), "{length}");
    }
    assert!(header::read(&mut "x".repeat(1 << 20).as_bytes(), &right).is_err());
}

#[test]
fn a_stream_of_any_length_is_read_as_it_was_written_and_no_other() {
    let key = FileKey::of([7; 16]);
    for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5] {
        let written: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let mut sealing = Sealing::new(Vec::new(), &key, &SystemEntropy).expect("begun");
        written.chunks(10_007).for_each(|some| sealing.write(some).expect("written"));
        let sealed = sealing.finish().expect("finished");
        assert_eq!(content(&sealed, &key).expect("whole"), written);

        let pieces = length.div_ceil(PIECE).max(1);
        assert_eq!(sealed.len(), 16 + length + 16 * pieces);
        // Cut off at the ends of pieces, and elsewhere.
        let ends = (0..=pieces).map(|piece| 16 + piece * (PIECE + 16));
        let cuts = ends.flat_map(|end| [end.wrapping_sub(1), end, end + 1]).chain([0, 15, sealed.len() - 1]);
        for cut in cuts.filter(|cut| *cut < sealed.len()) {
            let fault = content(&sealed[..cut], &key).expect_err("it was cut off");
            assert!(matches!(fault, ArchiveFault::Altered(_)), "{length} cut at {cut}: {fault:?}");
        }
        // A flipped bit wherever, and something behind the end.
        for at in (0..sealed.len()).step_by(sealed.len().div_ceil(40)).chain([sealed.len() - 1]) {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(content(&altered, &key).is_err(), "{length}, bit of {at}");
        }
        assert!(content(&[&sealed[..], &[0]].concat(), &key).is_err());
        assert!(content(&[&sealed[..], &sealed[16..]].concat(), &key).is_err());
        if pieces > 1 {
            let mut moved = sealed.clone();
            moved[16..].rotate_left(PIECE + 16);
            assert!(content(&moved, &key).is_err(), "pieces in another order");
            let left_out = [&sealed[..16], &sealed[16 + PIECE + 16..]].concat();
            assert!(content(&left_out, &key).is_err(), "a piece is left out");
        }
    }
}

fn beginning() -> Beginning {
    let layout = |table: &str, columns: &[&str]| Layout {
        table: table.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
    };
    Beginning {
        format: FORMAT.to_owned(),
        made_at: Timestamp::from_seconds(1_800_000_000),
        version: "0.1.0".to_owned(),
        schema: "m0010".to_owned(),
        tables: vec![layout("one", &["a"]), layout("two", &["a", "b"])],
    }
}

/// Predictable, so that files can be compared.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

#[test]
fn rows_are_read_as_they_were_written_and_then_the_end() {
    let right = passphrase("a good passphrase");
    let mut writer = Writer::begin(Vec::new(), &right, &beginning(), &Zeros).expect("begun");
    let rows = [(0, vec![Value::Int(5)]), (1, vec![Value::Null, Value::Text("é".repeat(70_000))])];
    rows.iter().for_each(|(place, row)| writer.row(*place, row).expect("written"));
    let digest = Digest::default().value();
    let summary = Summary(vec![TableSummary { table: "one".to_owned(), rows: 1, digest }]);
    let file = writer.finish(&summary).expect("finished");

    let mut reader = Reader::open(file.as_slice(), &right).expect("opened");
    assert_eq!(reader.beginning, beginning());
    for (place, row) in rows {
        assert_eq!(reader.frame().expect("a row"), Frame::Row(place, row));
    }
    assert_eq!(reader.frame().expect("the end"), Frame::End(summary.clone()));
    assert!(reader.frame().is_err(), "nothing comes behind it");

    // What was sealed without its end, or with a row of nothing, is told apart from what was altered.
    let unfinished =
        Writer::begin(Vec::new(), &right, &Beginning { format: "x".into(), ..beginning() }, &Zeros);
    let other = unfinished.expect("begun").finish(&summary).expect("finished");
    let refused = Reader::open(other.as_slice(), &right).err();
    assert!(matches!(refused, Some(ArchiveFault::Content(_))), "{refused:?}");
    let mut writer = Writer::begin(Vec::new(), &right, &beginning(), &Zeros).expect("begun");
    writer.row(2, &[Value::Null]).expect("written");
    let strange = writer.finish(&summary).expect("finished");
    let refused = Reader::open(strange.as_slice(), &right).expect("opened").frame().err();
    assert!(matches!(refused, Some(ArchiveFault::Content("a row of no table"))), "{refused:?}");
}
