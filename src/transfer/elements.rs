//! Frames that are the elements of one JSON array, at the top level or under the key `users`. Only strings and
//! brackets are followed here, in constant memory; what an element holds is for `serde_json`, one at a time.

use std::io::BufRead;

use super::bytes::Bytes;
use super::frame::{Broken, Frame, Held};
use super::nesting::{Scan, Seen};

/// The key of the array, where the top level is an object.
const KEY: &str = "users";

type Step<T> = Result<T, Broken>;

/// What comes next.
#[derive(Clone, Copy)]
enum Next {
    Top,
    /// An element or the end of the array.
    First,
    /// An element, behind a comma.
    Element,
    /// A comma or the end of the array.
    BehindElement,
    /// A member of the object; the end of it too, when nothing came before.
    Member {
        first: bool,
    },
    /// A comma or the end of the object.
    BehindMember,
    /// Nothing.
    End,
}

pub(super) struct Elements<R> {
    bytes: Bytes<R>,
    next: Next,
    /// The top level is an object.
    in_object: bool,
    /// The array was found.
    found: bool,
}

impl<R: BufRead> Elements<R> {
    pub(super) fn new(bytes: Bytes<R>) -> Self {
        Self { bytes, next: Next::Top, in_object: false, found: false }
    }

    fn broken<T>(&self, reason: &str) -> Step<T> {
        Err(Broken::new(self.bytes.line(), reason))
    }

    fn peek(&mut self) -> Step<Option<u8>> {
        self.bytes.behind_blanks().map_err(|error| Broken::io(self.bytes.line(), &error))
    }

    /// The next byte that is no blank.
    fn take(&mut self) -> Step<Option<u8>> {
        self.peek()?;
        self.bytes.take().map_err(|error| Broken::io(self.bytes.line(), &error))
    }

    fn advance(&mut self) -> Step<Option<Frame>> {
        loop {
            self.next = match self.next {
                Next::Top => self.top()?,
                Next::First => self.first()?,
                Next::Element => {
                    self.next = Next::BehindElement;
                    return self.element().map(Some);
                }
                Next::BehindElement => match self.take()? {
                    Some(b',') => Next::Element,
                    Some(b']') if self.in_object => Next::BehindMember,
                    Some(b']') => Next::End,
                    None => return self.broken("the file ends in the middle of the list of users"),
                    Some(_) => return self.broken("a comma is missing between two users"),
                },
                Next::Member { first } => self.member(first)?,
                Next::BehindMember => match self.take()? {
                    Some(b',') => Next::Member { first: false },
                    Some(b'}') => self.end()?,
                    None => return self.broken("the file ends too early: its last brace is missing"),
                    Some(_) => return self.broken("a comma is missing between two keys"),
                },
                Next::End => {
                    return match self.peek()? {
                        None => Ok(None),
                        Some(_) => self.broken("something follows the end of the list of users"),
                    };
                }
            }
        }
    }

    fn top(&mut self) -> Step<Next> {
        match self.take()? {
            Some(b'[') => Ok(Next::First),
            Some(b'{') => {
                self.in_object = true;
                Ok(Next::Member { first: true })
            }
            None => self.broken("the file is empty"),
            Some(_) => self.broken("the file is neither a JSON array nor a JSON object"),
        }
    }

    fn first(&mut self) -> Step<Next> {
        Ok(if self.peek()? == Some(b']') { Next::BehindElement } else { Next::Element })
    }

    fn element(&mut self) -> Step<Frame> {
        self.peek()?;
        let (line, mut held) = (self.bytes.line(), Held::new());
        self.value(&mut held)?;
        Ok(held.into_frame(line))
    }

    fn member(&mut self, first: bool) -> Step<Next> {
        match self.peek()? {
            Some(b'"') => {}
            Some(b'}') if first => return Ok(Next::BehindMember),
            None => return self.broken("the file ends before its list of users does"),
            Some(_) => return self.broken("a key is missing"),
        }
        let mut key = Held::new();
        self.value(&mut key)?;
        let key = key.into_frame(0).bytes.and_then(|key| serde_json::from_slice::<String>(&key).ok());
        if self.take()? != Some(b':') {
            return self.broken("a colon is missing behind a key");
        }
        if key.as_deref() != Some(KEY) {
            self.peek()?;
            self.value(&mut Held::nothing())?;
            return Ok(Next::BehindMember);
        }
        if self.found {
            return self.broken("the key `users` is there twice");
        }
        self.found = true;
        match self.take()? {
            Some(b'[') => Ok(Next::First),
            _ => self.broken("what stands under `users` is not an array"),
        }
    }

    fn end(&self) -> Step<Next> {
        if self.found { Ok(Next::End) } else { self.broken("the file has no key `users` at its top level") }
    }

    /// Takes one value of any kind.
    fn value(&mut self, held: &mut Held) -> Step<()> {
        let mut scan = Scan::default();
        loop {
            let byte = self.bytes.peek().map_err(|error| Broken::io(self.bytes.line(), &error))?;
            let Some(byte) = byte else { return self.broken("the file ends in the middle of a value") };
            let seen = scan.see(byte);
            match seen {
                Seen::Before if held.is_empty() => return self.broken("a value is missing"),
                Seen::Before => return Ok(()),
                Seen::Mismatch => return self.broken("a bracket is closed by one of another kind"),
                Seen::Part | Seen::Last => held.push(byte),
            }
            self.bytes.take().map_err(|error| Broken::io(self.bytes.line(), &error))?;
            if matches!(seen, Seen::Last) {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = Step<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}
