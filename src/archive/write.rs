//! Writing a back-up, one row after the other.

use std::io::Write;

use super::header;
use super::stream::Sealing;
use super::{ArchiveFault, Beginning, Passphrase, kind};
use crate::copy::{Summary, Value, row};
use crate::domain::entropy::Entropy;

/// A back-up that is being written.
pub struct Writer<W> {
    to: Sealing<W>,
    frame: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins to write `to`, under a passphrase.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::Io`]
    pub fn begin(
        mut to: W,
        passphrase: &Passphrase,
        beginning: &Beginning,
        entropy: &dyn Entropy,
    ) -> Result<Self, ArchiveFault> {
        let key = header::write(&mut to, passphrase, entropy)?;
        let mut writer = Self { to: Sealing::new(to, &key, entropy)?, frame: Vec::new() };
        writer.json(kind::BEGIN, beginning)?;
        Ok(writer)
    }

    /// Adds a row of the table at `place` of the beginning's list.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::Io`]
    pub fn row(&mut self, place: usize, values: &[Value]) -> Result<(), ArchiveFault> {
        self.frame.clear();
        self.frame.push(u8::try_from(place).map_err(|_| ArchiveFault::Content("too many tables"))?);
        row::encode(values, &mut self.frame);
        self.send(kind::ROW)
    }

    /// Writes the end. What came before is a whole back-up only with it.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::Io`]
    pub fn finish(mut self, summary: &Summary) -> Result<W, ArchiveFault> {
        self.json(kind::END, summary)?;
        self.to.finish()
    }

    fn json(&mut self, kind: u8, content: &impl serde::Serialize) -> Result<(), ArchiveFault> {
        self.frame = serde_json::to_vec(content).map_err(std::io::Error::from)?;
        self.send(kind)
    }

    fn send(&mut self, kind: u8) -> Result<(), ArchiveFault> {
        let length =
            u32::try_from(self.frame.len()).map_err(|_| ArchiveFault::Content("a row is too long"))?;
        self.to.write(&[kind])?;
        self.to.write(&length.to_be_bytes())?;
        self.to.write(&self.frame)
    }
}
