//! Where the grants of rate limits are remembered. It decides nothing: it tells [`crate::domain::limit`] what the windows
//! see, and makes the look and the grant one step.

mod table;
#[cfg(test)]
mod tests;

pub use table::LimitTable;
