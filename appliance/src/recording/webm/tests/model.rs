//! Streams that are built by hand, and a reader of finished files that shares no code with what it checks.

use proptest::prelude::*;

use super::super::ebml::{Id, write, write_head, write_unsigned};
use super::super::{Finished, Found, PartSlice, Scan, WebmFault};

/// A block as it has to come out: the bytes of the whole element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) time: i64,
    pub(super) key: bool,
    pub(super) element: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(super) enum Item {
    Block { simple: bool, key: bool, delta: i16, payload: usize },
    Void(usize),
    Unknown(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Child {
    Cluster { sized: bool, timestamp: u64, around: bool, items: Vec<Item> },
    Other(Id, usize),
}

#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) sized: bool,
    pub(super) scale: u64,
    pub(super) track: u64,
    pub(super) children: Vec<Child>,
}

/// A stream's bytes, and where each of its pictures ends.
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) pictures: Vec<(usize, Picture)>,
}

pub(super) const UNKNOWN: u64 = (1 << 56) - 1;

pub(super) fn element(id: Id, body: &[u8]) -> Vec<u8> {
    let mut element = Vec::new();
    write(&mut element, id, body);
    element
}

pub(super) fn unsigned(id: Id, value: u64) -> Vec<u8> {
    let mut element = Vec::new();
    write_unsigned(&mut element, id, value);
    element
}

pub(super) fn head(id: Id, size: u64) -> Vec<u8> {
    let mut head = Vec::new();
    write_head(&mut head, id, size);
    head
}

pub(super) fn ebml(doc_type: &[u8]) -> Vec<u8> {
    element(Id::EBML, &element(Id::DOC_TYPE, doc_type))
}

pub(super) fn info(scale: u64) -> Vec<u8> {
    element(Id::INFO, &unsigned(Id::TIMESTAMP_SCALE, scale))
}

pub(super) fn entry(number: u64, kind: u64, codec: &[u8]) -> Vec<u8> {
    let video = [unsigned(Id::PIXEL_WIDTH, 640), unsigned(Id::PIXEL_HEIGHT, 360)].concat();
    let parts = [
        unsigned(Id::TRACK_NUMBER, number),
        unsigned(Id::TRACK_TYPE, kind),
        element(Id::CODEC_ID, codec),
        element(Id::VIDEO, &video),
    ];
    element(Id::TRACK_ENTRY, &parts.concat())
}

pub(super) fn tracks(number: u64) -> Vec<u8> {
    element(Id::TRACKS, &entry(number, 1, b"V_VP9"))
}

/// EBML header, Segment of unknown size, Info and Tracks, and what follows.
pub(super) fn begun(behind: &[Vec<u8>]) -> Vec<u8> {
    [ebml(b"webm"), head(Id::SEGMENT, UNKNOWN), info(1_000_000), tracks(1), behind.concat()].concat()
}

pub(super) fn block(track: u64, delta: i16, flags: u8, payload: usize) -> Vec<u8> {
    let number = if track < 0x7F { vec![0x80 | track as u8] } else { (track as u16 | 0x4000).to_be_bytes().to_vec() };
    [number, delta.to_be_bytes().to_vec(), vec![flags], vec![0xA5; payload]].concat()
}

pub(super) fn cluster(timestamp: u64, children: &[Vec<u8>]) -> Vec<u8> {
    [head(Id::CLUSTER, UNKNOWN), unsigned(Id::TIMESTAMP, timestamp), children.concat()].concat()
}

impl Item {
    fn written(&self, track: u64, timestamp: u64) -> (Vec<u8>, Option<Picture>) {
        let (simple, key, delta, payload) = match self {
            Self::Void(len) => return (element(Id::VOID, &vec![0; *len]), None),
            Self::Unknown(len) => return (element(Id(0x7ABC), &vec![0x1F; *len]), None),
            Self::Block { simple, key, delta, payload } => (*simple, *key, *delta, *payload),
        };
        let element = if simple {
            element(Id::SIMPLE_BLOCK, &block(track, delta, if key { 0x80 } else { 0 }, payload))
        } else {
            let refers = if key { vec![] } else { element(Id::REFERENCE_BLOCK, &[0xFF]) };
            let block = element(Id::BLOCK, &block(track, delta, 0, payload));
            element(Id::BLOCK_GROUP, &[block, refers, element(Id::VOID, &[])].concat())
        };
        let picture = Picture { time: timestamp as i64 + i64::from(delta), key, element: element.clone() };
        (element, Some(picture))
    }
}

