//! Headers as the specification writes them, as balancers send them, and as nobody should.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;

use super::header::{FIXED, Fault, LONGEST, Source, length, read};
use super::{Refusal, extensions};

const SIGNATURE: [u8; 12] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB];

fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).expect("a test's header is short").to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, rest].concat()
}

/// The header of a connection from `client` to a server of the same family.
fn announce(client: SocketAddr, extensions: &[u8]) -> Vec<u8> {
    let port = client.port().to_be_bytes();
    match client.ip() {
        IpAddr::V4(ip) => {
            let rest = [&ip.octets()[..], &[198, 51, 100, 1], &port, &[1, 187], extensions].concat();
            header(PROXY, 0x11, &rest)
        }
        IpAddr::V6(ip) => {
            let rest = [&ip.octets()[..], &[9; 16], &port, &[1, 187], extensions].concat();
            header(PROXY, 0x21, &rest)
        }
    }
}

/// A header as AWS's Network Load Balancer sends it through a VPC endpoint: with a checksum, the endpoint's id, and
/// padding. Both from the tests of pires/go-proxyproto (`tlvparse/aws_test.go`), one of them a capture.
fn from_aws(addresses: [u8; 12], checksum: [u8; 4], endpoint: &[u8; 22]) -> Vec<u8> {
    let rest = [&addresses[..], &[3, 0, 4], &checksum, &[0xEA, 0, 23, 1], endpoint, &[4, 0, 36], &[0; 36]];
    header(PROXY, 0x11, &rest.concat())
}

fn client(text: &str) -> Source {
    Source::Client(text.parse().expect("an address with a port"))
}

#[test]
fn a_header_tells_of_the_client() {
    let v6 = "[2001:db8::7]:443".parse().expect("an address");
    assert_eq!(read(&header(PROXY, 0x11, &V4)), Ok(client("192.0.2.7:56324")));
    assert_eq!(read(&header(PROXY, 0x12, &V4)), Ok(client("192.0.2.7:56324")), "HTTP/3 comes over UDP");
    assert_eq!(read(&announce(v6, &[])), Ok(client("[2001:db8::7]:443")));
    let mapped = "[::ffff:192.0.2.7]:1".parse().expect("an address");
    assert_eq!(read(&announce(mapped, &[])), Ok(client("[::ffff:192.0.2.7]:1")));
}

#[test]
fn a_proxy_that_speaks_for_itself_is_the_peer() {
    assert_eq!(read(&header(LOCAL, 0x00, &[])), Ok(Source::Peer));
    assert_eq!(read(&header(LOCAL, 0x11, &V4)), Ok(Source::Peer), "what LOCAL says of addresses is ignored");
    assert_eq!(read(&header(LOCAL, 0xFF, &[1, 2, 3])), Ok(Source::Peer), "and its family too");
    assert_eq!(read(&header(PROXY, 0x00, &[])), Err(Fault::Family(0)), "who does not know its client");
}

#[test]
fn what_is_no_header_is_refused_at_the_first_octet_that_shows_it() {
    for (start, fault) in [
        (&b"GET / HTTP/1.1\r\n"[..], Fault::Missing),
        (b"G", Fault::Missing),
        (b"\r\n\r\nG", Fault::Missing),
        (b"\x16\x03\x01", Fault::Missing),
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", Fault::VersionOne),
        (b"PROXY UNKNOWN\r\n", Fault::VersionOne),
        (b"\r\n\r\n\0\r\nQUIT\n\x11", Fault::Command(0x11)),
        (b"\r\n\r\n\0\r\nQUIT\n\x31", Fault::Command(0x31)),
        (b"\r\n\r\n\0\r\nQUIT\n\x22", Fault::Command(0x22)),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x31", Fault::Family(0x31)),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x32", Fault::Family(0x32)),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x10", Fault::Family(0x10)),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x13", Fault::Family(0x13)),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x41", Fault::Family(0x41)),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x0F\xF1", Fault::TooLong(4097)),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\x00\xFF\xFF", Fault::TooLong(65_551)),
    ] {
        assert_eq!(length(start), Err(fault), "{start:?}");
        assert_eq!(read(start), Err(fault), "{start:?}");
    }
}

#[test]
fn addresses_that_are_cut_short_are_refused() {
    assert_eq!(read(&header(PROXY, 0x11, &V4[..11])), Err(Fault::TooShort));
    assert_eq!(read(&header(PROXY, 0x21, &[0; 35])), Err(Fault::TooShort));
    assert_eq!(read(&header(PROXY, 0x21, &V4)), Err(Fault::TooShort), "an IPv4 address is no IPv6 address");
    let whole = header(PROXY, 0x11, &V4);
    assert_eq!(read(&whole[..20]), Err(Fault::TooShort));
    assert_eq!(read(&[&whole[..], b"G"].concat()), Err(Fault::TooShort), "nothing of HTTP belongs to it");
}

