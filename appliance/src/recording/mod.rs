//! Recordings of sessions: how they come, how they are kept, how they are read.
//!
//! The browser uploads what it records in chunks. Each is encrypted into a file of the data folder and is on the disk before it is
//! confirmed (`spool`). When a recording stops, its chunks become one file that players seek in (`webm`), which is stored block
//! by block (`blocks`) by [`object_store`], and whose SHA-256 goes into the audit trail. A recording that cannot be written stops
//! the session that needs it.
//!
//! | file | holds |
//! |---|---|
//! | `webm` | what browsers record, made into a file that can be sought in; pure |
//! | `key`, `keys` | the key of each recording; those that these are sealed with |
//! | `spool` | chunks of recordings that are not complete |
//! | `blocks` | the format of those that are; pure |
//! | `taking` | chunks as they come, and the ends of recordings |
//! | `finishing` | making a recording complete |
//! | `stores` | where complete ones lie |
//! | `store_watch` | the store that fails while something is recorded |
//! | `keeping` | what time brings: stalls, ends, and what an earlier run of the appliance left |
//! | `reading` | giving recordings out |
//! | `deleting` | deleting them, with a tombstone |
//! | `verifying` | whether what is stored is what the audit trail says |
//! | `so_far` | giving out what has come of one that is not complete |
//! | `traffic` | what goes through tunnels |

mod blocks;
mod deleting;
mod finishing;
mod keeping;
mod key;
mod keys;
mod reading;
mod so_far;
mod spool;
mod store_watch;
mod stores;
mod taking;
mod traffic;
mod verifying;
pub mod webm;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use object_store::{ObjectStore, ObjectStoreExt, path};
use wire::audit::Action;
use wire::{RecordingId, SessionId, Timestamp};

use crate::audit::{Audit, By, Entry};
use crate::clock::now;
use crate::config::RecordingStores;
use crate::events::EventBus;
use crate::random;
use crate::sealing::{Sealing, SealingError};
use crate::session::registry::Sessions;
use crate::shutdown::Tasks;
use crate::store::{FOLDER_STORE, StoreError};
use keys::{KeyError, Keys};
use spool::Spool;
use stores::Stores;
use traffic::OpenTraffic;
use webm::{Scan, WebmFault};

pub use deleting::NotDeleted;
pub use reading::{Opened, ReadError};
pub use so_far::SoFar;
pub use taking::Announced;
pub use traffic::{PieceWindow, StatementPage};
pub use verifying::{Chain, Fault, Verification, verify};

/// Where chunks lie until their recording is complete.
const SPOOLS: &str = "recordings-incoming";
/// Where complete recordings lie, unless they are stored elsewhere.
const FOLDER: &str = "recordings";

/// How long it may take to find out whether a recording could be stored.
const TRY_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// The recordings. Cheap to clone.
#[derive(Clone)]
pub struct Recordings(Arc<Inner>);

struct Inner {
    audit: Audit,
    events: EventBus,
    sessions: Sessions,
    keys: Keys,
    tasks: Tasks,
    spools: PathBuf,
    /// The store that new ones go to.
    objects: Arc<dyn ObjectStore>,
    /// All of them.
    stores: Stores,
    /// Those of which more may come, and those that are being completed.
    open: Mutex<HashMap<RecordingId, Arc<OpenRecording>>>,
    /// The same of captures.
    traffic: Mutex<HashMap<RecordingId, Arc<OpenTraffic>>>,
    /// Held by whoever tries whether chunks can be written.
    trying: Arc<tokio::sync::Mutex<()>>,
    /// What could not be stored last, until something could.
    failure: Mutex<Option<Failing>>,
}

/// Something that could not be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// When.
    pub at: Timestamp,
    /// Why, in a sentence without a full stop.
    pub why: String,
}

/// A recording that is not complete.
struct OpenRecording {
    id: RecordingId,
    session: SessionId,
    /// Bits a second that it may have on average, with room to spare.
    bits_per_second: u32,
    started_at: Timestamp,
    /// When something last came.
    heard: Mutex<Timestamp>,
    capture: Arc<tokio::sync::Mutex<Capture>>,
    looks: Mutex<so_far::LookedAt>,
}

/// What has come of it. Locked while a chunk is written.
struct Capture {
    spool: Spool,
    scan: Scan,
    /// No more is taken.
    over: bool,
}

/// Why something was not done to a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The session is over, or needs no recording.
    #[error("this session is not recorded")]
    NotRecorded,
    /// More screens than a session may have.
    #[error("as many screens are recorded as a session may have")]
    TooManyScreens,
    /// The recording is complete or unknown.
    #[error("this recording is over")]
    Over,
    /// A chunk came whose predecessor did not.
    #[error("chunk {next} comes next")]
    OutOfOrder {
        /// The number that comes next.
        next: u64,
    },
    /// Far more came than was asked for.
    #[error("the recording is much larger than it may be")]
    TooMuch,
    /// The browser sent something that is no recording.
    #[error("this is no recording: {0}")]
    NotWebm(#[from] WebmFault),
    /// It could not be stored.
    #[error("the recording could not be stored: {0}")]
    NotStored(String),
    /// The database or the audit trail failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KeyError> for RecordingError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => Self::Store(error),
            other => Self::NotStored(other.to_string()),
        }
    }
}

