//! Being asked to stop, from a program's first line on: every wait looks, so that whatever runs is left in order and what
//! was started ends with its values.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// How often a wait looks.
pub const LOOK: Duration = Duration::from_millis(100);

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on SIGTERM and SIGINT do not end this program, but its waits. For its `main`; tests end as other programs do.
///
/// # Errors
/// When the system does not let it hear of signals.
pub fn listen() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    // Lives as long as the program, and holds nothing that would have to be let go.
    std::thread::Builder::new().name("stop".into()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        ASKED.store(true, Ordering::SeqCst);
    })?;
    Ok(())
}

/// Whether somebody has asked.
#[must_use]
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// For the middle of a long work.
///
/// # Errors
/// When somebody has asked.
pub fn check() -> Result<()> {
    if asked() {
        bail!("it was asked to stop");
    }
    Ok(())
}
