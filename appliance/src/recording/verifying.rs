//! Whether what is stored is what the audit trail says: each recording that was completed is there, unless its tombstone says why not, and
//! has the hash that stands in the trail; and nothing is there of which the trail knows nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wire::api::RecordingState;
use wire::audit::{Action, AuditEvent, Changed};
use wire::{RecordingId, Timestamp};

use super::finishing::facts;
use super::keys::Keys;
use super::reading::{Opened, ReadError};
use super::stores::{Stores, said};
use super::{FOLDER, object_of};
use crate::clock::now;
use crate::config::RecordingStores;
use crate::random;
use crate::sealing::Sealing;
use crate::store::{RecordingRecord, Store};

/// Rows that are read at once.
const PAGE: u64 = 200;

/// What the trail says of recordings. Filled event by event.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    known: BTreeMap<RecordingId, Known>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    /// What was written down when it was complete: the bytes of one that finished, or that nothing had come.
    complete: Option<Complete>,
    /// Its tombstone stands in the trail.
    buried: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Complete {
    state: RecordingState,
    facts: Changed,
}

/// What is wrong with a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The trail has it, the database does not: its key is lost.
    RowGone,
    /// The database says something else of it than the trail.
    RowChanged {
        /// What.
        what: &'static str,
    },
    /// The database says that it was deleted, and no tombstone says so.
    NoTombstone,
    /// The trail has its tombstone, and the database has it all the same.
    NotDeleted,
    /// It is in the database, and the trail knows nothing of it.
    NotInTrail,
    /// Nothing lies where it should.
    Missing,
    /// What lies there is not what was stored: it was changed, cut, or is another one.
    Changed,
    /// It could not be looked at.
    Unreadable {
        /// Why.
        why: String,
    },
    /// It lies in a store, and no row is of it.
    Stray {
        /// Where.
        place: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowGone => f.write_str("is gone from the database, and with it its key"),
            Self::RowChanged { what } => write!(f, "has another {what} in the database than in the audit trail"),
            Self::NoTombstone => {
                f.write_str("is deleted as the database says, and the audit trail has no tombstone of it")
            }
            Self::NotDeleted => {
                f.write_str("was deleted as the audit trail says, and the database has it all the same")
            }
            Self::NotInTrail => f.write_str("is in the database, and the audit trail knows nothing of it"),
            Self::Missing => f.write_str("is missing in its store"),
            Self::Changed => f.write_str("was changed, cut or replaced in its store"),
            Self::Unreadable { why } => write!(f, "cannot be looked at: {why}"),
            Self::Stray { place } => write!(f, "lies in a store ({place}) and belongs to nothing"),
        }
    }
}

/// What came of looking at all of them.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// Recordings that are as the trail says.
    pub whole: u64,
    /// Recordings that were deleted, with their tombstones.
    pub deleted: u64,
    /// Recordings that ended or were deleted after what they are compared with was written.
    pub newer: u64,
    /// What is wrong, and with which.
    pub faults: Vec<(RecordingId, Fault)>,
}

impl Chain {
    /// Takes an event in, in the order of the trail.
    pub fn push(&mut self, event: &AuditEvent) {
        let of = event.object.as_ref().and_then(|it| it.id).map(RecordingId);
        match (event.action, of) {
            (Action::RecordingFinished, Some(id)) => {
                let has_bytes = event.after.get("sha256").is_some_and(Value::is_string);
                let state = if has_bytes { RecordingState::Finished } else { RecordingState::Empty };
                let complete = &mut self.known.entry(id).or_default().complete;
                // Nothing is complete twice: a later event does not take back what one with bytes says.
                if complete.as_ref().is_none_or(|it| it.state != RecordingState::Finished) {
                    *complete = Some(Complete { state, facts: event.after.clone() });
                }
            }
            (Action::RecordingForgotten, Some(id)) => self.known.entry(id).or_default().buried = true,
            _ => {}
        }
    }

    /// What can be told from the row alone. The trail goes as far as `until`.
    fn of_row(&self, row: &RecordingRecord, until: Timestamp) -> Result<Verdict, Fault> {
        let it = &row.recording;
        let known = self.known.get(&it.id);
        let complete = known.and_then(|it| it.complete.as_ref());
        // What came later stands in no older trail. What says that it comes from the future has no excuse.
        let is_newer = |at: Option<Timestamp>| at.is_some_and(|it| until <= it && it <= now());
        let buried = known.is_some_and(|it| it.buried);
        match (it.state, complete) {
            (RecordingState::Deleted, _) if buried => Ok(Verdict::Deleted),
            (RecordingState::Deleted, _) if is_newer(it.deletion.as_ref().map(|it| it.at)) => Ok(Verdict::Newer),
            (RecordingState::Deleted, _) => Err(Fault::NoTombstone),
            (_, _) if buried => Err(Fault::NotDeleted),
            (RecordingState::Running | RecordingState::Empty, None) => Ok(Verdict::NothingYet),
            (RecordingState::Finished, None) if is_newer(it.ended_at) => Ok(Verdict::Newer),
            (RecordingState::Finished, None) => Err(Fault::NotInTrail),
            (state, Some(complete)) if state != complete.state => Err(Fault::RowChanged { what: "state" }),
            (state, Some(complete)) => match differs(complete, row) {
                Some(what) => Err(Fault::RowChanged { what }),
                None if state == RecordingState::Empty => Ok(Verdict::NothingYet),
                None => Ok(Verdict::Look),
            },
        }
    }
}

