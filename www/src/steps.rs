//! Says what is being done and how far it is. Everything goes to standard error.

use std::time::Instant;

/// The numbered steps of one run.
pub(crate) struct Steps {
    total: usize,
    current: usize,
    started: Instant,
}

impl Steps {
    /// Begins a run of so many steps.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, current: 0, started: Instant::now() }
    }

    /// Begins the next step.
    pub(crate) fn next(&mut self, what: &str) {
        self.current += 1;
        eprintln!("{}/{} {what}", self.current, self.total);
    }

    /// Tells something about the current step.
    pub(crate) fn note(&self, what: &str) {
        eprintln!("    {what}");
    }

    /// The last line.
    pub(crate) fn finish(&self, what: &str) {
        eprintln!("done in {:.1} s: {what}", self.started.elapsed().as_secs_f32());
    }
}