impl Stream {
    pub(super) fn written(&self) -> Written {
        let mut body = [info(self.scale), element(Id::VOID, &[0; 9]), tracks(self.track)].concat();
        let mut pictures = Vec::new();
        for child in &self.children {
            let (sized, timestamp, around, items) = match child {
                Child::Other(id, len) => {
                    body.extend(element(*id, &vec![0xA3; *len]));
                    continue;
                }
                Child::Cluster { sized, timestamp, around, items } => (*sized, *timestamp, *around, items),
            };
            let mut cluster = if around { element(Id::CRC_32, &[1, 2, 3, 4]) } else { vec![] };
            cluster.extend(unsigned(Id::TIMESTAMP, timestamp));
            cluster.extend(if around { unsigned(Id(0xAB), 77) } else { vec![] });
            let mut ends = Vec::new();
            for item in items {
                let (element, picture) = item.written(self.track, timestamp);
                cluster.extend(element);
                ends.extend(picture.map(|it| (cluster.len(), it)));
            }
            body.extend(head(Id::CLUSTER, if sized { cluster.len() as u64 } else { UNKNOWN }));
            pictures.extend(ends.into_iter().map(|(end, it)| (body.len() + end, it)));
            body.extend(cluster);
        }
        let size = if self.sized { body.len() as u64 } else { UNKNOWN };
        let front = [ebml(b"webm"), head(Id::SEGMENT, size)].concat();
        pictures.iter_mut().for_each(|(end, _)| *end += front.len());
        Written { bytes: [front, body].concat(), pictures }
    }
}

pub(super) fn streams() -> impl Strategy<Value = Stream> {
    let item = prop_oneof![
        8 => (any::<bool>(), any::<bool>(), -40..900i16, 0..300usize)
            .prop_map(|(simple, key, delta, payload)| Item::Block { simple, key, delta, payload }),
        1 => (0..200usize).prop_map(Item::Void),
        1 => (0..200usize).prop_map(Item::Unknown),
    ];
    let cluster =
        (any::<bool>(), prop_oneof![0..100_000u64, 0..1u64 << 52], any::<bool>(), prop::collection::vec(item, 0..8))
            .prop_map(|(sized, timestamp, around, items)| Child::Cluster { sized, timestamp, around, items });
    let other = (prop::sample::select(vec![Id::TAGS, Id::CUES, Id::SEEK_HEAD, Id::CHAPTERS, Id::VOID]), 0..100usize)
        .prop_map(|(id, len)| Child::Other(id, len));
    let children = prop::collection::vec(prop_oneof![4 => cluster, 1 => other], 0..8);
    (any::<bool>(), 1..=1_000_000_000u64, prop_oneof![1..127u64, 128..16_000u64], children)
        .prop_map(|(sized, scale, track, children)| Stream { sized, scale, track, children })
}

pub(super) fn scanned(bytes: &[u8]) -> Result<Found, WebmFault> {
    let mut scan = Scan::new();
    scan.push(bytes)?;
    Ok(scan.found().clone())
}

pub(super) fn bytes_of<'a>(slices: impl Iterator<Item = PartSlice<'a>>, raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for slice in slices {
        match slice {
            PartSlice::New(new) => bytes.extend_from_slice(new),
            PartSlice::Source { offset, len } => {
                bytes.extend_from_slice(&raw[offset as usize..(offset + len) as usize]);
            }
        }
    }
    bytes
}

/// An element of a finished file: its id, where it begins, and its body.
type Read<'a> = (u32, usize, &'a [u8]);

/// Reads elements that all have to have a size and to end exactly where the body ends.
fn elements(body: &[u8]) -> Vec<Read<'_>> {
    let (mut at, mut read) = (0, Vec::new());
    while at < body.len() {
        let id_len = body[at].leading_zeros() as usize + 1;
        let size_len = body[at + id_len].leading_zeros() as usize + 1;
        let id = number(&body[at..at + id_len]) as u32;
        let size = number(&body[at + id_len..at + id_len + size_len]) & ((1 << (7 * size_len)) - 1);
        assert_ne!(size, (1 << (7 * size_len)) - 1, "{id:#X} has no size");
        let from = at + id_len + size_len;
        read.push((id, at, &body[from..from + size as usize]));
        at = from + size as usize;
    }
    read
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn child(body: &[u8], id: u32) -> Option<&[u8]> {
    elements(body).into_iter().find(|it| it.0 == id).map(|it| it.2)
}

