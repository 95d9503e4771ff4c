//! The header of the PROXY protocol, version 2 ([proxy-protocol.txt], section 2.2): octets in, an address out.
//!
//! ```text
//!  0 .. 12   signature
//! 12         version (2) and command: LOCAL 0, PROXY 1
//! 13         address family and transport
//! 14 .. 16   length of what follows, big-endian
//! 16 ..      source address, destination address, source port, destination port
//!            extensions: type, length in two octets, value
//! ```
//!
//! Nothing here waits or reads: [`length`] says how much of a connection belongs to the header, [`read`] what it means.
//!
//! [proxy-protocol.txt]: https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt

use std::net::SocketAddr;

use super::extensions;

/// The octets that every header has, up to and with the length of the rest.
pub const FIXED: usize = 16;

/// The longest header that is read, with its fixed part. The specification promises less than one TCP segment; nginx
/// reads as much as this, which leaves room for a host name, an id and a client certificate. What a header could
/// claim is 65 551 octets.
pub const LONGEST: usize = 4096;

/// Chosen so that no other protocol begins like that.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2 in the high half of octet 12, the command in the low one.
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

/// Whom a connection speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Nobody but its own peer: the proxy asks for itself (a health check).
    Peer,
    /// This client.
    Client(SocketAddr),
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It begins like something else, HTTP for example.
    #[error("the connection does not begin with a PROXY protocol header")]
    Missing,
    /// It is text.
    #[error("the header is of version 1; version 2 is expected (HAProxy: `send-proxy-v2`)")]
    VersionOne,
    /// A version that does not exist yet.
    #[error("the header is of an unknown version or command ({0:#04x})")]
    Command(u8),
    /// Neither TCP nor UDP.
    #[error("the header tells of an address that is not of the internet ({0:#04x})")]
    Family(u8),
    /// Longer than [`LONGEST`].
    #[error("the header claims {0} octets; at most {LONGEST} are read")]
    TooLong(usize),
    /// Its length leaves no room for the addresses, or is not that of the octets.
    #[error("the header ends before its addresses do")]
    TooShort,
    /// The extensions do not fill what is left, or two of them contradict each other.
    #[error("the extensions of the header are malformed")]
    Extension,
    /// `PP2_TYPE_CRC32C` says otherwise.
    #[error("the checksum of the header is wrong")]
    Checksum,
}

/// How many octets the header has, as far as its first ones, `start`, tell: [`FIXED`] as long as these are not
/// complete. Reading no more than that leaves everything behind the header where it is.
///
/// # Errors
///
/// [`Fault`] as soon as `start` cannot become a header that [`read`] would accept.
pub fn length(start: &[u8]) -> Result<usize, Fault> {
    if start.iter().zip(SIGNATURE).any(|(octet, expected)| *octet != expected) {
        return Err(if start.starts_with(b"PROXY") { Fault::VersionOne } else { Fault::Missing });
    }
    match start.get(SIGNATURE.len()..).unwrap_or_default() {
        [command, ..] if ![LOCAL, PROXY].contains(command) => Err(Fault::Command(*command)),
        // The family of LOCAL is to be ignored. AF_UNIX (0x31, 0x32) and AF_UNSPEC (0x00) are no mistakes of the proxy's, but
        // tell of nobody whom limits could count; what such a client writes into a forwarding header must not be
        // taken for the proxy's word.
        [PROXY, family, ..] if ![0x11, 0x12, 0x21, 0x22].contains(family) => Err(Fault::Family(*family)),
        [_, _, high, low, ..] => match FIXED + usize::from(u16::from_be_bytes([*high, *low])) {
            length if length > LONGEST => Err(Fault::TooLong(length)),
            length => Ok(length),
        },
        _ => Ok(FIXED),
    }
}

/// Reads a whole header, which is as long as [`length`] says.
///
/// A client that came over UDP counts by its address too: that is how a proxy announces HTTP/3. Extensions are skipped,
/// except for the checksum, and except in LOCAL, which does not say where they would begin.
///
/// # Errors
///
/// [`Fault`]
pub fn read(header: &[u8]) -> Result<Source, Fault> {
    let length = length(header)?;
    let (fixed, rest) = header.split_first_chunk::<FIXED>().ok_or(Fault::TooShort)?;
    if length != header.len() {
        return Err(Fault::TooShort);
    }
    let (client, extensions) = match (fixed[12], fixed[13]) {
        (LOCAL, _) => return Ok(Source::Peer),
        (_, 0x11 | 0x12) => {
            let (addresses, extensions) = rest.split_first_chunk::<12>().ok_or(Fault::TooShort)?;
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *addresses;
            (SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low]))), extensions)
        }
        (_, 0x21 | 0x22) => {
            let (source, rest) = rest.split_first_chunk::<16>().ok_or(Fault::TooShort)?;
            let (others, extensions) = rest.split_first_chunk::<20>().ok_or(Fault::TooShort)?;
            let port = u16::from_be_bytes([others[16], others[17]]);
            (SocketAddr::from((*source, port)), extensions)
        }
        (_, other) => return Err(Fault::Family(other)),
    };
    extensions::check(header, extensions)?;
    Ok(Source::Client(client))
}
