//! How long recordings are kept: the rules, what is due by them, and the task that keeps to them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use wire::api::{RecordingKind, Retention, RetentionRule, RetentionSettings, StoredOfKind};
use wire::{RecordingId, SessionId, Timestamp};

use crate::clock::now;
use crate::recording::{RecordingError, Recordings};
use crate::store::{ServiceRecord, Store, StoreError, StoredPart};

/// The settings' name in the database.
const NAME: &str = "retention";
/// How often.
const EVERY: Duration = Duration::from_secs(600);
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
const GIB: u64 = 1 << 30;

/// Why a recording is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// Its session ended longer ago than sessions are kept.
    SessionTooOld,
    /// It ended longer ago than so many days.
    TooOld {
        /// The days.
        days: u32,
    },
    /// All of its kind take more than so many GiB, and it is one of the oldest.
    TooMuch {
        /// The GiB.
        gib: u32,
    },
    /// Somebody wanted it.
    ByHand {
        /// Why.
        reason: String,
    },
}

impl Because {
    /// A stable name for the audit trail.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SessionTooOld => "session_age",
            Self::TooOld { .. } => "age",
            Self::TooMuch { .. } => "size",
            Self::ByHand { .. } => "by_hand",
        }
    }

    /// In a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::SessionTooOld => "Its session ended longer ago than sessions are kept.".into(),
            Self::TooOld { days: 1 } => "It ended more than a day ago.".into(),
            Self::TooOld { days } => format!("It ended more than {days} days ago."),
            Self::TooMuch { gib } => format!("All of its kind take more than {gib} GiB, and it was the oldest."),
            Self::ByHand { reason } => format!("An administrator deleted it: {reason}"),
        }
    }
}

/// A recording that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: RecordingId,
    /// Why.
    pub because: Because,
}

/// What a rule has deleted now, in the order in which it has to go. `parts` are all of its kind, oldest first; `protected` are sessions
/// of which nothing goes: theirs count towards the size all the same.
#[must_use]
pub fn due(rule: &RetentionRule, parts: &[StoredPart], protected: &HashSet<SessionId>, now: Timestamp) -> Vec<Due> {
    let before = rule.days.map(|days| (days, now.plus_millis(-DAY_MILLIS * i64::from(days))));
    let most = rule.gib.map(|gib| (gib, u64::from(gib) * GIB));
    let mut left: u64 = parts.iter().map(|it| it.bytes).sum();
    let (mut due, mut young) = (Vec::new(), Vec::new());
    for part in parts.iter().filter(|it| !protected.contains(&it.session)) {
        match before {
            Some((days, before)) if part.ended_at < before => {
                left -= part.bytes;
                due.push(Due { id: part.id, because: Because::TooOld { days } });
            }
            _ => young.push(part),
        }
    }
    if let Some((gib, most)) = most {
        for part in young {
            if left <= most {
                break;
            }
            left -= part.bytes;
            due.push(Due { id: part.id, because: Because::TooMuch { gib } });
        }
    }
    due
}

/// Where the rules are, and who has to know when they change. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keeping {
    store: Store,
    changed: Arc<Notify>,
}

