//! What is asked of recordings, and what a browser says of one that it begins.

use crate::api::{FieldError, NewRecording, RecordingQuality, TrafficCapture};
use crate::limits::{
    CAPTURE_MEBIBYTES, RECORDING_FRAMES, RECORDING_LABEL_CHARS, RECORDING_LINES_LEAST, RECORDING_LINES_MOST,
};

/// How finely a desktop is to be recorded. The field is named by whoever asks.
#[must_use]
pub fn recording_quality(field: &str, quality: RecordingQuality) -> Option<FieldError> {
    if !(1..=RECORDING_FRAMES).contains(&quality.frames_per_second) {
        let message = format!("Give 1 to {RECORDING_FRAMES} frames in a second.");
        return Some(FieldError::new(field, &message));
    }
    if !(RECORDING_LINES_LEAST..=RECORDING_LINES_MOST).contains(&quality.max_lines) {
        let message = format!("Give {RECORDING_LINES_LEAST} to {RECORDING_LINES_MOST} lines.");
        return Some(FieldError::new(field, &message));
    }
    None
}

/// How traffic is to be captured. The field is named by whoever asks.
#[must_use]
pub fn traffic_capture(field: &str, capture: TrafficCapture) -> Option<FieldError> {
    let is_out = !(1..=CAPTURE_MEBIBYTES).contains(&capture.max_mebibytes);
    is_out.then(|| FieldError::new(field, &format!("Give 1 to {CAPTURE_MEBIBYTES} MiB.")))
}

/// What a browser says of a recording that it begins. Field names are those of [`NewRecording`].
#[must_use]
pub fn new_recording(new: &NewRecording) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let container = new.media_type.split(';').next().unwrap_or_default().trim();
    if container != "video/webm" || new.media_type.len() > RECORDING_LABEL_CHARS {
        errors.push(FieldError::new("media_type", "Recordings come as video/webm."));
    }
    let is_long = new.label.chars().count() > RECORDING_LABEL_CHARS;
    if is_long || new.label.chars().any(char::is_control) {
        let message = format!("At most {RECORDING_LABEL_CHARS} characters, none of them a control character.");
        errors.push(FieldError::new("label", &message));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_have_bounds() {
        let is_wrong = |frames_per_second, max_lines| {
            recording_quality("quality", RecordingQuality { frames_per_second, max_lines }).is_some()
        };
        assert!(!is_wrong(1, RECORDING_LINES_LEAST) && !is_wrong(RECORDING_FRAMES, RECORDING_LINES_MOST));
        assert!(is_wrong(0, 720) && is_wrong(RECORDING_FRAMES + 1, 720));
        assert!(is_wrong(5, RECORDING_LINES_LEAST - 1) && is_wrong(5, RECORDING_LINES_MOST + 1));
    }

    #[test]
    fn captures_have_bounds() {
        let is_wrong = |max_mebibytes| {
            traffic_capture("traffic_capture", TrafficCapture { max_mebibytes, ..TrafficCapture::default() }).is_some()
        };
        assert!(!is_wrong(1) && !is_wrong(CAPTURE_MEBIBYTES));
        assert!(is_wrong(0) && is_wrong(CAPTURE_MEBIBYTES + 1));
    }

    #[test]
    fn browsers_record_webm_and_name_screens_briefly() {
        let fields = |media_type: &str, label: &str| {
            let new = NewRecording { media_type: media_type.into(), label: label.into() };
            new_recording(&new).into_iter().map(|it| it.field).collect::<Vec<_>>()
        };
        assert!(fields("video/webm;codecs=vp9", "screen:0:0").is_empty());
        assert_eq!(fields("video/mp4", ""), ["media_type"]);
        assert_eq!(fields("video/webmx", "a\nb"), ["media_type", "label"]);
        assert_eq!(fields("video/webm", &"a".repeat(RECORDING_LABEL_CHARS + 1)), ["label"]);
    }
}