impl From<SealingError> for RecordingError {
    fn from(error: SealingError) -> Self {
        Self::NotStored(error.to_string())
    }
}

impl Recordings {
    /// Opens the places where recordings lie.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(
        audit: Audit,
        events: EventBus,
        sessions: Sessions,
        sealing: Sealing,
        tasks: Tasks,
        data_dir: &Path,
        configured: &RecordingStores,
    ) -> anyhow::Result<Self> {
        let (spools, folder) = (data_dir.join(SPOOLS), data_dir.join(FOLDER));
        for folder in [&spools, &folder] {
            make_private(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let stores = Stores::open(&folder, configured)?;
        let objects = stores.named(stores.current())?;
        let inner = Inner {
            audit,
            events,
            sessions,
            keys: Keys::new(sealing),
            tasks,
            spools,
            objects,
            stores,
            open: Mutex::default(),
            traffic: Mutex::default(),
            trying: Arc::default(),
            failure: Mutex::default(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Tries whether a recording could be stored now. Answers soon, whatever the store does.
    ///
    /// # Errors
    /// Why not.
    pub async fn try_out(&self) -> Result<(), String> {
        let tried = match tokio::time::timeout(TRY_WITHIN, self.write_and_remove()).await {
            Ok(tried) => tried.map_err(|error| format!("{error:#}")),
            Err(_) => Err(format!("{} does not answer within {} seconds", self.store_words(), TRY_WITHIN.as_secs())),
        };
        match &tried {
            Ok(()) => self.stored(),
            Err(why) => self.failed(why),
        }
        tried
    }

    /// Has another key seal the keys of recordings that begin from now on. Those that are there stay readable.
    ///
    /// # Errors
    /// When it cannot be made, kept or audited; then the old one stays in use.
    pub async fn change_key(&self, by: &By) -> Result<(), RecordingError> {
        let record = self.0.keys.make()?;
        let change = self.0.audit.begin().await?;
        change.insert_recording_key(&record).await?;
        let entry = Entry::of_settings(Action::RecordingKeyChanged, "Recordings").with("key_id", record.id.to_string());
        change.commit(by, [entry]).await?;
        Ok(())
    }

    /// What could not be stored last, until something could.
    #[must_use]
    pub fn failing(&self) -> Option<Failing> {
        lock(&self.0.failure).clone()
    }

    async fn write_and_remove(&self) -> anyhow::Result<()> {
        let file = self.0.spools.join(format!("try-{}", random::id()));
        // On a disk that hangs one try is enough: its thread hangs with it.
        let alone = self.0.trying.clone().lock_owned().await;
        let written = tokio::task::spawn_blocking(move || {
            let _alone = alone;
            let written = std::fs::write(&file, [0; 4096]).and_then(|()| std::fs::File::open(&file)?.sync_all());
            let removed = std::fs::remove_file(&file);
            written.and(removed)
        });
        written.await?.context("chunks cannot be written to the data folder")?;
        let place = path::Path::from(format!("try-{}", random::id()));
        let failed = |error: object_store::Error| anyhow::anyhow!("{}: {}", self.store_words(), stores::said(&error));
        self.0.objects.put(&place, vec![0; 4096].into()).await.map_err(failed)?;
        match self.0.objects.delete(&place).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The store that new recordings go to, for people.
    fn store_words(&self) -> String {
        match self.0.stores.current() {
            FOLDER_STORE => "the folder of recordings".into(),
            name => format!("the store {name:?}"),
        }
    }

    fn stored(&self) {
        if lock(&self.0.failure).take().is_some() {
            tracing::info!("recordings can be stored again");
        }
    }

    fn failed(&self, why: &str) {
        let mut failure = lock(&self.0.failure);
        if failure.as_ref().is_none_or(|it| it.why != why) {
            tracing::error!(why, "recordings cannot be stored: sessions that are recorded do not begin");
            *failure = Some(Failing { at: now(), why: why.to_owned() });
        }
    }

    fn spool_of(&self, id: RecordingId) -> PathBuf {
        self.0.spools.join(id.to_string())
    }

    fn opened(&self, id: RecordingId) -> Option<Arc<OpenRecording>> {
        lock(&self.0.open).get(&id).cloned()
    }
}

impl OpenRecording {
    fn new(id: RecordingId, session: SessionId, bits_per_second: u32, capture: Capture) -> Arc<Self> {
        let at = now();
        let capture = Arc::new(tokio::sync::Mutex::new(capture));
        Arc::new(Self {
            id,
            session,
            bits_per_second,
            started_at: at,
            heard: Mutex::new(at),
            capture,
            looks: Mutex::default(),
        })
    }

    fn hear(&self) {
        *lock(&self.heard) = now();
    }

    fn heard_at(&self) -> Timestamp {
        *lock(&self.heard)
    }
}

/// Where a complete recording lies in the store.
fn object_of(session: SessionId, id: RecordingId) -> path::Path {
    path::Path::from(format!("{session}/{id}"))
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
