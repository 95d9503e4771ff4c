//! What the script answers, read.

use crate::domain::clock::Timestamp;
use crate::domain::limit::{Cell, Home, Place, Rule, Standing, View};
use crate::store::StoreError;

/// How the logs stood, and under which times places were taken in them.
pub(super) struct Reply {
    pub(super) standings: Vec<(Rule, Option<Standing>)>,
    /// One for each log, or none where nothing was taken.
    at: Vec<Timestamp>,
}

impl Reply {
    /// From the flat list of the script over `cells` at `now`.
    pub(super) fn read(answer: &[String], cells: &[Cell], now: Timestamp) -> Result<Self, StoreError> {
        let mut words = answer.iter().map(String::as_str);
        let mut word = |column| words.next().ok_or_else(|| corrupt(column, answer));
        let time = |text: &str, column| match text {
            "" => Ok(None),
            text => text.parse().map(Timestamp::from_micros).map(Some).map_err(|_| corrupt(column, answer)),
        };
        let room = word("room")? == "1";
        let mut at = Vec::with_capacity(cells.len());
        for _ in cells {
            at.extend(time(word("at")?, "at")?);
        }
        let mut standings = Vec::with_capacity(cells.len());
        for cell in cells {
            let newest = time(word("newest")?, "newest")?;
            let mut views = Vec::with_capacity(cell.windows.len());
            for &window in cell.windows.iter() {
                views.push(View {
                    window,
                    blocking: time(word("blocking")?, "blocking")?,
                    used: word("used")?.parse().map_err(|_| corrupt("used", answer))?,
                    oldest: time(word("oldest")?, "oldest")?,
                });
            }
            standings.push((cell.rule, Standing::of(views.into_iter(), newest, cell.manner, now)));
        }
        // The script and the rule have to agree, or one of them is wrong.
        let is_full =
            |(_, standing): &(Rule, Option<Standing>)| matches!(standing, Some(Standing::Full { .. }));
        if room == standings.iter().any(is_full) {
            return Err(corrupt("room", answer));
        }
        Ok(Self { standings, at })
    }

    /// The places that were taken in `cells`.
    pub(super) fn places(&self, cells: Vec<Cell>) -> Vec<Place> {
        let place = |(cell, &at)| Place { cell, at, home: Home::Shared };
        cells.into_iter().zip(&self.at).map(place).collect()
    }
}

fn corrupt(column: &'static str, answer: &[String]) -> StoreError {
    StoreError::Corrupt { table: "redis limits", column, id: answer.join(" ") }
}
