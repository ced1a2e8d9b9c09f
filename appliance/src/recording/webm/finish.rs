use std::ops::Range;

use super::WebmFault;
use super::ebml::{Id, write, write_head, write_unsigned};
use super::found::{ClusterAt, Found};

/// The finished file as its parts: bytes that are new, and ranges of the raw stream. It reads, in order: an EBML header, a Segment
/// with SeekHead, Info, Tracks, Cues, and every Cluster, each with its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    parts: Vec<Part>,
    len: u64,
}

/// A part of the finished file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bytes that the raw stream does not have.
    New(Vec<u8>),
    /// Bytes of the raw stream as they are.
    Source {
        /// Where they begin in the raw stream.
        offset: u64,
        /// How many.
        len: u64,
    },
}

/// What a range of the finished file has of a [`Part`]; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartSlice<'a> {
    /// Bytes that the raw stream does not have.
    New(&'a [u8]),
    /// Bytes of the raw stream as they are.
    Source {
        /// Where they begin in the raw stream.
        offset: u64,
        /// How many.
        len: u64,
    },
}

impl Finished {
    /// Lays the file out. Needs no more of the raw stream than was found in it. `recorded_at` is when timestamp 0 was, in
    /// milliseconds of Unix time; a time that WebM cannot express is left out.
    ///
    /// # Errors
    /// [`WebmFault::NothingRecorded`] when there is no whole block.
    pub fn of(found: &Found, recorded_at: Option<i64>) -> Result<Self, WebmFault> {
        let (Some(track), Some(scale), false) = (&found.track, found.scale, found.is_empty()) else {
            return Err(WebmFault::NothingRecorded);
        };
        let heads: Vec<Vec<u8>> = found.clusters.iter().map(cluster_head).collect();
        let cues = Cue::all(found, &heads);
        let info = info(scale, found.end(), recorded_at);
        let mut sections = vec![(Id::INFO, info), (Id::TRACKS, element(Id::TRACKS, &track.body))];
        // Cues have to have a point: without a key frame there are none.
        if !cues.is_empty() {
            sections.push((Id::CUES, write_cues(&cues, track.number, 0)));
        }
        // Positions count from behind the Segment's head. All have 8 bytes, so that the length of what lies in front of the Clusters
        // is known before the positions in it.
        let mut places: Vec<(Id, u64)> = sections.iter().map(|(id, _)| (*id, 0)).collect();
        let mut clusters_at = seek_head(&places).len() as u64;
        for ((_, place), (_, section)) in places.iter_mut().zip(&sections) {
            *place = clusters_at;
            clusters_at += section.len() as u64;
        }
        if let Some((Id::CUES, section)) = sections.last_mut() {
            *section = write_cues(&cues, track.number, clusters_at);
        }
        let clusters: u64 = heads.iter().zip(&found.clusters).map(|(head, it)| head.len() as u64 + it.len).sum();

        let mut front = header();
        write_head(&mut front, Id::SEGMENT, clusters_at + clusters);
        front.extend(seek_head(&places));
        sections.into_iter().for_each(|(_, section)| front.extend(section));
        let len = front.len() as u64 + clusters;
        let mut parts = Vec::with_capacity(1 + 2 * heads.len());
        parts.push(Part::New(front));
        for (head, it) in heads.into_iter().zip(&found.clusters) {
            parts.push(Part::New(head));
            parts.push(Part::Source { offset: it.offset, len: it.len });
        }
        Ok(Self { parts, len })
    }

    /// Bytes of the whole file.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never: there is at least a header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All parts in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What lies in a range of the finished file, in order. What the range has beyond the file's end is not there.
    pub fn slice(&self, range: Range<u64>) -> impl Iterator<Item = PartSlice<'_>> {
        let mut next = 0;
        let parts = self.parts.iter().map(move |part| {
            let at = next;
            next += part.len();
            (at, part)
        });
        let Range { start, end } = range;
        parts
            .take_while(move |(at, _)| *at < end)
            .filter_map(move |(at, part)| part.within(start.saturating_sub(at), end.saturating_sub(at)))
    }
}

impl Part {
    /// Its bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no part is empty")]
    pub fn len(&self) -> u64 {
        match self {
            Self::New(bytes) => bytes.len() as u64,
            Self::Source { len, .. } => *len,
        }
    }

    /// What it has from `start` to `end`, both from its own beginning.
    fn within(&self, start: u64, end: u64) -> Option<PartSlice<'_>> {
        let end = end.min(self.len());
        if start >= end {
            return None;
        }
        match self {
            Self::New(bytes) => {
                let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
                bytes.get(range).map(PartSlice::New)
            }
            Self::Source { offset, .. } => Some(PartSlice::Source { offset: offset + start, len: end - start }),
        }
    }
}

