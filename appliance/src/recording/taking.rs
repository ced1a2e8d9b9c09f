//! Recordings as they come: a screen is announced, its chunks arrive, it stops.

use std::sync::Arc;

use bytes::Bytes;
use wire::RecordingId;
use wire::api::{NewRecording, Recording, RecordingKind, RecordingState, RecordingStop, SessionEnd};
use wire::audit::{Action, ObjectKind};

use super::key::RecordingKey;
use super::spool::Spool;
use super::webm::Scan;
use super::{Capture, OpenRecording, RecordingError, Recordings, lock};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::random;
use crate::session::live::LiveSession;
use crate::session::recorder::{Meaning, Recorder};
use crate::store::RecordingRecord;

/// Bytes that a recording may be larger than asked for.
const SPARE_BYTES: u64 = 64 * 1024 * 1024;
/// How many times larger than asked for it may be: a browser takes what it is asked for as a hint.
const SPARE_FACTOR: u64 = 4;

/// A recording that was announced.
#[derive(Clone, Debug)]
pub struct Announced {
    /// As it begins.
    pub recording: Recording,
}

impl Recordings {
    /// A screen is shared: its chunks are taken from now on.
    ///
    /// # Errors
    /// When the session is not recorded, has too many, or it cannot be written down.
    pub async fn announce(
        &self,
        live: &Arc<LiveSession>,
        new: NewRecording,
        by: &By,
    ) -> Result<Announced, RecordingError> {
        let id = RecordingId(random::id());
        let quality = live.with_recorder(|it| it.announced(id, now()).then(|| it.quality()));
        let quality = quality.ok_or(RecordingError::NotRecorded)?.ok_or(RecordingError::TooManyScreens)?;
        let announced = self.begin(live, id, new, quality.bits_per_second(), by).await;
        if announced.is_err() {
            live.with_recorder(|it| it.withdrawn(id));
        }
        announced
    }

    async fn begin(
        &self,
        live: &Arc<LiveSession>,
        id: RecordingId,
        new: NewRecording,
        bits_per_second: u32,
        by: &By,
    ) -> Result<Announced, RecordingError> {
        let (key_id, sealing) = self.0.keys.newest(self.0.audit.store()).await?;
        let (key, sealed_key) = RecordingKey::make(&sealing, id)?;
        let path = self.spool_of(id);
        let spool = tokio::task::spawn_blocking(move || Spool::create(&path, key)).await;
        let spool = spool.map_err(std::io::Error::other).and_then(|it| it);
        let spool = spool.map_err(|error| self.not_stored(&error))?;
        let recording = Recording {
            id,
            session_id: live.id,
            kind: RecordingKind::Desktop,
            label: new.label,
            state: RecordingState::Running,
            started_at: now(),
            ended_at: None,
            duration_millis: 0,
            width: 0,
            height: 0,
            bytes: 0,
            sha256: None,
            deletion: None,
        };
        let store = self.0.stores.current().to_owned();
        let record = RecordingRecord { recording: recording.clone(), sealed_key, store, object_gone: false, key_id };
        let item = live.snapshot().item_name;
        let entry = Entry::of(Action::RecordingStarted, ObjectKind::Recording, id.0, &item)
            .with("session_id", live.id.to_string())
            .with("media_type", new.media_type);
        self.begun(&record, by, entry).await?;
        let capture = Capture { spool, scan: Scan::default(), over: false };
        let open = OpenRecording::new(id, live.id, bits_per_second, capture);
        lock(&self.0.open).insert(id, open);
        Ok(Announced { recording })
    }

    /// Writes down that a recording begins. When it cannot be, nothing of it stays.
    pub(super) async fn begun(&self, record: &RecordingRecord, by: &By, entry: Entry) -> Result<(), RecordingError> {
        let written = async {
            let change = self.0.audit.begin().await?;
            change.insert_recording(record).await?;
            change.commit(by, [entry]).await
        };
        let written = written.await;
        if written.is_err() {
            let path = self.spool_of(record.recording.id);
            if let Err(error) = tokio::fs::remove_file(&path).await {
                tracing::warn!(file = %path.display(), error = %error, "the file of a recording that did not begin could not be removed");
            }
        }
        Ok(written?)
    }

