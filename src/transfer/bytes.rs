//! One byte of a file after another, with the line in which it stands.

use std::io::{self, BufRead, ErrorKind};

pub(super) struct Bytes<R> {
    input: R,
    line: u64,
}

impl<R: BufRead> Bytes<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 1 }
    }

    /// The line of the next byte, from 1 on.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The next byte, which stays; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(held) => return Ok(held.first().copied()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next byte; `None` at the end.
    pub(super) fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.input.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    /// Passes over blanks and gives the byte behind them, which stays.
    pub(super) fn behind_blanks(&mut self) -> io::Result<Option<u8>> {
        while self.peek()?.is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.take()?;
        }
        self.peek()
    }

    /// Passes over the byte order mark that Windows puts before UTF-8. What begins like it and is none is not UTF-8, or
    /// is a letter that none of our files begins with: it is missed by nobody.
    pub(super) fn skip_mark(&mut self) -> io::Result<()> {
        for byte in [0xef, 0xbb, 0xbf] {
            if self.peek()? != Some(byte) {
                break;
            }
            self.take()?;
        }
        Ok(())
    }
}
