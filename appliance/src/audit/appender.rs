use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Audit, By, Entry};
use crate::clock::now;
use crate::store::StoreError;

/// Events that share a transaction.
const BATCH: usize = 500;
/// How often the newest head is kept outside the database, when something was added.
const KEEP_EVERY: Duration = Duration::from_secs(10);
/// How often a head is kept in the database, when something was added.
const HEAD_MILLIS: u64 = 60 * 60 * 1000;

/// An event that waits to be written.
pub(super) struct Waiting {
    pub(super) by: By,
    pub(super) entry: Entry,
    written: oneshot::Sender<Result<(), String>>,
}

impl Waiting {
    pub(super) fn new(by: By, entry: Entry) -> (Self, oneshot::Receiver<Result<(), String>>) {
        let (written, told) = oneshot::channel();
        (Self { by, entry, written }, told)
    }
}

/// The task that writes events which are part of no change, many at once, and keeps heads.
pub struct Appender {
    audit: Audit,
    waiting: mpsc::Receiver<Waiting>,
    /// The event of the head that was kept outside the database last.
    kept: u64,
}

impl Appender {
    pub(super) fn new(audit: Audit, waiting: mpsc::Receiver<Waiting>) -> Self {
        Self { audit, waiting, kept: 0 }
    }

    /// Runs until the program stops and nothing waits any more.
    pub async fn run(mut self, stopping: CancellationToken) {
        let mut batch = Vec::new();
        let mut tick = tokio::time::interval(KEEP_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                count = self.waiting.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    self.write(std::mem::take(&mut batch)).await;
                }
                _ = tick.tick() => self.keep_heads().await,
                // Whoever comes later writes for themselves.
                () = stopping.cancelled(), if !self.waiting.is_closed() => self.waiting.close(),
            }
        }
    }

    async fn write(&self, batch: Vec<Waiting>) {
        let (mut entries, mut told) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for Waiting { by, entry, written } in batch {
            entries.push((by, entry));
            told.push(written);
        }
        let written = self.written(entries).await.map_err(|error| {
            tracing::error!(error = %error, events = told.len(), "events could not be written to the audit trail");
            error.to_string()
        });
        for waiting in told {
            // Who does not wait any more need not be told.
            let _ = waiting.send(written.clone());
        }
    }

    async fn written(&self, entries: Vec<(By, Entry)>) -> Result<(), StoreError> {
        let mut change = self.audit.begin().await?;
        change.add_all(entries).await?;
        if change.is_head_due() {
            change.sign().await?;
        }
        change.keep().await
    }

    /// Signs what was added since.
    async fn keep_heads(&mut self) {
        let (tail, is_due) = {
            let known = self.audit.turn.lock().await;
            let is_due = known.tail.sequence > known.head && now().millis_since(known.head_at) >= HEAD_MILLIS;
            (known.tail.sequence, is_due)
        };
        if is_due && let Err(error) = self.audit.write_now(&By::appliance(), Vec::new(), true).await {
            tracing::error!(error = %error, "a head of the audit trail could not be signed");
        }
        if tail == self.kept {
            return;
        }
        match self.audit.keep_head(false).await {
            Ok(()) => self.kept = tail,
            Err(error) => tracing::error!(error = %error, "the newest head of the audit trail could not be kept"),
        }
    }
}
