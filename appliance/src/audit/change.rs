use std::ops::Deref;

use tokio::sync::OwnedMutexGuard;
use wire::audit::{AuditEvent, LinkedEvent, Place, next_hash};

use super::{Audit, By, Entry, HEAD_EVERY, Known, not_audited, within};
use crate::clock::now;
use crate::store::{AuditedChange, Store, StoreError};

/// A change on its way: a [`Store`] whose every write goes into one transaction with the events that say what was done. Dropped
/// without [`Change::commit`], nothing of it is kept.
#[must_use]
pub struct Change {
    audit: Audit,
    known: OwnedMutexGuard<Known>,
    open: AuditedChange,
    head: Option<(u64, wire::Timestamp)>,
}

impl Deref for Change {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.open
    }
}

impl Change {
    pub(super) fn new(audit: Audit, known: OwnedMutexGuard<Known>, open: AuditedChange) -> Self {
        Self { audit, known, open, head: None }
    }

    /// Keeps what was done together with what says so.
    ///
    /// # Errors
    /// When either cannot be written; then neither is.
    pub async fn commit(mut self, by: &By, entries: impl IntoIterator<Item = Entry>) -> Result<(), StoreError> {
        let audit = self.audit.clone();
        let entries = entries.into_iter().collect();
        let kept = within(async {
            self.add(by, entries).await?;
            if self.is_head_due() {
                self.sign().await?;
            }
            self.keep().await
        });
        kept.await.inspect_err(|error| audit.failed(error))
    }

    /// Whether so much was added that a head is due.
    pub(super) fn is_head_due(&self) -> bool {
        self.open.tail().sequence >= self.known.head + HEAD_EVERY
    }

    /// Adds events to the chain.
    pub(super) async fn add(&mut self, by: &By, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.add_all(entries.into_iter().map(|entry| (by.clone(), entry))).await
    }

    /// Adds events of several people.
    pub(super) async fn add_all(&mut self, entries: impl IntoIterator<Item = (By, Entry)>) -> Result<(), StoreError> {
        let (mut tail, at) = (self.open.tail().clone(), now());
        let mut events = Vec::new();
        for (by, entry) in entries {
            let Entry { action, object, outcome, message, before, after } = entry;
            let By { actor, address } = by;
            let sequence = tail.sequence + 1;
            let event = AuditEvent { sequence, at, actor, address, action, object, outcome, message, before, after };
            tail = Place { sequence, hash: next_hash(&tail.hash, &event) };
            events.push(LinkedEvent { event, hash: tail.hash });
        }
        self.open.append(&events).await.map_err(not_audited)
    }

    /// Keeps a signed head of the chain's end, in the same transaction.
    pub(super) async fn sign(&mut self) -> Result<(), StoreError> {
        let (tail, at) = (self.open.tail().clone(), now());
        self.open.insert_head(&self.audit.signer.sign(&tail, at)).await.map_err(not_audited)?;
        self.head = Some((tail.sequence, at));
        Ok(())
    }

    /// Writes the end of the chain once more, as it is.
    pub(super) async fn rewrite(self) -> Result<(), StoreError> {
        self.open.write_tail(self.open.tail()).await?;
        self.keep().await
    }

    pub(super) async fn keep(self) -> Result<(), StoreError> {
        let Self { audit, mut known, open, head } = self;
        let tail = open.tail().clone();
        known.maybe = Some(tail.clone());
        open.commit().await?;
        audit.works();
        // Who waits for new events is not woken by a change without any.
        audit.appended.send_if_modified(|newest| std::mem::replace(newest, tail.sequence) != tail.sequence);
        (known.tail, known.maybe) = (tail, None);
        if let Some((sequence, at)) = head {
            (known.head, known.head_at) = (sequence, at);
        }
        Ok(())
    }
}