    /// Takes a chunk. When this comes back it is on the disk; the answer is the number of the next one. One that came before is
    /// not kept twice.
    ///
    /// # Errors
    /// When it does not fit, or cannot be stored: then the session ends.
    pub async fn take(&self, id: RecordingId, number: u64, chunk: Bytes) -> Result<u64, RecordingError> {
        let open = self.opened(id).ok_or(RecordingError::Over)?;
        let mut capture = open.capture.clone().lock_owned().await;
        if capture.over {
            return Err(RecordingError::Over);
        }
        let next = capture.spool.next();
        if number != next {
            return if number < next { Ok(next) } else { Err(RecordingError::OutOfOrder { next }) };
        }
        open.hear();
        let seconds = now().millis_since(open.started_at) / 1_000;
        let most = SPARE_BYTES + seconds * u64::from(open.bits_per_second) / 8 * SPARE_FACTOR;
        let fits = if capture.spool.len() + chunk.len() as u64 > most { Err(RecordingError::TooMuch) } else { Ok(()) };
        let fits = fits.and_then(|()| Ok(capture.scan.push(&chunk)?));
        if let Err(error) = fits {
            tracing::warn!(recording.id = %id, error = %error, "a recording is stopped");
            drop(capture);
            self.stop(id, RecordingStop::BrowserFailed).await;
            return Err(error);
        }
        let written = tokio::task::spawn_blocking(move || {
            let written = capture.spool.append(&chunk);
            (written, capture)
        });
        let (written, capture) = written.await.map_err(|error| RecordingError::NotStored(error.to_string()))?;
        if let Err(error) = written {
            drop(capture);
            let failed = self.not_stored(&error);
            self.fail(&open, &failed.to_string()).await;
            return Err(failed);
        }
        self.stored();
        let (next, has_frames) = (capture.spool.next(), !capture.scan.found().is_empty());
        drop(capture);
        if let Some(live) = self.0.sessions.get(open.session) {
            let meaning = live.with_recorder(|it| {
                if has_frames {
                    it.kept(id, now())
                } else {
                    it.heard(id, now());
                    Meaning::Nothing
                }
            });
            self.tell(&live, meaning, RecordingStop::UploadFailed).await;
        }
        Ok(next)
    }

    /// The page is there, and has nothing new to send. The answer is the number of the next chunk.
    ///
    /// # Errors
    /// When the recording is over.
    pub async fn hear(&self, id: RecordingId) -> Result<u64, RecordingError> {
        let open = self.opened(id).ok_or(RecordingError::Over)?;
        let capture = open.capture.lock().await;
        if capture.over {
            return Err(RecordingError::Over);
        }
        open.hear();
        if let Some(live) = self.0.sessions.get(open.session) {
            live.with_recorder(|it| it.heard(id, now()));
        }
        Ok(capture.spool.next())
    }

    /// A recording stops: its session pauses, and what has come of it is completed.
    pub async fn stop(&self, id: RecordingId, because: RecordingStop) {
        let Some(open) = self.opened(id) else { return };
        if let Some(live) = self.0.sessions.get(open.session) {
            let meaning = live.with_recorder(|it| it.stopped(id, now()));
            self.tell(&live, meaning, because).await;
        }
        self.complete(open);
    }

    /// The session of a recording, when it is one of which more may come.
    #[must_use]
    pub fn session_of(&self, id: RecordingId) -> Option<wire::SessionId> {
        self.opened(id).map(|it| it.session)
    }

    /// What is written down and told of what happened to a session's recording.
    pub(super) async fn tell(&self, live: &Arc<LiveSession>, meaning: Option<Meaning>, because: RecordingStop) {
        match meaning {
            None | Some(Meaning::Nothing) => return,
            Some(Meaning::Began) => {
                self.0.sessions.note(live, "recording_started", "The desktop is recorded.", None).await;
            }
            Some(Meaning::Resumed) => {
                let message = "The desktop is recorded again; the tunnels go on.";
                self.0.sessions.note(live, "recording_resumed", message, None).await;
            }
            Some(Meaning::Paused) => {
                self.0.sessions.announce(live);
                let message = Recorder::paused_because(because);
                self.0.sessions.note(live, "recording_paused", &message, None).await;
                let entry =
                    Entry::of(Action::RecordingPaused, ObjectKind::Session, live.id.0, &live.snapshot().item_name)
                        .with("because", serde_json::json!(because))
                        .saying(message);
                if let Err(error) = self.0.audit.append(&By::appliance(), entry).await {
                    tracing::error!(session.id = %live.id, error = %error, "a pause could not be audited");
                    self.0.sessions.end(live, SessionEnd::NotAudited, None, "");
                }
            }
        }
        self.0.sessions.announce(live);
    }

    /// What has to be recorded cannot be: the session that needs it ends.
    async fn fail(&self, open: &Arc<OpenRecording>, why: &str) {
        let Some(live) = self.0.sessions.get(open.session) else { return };
        self.0.sessions.end(&live, SessionEnd::RecordingFailed, None, why);
        let entry = Entry::of(Action::RecordingFailed, ObjectKind::Recording, open.id.0, &live.snapshot().item_name);
        let entry = entry.with("session_id", live.id.to_string()).saying(why.to_owned()).failed();
        if let Err(error) = self.0.audit.append(&By::appliance(), entry).await {
            tracing::error!(recording.id = %open.id, error = %error, "that a recording failed could not be audited");
        }
    }

    pub(super) fn not_stored(&self, error: &std::io::Error) -> RecordingError {
        self.failed(&error.to_string());
        RecordingError::NotStored(error.to_string())
    }
}
