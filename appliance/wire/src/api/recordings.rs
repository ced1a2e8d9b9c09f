use super::{Deletion, api_type};
use crate::{RecordingId, SessionId, Timestamp};

/// Whether something is recorded of whoever uses an item while its tunnels are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordingRule {
    /// As the settings of the appliance say.
    #[default]
    AsSettings,
    /// It is.
    On,
    /// It is not, unless another policy that holds says it is.
    Off,
}

/// Where the recording of a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordingPhase {
    /// Nothing has arrived yet: the tunnels cannot be opened.
    Wanted,
    /// It runs.
    Running,
    /// It stopped: nothing goes through the tunnels until it runs again.
    Paused,
}

/// What became of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// More of it may come.
    Running,
    /// It is complete and can be looked at.
    Finished,
    /// Nothing of it could be kept.
    Empty,
    /// It was deleted; that it was there, and its hash, stands in the audit trail.
    Deleted,
}

/// What a recording shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordingKind {
    /// One screen of the technician's workstation, as WebM.
    Desktop,
    /// What went through the tunnels, as pcapng.
    Traffic,
}

/// Why a page says that it records no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordingStop {
    /// Sharing was stopped in the browser's bar.
    SharingStopped,
    /// The page went away.
    PageClosed,
    /// The browser could not go on.
    BrowserFailed,
    /// The page could not get rid of what it had recorded.
    UploadFailed,
    /// The session is over.
    SessionOver,
}

api_type! {
    /// How finely a desktop is recorded.
    #[derive(Copy, Eq)]
    pub struct RecordingQuality {
        /// Frames in a second, at most [`crate::limits::RECORDING_FRAMES`].
        pub frames_per_second: u32,
        /// Lines of the picture, at most; a larger screen is scaled down. At least [`crate::limits::RECORDING_LINES_LEAST`].
        pub max_lines: u32,
    }

    /// The recording that a session needs.
    #[derive(Copy, Eq)]
    pub struct SessionRecording {
        /// How finely.
        pub quality: RecordingQuality,
        /// Where it stands.
        pub phase: RecordingPhase,
        /// While it is paused: when the session ends for want of it.
        #[serde(default)]
        pub resume_by: Option<Timestamp>,
        /// Screens that are recorded now.
        pub screens: u32,
    }

    /// `POST /api/sessions/{id}/recordings`: a screen is shared, and what it shows is about to come.
    #[derive(Eq)]
    pub struct NewRecording {
        /// The media type that the browser records, such as `video/webm;codecs=vp9`.
        pub media_type: String,
        /// What the browser calls the screen; may be empty.
        #[serde(default)]
        pub label: String,
    }

    /// `PUT /api/recordings/{id}/chunks/{number}`: what is kept of it by now.
    #[derive(Copy, Eq)]
    pub struct ChunkKept {
        /// The number of the chunk that comes next: all before it are on disk.
        pub next: u64,
    }

    /// `POST /api/recordings/{id}/stop`.
    #[derive(Copy, Eq)]
    pub struct StopRecording {
        /// Why.
        pub because: RecordingStop,
    }

    /// A recording.
    #[derive(Eq)]
    pub struct Recording {
        /// Its id.
        pub id: RecordingId,
        /// Its session.
        pub session_id: SessionId,
        /// What it shows.
        pub kind: RecordingKind,
        /// What the browser calls the screen.
        pub label: String,
        /// What became of it.
        pub state: RecordingState,
        /// When its first chunk arrived; when it was announced, before that.
        pub started_at: Timestamp,
        /// When it stopped.
        pub ended_at: Option<Timestamp>,
        /// How long it plays, in milliseconds; of one that runs: 0.
        pub duration_millis: u64,
        /// Width of the picture in pixels.
        pub width: u32,
        /// Height of the picture in pixels.
        pub height: u32,
        /// Bytes: of the finished file, or of what has come so far.
        pub bytes: u64,
        /// SHA-256 of the finished file in hexadecimal, as it stands in the audit trail.
        pub sha256: Option<String>,
        /// When and why it was deleted.
        #[serde(default)]
        pub deletion: Option<Deletion>,
    }
}

impl RecordingQuality {
    /// Bits a second that a browser is asked to stay within. A desktop changes little: measured figures for text on screen are
    /// well below; the factor is that of a moving picture that stays legible.
    #[must_use]
    pub fn bits_per_second(self) -> u32 {
        let pixels = u64::from(self.max_lines) * u64::from(self.max_lines) * 16 / 9;
        let bits = pixels * u64::from(self.frames_per_second) / 8;
        u32::try_from(bits.clamp(250_000, 8_000_000)).unwrap_or(8_000_000)
    }

    /// Bytes that an hour takes at most.
    #[must_use]
    pub fn bytes_per_hour(self) -> u64 {
        u64::from(self.bits_per_second()) / 8 * 60 * 60
    }

    /// What satisfies both.
    #[must_use]
    pub fn finer(self, other: Self) -> Self {
        Self {
            frames_per_second: self.frames_per_second.max(other.frames_per_second),
            max_lines: self.max_lines.max(other.max_lines),
        }
    }
}

impl Default for RecordingQuality {
    fn default() -> Self {
        Self { frames_per_second: 5, max_lines: 1080 }
    }
}

impl RecordingKind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[Self::Desktop, Self::Traffic];

    /// For people, several of them.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Desktop => "Recordings of the desktop",
            Self::Traffic => "Captured traffic",
        }
    }
}

impl RecordingStop {
    /// In words, after "Recording stopped: ".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::SharingStopped => "sharing the screen was stopped in the browser",
            Self::PageClosed => "the page that recorded was closed or loaded anew",
            Self::BrowserFailed => "the browser could not go on recording",
            Self::UploadFailed => "what was recorded could not be uploaded in time",
            Self::SessionOver => "the session is over",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finer_recordings_take_more_within_bounds() {
        let quality = |frames_per_second, max_lines| RecordingQuality { frames_per_second, max_lines };
        let least = quality(1, 360);
        assert_eq!(least.bits_per_second(), 250_000);
        assert!(quality(5, 1080).bits_per_second() > quality(5, 720).bits_per_second());
        assert_eq!(quality(30, 2160).bits_per_second(), 8_000_000);
        assert_eq!(quality(5, 1080).bytes_per_hour(), 5 * 1080 * 1920 / 8 / 8 * 3600);
        assert_eq!(quality(2, 1080).finer(quality(10, 720)), quality(10, 1080));
    }
}
