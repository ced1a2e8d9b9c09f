//! Being asked to stop.

use std::io;

use anyhow::Context as _;

/// Waits for the system or a person to ask the program to stop.
///
/// # Errors
/// When the system does not let the program hear of it.
pub(crate) fn watch() -> anyhow::Result<impl Future<Output = ()>> {
    platform().context("signals cannot be received")
}

#[cfg(unix)]
fn platform() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn platform() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without the signal the program runs until it is ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
