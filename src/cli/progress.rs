//! How far long work is, on standard error: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const COUNTED: &str = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
const UNCOUNTED: &str = "{msg} {spinner} {human_pos} {per_sec} {elapsed}";

/// A bar, or what stands in its place.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// None yet.
    pub(super) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Begins another stage, called `what`.
    pub(super) fn replace(&mut self, what: &'static str) {
        self.0.finish_and_clear();
        // On anything but a terminal it stays hidden by itself.
        self.0 = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        self.0.set_message(what);
        self.style(UNCOUNTED);
    }

    /// So many are done, of `total`; zero where nobody knows.
    pub(super) fn set(&self, done: u64, total: u64) {
        if total > 0 && self.0.length() != Some(total) {
            self.0.set_length(total);
            self.style(COUNTED);
        }
        self.0.set_position(done);
    }

    /// Ends it and leaves no trace on the screen.
    pub(super) fn finish(self) {
        self.0.finish_and_clear();
    }

    fn style(&self, template: &str) {
        self.0.set_style(ProgressStyle::with_template(template).expect("a template of this file"));
    }
}
