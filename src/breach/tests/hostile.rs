//! Files that are damaged, and files that are whole and lie.

use std::io;

use super::super::layout::{BITS, DIGEST_AT, Header, LONGEST_BLOCK, Shape, check_of, index_entry};
use super::*;

const COUNT: u32 = 300;

fn desk() -> Desk {
    let desk = Desk::with(members(COUNT));
    desk.build(PASSWORDS, 8).unwrap();
    desk
}

/// The first fault of opening the file and asking for every member. What is answered before has to be right.
fn first_fault(desk: &Desk) -> Option<String> {
    let filter = match BreachFilter::open(&desk.output()) {
        Ok(filter) => filter,
        Err(fault) => return Some(fault.to_string()),
    };
    (0..COUNT).find_map(|number| match filter.contains(member(number).as_bytes()) {
        Ok(found) => {
            assert!(found, "a wrong answer instead of an error");
            None
        }
        Err(fault) => Some(fault.to_string()),
    })
}

#[test]
fn every_flipped_octet_is_found() {
    let desk = desk();
    assert_eq!(first_fault(&desk), None);
    let whole = desk.octets();
    for at in 0..whole.len() {
        let mut octets = whole.clone();
        octets[at] ^= 1 << (at % 8);
        fs::write(desk.output(), &octets).unwrap();
        let fault = first_fault(&desk).unwrap_or_else(|| panic!("octet {at} went unnoticed"));
        assert_names(&fault, &desk.output());
    }
}

#[test]
fn every_shorter_file_and_a_longer_one_is_refused_at_the_start() {
    let desk = desk();
    let whole = desk.octets();
    for length in 0..whole.len() {
        fs::write(desk.output(), &whole[..length]).unwrap();
        let fault = BreachFilter::open(&desk.output()).map(|_| ()).unwrap_err();
        let foreign = matches!(fault, FilterFault::NotAFilter { .. });
        let damaged = matches!(fault, FilterFault::Damaged { .. });
        assert!(if length < 8 { foreign } else { damaged }, "{length} octets: {fault}");
    }
    fs::write(desk.output(), [&whole[..], &[0]].concat()).unwrap();
    assert!(matches!(BreachFilter::open(&desk.output()), Err(FilterFault::Damaged { .. })));
}

#[test]
fn a_filter_of_another_version_says_so() {
    let desk = desk();
    let mut octets = desk.octets();
    octets[8] = 2;
    fs::write(desk.output(), octets).unwrap();
    assert!(matches!(BreachFilter::open(&desk.output()), Err(FilterFault::Version { found: 2, .. })));
}

/// A file with the digest that its header and index deserve.
fn sealed(header: &Header, index: &[[u8; 8]], body: &[u8]) -> Vec<u8> {
    let index = index.concat();
    let digest = header.digest(|buffer, at| {
        let at = (at - header.index_at()) as usize;
        buffer.copy_from_slice(&index[at..at + buffer.len()]);
        Ok(())
    });
    [header.to_octets(digest.unwrap()), index, body.to_vec()].concat()
}

fn opened(octets: Vec<u8>) -> Result<BreachFilter, FilterFault> {
    BreachFilter::embedded(octets.leak())
}

fn one_block(body: &[u8]) -> Header {
    Header { shape: Shape { bits: 20, entries: 3 }, source: "made by hand".into(), body: body.len() as u64 }
}

#[test]
fn an_index_that_lies_is_an_error_of_the_question() {
    let body = [0xff; 2 * LONGEST_BLOCK];
    let check = |length: usize| check_of(0, &body[..length]);
    let lies = [
        ([index_entry(9, check(9)), index_entry(0, 0)], "outside"),
        ([index_entry(0, check(9)), index_entry(1 << 39, 0)], "outside"),
        ([index_entry(1 << 39, check(9)), index_entry((1 << 39) + 9, 0)], "outside"),
        ([index_entry(0, check(LONGEST_BLOCK + 1)), index_entry(LONGEST_BLOCK as u64 + 1, 0)], "outside"),
        ([index_entry(0, check(9) ^ 1), index_entry(9, 0)], "check"),
        ([index_entry(0, check_of(1, &body[..9])), index_entry(9, 0)], "check"),
        // All ones: each code is a one and 19 bits, and 17 octets end within one.
        ([index_entry(0, check(17)), index_entry(17, 0)], "middle of a code"),
    ];
    for (index, expected) in lies {
        let filter = opened(sealed(&one_block(&body), &index, &body)).unwrap();
        // Whether a cut is reached depends on where the question ends, so the last value is asked for.
        let fault = io::Error::from(filter.holds(u64::MAX).unwrap_err());
        assert_eq!(fault.kind(), io::ErrorKind::InvalidData);
        assert!(fault.to_string().contains(expected), "{expected}: {fault}");
    }
}

#[test]
fn a_header_that_lies_is_refused_before_anything_follows_from_it() {
    let index = [index_entry(0, 0), index_entry(0, 0)];
    let whole = sealed(&one_block(&[]), &index, &[]);
    opened(whole.clone()).unwrap();
    let most = u64::MAX.to_le_bytes();
    let lies: &[(usize, &[u8])] = &[
        (10, &[0, 0]),
        (10, &[*BITS.end() + 1, 0]),
        (10, &[20, 1]),
        (12, &most[..4]),
        (16, &most),
        (16, &[0; 8]),
        (24, &most),
        (24, &[0; 8]),
        (32, &most),
        (32, &[1]),
        (12, &[0; 4]),
        (DIGEST_AT, &[0; 32]),
    ];
    for (at, octets) in lies {
        let mut file = whole.clone();
        file[*at..at + octets.len()].copy_from_slice(octets);
        let fault = opened(file).map(|_| ()).unwrap_err();
        assert!(matches!(fault, FilterFault::Damaged { .. }), "{at}: {fault}");
    }
    let talking = Header { source: "two\nlines".into(), ..one_block(&[]) };
    assert!(opened(sealed(&talking, &index, &[])).is_err(), "a source is printed, so it has one line");
}
