//! Sizes in bytes as people write them (`16KiB`, `19MiB`) and back. Durations are the domain's: see
//! [`crate::domain::duration`].

/// The binary units from the largest to the smallest, each with its length in bytes.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads a size: one whole number and one of the units `B`, `KiB`, `MiB`, `GiB`.
///
/// # Errors
///
/// A sentence about what is wrong: no unit, a decimal unit (`MB` means two things, so it is refused), an unknown one,
/// anything but digits before it, more bytes than 64 bits hold.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    if digits.is_empty() {
        return Err(format!("`{text}` is not a size; write one such as `16KiB` or `19MiB`"));
    }
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit; write `{text}B`, `{text}KiB` or `{text}MiB`"));
    }
    let Some((_, length)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(match unit.trim().to_ascii_lowercase().as_str() {
            "k" | "kb" | "kib" => {
                format!("`{unit}` is not a unit here; write `{digits}KiB` (1024 bytes each)")
            }
            "m" | "mb" | "mib" => format!("`{unit}` is not a unit here; write `{digits}MiB` (1024 KiB each)"),
            "g" | "gb" | "gib" => format!("`{unit}` is not a unit here; write `{digits}GiB` (1024 MiB each)"),
            _ => format!("`{unit}` in `{text}` is not a unit of size; use B, KiB, MiB or GiB"),
        });
    };
    let too_large = || format!("`{text}` is larger than a size can be");
    digits.parse::<u64>().map_err(|_| too_large())?.checked_mul(*length).ok_or_else(too_large)
}

/// Writes a size in the largest unit that keeps it a whole number, so that [`parse_bytes`] reads back the same.
pub fn format_bytes(bytes: u64) -> String {
    let (unit, length) = UNITS
        .into_iter()
        .find(|(_, length)| bytes >= *length && bytes.is_multiple_of(*length))
        .unwrap_or(("B", 1));
    format!("{}{unit}", bytes / length)
}
