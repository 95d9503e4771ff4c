//! Reading an answer of HTTP/1.1, as much of it as a server sends that knows the length of what it says.
//!
//! Not here: bodies in chunks or up to the end of the connection. Guardhouse sends neither; what comes that way is
//! `malformed` in the result, and not half understood.

use crate::bench::recorder::Stages;

/// The longest head that is read.
const LONGEST_HEAD: usize = 16 << 10;
/// The longest answer that is read, with its head.
pub(super) const LONGEST: usize = 256 << 10;

/// A whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: &'a [u8],
    /// What it says about where the time went.
    pub stages: Stages,
    /// Whether the server closes the connection after it.
    pub closes: bool,
}

/// What the octets that have come so far are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed<'a> {
    /// The beginning of an answer.
    Part,
    /// An answer, and so many octets of it.
    Whole(Answer<'a>, usize),
    /// Something else.
    Malformed,
}

/// Reads `octets` from their beginning.
pub(super) fn parse(octets: &[u8]) -> Parsed<'_> {
    let window = &octets[..octets.len().min(LONGEST_HEAD)];
    let Some(end) = window.windows(4).position(|four| four == b"\r\n\r\n") else {
        let begins = octets.len().min(5);
        let is_http = octets[..begins] == b"HTTP/"[..begins];
        return if is_http && octets.len() < LONGEST_HEAD { Parsed::Part } else { Parsed::Malformed };
    };
    let Some(head) = std::str::from_utf8(&octets[..end]).ok().and_then(Head::read) else {
        return Parsed::Malformed;
    };
    let begin = end + 4;
    let Some(whole) = begin.checked_add(head.length).filter(|whole| *whole <= LONGEST) else {
        return Parsed::Malformed;
    };
    if octets.len() < whole {
        return Parsed::Part;
    }
    let (status, stages, closes) = (head.status, head.stages, head.closes);
    Parsed::Whole(Answer { status, body: &octets[begin..whole], stages, closes }, whole)
}

struct Head {
    status: u16,
    length: usize,
    stages: Stages,
    closes: bool,
}

impl Head {
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.split("\r\n");
        let (version, rest) = lines.next()?.split_once(' ')?;
        let status: u16 = rest.get(..3)?.parse().ok()?;
        let mut closes = match version {
            "HTTP/1.1" => false,
            "HTTP/1.0" => true,
            _ => return None,
        };
        // RFC 9110, section 6.4.1: these have no body, whatever their length says.
        let has_body = !matches!(status, 100..=199 | 204 | 304);
        let (mut length, mut stages) = (None, Stages::default());
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                let said: usize = value.parse().ok()?;
                if length.is_some_and(|length| length != said) {
                    return None;
                }
                length = Some(said);
            } else if name.eq_ignore_ascii_case("connection") {
                closes |= value.split(',').any(|option| option.trim().eq_ignore_ascii_case("close"));
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return None;
            } else if name.eq_ignore_ascii_case("server-timing") {
                stages = Stages::parse(value);
            }
        }
        // An interim answer is the answer to nothing that was asked here.
        if status < 200 {
            return None;
        }
        let length = if has_body { length? } else { 0 };
        Some(Self { status, length, stages, closes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::recorder::Stage;
    use std::time::Duration;

    const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer-Timing: hash;dur=2\r\n\r\nhello";

    #[test]
    fn an_answer_is_whole_when_its_length_has_come() {
        for end in 0..WHOLE.len() {
            assert_eq!(parse(&WHOLE[..end]), Parsed::Part, "{end}");
        }
        let Parsed::Whole(answer, octets) = parse(WHOLE) else { panic!("whole") };
        assert_eq!((answer.status, answer.body, answer.closes), (200, &b"hello"[..], false));
        assert_eq!(answer.stages.get(Stage::Hash), Some(Duration::from_millis(2)));
        assert_eq!(octets, WHOLE.len());
        let more = [WHOLE, b"HTTP"].concat();
        assert!(matches!(parse(&more), Parsed::Whole(_, octets) if octets == WHOLE.len()));
    }

    #[test]
    fn what_has_no_body_needs_no_length() {
        let none = b"HTTP/1.1 204 No Content\r\nconnection: Close\r\n\r\n";
        let Parsed::Whole(answer, _) = parse(none) else { panic!("whole") };
        assert_eq!((answer.status, answer.body.len(), answer.closes), (204, 0, true));
    }

    #[test]
    fn anything_else_is_malformed_and_not_waited_for() {
        for text in [
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
            assert_eq!(parse(text.as_bytes()), Parsed::Malformed, "{text}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(LONGEST_HEAD));
        assert_eq!(parse(endless.as_bytes()), Parsed::Malformed);
    }
}