impl Keeping {
    /// Over this database.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, changed: Arc::default() }
    }

    /// The rules, and what there is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings(&self) -> Result<RetentionSettings, StoreError> {
        let retention = kept(&self.store).await?;
        let protected: HashSet<SessionId> = self.store.protected_sessions().await?.into_iter().collect();
        let mut stored = Vec::new();
        for &kind in RecordingKind::ALL {
            let parts = self.store.stored_parts(kind).await?;
            let held = parts.iter().filter(|it| protected.contains(&it.session)).count();
            stored.push(StoredOfKind {
                kind,
                count: parts.len() as u64,
                bytes: parts.iter().map(|it| it.bytes).sum(),
                protected: held as u64,
            });
        }
        let (key_since, older_keys) = self.store.recording_key_facts().await?;
        Ok(RetentionSettings { retention, stored, key_since, older_keys })
    }

    /// The rules are others by now: for after [`set`].
    pub fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Deletes what is due, now, every ten minutes, and when the rules change. Runs until it is dropped.
    pub async fn keep(self, recordings: Recordings) {
        loop {
            if let Err(error) = self.once(&recordings).await {
                tracing::warn!(error = %error, "recordings that are due could not be deleted; trying again later");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    async fn once(&self, recordings: &Recordings) -> Result<(), RecordingError> {
        for rule in kept(&self.store).await?.rules {
            let parts = self.store.stored_parts(rule.kind).await?;
            let protected = self.store.protected_sessions().await?.into_iter().collect();
            recordings.delete_due(due(&rule, &parts, &protected, now())).await?;
        }
        recordings.remove_what_is_left().await
    }
}

/// The rules as the database has them.
///
/// # Errors
/// When it fails.
pub async fn kept(store: &Store) -> Result<Retention, StoreError> {
    let record: ServiceRecord<Retention> = store.service(NAME).await?;
    Ok(Retention { revision: record.revision, ..record.settings })
}

/// Keeps rules, and gives them with their new revision.
///
/// # Errors
/// [`StoreError::ChangedMeanwhile`] when another revision was looked at, and when the database fails.
pub async fn set(store: &Store, retention: Retention) -> Result<Retention, StoreError> {
    let revision = retention.revision;
    let record = ServiceRecord { settings: Retention { revision: 0, ..retention }, sealed: None, revision };
    let revision = store.set_service(NAME, &record).await?;
    Ok(Retention { revision, ..record.settings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_000 * DAY_MILLIS);

    fn part(number: u128, days_old: i64, gib: u64) -> StoredPart {
        StoredPart {
            id: RecordingId(uuid::Uuid::from_u128(number)),
            session: SessionId(uuid::Uuid::from_u128(number)),
            ended_at: NOW.plus_millis(-DAY_MILLIS * days_old),
            bytes: gib * GIB,
        }
    }

    fn numbers(days: Option<u32>, gib: Option<u32>, parts: &[StoredPart], held: &[u128]) -> Vec<(u128, &'static str)> {
        let rule = RetentionRule { kind: RecordingKind::Desktop, days, gib };
        let held = held.iter().map(|it| SessionId(uuid::Uuid::from_u128(*it))).collect();
        due(&rule, parts, &held, NOW).into_iter().map(|it| (it.id.0.as_u128(), it.because.name())).collect()
    }

    #[test]
    fn the_old_go_first_and_then_the_oldest_until_there_is_room() {
        let parts = [part(1, 40, 3), part(2, 31, 3), part(3, 30, 3), part(4, 2, 3), part(5, 1, 3)];
        assert_eq!(numbers(None, None, &parts, &[]), []);
        assert_eq!(numbers(Some(30), None, &parts, &[]), [(1, "age"), (2, "age")]);
        assert_eq!(numbers(None, Some(6), &parts, &[]), [(1, "size"), (2, "size"), (3, "size")]);
        assert_eq!(numbers(None, Some(15), &parts, &[]), []);
        assert_eq!(numbers(Some(30), Some(6), &parts, &[]), [(1, "age"), (2, "age"), (3, "size")]);
    }

    #[test]
    fn what_is_held_stays_and_takes_its_room() {
        let parts = [part(1, 40, 3), part(2, 31, 3), part(3, 1, 3)];
        assert_eq!(numbers(Some(30), None, &parts, &[1]), [(2, "age")]);
        assert_eq!(numbers(None, Some(6), &parts, &[1]), [(2, "size")]);
        assert_eq!(numbers(None, Some(1), &parts, &[1, 2, 3]), []);
    }

    proptest! {
        /// Whatever there is: nothing that is held goes, nothing goes twice, and the size holds as far as what is held lets it.
        #[test]
        fn bounds_hold_as_far_as_they_may(
            parts in prop::collection::vec((0..60_i64, 0..9_u64, any::<bool>()), 0..20), days in prop::option::of(1..50_u32), gib in prop::option::of(1..40_u32),
        ) {
            let held: Vec<u128> = (0..parts.len()).filter(|at| parts[*at].2).map(|at| at as u128).collect();
            let mut parts: Vec<StoredPart> = parts.iter().enumerate().map(|(at, it)| part(at as u128, it.0, it.1)).collect();
            parts.sort_by_key(|it| it.ended_at);
            let gone: Vec<u128> = numbers(days, gib, &parts, &held).into_iter().map(|it| it.0).collect();
            prop_assert!(gone.iter().all(|it| !held.contains(it)));
            prop_assert_eq!(gone.iter().collect::<HashSet<_>>().len(), gone.len());
            let left: Vec<&StoredPart> = parts.iter().filter(|it| !gone.contains(&it.id.0.as_u128())).collect();
            let free = left.iter().filter(|it| !held.contains(&it.id.0.as_u128()));
            if let Some(days) = days {
                let before = NOW.plus_millis(-DAY_MILLIS * i64::from(days));
                prop_assert!(free.clone().all(|it| it.ended_at >= before));
            }
            if let Some(gib) = gib {
                let bytes: u64 = left.iter().map(|it| it.bytes).sum();
                prop_assert!(bytes <= u64::from(gib) * GIB || free.clone().count() == 0);
            }
        }
    }
}
