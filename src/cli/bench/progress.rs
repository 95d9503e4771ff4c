//! How it goes, on standard error: a bar with rate and p99 on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::bench::drive::sampler::Watcher;
use crate::bench::recorder::Reading;
use crate::bench::schedule::Window;
use crate::cli::complain;

const TEMPLATE: &str = "{prefix} {wide_bar} {msg}";
/// The pause between two lines where there is no terminal.
const EACH: Duration = Duration::from_secs(10);

/// A bar, or what stands in its place.
pub(super) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    what: String,
    next: Duration,
}

impl Default for Progress {
    fn default() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(ProgressStyle::with_template(TEMPLATE).expect("a template of this file"));
        Self { bar, is_terminal: std::io::stderr().is_terminal(), what: String::new(), next: EACH }
    }
}

impl Progress {
    /// Says what comes next.
    pub(super) fn say(&mut self, what: &str) {
        self.what = what.to_owned();
        self.next = EACH;
        if self.is_terminal {
            self.bar.set_prefix(what.to_owned());
            self.bar.set_message("");
            self.bar.set_length(1);
            self.bar.set_position(0);
        } else {
            complain(what);
        }
    }

    /// Leaves no trace on the screen.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

impl Watcher for Progress {
    fn begin(&mut self, what: &str) {
        self.say(what);
    }

    fn look(&mut self, reading: &Reading, at: Duration, window: &Window) {
        let phase = if at < window.warm_up { " (warm-up)" } else { "" };
        if self.is_terminal {
            let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            self.bar.set_length(millis(window.end()));
            self.bar.set_position(millis(at.min(window.end())));
            self.bar.set_message(format!("{reading}{phase}"));
        } else if at >= self.next {
            self.next = at + EACH;
            complain(format!("{}, {:.0} s: {reading}{phase}", self.what, at.as_secs_f64()));
        }
    }
}
