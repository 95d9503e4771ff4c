//! Where one JSON value ends, told byte by byte.

/// As many levels are checked bracket by bracket, as many as `serde_json` takes; deeper ones are only counted, so that
/// a file of nothing but brackets fills no memory.
const DEPTH: usize = 128;

/// What a byte is to the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// A part of it.
    Part,
    /// Its last part.
    Last,
    /// The value ended before it.
    Before,
    /// A bracket that closes one of another kind.
    Mismatch,
}

#[derive(Default)]
pub(super) struct Scan {
    /// The brackets that close what is open.
    open: Vec<u8>,
    deeper: u64,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Takes note of the next byte.
    pub(super) fn see(&mut self, byte: u8) -> Seen {
        if self.in_string {
            return self.see_in_string(byte);
        }
        match byte {
            b'"' => self.in_string = true,
            b'[' => self.go_in(b']'),
            b'{' => self.go_in(b'}'),
            b']' | b'}' if !self.open.is_empty() => return self.go_out(byte),
            b']' | b'}' | b',' if self.open.is_empty() => return Seen::Before,
            _ => {}
        }
        Seen::Part
    }

    fn see_in_string(&mut self, byte: u8) -> Seen {
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
            return self.part_or_last();
        }
        Seen::Part
    }

    fn go_in(&mut self, close: u8) {
        if self.open.len() < DEPTH {
            self.open.push(close);
        } else {
            self.deeper += 1;
        }
    }

    fn go_out(&mut self, close: u8) -> Seen {
        if self.deeper > 0 {
            self.deeper -= 1;
            return Seen::Part;
        }
        if self.open.pop() == Some(close) { self.part_or_last() } else { Seen::Mismatch }
    }

    fn part_or_last(&self) -> Seen {
        if self.open.is_empty() { Seen::Last } else { Seen::Part }
    }
}
