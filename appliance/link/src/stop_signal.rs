//! Being asked to stop.

use std::io;

/// Waits for the system or a person to ask the program to stop.
///
/// # Errors
/// When the system does not let the program hear of it.
#[cfg(unix)]
pub fn watch() -> io::Result<impl Future<Output = ()>> {
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

/// Waits for a person to ask the program to stop.
///
/// # Errors
/// None on this system.
#[cfg(not(unix))]
pub fn watch() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without the signal the program runs until it is ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
