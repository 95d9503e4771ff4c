//! What the house tells its operators: the catalogue of metrics, logs, and spans.

pub mod logs;
pub mod metrics;
pub mod spans;
pub mod stages;
