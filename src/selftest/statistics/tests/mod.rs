//! The tests against values from elsewhere, and against classes whose truth is known.

mod known_classes;
mod known_values;
