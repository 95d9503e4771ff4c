//! Frames that are lines. Blank ones are passed over; a `\r` before the end is a blank of JSON.

use std::io::BufRead;

use super::bytes::Bytes;
use super::frame::{Broken, Frame, Held};

pub(super) struct Lines<R>(pub(super) Bytes<R>);

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Frame, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, mut held) = (self.0.line(), Held::new());
            let ended = loop {
                match self.0.take() {
                    Ok(Some(b'\n')) => break false,
                    Ok(Some(byte)) => held.push(byte),
                    Ok(None) => break true,
                    Err(error) => return Some(Err(Broken::io(line, &error))),
                }
            };
            if !held.is_blank() {
                return Some(Ok(held.into_frame(line)));
            }
            if ended {
                return None;
            }
        }
    }
}
