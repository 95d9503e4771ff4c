//! The header of the PROXY protocol: how much of a connection belongs to it, and whom it speaks for. A header that would be
//! read further than it is long would swallow a request; one that is read in two ways would let a client choose.

use guardhouse::http::proxy_protocol::header::{FIXED, LONGEST, length, read};

/// `data` is what a connection begins with.
pub fn run(data: &[u8]) {
    // Read as the server does: by as many octets as are certain to belong to the header.
    let mut have = FIXED.min(data.len());
    let told = loop {
        match length(&data[..have]) {
            Err(fault) => break Err(fault),
            Ok(length) => {
                assert!((FIXED..=LONGEST).contains(&length), "{length} octets");
                if have == length {
                    break Ok(length);
                }
                if length > data.len() {
                    assert!(read(data).is_err(), "a header that is not whole was read");
                    return;
                }
                assert!(length > have, "it got shorter");
                have = length;
            }
        }
    };
    match told {
        Err(fault) => assert_eq!(read(data), Err(fault), "what cannot begin a header was read as one"),
        Ok(length) => {
            let (header, rest) = data.split_at(length);
            let meant = read(header);
            // Every shorter beginning leads to the same length, and none to another fault than the whole has.
            for end in 0..length {
                assert!(leads_there(&header[..end], length), "at {end}");
            }
            if !rest.is_empty() {
                assert!(read(data).is_err(), "octets of HTTP were taken for the header's");
            }
            assert_eq!(read(header), meant);
        }
    }
}

fn leads_there(start: &[u8], whole: usize) -> bool {
    length(start).is_ok_and(|length| length == FIXED || length == whole)
}

/// Headers as balancers send them, and what else a connection may begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    let v4 = b"\x21\x11\0\x0C\xC0\0\x02\x07\xC6\x33\x64\x01\xDC\x04\x01\xBB";
    let with = |rest: &[u8]| [&signature[..], rest].concat();
    vec![
        with(v4),
        [&with(v4)[..], b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"].concat(),
        with(&[&b"\x21\x21\0\x24"[..], &[0x20; 32], &[1, 187, 0, 80]].concat()),
        with(b"\x20\0\0\0"),
        with(&[&b"\x21\x11\0\x13"[..], &v4[4..], b"\x03\0\x04\x01\x02\x03\x04"].concat()),
        with(&[&b"\x21\x11\0\x1F"[..], &v4[4..], b"\x02\0\x0Bexample.org\x04\0\x02\0\0"].concat()),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        with(b"\x21\x11\xFF\xFF"),
        with(b"\x21\x31\0\xD8"),
    ]
}
