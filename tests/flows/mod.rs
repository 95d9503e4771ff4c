//! What must hold when things happen at the same time, or when the configuration changes under living tokens.

mod changed_settings;
mod overtaken;