/// Where a player may begin.
struct Cue {
    /// In ticks.
    time: u64,
    /// Where the Cluster begins, from where the first begins.
    cluster: u64,
    /// Where the block begins in the Cluster's body.
    block: u64,
}

impl Cue {
    /// One for each Cluster with a key frame, by time.
    fn all(found: &Found, heads: &[Vec<u8>]) -> Vec<Self> {
        let mut cluster = 0;
        let mut cues = Vec::new();
        for (it, head) in found.clusters.iter().zip(heads) {
            let head = head.len() as u64;
            if let Some(key) = it.key {
                let time = it.timestamp.saturating_add_signed(key.delta.into());
                cues.push(Self { time, cluster, block: head - CLUSTER_HEAD_BYTES + u64::from(key.offset) });
            }
            cluster += head + it.len;
        }
        // Clusters whose time runs backwards: a player looks for cues as if they were in order.
        cues.sort_by_key(|it| it.time);
        cues.dedup_by_key(|it| it.time);
        cues
    }
}

fn header() -> Vec<u8> {
    let mut body = Vec::new();
    write_unsigned(&mut body, Id::EBML_VERSION, 1);
    write_unsigned(&mut body, Id::EBML_READ_VERSION, 1);
    write_unsigned(&mut body, Id::EBML_MAX_ID_LENGTH, 4);
    write_unsigned(&mut body, Id::EBML_MAX_SIZE_LENGTH, 8);
    write(&mut body, Id::DOC_TYPE, b"webm");
    // CueRelativePosition is of version 4; who reads version 2, which has SimpleBlock, gets along without it.
    write_unsigned(&mut body, Id::DOC_TYPE_VERSION, 4);
    write_unsigned(&mut body, Id::DOC_TYPE_READ_VERSION, 2);
    element(Id::EBML, &body)
}

fn seek_head(places: &[(Id, u64)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (id, position) in places {
        let mut seek = Vec::new();
        write(&mut seek, Id::SEEK_ID, &id.0.to_be_bytes());
        write(&mut seek, Id::SEEK_POSITION, &position.to_be_bytes());
        write(&mut body, Id::SEEK, &seek);
    }
    element(Id::SEEK_HEAD, &body)
}

fn info(scale: u64, end: u64, recorded_at: Option<i64>) -> Vec<u8> {
    let mut body = Vec::new();
    write_unsigned(&mut body, Id::TIMESTAMP_SCALE, scale);
    write(&mut body, Id::DURATION, &float(end).to_be_bytes());
    if let Some(nanos) = recorded_at.and_then(|millis| millis.checked_sub(MILLENNIUM)?.checked_mul(1_000_000)) {
        write(&mut body, Id::DATE_UTC, &nanos.to_be_bytes());
    }
    write(&mut body, Id::MUXING_APP, PROGRAM);
    write(&mut body, Id::WRITING_APP, PROGRAM);
    element(Id::INFO, &body)
}

fn write_cues(cues: &[Cue], track: u64, clusters_at: u64) -> Vec<u8> {
    let (mut body, mut point, mut place) = (Vec::new(), Vec::new(), Vec::new());
    for cue in cues {
        place.clear();
        write_unsigned(&mut place, Id::CUE_TRACK, track);
        write(&mut place, Id::CUE_CLUSTER_POSITION, &(clusters_at + cue.cluster).to_be_bytes());
        write_unsigned(&mut place, Id::CUE_RELATIVE_POSITION, cue.block);
        point.clear();
        write_unsigned(&mut point, Id::CUE_TIME, cue.time);
        write(&mut point, Id::CUE_TRACK_POSITIONS, &place);
        write(&mut body, Id::CUE_POINT, &point);
    }
    element(Id::CUES, &body)
}

/// What a Cluster has in front of its first block. Its timestamp is written anew: what may have been around it in the stream, a
/// checksum or the position there, is not true of this file.
fn cluster_head(it: &ClusterAt) -> Vec<u8> {
    let mut timestamp = Vec::new();
    write_unsigned(&mut timestamp, Id::TIMESTAMP, it.timestamp);
    let mut head = Vec::with_capacity(CLUSTER_HEAD_BYTES as usize + timestamp.len());
    write_head(&mut head, Id::CLUSTER, timestamp.len() as u64 + it.len);
    head.extend(timestamp);
    head
}

fn element(id: Id, body: &[u8]) -> Vec<u8> {
    let mut element = Vec::new();
    write(&mut element, id, body);
    element
}

/// Exact for all ticks there are: they have 53 bits.
fn float(ticks: u64) -> f64 {
    let high = u32::try_from(ticks >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(ticks & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

const PROGRAM: &[u8] = b"Sallyport";
/// Where DateUTC begins to count, 2001-01-01, in milliseconds of Unix time.
const MILLENNIUM: i64 = 978_307_200_000;
/// An id of 4 bytes and a size of 8.
const CLUSTER_HEAD_BYTES: u64 = 12;
