use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use wire::api::{TrafficProtocol, TrafficSide};
use wire::stream::{EndReason, StreamId, frame};

use super::*;

const CLIENT: TrafficSide = TrafficSide::Client;
const TARGET: TrafficSide = TrafficSide::Target;

fn about() -> About {
    About {
        comment: "Session 1: Ana on db-1.".into(),
        hostname: "10.0.0.5".into(),
        tunnels: vec![("PostgreSQL".into(), 5432), (String::new(), 80)],
    }
}

fn frames(put: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::new();
    put(&mut out);
    out.freeze()
}

fn open(stream: u32, tunnel: u16, first: &[u8]) -> Bytes {
    frames(|out| frame::put_open(out, StreamId(stream), tunnel, first))
}

fn data(stream: u32, offset: u64, bytes: &[u8]) -> Bytes {
    frames(|out| frame::put_data(out, StreamId(stream), offset, bytes))
}

fn fin(stream: u32, end: u64) -> Bytes {
    frames(|out| frame::put_fin(out, StreamId(stream), end))
}

/// A capture as it is written.
struct Written {
    writer: Writer,
    file: Vec<u8>,
    at: i64,
}

impl Written {
    fn begin() -> Self {
        let (writer, file) = Writer::begin(&about());
        Self { writer, file, at: 1_800_000_000_000_000 }
    }

    fn take(&mut self, side: TrafficSide, frames: &Bytes) {
        self.at += 7;
        self.writer.take(side, frames, self.at, &mut self.file).unwrap();
    }

    /// As a new run of the appliance finds it.
    fn restart(&mut self) {
        let (mut writer, mut reader) = (Writer::of(&about()), Reader::default());
        writer.resume(&mut reader, &self.file);
        self.writer = writer;
    }

    fn read(&self) -> Read {
        read(&self.file, self.file.len())
    }
}

