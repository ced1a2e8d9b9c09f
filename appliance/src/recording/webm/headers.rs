//! The elements that are kept as a whole before they are read: the EBML header, Info and Tracks.

use super::ebml::{Elements, Id, NoHead, unsigned};
use super::{LONGEST_TICK, WebmFault};

/// The only track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Track {
    /// The body of Tracks as it came.
    pub(super) body: Vec<u8>,
    pub(super) number: u64,
    /// Pixels of width and height.
    pub(super) size: Option<(u32, u32)>,
}

/// Whether a reader of WebM can read what begins with this EBML header (RFC 8794, section 11.2).
///
/// # Errors
/// [`WebmFault::NotWebm`]
pub(super) fn read_header(body: &[u8]) -> Result<(), WebmFault> {
    let mut is_webm = false;
    for element in Elements(body) {
        let (id, body) = element.map_err(|NoHead| WebmFault::NotWebm)?;
        let limit = match id {
            Id::DOC_TYPE => {
                // A text may be filled up with zeros.
                is_webm = body.strip_prefix(b"webm").is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
                continue;
            }
            Id::EBML_READ_VERSION => 1,
            Id::EBML_MAX_ID_LENGTH | Id::DOC_TYPE_READ_VERSION => 4,
            Id::EBML_MAX_SIZE_LENGTH => 8,
            _ => continue,
        };
        if unsigned(body).is_none_or(|value| value > limit) {
            return Err(WebmFault::NotWebm);
        }
    }
    if is_webm { Ok(()) } else { Err(WebmFault::NotWebm) }
}

/// The nanoseconds of a tick that an Info at this offset names.
///
/// # Errors
/// [`WebmFault::TimestampScale`] and [`WebmFault::Malformed`]
pub(super) fn read_info(at: u64, body: &[u8]) -> Result<u64, WebmFault> {
    let mut scale = DEFAULT_SCALE;
    for element in Elements(body) {
        let (id, body) = element.map_err(|NoHead| WebmFault::Malformed { at, what: "Info holds no elements" })?;
        // An empty number is its default.
        if id == Id::TIMESTAMP_SCALE && !body.is_empty() {
            scale = number(at, body)?;
        }
    }
    if (1..=LONGEST_TICK).contains(&scale) { Ok(scale) } else { Err(WebmFault::TimestampScale(scale)) }
}

/// The only track of a Tracks at this offset.
///
/// # Errors
/// [`WebmFault::HasSound`], [`WebmFault::NotOneVideo`], [`WebmFault::OtherCodec`] and [`WebmFault::Malformed`]
pub(super) fn read_tracks(at: u64, body: Vec<u8>) -> Result<Track, WebmFault> {
    let mut entries = Vec::new();
    for element in Elements(&body) {
        let (id, body) = element.map_err(|NoHead| WebmFault::Malformed { at, what: "Tracks holds no elements" })?;
        if id == Id::TRACK_ENTRY {
            entries.push(Entry::read(at, body)?);
        }
    }
    if entries.iter().any(|it| it.sound || it.kind == Some(SOUND)) {
        return Err(WebmFault::HasSound);
    }
    let [entry] = entries.as_slice() else { return Err(WebmFault::NotOneVideo) };
    if entry.kind != Some(VIDEO) {
        return Err(WebmFault::NotOneVideo);
    }
    if !entry.known_codec {
        return Err(WebmFault::OtherCodec);
    }
    let number = entry.number.filter(|it| *it > 0);
    let number = number.ok_or(WebmFault::Malformed { at, what: "a track without a number" })?;
    let size = entry.width.zip(entry.height).filter(|(width, height)| *width > 0 && *height > 0);
    Ok(Track { number, size, body })
}

#[derive(Default)]
struct Entry {
    number: Option<u64>,
    kind: Option<u64>,
    known_codec: bool,
    sound: bool,
    width: Option<u32>,
    height: Option<u32>,
}

impl Entry {
    fn read(at: u64, body: &[u8]) -> Result<Self, WebmFault> {
        let mut entry = Self::default();
        for element in Elements(body) {
            let (id, body) =
                element.map_err(|NoHead| WebmFault::Malformed { at, what: "a track holds no elements" })?;
            match id {
                Id::TRACK_NUMBER => once(at, &mut entry.number, body)?,
                Id::TRACK_TYPE => once(at, &mut entry.kind, body)?,
                Id::CODEC_ID => {
                    entry.known_codec = matches!(body.trim_ascii_end(), b"V_VP8" | b"V_VP9" | b"V_AV1");
                }
                Id::AUDIO => entry.sound = true,
                Id::VIDEO => entry.read_video(at, body)?,
                _ => {}
            }
        }
        Ok(entry)
    }

    fn read_video(&mut self, at: u64, body: &[u8]) -> Result<(), WebmFault> {
        for element in Elements(body) {
            let (id, body) = element.map_err(|NoHead| WebmFault::Malformed { at, what: "Video holds no elements" })?;
            let side = match id {
                Id::PIXEL_WIDTH => &mut self.width,
                Id::PIXEL_HEIGHT => &mut self.height,
                _ => continue,
            };
            *side = u32::try_from(number(at, body)?).ok();
        }
        Ok(())
    }
}

/// Takes a number that decides what the track is. Of two, a player might believe the other.
fn once(at: u64, into: &mut Option<u64>, body: &[u8]) -> Result<(), WebmFault> {
    match into.replace(number(at, body)?) {
        None => Ok(()),
        Some(_) => Err(WebmFault::Malformed { at, what: "a track has two numbers or two types" }),
    }
}

fn number(at: u64, body: &[u8]) -> Result<u64, WebmFault> {
    unsigned(body).ok_or(WebmFault::Malformed { at, what: "a number of more than 8 bytes" })
}

/// TimestampScale where Info names none: a tick is a millisecond.
const DEFAULT_SCALE: u64 = 1_000_000;
/// Values of TrackType.
const VIDEO: u64 = 1;
const SOUND: u64 = 2;
