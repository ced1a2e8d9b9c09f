//! Traffic as it passes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use wire::RecordingId;
use wire::api::{Recording, RecordingKind, RecordingState, SessionEnd, TrafficSide, WhenFull};
use wire::audit::{Action, ObjectKind};
use wire::limits::CAPTURE_STALL_SECONDS;

use super::{OpenTraffic, Traffic, Written, about};
use crate::audit::{By, Entry};
use crate::capture::{Writer, concerns};
use crate::clock::{now, now_micros};
use crate::random;
use crate::recording::key::RecordingKey;
use crate::recording::spool::Spool;
use crate::recording::{RecordingError, Recordings, lock};
use crate::relay::connections::From;
use crate::relay::tap::{NotKept, Tap};
use crate::session::live::LiveSession;
use crate::store::RecordingRecord;

/// How long writing may take.
const STALL: Duration = Duration::from_secs(CAPTURE_STALL_SECONDS as u64);

/// The session event of a capture that is full while the session goes on.
pub(super) const CAPTURE_FULL: &str = "capture_full";

/// Writes what passes through one session.
pub(super) struct TrafficTap {
    open: Arc<OpenTraffic>,
    recordings: Recordings,
}

impl std::fmt::Debug for TrafficTap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TrafficTap({})", self.open.id)
    }
}

#[async_trait]
impl Tap for TrafficTap {
    async fn keep(&self, from: From, frames: Bytes) -> Result<(), NotKept> {
        if self.open.passes() || !concerns(&frames).unwrap_or(true) {
            return Ok(());
        }
        let side = match from {
            From::Helper => TrafficSide::Client,
            From::Jumpoint => TrafficSide::Target,
        };
        match tokio::time::timeout(STALL, self.open.write(side, frames, now_micros())).await {
            Ok(Ok(Written::Kept)) => return Ok(()),
            Ok(Ok(Written::Full)) => return self.recordings.traffic_is_full(&self.open).await,
            Ok(Err(error)) => self.recordings.traffic_failed(&self.open, &error.to_string()).await,
            Err(_) => {
                let why = format!("nothing could be written for {CAPTURE_STALL_SECONDS} seconds");
                self.recordings.traffic_failed(&self.open, &why).await;
            }
        }
        Err(NotKept)
    }
}

impl Recordings {
    /// Begins to capture the traffic of a session, where that is to be done and is not done yet.
    ///
    /// # Errors
    /// When it cannot be stored or written down: then the session opens no tunnels.
    pub async fn capture(&self, live: &Arc<LiveSession>, by: &By) -> Result<(), RecordingError> {
        // It holds the state of a writer, which is large for every request that might begin one.
        let begin = async {
            let open = self.begin_capture(live, by).await?;
            Ok(self.tap_of(open))
        };
        Box::pin(live.tap_with(begin)).await
    }

    pub(super) fn tap_of(&self, open: Arc<OpenTraffic>) -> Arc<dyn Tap> {
        Arc::new(TrafficTap { open, recordings: self.clone() })
    }

    async fn begin_capture(&self, live: &Arc<LiveSession>, by: &By) -> Result<Arc<OpenTraffic>, RecordingError> {
        let record = live.snapshot();
        let limits = record.capture.ok_or(RecordingError::NotRecorded)?;
        let (id, at) = (RecordingId(random::id()), now());
        let (key_id, sealing) = self.0.keys.newest(self.0.audit.store()).await?;
        let (key, sealed_key) = RecordingKey::make(&sealing, id)?;
        let store = self.0.stores.current().to_owned();
        let about = about(&record, at);
        let path = self.spool_of(id);
        let traffic = tokio::task::spawn_blocking(move || {
            let (writer, head) = Writer::begin(&about);
            let mut spool = Spool::create(&path, key)?;
            spool.append(&head)?;
            Ok(Traffic::new(spool, writer, about))
        });
        let traffic = traffic.await.map_err(std::io::Error::other).and_then(|it| it);
        let traffic = traffic.map_err(|error| self.not_stored(&error))?;
        let recording = Recording {
            id,
            session_id: live.id,
            kind: RecordingKind::Traffic,
            label: String::new(),
            state: RecordingState::Running,
            started_at: at,
            ended_at: None,
            duration_millis: 0,
            width: 0,
            height: 0,
            bytes: 0,
            sha256: None,
            deletion: None,
        };
        let entry = Entry::of(Action::RecordingStarted, ObjectKind::Recording, id.0, &record.item_name)
            .with("session_id", live.id.to_string())
            .with("kind", serde_json::json!(RecordingKind::Traffic));
        let record = RecordingRecord { recording, sealed_key, store, object_gone: false, key_id };
        self.begun(&record, by, entry).await?;
        self.stored();
        let open = OpenTraffic::new(id, live.id, limits, traffic);
        lock(&self.0.traffic).insert(id, open.clone());
        self.0.sessions.note(live, "capture_started", "What goes through the tunnels is captured.", None).await;
        Ok(open)
    }