#[test]
fn extensions_are_skipped_when_they_are_whole() {
    let with = |extensions: &[u8]| read(&header(PROXY, 0x11, &[&V4[..], extensions].concat()));
    assert_eq!(with(b"\x02\0\x0Bexample.org\x04\0\0\xE0\0\x01x"), Ok(client("192.0.2.7:56324")));
    assert_eq!(
        with(&[&[4, 0x0F, 0xE1][..], &[0; 4065]].concat()),
        Ok(client("192.0.2.7:56324")),
        "the longest"
    );
    assert_eq!(with(&[4]), Err(Fault::Extension));
    assert_eq!(with(&[4, 0]), Err(Fault::Extension));
    assert_eq!(with(&[4, 0, 2, 0]), Err(Fault::Extension));
    assert_eq!(with(&[3, 0, 3, 0, 0, 0]), Err(Fault::Extension), "a checksum has four octets");
    assert_eq!(with(&[3, 0, 4, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0]), Err(Fault::Extension), "and there is one");
}

#[test]
fn a_checksum_is_verified() {
    // RFC 3720 appendix B.4, and the check value that catalogues of CRCs give.
    assert_eq!(extensions::crc32c([0; 32].into_iter()), 0x8A91_36AA);
    assert_eq!(extensions::crc32c(b"123456789".iter().copied()), 0xE306_9283);

    let documented = [172, 31, 7, 113, 172, 31, 10, 31, 0xC8, 0xF2, 0, 80];
    let captured = [192, 168, 44, 10, 192, 168, 44, 7, 0xCC, 0x3E, 0x24, 0x1B];
    for (header, told) in [
        (from_aws(documented, [0xE8, 0xD6, 0x89, 0x2D], b"vpce-08d2bf15fac5001c9"), "172.31.7.113:51442"),
        (from_aws(captured, [0xB9, 0x28, 0x6F, 0xA6], b"vpce-00eafc458ec97b833"), "192.168.44.10:52286"),
    ] {
        assert_eq!(read(&header), Ok(client(told)));
        // All but the type of the checksum itself: it is against accidents, and whoever forges leaves it out.
        for at in (FIXED..header.len()).filter(|at| *at != 28) {
            let mut forged = header.clone();
            forged[at] ^= 0x40;
            assert!(read(&forged) != Ok(client(told)), "octet {at} may be anything");
        }
    }
}

/// Reads from `sent` as from a connection; what is left of it is what HTTP would get.
fn from_connection(mut sent: &[u8]) -> (Result<Source, Refusal>, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O");
    let source = runtime.block_on(super::read(&mut sent));
    (source, sent.to_vec())
}

proptest! {
    #[test]
    fn every_announced_address_arrives_and_nothing_behind_it_is_touched(
        client: SocketAddr,
        extensions in prop::collection::vec((4_u8.., prop::collection::vec(any::<u8>(), 0..40)), 0..8),
        request in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut written = Vec::new();
        for (kind, value) in extensions {
            written.extend([kind, 0, u8::try_from(value.len()).expect("under 40")]);
            written.extend(value);
        }
        let header = announce(client, &written);
        // A header cannot carry the scope and flow of an IPv6 address.
        let told = Source::Client(SocketAddr::new(client.ip(), client.port()));
        prop_assert_eq!(read(&header), Ok(told));
        for cut in 0..header.len() {
            let wanted = length(&header[..cut]).expect("it is the start of a good header");
            prop_assert!(cut < wanted && wanted <= header.len());
        }
        let (source, left) = from_connection(&[&header[..], &request].concat());
        prop_assert_eq!(source.expect("a good header"), told);
        prop_assert_eq!(left, request);
    }

    #[test]
    fn nothing_makes_it_panic_or_read_too_far(
        good in any::<bool>(),
        mut octets in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        if good {
            let start = header(PROXY, 0x11, &V4);
            octets.splice(..octets.len().min(13), start[..octets.len().min(13)].iter().copied());
        }
        let wanted = length(&octets);
        if let Ok(wanted) = wanted {
            prop_assert!((FIXED..=LONGEST).contains(&wanted));
        }
        if let Ok(source) = read(&octets) {
            prop_assert_eq!(wanted, Ok(octets.len()));
            prop_assert_eq!(from_connection(&octets).0.expect("it was good at once"), source);
        } else {
            let (_, left) = from_connection(&octets);
            prop_assert!(octets.len() - left.len() <= wanted.unwrap_or(FIXED).max(FIXED));
        }
    }
}
