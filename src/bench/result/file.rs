//! The outermost layer: which version, which kind.

use serde::{Deserialize, Serialize};

use super::{MatrixResult, RunResult};

/// The version that is written, and the only one that is read.
pub const SCHEMA: u32 = 1;

/// All that one command found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Results {
    /// `bench login` and the like.
    Run(Box<RunResult>),
    /// `bench matrix`.
    Matrix(MatrixResult),
}

/// Why a text is no result.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not to its end.
    #[error("this is not JSON ({0}); give a file that `guardhouse bench … --json` wrote")]
    NotJson(serde_json::Error),
    /// JSON of something else.
    #[error(
        "this JSON has no `schema`, so it is no result of `guardhouse bench`; give a file that `guardhouse bench … --json` wrote"
    )]
    NoSchema,
    /// A version that this binary does not know.
    #[error("this result has schema {found}, and this guardhouse reads schema {SCHEMA} only; {}", advice(*.found))]
    UnknownSchema {
        /// The version of the file.
        found: u64,
    },
    /// The right version and yet not the right shape.
    #[error(
        "this result says schema {SCHEMA} but does not follow it: {0}; it was changed or cut after it was written"
    )]
    Damaged(serde_json::Error),
}

fn advice(found: u64) -> &'static str {
    if found > u64::from(SCHEMA) {
        "read it with the version that wrote it, or a newer one"
    } else {
        "measure again with this version"
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    results: &'a Results,
}

impl Results {
    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// Anything but a result of this version, as a sentence for people; it does not name the file.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(ReadError::NotJson)?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            None => Err(ReadError::NoSchema),
            Some(found) if found != u64::from(SCHEMA) => Err(ReadError::UnknownSchema { found }),
            Some(_) => serde_json::from_value(value).map_err(ReadError::Damaged),
        }
    }

    /// The text of a file, as JSON with a line for each field.
    pub fn write(&self) -> String {
        let document = Document { schema: SCHEMA, results: self };
        let mut text =
            serde_json::to_string_pretty(&document).expect("maps have text for keys, and writing to memory");
        text.push('\n');
        text
    }

    /// All runs, with what tells each from the others; one run of its own has no name.
    pub fn runs(&self) -> Vec<(String, &RunResult)> {
        match self {
            Self::Run(run) => vec![(String::new(), run)],
            Self::Matrix(matrix) => matrix.runs().collect(),
        }
    }
}
