//! A screen of this workstation as the browser shares and records it.

use futures_channel::mpsc;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobEvent, DisplayMediaStreamConstraints, MediaRecorder, MediaRecorderOptions, MediaStream, MediaStreamTrack,
    RecordingState,
};
use wire::api::RecordingQuality;

use super::ShareError;

/// Milliseconds of a piece.
const PIECE_MILLIS: i32 = 1_000;
/// Milliseconds from one picture that stands by itself to the next: how finely one can seek.
const KEY_FRAME_MILLIS: f64 = 4_000.0;
/// Pieces that may wait for the page.
const INBOX: usize = 256;
/// What is recorded, the best first.
const MEDIA_TYPES: [&str; 3] = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/// What a capture says.
pub(super) enum Said {
    /// A piece was recorded.
    Piece(Blob),
    /// Nothing more comes.
    Stopped,
}

/// A screen that is shared. Dropped, it is not any more.
pub(super) struct Capture {
    stream: MediaStream,
    recorder: MediaRecorder,
    /// What it records.
    pub(super) media_type: String,
    /// What the browser calls the screen.
    pub(super) label: String,
    /// What it says.
    pub(super) inbox: mpsc::Receiver<Said>,
    _on_piece: Closure<dyn FnMut(BlobEvent)>,
    _on_stop: Closure<dyn FnMut()>,
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.recorder.set_ondataavailable(None);
        self.recorder.set_onstop(None);
        end(&self.stream);
    }
}

impl Capture {
    /// Lets the person choose a screen.
    pub(super) async fn ask(quality: RecordingQuality) -> Result<Self, ShareError> {
        let devices = gloo::utils::window().navigator().media_devices().map_err(|_| ShareError::NotPossible)?;
        if !Reflect::has(&devices, &"getDisplayMedia".into()).unwrap_or(false) {
            return Err(ShareError::NotPossible);
        }
        let asked =
            devices.get_display_media_with_constraints(&constraints(quality)).map_err(|_| ShareError::NotPossible)?;
        let stream = JsFuture::from(asked).await.map_err(|error| refusal(&error))?;
        let stream: MediaStream = stream.unchecked_into();
        Self::of(&stream, quality).inspect_err(|_| end(&stream))
    }

    fn of(stream: &MediaStream, quality: RecordingQuality) -> Result<Self, ShareError> {
        let track: MediaStreamTrack =
            stream.get_video_tracks().get(0).dyn_into().map_err(|_| ShareError::NotPossible)?;
        let surface = Reflect::get(&track.get_settings(), &"displaySurface".into()).ok().and_then(|it| it.as_string());
        // A browser that does not tell is believed.
        if surface.is_some_and(|it| it != "monitor") {
            return Err(ShareError::NotAScreen);
        }
        let media_type = MEDIA_TYPES.into_iter().find(|it| MediaRecorder::is_type_supported(it));
        let media_type = media_type.ok_or(ShareError::NotPossible)?;
        let options = MediaRecorderOptions::new();
        options.set_mime_type(media_type);
        options.set_video_bits_per_second(quality.bits_per_second());
        set(&options, "videoKeyFrameIntervalDuration", KEY_FRAME_MILLIS);
        let recorder = MediaRecorder::new_with_media_stream_and_media_recorder_options(stream, &options);
        let recorder = recorder.map_err(|_| ShareError::NotPossible)?;
        let (sender, inbox) = mpsc::channel(INBOX);
        let (mut from_piece, to_stop) = (sender.clone(), recorder.clone());
        let on_piece = Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
            if let Some(piece) = event.data().filter(|it| it.size() > 0.0) {
                // Without a piece what comes after it is of no use: a page that lags by so much records no more.
                if from_piece.try_send(Said::Piece(piece)).is_err() && to_stop.state() != RecordingState::Inactive {
                    let _ = to_stop.stop();
                }
            }
        });
        let mut from_stop = sender;
        let on_stop = Closure::<dyn FnMut()>::new(move || {
            let _ = from_stop.try_send(Said::Stopped);
        });
        recorder.set_ondataavailable(Some(on_piece.as_ref().unchecked_ref()));
        recorder.set_onstop(Some(on_stop.as_ref().unchecked_ref()));
        Ok(Self {
            stream: stream.clone(),
            recorder,
            media_type: media_type.to_owned(),
            label: track.label().chars().filter(|it| !it.is_control()).take(100).collect(),
            inbox,
            _on_piece: on_piece,
            _on_stop: on_stop,
        })
    }

    /// Begins to record.
    pub(super) fn start(&self) -> Result<(), ShareError> {
        self.recorder.start_with_time_slice(PIECE_MILLIS).map_err(|_| ShareError::NotPossible)
    }

    /// What stops it from elsewhere.
    pub(super) fn stopper(&self) -> impl Fn() + 'static {
        let (recorder, stream) = (self.recorder.clone(), self.stream.clone());
        move || {
            if recorder.state() != RecordingState::Inactive {
                // The last piece and the word that it stopped follow.
                let _ = recorder.stop();
            }
            end(&stream);
        }
    }
}

/// Whether this workstation has more than one screen, as far as the browser tells.
pub(crate) fn has_several_screens() -> bool {
    let screen = Reflect::get(&gloo::utils::window(), &"screen".into());
    screen.and_then(|it| Reflect::get(&it, &"isExtended".into())).is_ok_and(|it| it.is_truthy())
}

/// A whole screen, no sound, and no finer than it has to be.
fn constraints(quality: RecordingQuality) -> DisplayMediaStreamConstraints {
    let video = js_sys::Object::new();
    set(&video, "displaySurface", "monitor");
    let most = |value: u32| {
        let most = js_sys::Object::new();
        set(&most, "max", value);
        most
    };
    set(&video, "frameRate", most(quality.frames_per_second));
    set(&video, "height", most(quality.max_lines));
    let constraints = DisplayMediaStreamConstraints::new();
    constraints.set_video(&video);
    constraints.set_audio(&JsValue::FALSE);
    set(&constraints, "monitorTypeSurfaces", "include");
    set(&constraints, "surfaceSwitching", "exclude");
    set(&constraints, "selfBrowserSurface", "exclude");
    constraints
}

fn set(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    // Fails only on what is no object.
    let _ = Reflect::set(object, &name.into(), &value.into());
}

fn refusal(error: &JsValue) -> ShareError {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|it| it.as_string());
    match name.as_deref() {
        Some("NotAllowedError" | "AbortError") => ShareError::Cancelled,
        _ => ShareError::NotPossible,
    }
}

fn end(stream: &MediaStream) {
    for track in stream.get_tracks().iter() {
        track.unchecked_into::<MediaStreamTrack>().stop();
    }
}