/// Reads a finished file and checks that everything in it fits together. Its pictures and its duration in ticks.
pub(super) fn read_finished(file: &[u8]) -> (Vec<Picture>, f64) {
    let top = elements(file);
    let [(0x1A45_DFA3, 0, _), (0x1853_8067, _, segment)] = top.as_slice() else { panic!("{top:?}") };
    let children = elements(segment);
    let ids: Vec<u32> = children.iter().map(|it| it.0).collect();
    let has_cues = ids.contains(&0x1C53_BB6B);
    let front: &[u32] = if has_cues { &[0x1549_A966, 0x1654_AE6B, 0x1C53_BB6B] } else { &[0x1549_A966, 0x1654_AE6B] };
    assert_eq!(ids[0], 0x114D_9B74);
    assert_eq!(&ids[1..=front.len()], front);
    assert!(ids[1 + front.len()..].iter().all(|id| *id == 0x1F43_B675));
    let place = |at: u64| children.iter().find(|it| it.1 as u64 == at).unwrap();
    let seeks = elements(children[0].2);
    assert_eq!(seeks.len(), front.len());
    for ((_, _, seek), id) in seeks.iter().zip(front) {
        assert_eq!(number(child(seek, 0x53AB).unwrap()), u64::from(*id));
        assert_eq!(place(number(child(seek, 0x53AC).unwrap())).0, *id);
    }
    let mut pictures = Vec::new();
    for (_, _, body) in children.iter().filter(|it| it.0 == 0x1F43_B675) {
        pictures.extend(elements(body).iter().filter_map(|it| picture(body, it)));
    }
    let track = number(child(child(children[2].2, 0xAE).unwrap(), 0xD7).unwrap());
    let mut before = None;
    for (_, _, cue) in if has_cues { elements(children[3].2) } else { vec![] } {
        let time = number(child(cue, 0xB3).unwrap());
        assert!(before.replace(time).is_none_or(|before| before < time), "cues are not in order");
        let target = child(cue, 0xB7).unwrap();
        assert_eq!(number(child(target, 0xF7).unwrap()), track);
        let (id, _, body) = place(number(child(target, 0xF1).unwrap()));
        assert_eq!(*id, 0x1F43_B675);
        let relative = number(child(target, 0xF0).unwrap());
        let read = elements(body).into_iter().find(|it| it.1 as u64 == relative).unwrap();
        let picture = picture(body, &read).unwrap();
        assert!(picture.key);
        assert_eq!(picture.time.max(0) as u64, time);
    }
    assert_eq!(has_cues, pictures.iter().any(|it| it.key));
    let duration = child(children[1].2, 0x4489).unwrap();
    (pictures, f64::from_be_bytes(duration.try_into().unwrap()))
}

fn picture(cluster: &[u8], (id, at, body): &Read<'_>) -> Option<Picture> {
    let (block, key) = match id {
        0xA3 => (*body, None),
        0xA0 => (child(body, 0xA1)?, Some(child(body, 0xFB).is_none())),
        _ => return None,
    };
    let after = &block[block[0].leading_zeros() as usize + 1..];
    let time = number(child(cluster, 0xE7)?) as i64 + i64::from(i16::from_be_bytes([after[0], after[1]]));
    let end = body.as_ptr() as usize + body.len() - cluster.as_ptr() as usize;
    Some(Picture { time, key: key.unwrap_or(after[2] & 0x80 != 0), element: cluster[*at..end].to_vec() })
}

/// Finishes a stream and checks the file: the pictures that are in it, and that it is found to be the same when it is read again.
pub(super) fn finished(found: &Found, raw: &[u8]) -> Vec<Picture> {
    let finished = Finished::of(found, Some(1_700_000_000_000)).unwrap();
    let file = bytes_of(finished.slice(0..u64::MAX), raw);
    assert_eq!(file.len() as u64, finished.len());
    let (pictures, duration) = read_finished(&file);
    let last = pictures.iter().map(|it| it.time).max().unwrap().max(0) as f64;
    assert!(duration >= last + 1.0);
    let again = scanned(&file).unwrap();
    assert_eq!((again.blocks(), again.end(), again.size()), (found.blocks(), found.end(), found.size()));
    assert_eq!(again.clusters().len(), found.clusters().len());
    for (again, before) in again.clusters().iter().zip(found.clusters()) {
        assert_eq!((again.len, again.timestamp, again.key), (before.len, before.timestamp, before.key));
    }
    pictures
}
