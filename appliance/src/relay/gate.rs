//! What keeps bytes of a session from passing for a while, with everything open.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Open, until it is closed. Whoever wants to pass a closed one waits.
#[derive(Debug, Default)]
pub struct Gate {
    closed: AtomicBool,
    opened: Notify,
}

impl Gate {
    /// One that nobody passes yet.
    #[must_use]
    pub fn closed() -> Self {
        Self { closed: AtomicBool::new(true), opened: Notify::new() }
    }

    /// Lets everybody through, those who wait as well.
    pub fn open(&self) {
        self.closed.store(false, Ordering::Release);
        self.opened.notify_waiters();
    }

    /// Lets nobody through.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Waits until it is open. Costs one load when it is.
    pub async fn pass(&self) {
        while self.closed.load(Ordering::Acquire) {
            let opened = self.opened.notified();
            let mut opened = std::pin::pin!(opened);
            // From here on no opening is missed.
            opened.as_mut().enable();
            if self.closed.load(Ordering::Acquire) {
                opened.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_pass_when_it_opens() {
        let gate = Arc::new(Gate::default());
        gate.pass().await;
        gate.close();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                tokio::spawn({
                    let gate = gate.clone();
                    async move { gate.pass().await }
                })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(tasks.iter().all(|it| !it.is_finished()));
        gate.open();
        for task in tasks {
            task.await.unwrap();
        }
    }
}