/// What a file holds: per connection the bytes of both sides, as an analyser that knows TCP puts them together.
#[derive(Debug, Default, PartialEq)]
struct Read {
    streams: BTreeMap<u32, (Vec<u8>, Vec<u8>)>,
    said: Vec<(u32, TrafficSide, &'static str)>,
    missing: usize,
    /// Bytes that were there already.
    again: Vec<Vec<u8>>,
    found: Vec<Found>,
}

fn read(file: &[u8], at_once: usize) -> Read {
    let (mut reader, mut index, mut read) = (Reader::default(), Index::default(), Read::default());
    let mut places: BTreeMap<(u32, bool), u32> = BTreeMap::new();
    for piece in file.chunks(at_once.max(1)) {
        let pushed = reader.push(piece, |packet| {
            index.see(&packet);
            let place = places.entry((packet.stream, packet.side == CLIENT)).or_default();
            if !packet.payload.is_empty() && place.wrapping_sub(packet.sequence).cast_signed() > 0 {
                read.again.push(packet.payload.to_vec());
                return;
            }
            read.missing += usize::from(*place != packet.sequence && !packet.rst);
            *place = packet.sequence.wrapping_add(u32::from(packet.syn) + u32::from(packet.fin));
            *place = place.wrapping_add(u32::try_from(packet.payload.len()).unwrap());
            let (sent, received) = read.streams.entry(packet.stream).or_default();
            if packet.side == CLIENT { sent } else { received }.extend_from_slice(packet.payload);
            for (is, what) in [(packet.syn, "syn"), (packet.fin, "fin"), (packet.rst, "rst")] {
                if is {
                    read.said.push((packet.stream, packet.side, what));
                }
            }
        });
        pushed.unwrap();
    }
    read.found = index.finish();
    read
}

#[test]
fn a_connection_is_written_as_tcp_would_have_sent_it() {
    let mut it = Written::begin();
    it.take(CLIENT, &open(1, 0, b"ping"));
    it.take(TARGET, &data(1, 0, b"pong"));
    it.take(CLIENT, &data(1, 4, b"!"));
    it.take(CLIENT, &fin(1, 5));
    it.take(TARGET, &fin(1, 4));
    let read = it.read();
    assert_eq!(read.streams[&1], (b"ping!".to_vec(), b"pong".to_vec()));
    let said = [(CLIENT, "syn"), (TARGET, "syn"), (CLIENT, "fin"), (TARGET, "fin")];
    assert_eq!(read.said, said.map(|(side, what)| (1, side, what)));
    assert_eq!(read.missing, 0);
    let found = &read.found[0];
    assert_eq!((found.tunnel, found.bytes_sent, found.bytes_received), (0, 5, 4));
    assert!(found.last_micros > found.opened_micros);
    let mut rest = Vec::new();
    it.writer.finish(it.at, &mut rest);
    assert!(rest.is_empty(), "it is over already");
}

#[test]
fn what_is_sent_again_counts_once_and_shows() {
    let mut it = Written::begin();
    it.take(CLIENT, &open(1, 1, b"abc"));
    it.take(CLIENT, &data(1, 3, b"defg"));
    it.take(CLIENT, &open(1, 1, b"ab"));
    // Something else than before.
    it.take(CLIENT, &data(1, 1, b"BCDEF"));
    it.take(CLIENT, &data(1, 5, b"fghi"));
    it.restart();
    it.take(CLIENT, &data(1, 2, b"cdefghijk"));
    it.take(CLIENT, &fin(1, 11));
    it.restart();
    it.take(CLIENT, &fin(1, 11));
    let read = it.read();
    assert_eq!(read.streams[&1].0, b"abcdefghijk");
    assert_eq!((read.missing, read.said.len()), (0, 3), "{:?}", read.said);
    assert_eq!(read.again, [&b"ab"[..], b"BCDEF", b"fg", b"cdefghi"]);
    assert_eq!(read.found[0].bytes_sent, 11);
}

#[test]
fn ends_that_are_no_ends_of_bytes_are_told() {
    let mut it = Written::begin();
    it.take(CLIENT, &open(1, 0, b""));
    it.take(TARGET, &frames(|out| frame::put_reset(out, StreamId(1), EndReason::Refused, 0, "")));
    it.take(CLIENT, &open(2, 0, b"x"));
    let mut rest = Vec::new();
    it.writer.finish(it.at, &mut rest);
    it.file.extend_from_slice(&rest);
    let read = it.read();
    let resets: Vec<_> = read.said.iter().filter(|it| it.2 == "rst").map(|it| (it.0, it.1)).collect();
    assert_eq!(resets, [(1, TARGET), (2, TARGET)]);
    let text = String::from_utf8_lossy(&it.file).into_owned();
    assert!(text.contains("refused the connection") && text.contains("Ana on db-1"), "comments are there");
}

#[test]
fn large_pieces_become_segments_and_long_streams_are_acknowledged() {
    let mut it = Written::begin();
    it.take(CLIENT, &open(1, 0, b""));
    let piece: Vec<u8> = (0..64 * 1024_u32).map(|it| (it % 251) as u8).collect();
    for number in 0..40_u64 {
        it.take(TARGET, &data(1, number * piece.len() as u64, &piece));
    }
    let (mut largest, mut acknowledgements) = (0, 0);
    let seen = Reader::default().push(&it.file, |packet| {
        largest = largest.max(packet.payload.len());
        acknowledgements += usize::from(packet.side == CLIENT);
    });
    seen.unwrap();
    assert_eq!(largest, 32 * 1024);
    assert!((4..12).contains(&acknowledgements), "{acknowledgements}");
    assert_eq!(it.read().streams[&1].1, piece.repeat(40));
}

#[test]
fn sequence_numbers_begin_again_and_offsets_do_not() {
    let mut it = Written::begin();
    it.take(CLIENT, &open(1, 0, b""));
    let far = (1 << 32) - 3;
    // As if everything in between had been written.
    for gib in 1..4 {
        it.take(TARGET, &data(1, gib << 30, b"x"));
    }
    it.take(TARGET, &data(1, far, b"abcdef"));
    it.take(TARGET, &data(1, far + 3, b"defghi"));
    it.take(TARGET, &data(1, far, b"abc"));
    let read = it.read();
    assert_eq!(read.streams[&1].1, b"xxxabcdefghi");
    assert_eq!((read.missing, read.again.len()), (4, 2), "the gaps show");
    assert_eq!(read.found[0].bytes_received, far + 9);
}

#[test]
fn many_connections_take_little_memory_and_are_all_found() {
    let mut it = Written::begin();
    for stream in 1..=3_000 {
        it.take(CLIENT, &open(stream, 0, b"GET / HTTP/1.1\r\n\r\n"));
        it.take(CLIENT, &fin(stream, 18));
        it.take(TARGET, &fin(stream, 0));
    }
    let mut index = Index::default();
    Reader::default().push(&it.file, |packet| index.see(&packet)).unwrap();
    let mut done = index.take_done();
    assert!(done.len() > 1_900, "{}", done.len());
    done.extend(index.finish());
    assert_eq!(done.len(), 3_000);
    assert!(done.iter().all(|it| it.protocol == TrafficProtocol::Http && it.bytes_sent == 18));
}

#[test]
fn what_is_no_capture_is_told() {
    for wrong in [&[0; 12][..], b"this is no capture at all", &[6, 0, 0, 0, 255, 255, 255, 255]] {
        assert_eq!(Reader::default().push(wrong, |_| panic!("a packet")), Err(CaptureFault { at: 0 }));
    }
}

fn side(is_client: bool) -> TrafficSide {
    if is_client { CLIENT } else { TARGET }
}

#[derive(Clone, Debug)]
enum Step {
    Open(u32),
    /// So many bytes of a side, beginning so many before its end.
    Data(u32, bool, usize, u64),
    Fin(u32, bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1..5_u32).prop_map(Step::Open),
        12 => (1..5_u32, any::<bool>(), 1..2_000_usize, 0..500_u64).prop_map(|(a, b, c, d)| Step::Data(a, b, c, d)),
        1 => (1..5_u32, any::<bool>()).prop_map(|(a, b)| Step::Fin(a, b)),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    /// However often links are lost and the appliance starts anew: each byte is there once, in order, and however the file is cut
    /// into pieces, the same is read.
    #[test]
    fn every_byte_is_there_once_and_in_order(steps in prop::collection::vec(step(), 0..80), at_once in 1..5_000_usize) {
        let mut it = Written::begin();
        let mut sent: BTreeMap<(u32, bool), Vec<u8>> = BTreeMap::new();
        let mut finished = BTreeSet::new();
        for step in steps {
            match step {
                Step::Open(stream) => {
                    let first = sent.entry((stream, true)).or_default();
                    it.take(CLIENT, &open(stream, 0, &first[..first.len().min(1_000)]));
                    sent.entry((stream, false)).or_default();
                }
                Step::Data(stream, is_client, length, back) => {
                    let Some(bytes) = sent.get_mut(&(stream, is_client)) else { continue };
                    let from = bytes.len().saturating_sub(usize::try_from(back).unwrap());
                    let is_finished = finished.contains(&(stream, is_client));
                    let end = if is_finished { bytes.len() } else { from + length };
                    while bytes.len() < end {
                        bytes.push((bytes.len() * 7 % 256) as u8);
                    }
                    if from < end {
                        it.take(side(is_client), &data(stream, from as u64, &bytes[from..end]));
                    }
                }
                Step::Fin(stream, is_client) => {
                    let Some(bytes) = sent.get(&(stream, is_client)) else { continue };
                    it.take(side(is_client), &fin(stream, bytes.len() as u64));
                    finished.insert((stream, is_client));
                }
                Step::Restart => it.restart(),
            }
        }
        let whole = it.read();
        prop_assert_eq!(whole.missing, 0);
        for ((stream, is_client), bytes) in &sent {
            let (client, target) = &whole.streams[stream];
            let read = if *is_client { client } else { target };
            prop_assert!(read == bytes, "stream {}: {} of {} bytes", stream, read.len(), bytes.len());
        }
        prop_assert_eq!(read(&it.file, at_once), whole);
    }
}