    /// What has to be captured cannot be: the session that needs it ends.
    pub(super) async fn traffic_failed(&self, open: &OpenTraffic, why: &str) {
        self.failed(why);
        // Both directions find out.
        if open.has_failed.swap(true, Ordering::AcqRel) {
            return;
        }
        let Some(live) = self.0.sessions.get(open.session) else { return };
        self.0.sessions.end(&live, SessionEnd::CaptureFailed, None, why);
        let entry = Entry::of(Action::RecordingFailed, ObjectKind::Recording, open.id.0, &live.snapshot().item_name);
        let entry = entry.with("session_id", live.id.to_string()).saying(why.to_owned()).failed();
        if let Err(error) = self.0.audit.append(&By::appliance(), entry).await {
            tracing::error!(recording.id = %open.id, error = %error, "that a capture failed could not be audited");
        }
    }

    /// As much is captured as may be: the session ends, or goes on without.
    async fn traffic_is_full(&self, open: &OpenTraffic) -> Result<(), NotKept> {
        let Some(live) = self.0.sessions.get(open.session).filter(|it| it.ending().is_none()) else {
            return Err(NotKept);
        };
        // Nothing passes in either direction before that stands.
        open.told_full.get_or_try_init(|| self.tell_full(open, &live)).await?;
        if open.passes() { Ok(()) } else { Err(NotKept) }
    }

    async fn tell_full(&self, open: &OpenTraffic, live: &Arc<LiveSession>) -> Result<(), NotKept> {
        let goes_on = open.limits.when_full == WhenFull::GoOn;
        let size = format!("{} MiB are captured, as much as may be of one session.", open.limits.max_mebibytes);
        let message = if goes_on { format!("{size} What goes through from now on is not.") } else { size };
        let entry = Entry::of(Action::RecordingFull, ObjectKind::Recording, open.id.0, &live.snapshot().item_name)
            .with("session_id", live.id.to_string())
            .saying(message.clone());
        if !goes_on {
            self.0.sessions.end(live, SessionEnd::CaptureFull, None, "");
        }
        if let Err(error) = self.0.audit.append(&By::appliance(), entry).await {
            tracing::error!(recording.id = %open.id, error = %error, "that a capture is full could not be audited");
            self.0.sessions.end(live, SessionEnd::NotAudited, None, "");
            return Err(NotKept);
        }
        if goes_on {
            self.0.sessions.note(live, CAPTURE_FULL, &message, None).await;
        }
        Ok(())
    }

    /// Brings captured traffic to the disk, and completes captures whose session is over.
    pub(in crate::recording) fn look_after_traffic(&self, again: bool) {
        let all: Vec<_> = lock(&self.0.traffic).values().cloned().collect();
        for open in all {
            let was_tried = open.is_completing.load(Ordering::Acquire);
            if self.0.sessions.get(open.session).is_none() {
                if !was_tried || again {
                    self.complete_traffic(open);
                }
            } else if !open.is_syncing.swap(true, Ordering::AcqRel) {
                let recordings = self.clone();
                self.0.tasks.spawn("bringing captured traffic to the disk", async move {
                    if let Err(error) = open.sync().await {
                        recordings.traffic_failed(&open, &error.to_string()).await;
                    }
                    open.is_syncing.store(false, Ordering::Release);
                });
            }
        }
    }
}
