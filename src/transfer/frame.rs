//! What a file is cut into before anybody looks inside.

use std::io;

/// The most octets of one record: more is a reject that is passed over, not an allocation.
pub const LONGEST: usize = 1 << 20;

/// The bytes of one record.
pub(super) struct Frame {
    /// Where it begins.
    pub(super) line: u64,
    /// `None` when there are more than [`LONGEST`].
    pub(super) bytes: Option<Vec<u8>>,
}

/// Nothing behind this can be read.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: u64,
    pub(super) reason: String,
}

impl Broken {
    pub(super) fn new(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }

    pub(super) fn io(line: u64, error: &io::Error) -> Self {
        Self::new(line, format!("the file cannot be read any further: {error}"))
    }
}

/// The frames of one file.
pub(super) type Frames<'a> = Box<dyn Iterator<Item = Result<Frame, Broken>> + 'a>;

/// Collects the bytes of a frame, and forgets them when they are too many.
pub(super) struct Held {
    bytes: Option<Vec<u8>>,
    length: u64,
    blank: bool,
}

impl Held {
    pub(super) fn new() -> Self {
        Self { bytes: Some(Vec::new()), length: 0, blank: true }
    }

    /// Keeps nothing, for what is only passed over.
    pub(super) fn nothing() -> Self {
        Self { bytes: None, ..Self::new() }
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.length += 1;
        self.blank &= byte.is_ascii_whitespace();
        match &mut self.bytes {
            Some(bytes) if bytes.len() < LONGEST => bytes.push(byte),
            bytes => *bytes = None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn is_blank(&self) -> bool {
        self.blank
    }

    pub(super) fn into_frame(self, line: u64) -> Frame {
        Frame { line, bytes: self.bytes }
    }
}
