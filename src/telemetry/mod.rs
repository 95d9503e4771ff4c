//! What the house tells its operators: the catalogue of metrics, and logs.

pub mod logs;
pub mod metrics;
pub mod stages;
