//! The traffic of sessions, which [`crate::capture`] makes into a file: written as it passes, made complete when the session is
//! over, kept and read like every other recording.
//!
//! | file | holds |
//! |---|---|
//! | `taking` | what passes, written before it does |
//! | `finishing` | what an earlier run of the appliance left, and making a capture complete |
//! | `reading` | connections, bytes and statements of a complete one |

mod finishing;
mod reading;
mod taking;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use tokio::sync::{OnceCell, OwnedMutexGuard};
use wire::api::{TrafficCapture, TrafficSide, WhenFull};
use wire::{RecordingId, SessionId, Timestamp};

use super::spool::Spool;
use crate::capture::{About, Reader, Writer};
use crate::store::SessionRecord;

pub use reading::{PieceWindow, StatementPage};

/// A capture of which more may come, or that is being completed.
pub(super) struct OpenTraffic {
    pub(super) id: RecordingId,
    pub(super) session: SessionId,
    limits: TrafficCapture,
    file: Arc<tokio::sync::Mutex<Traffic>>,
    /// Nothing more is written, and that stands in the audit trail.
    told_full: OnceCell<()>,
    has_failed: AtomicBool,
    is_completing: AtomicBool,
    is_syncing: AtomicBool,
}

/// What has come of it. Locked while something is written.
pub(super) struct Traffic {
    spool: Spool,
    writer: Writer,
    /// What the writer is for: one that ran ahead is made again from what was kept.
    about: About,
    /// The writer knows of packets that were not kept.
    is_ahead: bool,
    /// Something was written that may not be on the disk.
    is_unsynced: bool,
    /// No more is taken.
    is_over: bool,
}

/// What became of frames that were to be written.
enum Written {
    /// They are.
    Kept,
    /// There is no room for them.
    Full,
}

impl super::finishing::Spooled for OwnedMutexGuard<Traffic> {
    fn spool(&self) -> &Spool {
        &self.spool
    }
}

impl OpenTraffic {
    fn new(id: RecordingId, session: SessionId, limits: TrafficCapture, traffic: Traffic) -> Arc<Self> {
        Arc::new(Self {
            id,
            session,
            limits,
            file: Arc::new(tokio::sync::Mutex::new(traffic)),
            told_full: OnceCell::new(),
            has_failed: AtomicBool::new(false),
            is_completing: AtomicBool::new(false),
            is_syncing: AtomicBool::new(false),
        })
    }

    /// Writes frames that are about to pass.
    async fn write(&self, side: TrafficSide, frames: Bytes, at_micros: i64) -> io::Result<Written> {
        let most = self.limits.max_bytes();
        let mut file = self.file.clone().lock_owned().await;
        let written = tokio::task::spawn_blocking(move || file.write(side, &frames, at_micros, most));
        written.await.map_err(io::Error::other)?
    }

    /// Brings what was written to the disk.
    async fn sync(&self) -> io::Result<()> {
        let to_sync = {
            let mut file = self.file.lock().await;
            std::mem::take(&mut file.is_unsynced).then(|| file.spool.to_sync()).transpose()?
        };
        match to_sync {
            Some(file) => tokio::task::spawn_blocking(move || file.sync_data()).await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }

    /// Whether nothing more is written, and the session goes on all the same.
    fn passes(&self) -> bool {
        self.limits.when_full == WhenFull::GoOn && self.told_full.initialized()
    }

    /// An earlier run of the appliance filled it.
    fn was_full(&self) {
        // It is not told twice.
        let _ = self.told_full.set(());
    }
}

impl Traffic {
    fn new(spool: Spool, writer: Writer, about: About) -> Self {
        Self { spool, writer, about, is_ahead: false, is_unsynced: false, is_over: false }
    }

    fn write(&mut self, side: TrafficSide, frames: &Bytes, at_micros: i64, most: u64) -> io::Result<Written> {
        if self.is_over {
            return Ok(Written::Full);
        }
        if self.is_ahead {
            return Err(io::Error::other("what came before could not be written"));
        }
        let mut packets = Vec::with_capacity(frames.len() + frames.len() / 8 + 512);
        self.writer.take(side, frames, at_micros, &mut packets).map_err(io::Error::other)?;
        if packets.is_empty() {
            return Ok(Written::Kept);
        }
        if self.spool.len() + packets.len() as u64 > most {
            (self.is_over, self.is_ahead) = (true, true);
            return Ok(Written::Full);
        }
        self.is_ahead = true;
        self.spool.append_unsynced(&packets)?;
        (self.is_ahead, self.is_unsynced) = (false, true);
        Ok(Written::Kept)
    }

    /// Ends the connections that are open.
    fn finish(&mut self, at_micros: i64) -> io::Result<()> {
        self.is_over = true;
        if self.is_ahead {
            let (mut writer, mut reader) = (Writer::of(&self.about), Reader::default());
            self.spool.read(0, self.spool.len(), |blocks| {
                writer.resume(&mut reader, blocks);
                Ok(())
            })?;
            (self.writer, self.is_ahead) = (writer, false);
        }
        let mut packets = Vec::new();
        self.writer.finish(at_micros, &mut packets);
        if packets.is_empty() { Ok(()) } else { self.spool.append(&packets) }
    }
}

/// What the capture of a session is about.
fn about(record: &SessionRecord, started_at: Timestamp) -> About {
    let SessionRecord { id, user_name, item_name, hostname, jumpoint_name, .. } = record;
    let began = crate::clock::utc(started_at);
    About {
        comment: format!("Session {id}: {user_name} on {item_name} ({hostname} via {jumpoint_name}), from {began}."),
        hostname: hostname.clone(),
        tunnels: record.tunnels.iter().map(|it| (it.label.clone(), it.remote_port)).collect(),
    }
}
