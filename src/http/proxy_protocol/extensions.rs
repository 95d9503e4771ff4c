//! What follows the addresses in a header (proxy-protocol.txt, section 2.2, "TLV"): skipped, once it is known to be
//! whole. Only the checksum means something to us.

use super::header::Fault;

/// `PP2_TYPE_CRC32C` (section 2.2.3).
const CRC32C: u8 = 0x03;

/// Whether `extensions`, the end of `header`, are well-formed and the checksum among them, if there is one, is right.
pub(super) fn check(header: &[u8], extensions: &[u8]) -> Result<(), Fault> {
    let (mut rest, mut checksum) = (extensions, None);
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, next) = after.split_at_checked(length).ok_or(Fault::Extension)?;
        if *kind == CRC32C {
            let told = u32::from_be_bytes(value.try_into().map_err(|_| Fault::Extension)?);
            let place = header.len() - after.len();
            if checksum.replace((told, place..place + value.len())).is_some() {
                return Err(Fault::Extension);
            }
        }
        rest = next;
    }
    if !rest.is_empty() {
        return Err(Fault::Extension);
    }
    let Some((told, place)) = checksum else { return Ok(()) };
    // It is that of a header with zeros in its place.
    let zeroed = header.iter().enumerate().map(|(at, octet)| if place.contains(&at) { 0 } else { *octet });
    if crc32c(zeroed) == told { Ok(()) } else { Err(Fault::Checksum) }
}

/// CRC-32C (Castagnoli; RFC 4960 appendix B), bit by bit: at most 4 KiB, once a connection.
pub(super) fn crc32c(octets: impl Iterator<Item = u8>) -> u32 {
    const POLYNOMIAL: u32 = 0x82F6_3B78;
    !octets.fold(u32::MAX, |sum, octet| {
        (0..8).fold(sum ^ u32::from(octet), |sum, _| (sum >> 1) ^ (POLYNOMIAL * (sum & 1)))
    })
}
