//! What is shown of captured bytes and statements.

use wire::api::{CapturedPiece, RecordingState, TrafficCapture, WhenFull};

use super::format;

/// Bytes of a line of hexadecimal numbers.
const LINE: usize = 16;

/// A line of hexadecimal numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where its first byte is among those of its side.
    pub(crate) offset: String,
    /// The bytes as numbers.
    pub(crate) numbers: String,
    /// The same as characters.
    pub(crate) characters: String,
}

/// The bytes of a piece; what is no hexadecimal number is left out.
pub(crate) fn bytes(piece: &CapturedPiece) -> Vec<u8> {
    let digits = piece.hex.as_bytes();
    let pairs = digits.chunks_exact(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// A piece as lines of numbers and characters.
pub(crate) fn dump(piece: &CapturedPiece) -> Vec<Line> {
    let offsets = (piece.offset..).step_by(LINE);
    let lines = bytes(piece);
    lines.chunks(LINE).zip(offsets).map(|(bytes, offset)| line(bytes, offset)).collect()
}

fn line(bytes: &[u8], offset: u64) -> Line {
    let numbers: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let character = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '·' };
    Line {
        offset: format!("{offset:08x}"),
        // All lines are as long as a full one, so that characters stand below each other.
        numbers: format!("{:<width$}", numbers.join(" "), width = LINE * 3 - 1),
        characters: bytes.iter().map(character).collect(),
    }
}

/// A piece as text. What does not print is a dot.
pub(crate) fn text(piece: &CapturedPiece) -> String {
    let shown = |sign: char| if sign.is_control() && !matches!(sign, '\n' | '\t') { '·' } else { sign };
    String::from_utf8_lossy(&bytes(piece)).replace("\r\n", "\n").chars().map(shown).collect()
}

/// How long an answer took.
pub(crate) fn took(micros: Option<u64>) -> String {
    match micros {
        None => "–".to_owned(),
        Some(micros) if micros < 1_000_000 => format::round_trip(micros),
        Some(micros) => format!("{:.1} s", micros as f64 / 1_000_000.0),
    }
}

/// What became of a capture.
pub(crate) fn facts(state: RecordingState, bytes: u64, millis: u64) -> String {
    match state {
        RecordingState::Running => "It is complete when the session is over.".to_owned(),
        RecordingState::Empty => "Nothing went through the tunnels.".to_owned(),
        RecordingState::Deleted => "It was deleted.".to_owned(),
        RecordingState::Finished => format!("{}, {}", format::duration(millis), format::bytes(bytes)),
    }
}

/// What a form for captures says: the size as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaptureForm {
    /// MiB of one session.
    pub(crate) max_mebibytes: String,
    /// What happens then.
    pub(crate) when_full: WhenFull,
}

impl CaptureForm {
    /// The form with what is kept.
    pub(crate) fn of(capture: TrafficCapture) -> Self {
        Self { max_mebibytes: capture.max_mebibytes.to_string(), when_full: capture.when_full }
    }

    /// What is to be sent. A number that is none becomes 0, which nothing allows.
    pub(crate) fn capture(&self) -> TrafficCapture {
        let max_mebibytes = self.max_mebibytes.trim().parse().unwrap_or(0);
        TrafficCapture { max_mebibytes, when_full: self.when_full }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::api::TrafficSide;

    fn piece(bytes: &[u8], offset: u64) -> CapturedPiece {
        let hex = bytes.iter().map(|it| format!("{it:02x}")).collect();
        CapturedPiece { at_micros: 0, side: TrafficSide::Client, offset, hex }
    }

    #[test]
    fn bytes_are_shown_as_numbers_and_characters_below_each_other() {
        let lines = dump(&piece(b"GET / HTTP/1.1\r\nHost", 0x20));
        assert_eq!(lines[0].offset, "00000020");
        assert_eq!(lines[0].numbers, "47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a");
        assert_eq!(lines[0].characters, "GET / HTTP/1.1··");
        assert_eq!((lines[1].offset.as_str(), lines[1].characters.as_str()), ("00000030", "Host"));
        assert_eq!(lines[1].numbers.len(), lines[0].numbers.len());
        assert!(dump(&piece(b"", 0)).is_empty());
    }

    #[test]
    fn text_is_what_people_would_read() {
        assert_eq!(text(&piece("Grüße\r\nan\tdich\0".as_bytes(), 0)), "Grüße\nan\tdich·");
        assert_eq!(text(&piece(&[0xff, b'a'], 0)), "\u{fffd}a");
        let broken = CapturedPiece { hex: "4g41é".into(), ..piece(b"", 0) };
        assert_eq!(text(&broken), "A");
    }

    #[test]
    fn times_have_a_unit_that_fits() {
        assert_eq!([None, Some(430), Some(18_200), Some(2_345_000)].map(took), ["–", "0.4 ms", "18 ms", "2.3 s"]);
    }

    #[test]
    fn what_was_loaded_is_sent_again_and_what_is_no_number_is_wrong() {
        let capture = TrafficCapture { max_mebibytes: 5, when_full: WhenFull::GoOn };
        assert_eq!(CaptureForm::of(capture).capture(), capture);
        let form = CaptureForm { max_mebibytes: "a lot".into(), ..CaptureForm::of(capture) };
        assert!(wire::validate::traffic_capture("x", form.capture()).is_some());
    }
}
