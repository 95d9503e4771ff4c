//! The configuration: what the manual promises, what each key does, and what is said when something is wrong.
//!
//! No test reads or writes the environment of the process: sources are data.

mod clients;
mod contradictions;
mod defaults;
mod deliveries;
mod every_key;
mod explain;
mod faults;
mod generated;
mod reload;
mod secrets;
mod shipped;
mod sources;
mod support;
mod units;
mod values;
