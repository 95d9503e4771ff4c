//! The queue and its thread, without a collector.
