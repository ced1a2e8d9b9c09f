//! One recording on its way to the appliance: pieces go up one after the other, again and again until each is on disk there.

use std::cell::Cell;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::{FutureExt, StreamExt, select_biased};
use gloo::timers::future::TimeoutFuture;
use wasm_bindgen_futures::JsFuture;
use wire::api::{ApiError, ChunkKept, NewRecording, RecordingStop};
use wire::{RecordingId, SessionId};

use super::ShareError;
use super::capture::{Capture, Said};
use crate::appliance_api::Api;
use crate::console::now;
use crate::state::upload::Upload;

/// A screen that shows nothing new is said to be alive this often.
const BEAT_MILLIS: u32 = 3_000;
/// How long a piece waits after it could not be sent.
const AGAIN_MILLIS: u32 = 500;
/// How long the first picture may take.
const FIRST_MILLIS: u64 = 10_000;
/// How long what is left may take once it has stopped.
const REST_MILLIS: u64 = 2_000;

type Arrived = oneshot::Sender<Result<(), ShareError>>;

/// One recording.
pub(super) struct Screen {
    api: Api,
    session: SessionId,
    id: RecordingId,
    capture: Capture,
    because: Rc<Cell<Option<RecordingStop>>>,
    upload: Upload,
    arrived: Option<Arrived>,
}

/// What stops a recording.
pub(super) struct Handle {
    pub(super) id: RecordingId,
    pub(super) session: SessionId,
    because: Rc<Cell<Option<RecordingStop>>>,
    stop: Box<dyn Fn()>,
}

impl Handle {
    /// Stops it. The first reason counts.
    pub(super) fn stop(&self, because: RecordingStop) {
        if self.because.get().is_none() {
            self.because.set(Some(because));
        }
        (self.stop)();
    }
}

impl Screen {
    /// Announces a screen to the appliance and begins to record it.
    pub(super) async fn begin(
        api: Api,
        session: SessionId,
        capture: Capture,
        arrived: Arrived,
    ) -> Result<Self, ShareError> {
        let new = NewRecording { media_type: capture.media_type.clone(), label: capture.label.clone() };
        let recording = api.announce_recording(session, &new).await.map_err(ShareError::Appliance)?;
        let (upload, because) = Default::default();
        let screen = Self { api, session, id: recording.id, capture, because, upload, arrived: Some(arrived) };
        if let Err(error) = screen.capture.start() {
            // It is told apart from one that stalls.
            let _ = screen.api.stop_recording(screen.id, RecordingStop::BrowserFailed).await;
            return Err(error);
        }
        Ok(screen)
    }

    pub(super) fn id(&self) -> RecordingId {
        self.id
    }

    pub(super) fn handle(&self) -> Handle {
        let stop = Box::new(self.capture.stopper());
        Handle { id: self.id, session: self.session, because: self.because.clone(), stop }
    }

    /// Brings what is recorded to the appliance until it stops.
    pub(super) async fn run(mut self) {
        let began = now();
        let because = loop {
            match self.step().await {
                Ok(true) => {}
                Ok(false) => {
                    self.send_the_rest().await;
                    break self.because.get().unwrap_or(RecordingStop::SharingStopped);
                }
                Err(because) => break because,
            }
            if self.arrived.is_some() && now().millis_since(began) > FIRST_MILLIS {
                self.say(Err(ShareError::NoPicture));
                break RecordingStop::BrowserFailed;
            }
        };
        self.handle().stop(because);
        // An appliance that does not hear it notices that nothing comes any more.
        let _ = self.api.stop_recording(self.id, because).await;
    }

    /// Takes what was recorded, and sends a piece if there is one. False when nothing more comes.
    async fn step(&mut self) -> Result<bool, RecordingStop> {
        let waits = self.upload.first().is_none();
        let patience = if waits { BEAT_MILLIS } else { 0 };
        let said = select_biased! {
            said = self.capture.inbox.next() => Some(said.unwrap_or(Said::Stopped)),
            () = TimeoutFuture::new(patience).fuse() => None,
        };
        match said {
            Some(Said::Piece(blob)) => {
                let bytes = JsFuture::from(blob.array_buffer()).await.map_err(|_| RecordingStop::BrowserFailed)?;
                self.upload.push(&js_sys::Uint8Array::new(&bytes).to_vec(), now());
            }
            Some(Said::Stopped) => return Ok(false),
            None if waits => {
                let alive = self.api.recording_is_alive(self.id).await;
                self.heard(alive).await?;
            }
            None => self.send().await?,
        }
        if self.upload.is_stuck(now()) { Err(RecordingStop::UploadFailed) } else { Ok(true) }
    }

    async fn send(&mut self) -> Result<(), RecordingStop> {
        let Some((number, chunk)) = self.upload.first() else { return Ok(()) };
        let kept = self.api.keep_chunk(self.id, number, &chunk).await;
        if self.heard(kept).await? {
            self.say(Ok(()));
        }
        Ok(())
    }

    /// What the appliance has by now. What could not be reached is tried again; what it refused is over.
    async fn heard(&mut self, answer: Result<ChunkKept, ApiError>) -> Result<bool, RecordingStop> {
        match answer {
            Ok(ChunkKept { next }) => {
                self.upload.confirmed(next, now());
                Ok(true)
            }
            Err(error) if is_passing(&error) => {
                TimeoutFuture::new(AGAIN_MILLIS).await;
                Ok(false)
            }
            Err(error) => {
                self.say(Err(ShareError::Appliance(error)));
                Err(RecordingStop::UploadFailed)
            }
        }
    }

    /// Nothing more is recorded; what was recorded still goes up, if that is quick.
    async fn send_the_rest(&mut self) {
        let began = now();
        while self.upload.first().is_some() && now().millis_since(began) < REST_MILLIS {
            if self.send().await.is_err() {
                return;
            }
        }
    }

    fn say(&mut self, what: Result<(), ShareError>) {
        if let Some(arrived) = self.arrived.take() {
            // Whoever asked may no longer wait.
            let _ = arrived.send(what);
        }
    }
}

/// Whether the same request may do better in a moment.
fn is_passing(error: &ApiError) -> bool {
    use wire::api::Fault;
    matches!(error.fault, Fault::Network | Fault::Appliance) && error.code != "not_stored"
}
