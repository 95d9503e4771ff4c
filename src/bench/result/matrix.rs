//! One workload over many servers.

use serde::{Deserialize, Serialize};

use super::RunResult;

/// The same workload over databases, session stores, token formats, costs of hashes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixResult {
    /// What differs, such as `database`, `session store`, `token format`, `hash`.
    pub axes: Vec<String>,
    /// One server each, in the order in which they were measured.
    pub cells: Vec<Cell>,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its value on each axis.
    pub at: Vec<String>,
    /// What came of it.
    pub outcome: CellOutcome,
}

/// What came of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellOutcome {
    /// It was measured.
    Run(Box<RunResult>),
    /// It could not be, and why.
    Failed(String),
}

impl Cell {
    /// Its coordinates as one text: `postgres · redis · jwt`.
    pub fn name(&self) -> String {
        self.at.join(" · ")
    }
}

impl MatrixResult {
    /// The cells that were measured, with their names.
    pub fn runs(&self) -> impl Iterator<Item = (String, &RunResult)> {
        self.cells.iter().filter_map(|cell| match &cell.outcome {
            CellOutcome::Run(run) => Some((cell.name(), run.as_ref())),
            CellOutcome::Failed(_) => None,
        })
    }
}
