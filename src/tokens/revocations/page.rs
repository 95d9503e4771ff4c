//! The view as others follow it: in pages, from a cursor on.

use std::fmt;

use uuid::Uuid;

use super::Entries;
use crate::domain::clock::Timestamp;
use crate::domain::revocation::Revoked;

/// A place in the order in which one view changed: `<id of the view>.<number of the change>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    view: Uuid,
    number: u64,
}

impl Cursor {
    /// The cursor that `text` spells; `None` for what no view has ever written.
    pub fn parse(text: &str) -> Option<Self> {
        let (view, number) = text.split_once('.')?;
        let cursor = Self { view: Uuid::try_parse(view).ok()?, number: number.parse().ok()? };
        // One spelling each: whatever else is read alike is not ours.
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.view.simple(), self.number)
    }
}

/// What a follower is told at once.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where to go on.
    pub cursor: Cursor,
    /// The page is the first of everything that is live. The follower had nothing, or what it had is from another view.
    pub complete: bool,
    /// There is more right now: ask again from `cursor` on.
    pub more: bool,
    /// When the feed was last read to its end: the follower is as fresh once there is no `more`.
    pub fresh_at: Option<Timestamp>,
    /// Tokens of sessions opened before are refused, in milliseconds since the epoch; 0 refuses nothing.
    pub floor: u64,
    /// What is refused, each with the time when its last token has expired by itself.
    pub revocations: Vec<(Revoked, Timestamp)>,
}

impl Entries {
    /// At most `most` changes after `after`, and whether there are more; from the beginning, if the place is not one of
    /// the view `id`.
    pub(super) fn page(&self, id: Uuid, after: Option<Cursor>, most: usize) -> Page {
        let place = after.filter(|cursor| cursor.view == id && cursor.number <= self.last());
        let mut number = place.map_or(0, |cursor| cursor.number);
        let mut changes = self.after(number);
        let mut revocations = Vec::new();
        for (changed, what, expires_at) in changes.by_ref().take(most) {
            number = changed;
            revocations.push((what, expires_at));
        }
        let more = changes.next().is_some();
        let cursor = Cursor { view: id, number: if more { number } else { self.last() } };
        Page { cursor, complete: place.is_none(), more, fresh_at: None, floor: 0, revocations }
    }
}
