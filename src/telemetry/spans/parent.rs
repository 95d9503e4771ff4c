//! The header `traceparent` (W3C Trace Context, section 3.2).

/// What a caller says about the trace that its request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent<'a> {
    /// The trace's id, as it stands there.
    pub trace: &'a str,
    /// The caller's span.
    pub span: u64,
    /// Whether the caller records the trace.
    pub is_sampled: bool,
}

impl<'a> TraceParent<'a> {
    /// From the header's value; `None` where it is none.
    pub fn parse(value: &'a str) -> Option<Self> {
        let mut parts = value.split('-');
        let mut part = |length: usize| {
            let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            parts.next().filter(|part| part.len() == length && part.bytes().all(is_hex))
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        // Later versions may say more.
        let is_whole = version != "00" || parts.next().is_none();
        let span = u64::from_str_radix(span, 16).ok()?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        let is_valid = version != "ff" && is_whole && span != 0 && trace.bytes().any(|b| b != b'0');
        is_valid.then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }

    pub(super) fn id(&self) -> Option<u128> {
        u128::from_str_radix(self.trace, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_standard_allows_is_read() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let read = TraceParent::parse(good).expect("the standard's own example");
        assert_eq!(read.trace, "0af7651916cd43dd8448eb211c80319c");
        assert_eq!((read.span, read.is_sampled), (0xb7ad_6b71_6920_3331, true));
        assert!(!TraceParent::parse(&good.replace("-01", "-02")).expect("another flag").is_sampled);
        assert!(TraceParent::parse(&format!("01{}-more", &good[2..])).is_some(), "a later version");
        for bad in [
            String::new(),
            good[..52].to_owned(),
            good.to_uppercase(),
            format!("{good}-more"),
            format!("ff{}", &good[2..]),
            good.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            good.replace("b7ad6b7169203331", &"0".repeat(16)),
            good.replace("-01", "-+1"),
        ] {
            assert_eq!(TraceParent::parse(&bad), None, "{bad}");
        }
    }
}
