//! Logs go to standard error, never to standard output: for people on a terminal, as JSON lines otherwise.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` chooses what is logged.
pub(crate) fn start() {
    // A log that cannot be written, as on a full disk, must not end the program that writes it.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).log_internal_errors(false);
    if stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).with_span_list(false).init();
    }
}