enum Verdict {
    NothingYet,
    Newer,
    Deleted,
    Look,
}

fn differs(complete: &Complete, row: &RecordingRecord) -> Option<&'static str> {
    let other = |(name, what, value): (&str, &'static str, Value)| match complete.facts.get(name) {
        Some(known) => (known != &value).then_some(what),
        // Not every version of the appliance wrote all of them down.
        None => ["session_id", "sha256", "bytes"].contains(&name).then_some(what),
    };
    facts(row).into_iter().find_map(other)
}

/// Looks at all recordings of an appliance, whether it runs or not. The trail goes as far as `until`.
///
/// # Errors
/// When the database or a store cannot be read at all.
pub async fn verify(
    store: &Store,
    sealing: Sealing,
    data_dir: &std::path::Path,
    configured: &RecordingStores,
    chain: &Chain,
    until: Timestamp,
) -> anyhow::Result<Verification> {
    let stores = Stores::open(&data_dir.join(FOLDER), configured)?;
    let keys = Keys::new(sealing);
    let (mut result, mut seen, mut places) = (Verification::default(), BTreeSet::new(), BTreeSet::new());
    let mut after = None;
    loop {
        let rows = store.recordings_after(after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.recording.id);
        for row in rows {
            let id = row.recording.id;
            seen.insert(id);
            if row.recording.state != RecordingState::Deleted || !row.object_gone {
                places.insert((row.store.clone(), object_of(row.recording.session_id, id).to_string()));
            }
            let found = match chain.of_row(&row, until) {
                Ok(Verdict::NothingYet) => continue,
                Ok(Verdict::Newer) => {
                    result.newer += 1;
                    continue;
                }
                Ok(Verdict::Deleted) => {
                    result.deleted += 1;
                    continue;
                }
                Ok(Verdict::Look) => looked_at(store, &keys, &stores, row).await,
                Err(fault) => Err(fault),
            };
            match found {
                Ok(()) => result.whole += 1,
                Err(fault) => result.faults.push((id, fault)),
            }
        }
    }
    for (id, known) in &chain.known {
        let has_bytes = known.complete.as_ref().is_some_and(|it| it.state == RecordingState::Finished);
        match (seen.contains(id), known.buried, has_bytes) {
            (false, false, true) => result.faults.push((*id, Fault::RowGone)),
            // Its session was deleted later, and its row with it.
            (false, true, _) => result.deleted += 1,
            _ => {}
        }
    }
    for (name, objects) in stores.all() {
        let mut listed = objects.list(None);
        while let Some(it) = listed.next().await {
            let it = it.map_err(|error| anyhow::anyhow!("the store {name:?} cannot be listed: {}", said(&error)))?;
            let place = it.location.to_string();
            let id = place.rsplit('/').next().and_then(|it| it.parse::<RecordingId>().ok());
            if let Some(id) = id.filter(|_| !places.contains(&(name.to_owned(), place.clone()))) {
                result.faults.push((id, Fault::Stray { place: format!("{name}: {place}") }));
            }
        }
    }
    Ok(result)
}

/// Reads and decrypts a recording, and compares its hash with the one that stands in the trail as well.
async fn looked_at(store: &Store, keys: &Keys, stores: &Stores, row: RecordingRecord) -> Result<(), Fault> {
    let unreadable = |why: &dyn fmt::Display| Fault::Unreadable { why: why.to_string() };
    let (expected, bytes) = (row.recording.sha256.clone(), row.recording.bytes);
    let sealing = keys.named(store, row.key_id).await.map_err(|error| unreadable(&error))?;
    let opened = Opened::of(row, &sealing, stores).map_err(|error| match error {
        ReadError::Sealed(_) => Fault::RowChanged { what: "key" },
        other => unreadable(&other),
    })?;
    let mut hash = Sha256::new();
    let mut pieces = Box::pin(opened.read(0..bytes));
    while let Some(piece) = pieces.try_next().await.map_err(of_reading)? {
        hash.update(&piece);
    }
    let found: [u8; 32] = hash.finalize().into();
    if expected.as_deref() == Some(&*random::hex(&found)) { Ok(()) } else { Err(Fault::Changed) }
}

fn of_reading(error: ReadError) -> Fault {
    match error {
        ReadError::Sealed(_) => Fault::Changed,
        ReadError::Store(object_store::Error::NotFound { .. }) => Fault::Missing,
        // A range beyond the end of what lies there: it was cut.
        ReadError::Store(error @ object_store::Error::Generic { .. }) if is_out_of_range(&error) => Fault::Changed,
        ReadError::Store(error) => Fault::Unreadable { why: said(&error) },
        other => Fault::Unreadable { why: other.to_string() },
    }
}

fn is_out_of_range(error: &object_store::Error) -> bool {
    let text = error.to_string();
    ["range", "Range", "416"].iter().any(|it| text.contains(it))
}
