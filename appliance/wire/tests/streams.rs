//! Two ends joined in memory: bytes arrive once and in order, ends pass as what they were, windows hold.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use wire::stream::{Config, EndReason, Endpoint, Event, OpenError, ReadOutcome, Side, StreamError, StreamId, frame};

/// Two ends and what their applications have seen.
struct Pair {
    now: Duration,
    ends: [Endpoint; 2],
    seen: [Seen; 2],
    /// Whether the applications read.
    reading: [bool; 2],
    epoch: u64,
}

#[derive(Default)]
struct Seen {
    bytes: BTreeMap<StreamId, Vec<u8>>,
    ends: BTreeMap<StreamId, u32>,
    resets: BTreeMap<StreamId, (EndReason, bool)>,
    opened: Vec<(StreamId, u16)>,
    established: Vec<StreamId>,
    closed: Vec<StreamId>,
}

const HELPER: usize = 0;
const AGENT: usize = 1;

impl Pair {
    fn new(config: Config) -> Self {
        let mut it = Self {
            now: Duration::ZERO,
            ends: [Endpoint::new(Side::Opener, config), Endpoint::new(Side::Acceptor, config)],
            seen: Default::default(),
            reading: [true, true],
            epoch: 0,
        };
        it.connect();
        it.step(64 * 1024);
        it
    }

    /// Two links stand and are joined.
    fn connect(&mut self) {
        self.epoch += 1;
        let mut out = BytesMut::new();
        frame::put_paired(&mut out, self.epoch);
        let paired = out.freeze();
        for end in &mut self.ends {
            end.handle_input(self.now, paired.clone()).unwrap();
        }
    }

    /// What these ends have to send is on its way, and the link breaks: only the first `arrives` bytes (in whole
    /// messages) come to the other end.
    fn cut(&mut self, messages: usize, most: usize) {
        for from in [HELPER, AGENT] {
            for number in 0..8 {
                let mut out = BytesMut::new();
                if !self.ends[from].poll_transmit(self.now, &mut out, most) {
                    break;
                }
                if number < messages {
                    self.ends[1 - from].handle_input(self.now, out.freeze()).unwrap();
                }
            }
        }
        self.applications();
        self.ends.iter_mut().for_each(Endpoint::disconnect);
    }

    fn step(&mut self, most: usize) -> bool {
        let mut moved = false;
        for from in [HELPER, AGENT] {
            let mut out = BytesMut::new();
            if self.ends[from].poll_transmit(self.now, &mut out, most) {
                moved = true;
                self.ends[1 - from].handle_input(self.now, out.freeze()).unwrap();
            }
            self.applications();
        }
        moved
    }

    fn applications(&mut self) {
        for side in [HELPER, AGENT] {
            let (end, seen) = (&mut self.ends[side], &mut self.seen[side]);
            while let Some(event) = end.poll_event() {
                match event {
                    Event::Opened { stream, tunnel } => seen.opened.push((stream, tunnel)),
                    Event::Established(stream) => seen.established.push(stream),
                    Event::Reset { stream, reason, after_data, .. } => {
                        assert!(seen.resets.insert(stream, (reason, after_data)).is_none(), "one reset");
                    }
                    Event::Closed(stream) => seen.closed.push(stream),
                    Event::Readable(_) | Event::Writable(_) => {}
                }
            }
            if self.reading[side] {
                for id in 1..=300 {
                    let stream = StreamId(id);
                    // As a program does: nobody reads behind an end.
                    while !seen.ends.contains_key(&stream) {
                        match end.read(stream, 10_000) {
                            ReadOutcome::Bytes(bytes) => {
                                seen.bytes.entry(stream).or_default().extend_from_slice(&bytes);
                                end.consumed(self.now, stream, bytes.len());
                            }
                            ReadOutcome::End => *seen.ends.entry(stream).or_default() += 1,
                            ReadOutcome::Pending | ReadOutcome::Gone => break,
                        }
                    }
                }
            }
        }
    }

    /// Until nothing moves, timers included.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            if self.step(64 * 1024) {
                self.now += Duration::from_micros(200);
                continue;
            }
            let due = self.ends.iter().filter_map(Endpoint::poll_timeout).min();
            let Some(due) = due else { return };
            self.now = self.now.max(due);
            self.ends.iter_mut().for_each(|end| end.handle_timeout(due));
        }
        panic!("the ends never come to rest");
    }
}

fn pattern(len: usize, seed: u8) -> Bytes {
    (0..len).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

#[test]
fn open_carries_data_and_both_directions_finish() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(3, Bytes::from_static(b"hello")).unwrap();
    pair.step(64 * 1024);
    assert_eq!(pair.seen[AGENT].opened, [(stream, 3)]);
    assert_eq!(pair.seen[AGENT].bytes[&stream], b"hello");
    pair.ends[AGENT].establish(stream);
    pair.ends[AGENT].write(stream, Bytes::from_static(b"answer"));
    pair.ends[HELPER].finish(stream);
    pair.settle();
    assert_eq!(pair.seen[HELPER].established, [stream]);
    assert_eq!(pair.seen[AGENT].ends[&stream], 1);
    assert!(pair.seen[HELPER].closed.is_empty(), "half closed, not closed");
    pair.ends[AGENT].write(stream, Bytes::from_static(b" and more"));
    pair.ends[AGENT].finish(stream);
    pair.settle();
    assert_eq!(pair.seen[HELPER].bytes[&stream], b"answer and more");
    assert_eq!((pair.seen[HELPER].closed.len(), pair.seen[AGENT].closed.len()), (1, 1));
    assert_eq!((pair.ends[HELPER].open_streams(), pair.ends[AGENT].open_streams()), (0, 0));
}

#[test]
fn a_stalled_reader_costs_its_window_and_nothing_else() {
    let mut pair = Pair::new(Config::default());
    let stalled = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    pair.reading[AGENT] = false;
    pair.ends[HELPER].write(stalled, pattern(1 << 20, 1));
    pair.settle();
    assert_eq!(pair.ends[HELPER].write_room(stalled), 0);
    let second = pair.ends[HELPER].open(0, Bytes::from_static(b"quick")).unwrap();
    pair.settle();
    assert_eq!(pair.ends[AGENT].read(second, 100), ReadOutcome::Bytes(Bytes::from_static(b"quick")));
    let mut held = 0;
    while let ReadOutcome::Bytes(bytes) = pair.ends[AGENT].read(stalled, usize::MAX) {
        held += bytes.len();
    }
    assert_eq!(held as u64, Config::default().initial_window);
}

#[test]
fn a_fast_stream_grows_its_window() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.ends[HELPER].write(stream, pattern(64 << 20, 1));
    while pair.step(32 << 20) {
        pair.now += Duration::from_millis(1);
    }
    pair.reading[AGENT] = false;
    pair.ends[HELPER].write(stream, pattern(64 << 20, 1));
    pair.settle();
    let mut held = 0;
    while let ReadOutcome::Bytes(bytes) = pair.ends[AGENT].read(stream, usize::MAX) {
        held += bytes.len() as u64;
    }
    assert!(held > Config::default().initial_window * 4, "{held}");
    assert!(held <= Config::default().max_window, "{held}");
}

#[test]
fn reset_now_and_reset_after_data() {
    let mut pair = Pair::new(Config::default());
    let now = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    let later = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    pair.ends[AGENT].reset(now, EndReason::Refused, "refused", false);
    pair.ends[AGENT].write(later, pattern(600_000, 9));
    pair.ends[AGENT].finish(later);
    pair.ends[AGENT].reset(later, EndReason::ResetByTarget, "", true);
    pair.settle();
    assert_eq!(pair.seen[HELPER].resets[&now], (EndReason::Refused, false));
    assert_eq!(pair.seen[HELPER].bytes[&later], pattern(600_000, 9));
    assert_eq!(pair.seen[HELPER].resets[&later], (EndReason::ResetByTarget, true));
    assert_eq!((pair.ends[HELPER].open_streams(), pair.ends[AGENT].open_streams()), (0, 0));
}

#[test]
fn a_reset_behind_an_end_that_was_read_is_told() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(0, pattern(1000, 3)).unwrap();
    pair.ends[HELPER].finish(stream);
    pair.settle();
    assert_eq!(pair.seen[AGENT].ends[&stream], 1);
    pair.ends[HELPER].reset(stream, EndReason::ResetByClient, "", true);
    pair.settle();
    assert_eq!(pair.seen[AGENT].resets[&stream], (EndReason::ResetByClient, true));
    assert_eq!((pair.ends[HELPER].open_streams(), pair.ends[AGENT].open_streams()), (0, 0));
}

#[test]
fn connection_257_is_refused_at_both_ends() {
    let mut pair = Pair::new(Config::default());
    for _ in 0..256 {
        pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    }
    assert_eq!(pair.ends[HELPER].open(0, Bytes::new()), Err(OpenError::Limit));
    pair.settle();
    let mut out = BytesMut::new();
    frame::put_open(&mut out, StreamId(257), 0, b"");
    pair.ends[AGENT].handle_input(pair.now, out.freeze()).unwrap();
    let mut out = BytesMut::new();
    assert!(pair.ends[AGENT].poll_transmit(pair.now, &mut out, 1000));
    let answer = frame::next(&mut out.freeze()).unwrap().unwrap();
    assert_eq!((answer.header.stream, answer.reset_reason()), (StreamId(257), EndReason::Limit));
}

#[test]
fn a_keystroke_goes_before_waiting_bulk() {
    let mut pair = Pair::new(Config::default());
    let bulk: Vec<_> = (0..4).map(|_| pair.ends[HELPER].open(0, Bytes::new()).unwrap()).collect();
    let key = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    for stream in bulk {
        pair.ends[HELPER].write(stream, pattern(200_000, 1));
    }
    pair.step(64 * 1024);
    pair.step(64 * 1024);
    pair.ends[HELPER].write(key, Bytes::from_static(b"k"));
    let mut out = BytesMut::new();
    pair.ends[HELPER].poll_transmit(pair.now, &mut out, 64 * 1024);
    let mut message = out.freeze();
    let mut first_data = None;
    while let Some(it) = frame::next(&mut message).unwrap() {
        if it.header.kind == wire::stream::Kind::Data {
            first_data = first_data.or(Some(it.header.stream));
        }
    }
    assert_eq!(first_data, Some(key));
}

#[test]
fn a_peer_that_breaks_the_protocol_is_named() {
    let wrong = |make: &dyn Fn(&mut BytesMut)| {
        let mut pair = Pair::new(Config::default());
        pair.ends[HELPER].open(0, Bytes::new()).unwrap();
        pair.settle();
        let mut out = BytesMut::new();
        make(&mut out);
        let error = pair.ends[AGENT].handle_input(pair.now, out.freeze()).unwrap_err();
        assert!(matches!(error, StreamError::Misbehaved { .. }), "{error}");
    };
    wrong(&|out| frame::put_data(out, StreamId(2), 0, b"never opened"));
    wrong(&|out| frame::put_data(out, StreamId(1), 5, b"a gap"));
    wrong(&|out| {
        for part in 0..9 {
            frame::put_data(out, StreamId(1), part * 32_768, &[0; 32_768]);
        }
    });
    wrong(&|out| frame::put_credit(out, StreamId(1), 1, 1, false));
    wrong(&|out| frame::put_fin(out, StreamId(1), 7));
    wrong(&|out| frame::put_reset(out, StreamId(1), EndReason::Refused, 7, ""));
    wrong(&|out| frame::put_opened(out, StreamId(1)));
}

#[test]
fn the_end_of_a_connection_that_the_appliance_refused_is_no_fault() {
    let mut pair = Pair::new(Config::default());
    let mut out = BytesMut::new();
    frame::put_reset(&mut out, StreamId(1), EndReason::ResetByClient, 0, "");
    frame::put_gone(&mut out, StreamId(2));
    pair.ends[AGENT].handle_input(pair.now, out.freeze()).unwrap();
    let mut out = BytesMut::new();
    assert!(pair.ends[AGENT].poll_transmit(pair.now, &mut out, 1000));
    let answer = frame::next(&mut out.freeze()).unwrap().unwrap();
    assert_eq!((answer.header.kind, answer.header.stream), (wire::stream::Kind::Gone, StreamId(1)));
    let first = pair.ends[HELPER].open(0, Bytes::from_static(b"one")).unwrap();
    pair.settle();
    assert_eq!(pair.seen[AGENT].bytes[&first], b"one", "the number is still free");
}

#[test]
fn what_was_lost_with_a_link_is_sent_again() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(1, pattern(100_000, 1)).unwrap();
    let late = pair.ends[HELPER].open(2, Bytes::from_static(b"first")).unwrap();
    pair.cut(0, 64 * 1024);
    assert!(pair.seen[AGENT].opened.is_empty());
    pair.connect();
    pair.settle();
    assert_eq!(pair.seen[AGENT].opened, [(stream, 1), (late, 2)]);
    assert_eq!(pair.seen[AGENT].bytes[&stream], pattern(100_000, 1));
    pair.ends[AGENT].establish(stream);
    pair.ends[HELPER].write(stream, pattern(400_000, 2));
    pair.ends[HELPER].finish(stream);
    pair.ends[AGENT].write(late, pattern(1000, 3));
    pair.ends[AGENT].finish(late);
    // Some messages come through, the rest is lost: bytes, both ends of sending, and the word that the target answered.
    pair.cut(2, 64 * 1024);
    pair.connect();
    pair.settle();
    assert_eq!(pair.seen[HELPER].established, [stream]);
    assert_eq!(pair.seen[AGENT].bytes[&stream], [pattern(100_000, 1), pattern(400_000, 2)].concat());
    assert_eq!((pair.seen[AGENT].ends[&stream], pair.seen[HELPER].ends[&late]), (1, 1));
    pair.ends[AGENT].finish(stream);
    // The last word of one end is lost, after the other has heard everything: nobody waits for ever.
    pair.step(64 * 1024);
    pair.cut(0, 64 * 1024);
    pair.connect();
    pair.settle();
    assert_eq!(
        (pair.seen[HELPER].closed.as_slice(), pair.seen[AGENT].closed.as_slice()),
        (&[stream][..], &[stream][..])
    );
}

#[test]
fn a_reset_that_was_lost_is_told_and_the_data_before_it_still_arrives() {
    let mut pair = Pair::new(Config::default());
    let answered = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    let refused = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    pair.ends[AGENT].write(answered, pattern(90_000, 5));
    pair.ends[AGENT].reset(answered, EndReason::ResetByTarget, "", true);
    pair.ends[AGENT].reset(refused, EndReason::Refused, "no", false);
    pair.cut(0, 64 * 1024);
    pair.connect();
    pair.cut(1, 64 * 1024);
    pair.connect();
    pair.settle();
    assert_eq!(pair.seen[HELPER].bytes[&answered], pattern(90_000, 5));
    assert_eq!(pair.seen[HELPER].resets[&answered], (EndReason::ResetByTarget, true));
    assert_eq!(pair.seen[HELPER].resets[&refused], (EndReason::Refused, false));
}

#[test]
fn a_connection_that_came_and_went_without_a_link_is_never_told() {
    let mut pair = Pair::new(Config::default());
    pair.cut(0, 1000);
    let stream = pair.ends[HELPER].open(0, Bytes::from_static(b"never mind")).unwrap();
    pair.ends[HELPER].reset(stream, EndReason::ResetByClient, "", false);
    pair.connect();
    pair.settle();
    assert!(pair.seen[AGENT].opened.is_empty());
    let next = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    assert_eq!(pair.seen[AGENT].opened, [(next, 0)]);
}

#[test]
fn frames_of_an_earlier_epoch_are_dropped() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(0, Bytes::from_static(b"one")).unwrap();
    pair.settle();
    pair.ends[HELPER].write(stream, Bytes::from_static(b"two"));
    let mut late = BytesMut::new();
    pair.ends[HELPER].poll_transmit(pair.now, &mut late, 1000);
    let late = late.freeze();
    pair.ends.iter_mut().for_each(Endpoint::disconnect);
    pair.ends[AGENT].handle_input(pair.now, late.clone()).unwrap();
    pair.connect();
    pair.ends[AGENT].handle_input(pair.now, late).unwrap();
    pair.settle();
    assert_eq!(pair.seen[AGENT].bytes[&stream], b"onetwo");
    let mut again = BytesMut::new();
    frame::put_paired(&mut again, pair.epoch);
    assert!(pair.ends[AGENT].handle_input(pair.now, again.freeze()).is_err(), "an epoch comes once");
}

#[test]
fn what_waits_without_a_link_is_bounded() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    pair.cut(0, 1000);
    let mut taken = 0;
    loop {
        let room = pair.ends[HELPER].write_room(stream);
        if room == 0 {
            break;
        }
        taken += room;
        pair.ends[HELPER].write(stream, pattern(room, 1));
    }
    assert!(taken as u64 <= Config::default().write_ahead, "{taken}");
    pair.connect();
    pair.settle();
    assert_eq!(pair.seen[AGENT].bytes[&stream].len(), taken);
    assert!(pair.ends[HELPER].write_room(stream) > 0);
}

#[test]
fn two_resets_of_one_connection_leave_nothing_behind() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(0, Bytes::from_static(b"ask")).unwrap();
    pair.settle();
    pair.reading[HELPER] = false;
    pair.ends[AGENT].write(stream, pattern(1 << 20, 1));
    pair.ends[AGENT].reset(stream, EndReason::ResetByTarget, "", true);
    pair.settle();
    pair.ends[HELPER].reset(stream, EndReason::ResetByClient, "", true);
    pair.settle();
    assert_eq!((pair.ends[HELPER].open_streams(), pair.ends[AGENT].open_streams()), (0, 0));
    assert!(!format!("{:?}", pair.ends[AGENT]).contains("ResetByTarget"), "it is forgotten");
}

#[test]
fn two_resets_behind_data_that_nobody_takes_do_not_wait_for_each_other() {
    let mut pair = Pair::new(Config::default());
    let stream = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    pair.reading = [false, false];
    for side in [HELPER, AGENT] {
        pair.ends[side].write(stream, pattern(1 << 20, 1));
    }
    pair.settle();
    pair.ends[HELPER].reset(stream, EndReason::ResetByClient, "", true);
    pair.ends[AGENT].reset(stream, EndReason::ResetByTarget, "", true);
    pair.settle();
    for end in &pair.ends {
        assert_eq!((end.open_streams(), end.held()), (0, wire::stream::Held::default()));
    }
}

#[test]
fn a_small_piece_of_a_message_does_not_keep_the_message() {
    let mut pair = Pair::new(Config::default());
    let (small, large) =
        (pair.ends[HELPER].open(0, Bytes::new()).unwrap(), pair.ends[HELPER].open(0, Bytes::new()).unwrap());
    pair.settle();
    let mut out = BytesMut::new();
    frame::put_data(&mut out, small, 0, b"a line of a log");
    frame::put_data(&mut out, large, 0, &pattern(60_000, 1));
    let message = out.freeze();
    let memory = message.as_ptr() as usize..message.as_ptr() as usize + message.len();
    pair.ends[AGENT].handle_input(pair.now, message).unwrap();
    let ReadOutcome::Bytes(line) = pair.ends[AGENT].read(small, 100) else { panic!() };
    assert!(!memory.contains(&(line.as_ptr() as usize)));
    let ReadOutcome::Bytes(bulk) = pair.ends[AGENT].read(large, 100_000) else { panic!() };
    assert!(memory.contains(&(bulk.as_ptr() as usize)), "what is worth it is not copied");
}

#[test]
fn a_peer_cannot_make_an_end_keep_more_than_a_window() {
    let config = Config { write_ahead: u64::MAX / 4, ..Config::default() };
    let mut pair = Pair::new(config);
    let stream = pair.ends[HELPER].open(0, Bytes::new()).unwrap();
    pair.settle();
    pair.ends[AGENT].write(stream, pattern(64 << 20, 1));
    let mut out = BytesMut::new();
    frame::put_credit(&mut out, stream, 0, 1 << 62, false);
    pair.ends[AGENT].handle_input(pair.now, out.freeze()).unwrap();
    let mut sent = BytesMut::new();
    while pair.ends[AGENT].poll_transmit(pair.now, &mut sent, usize::MAX) {}
    assert!((sent.len() as u64) < config.max_window + (1 << 20), "{}", sent.len());
}

#[derive(Clone, Debug)]
enum Operation {
    Open,
    Write { side: usize, stream: usize, len: usize },
    Finish { side: usize, stream: usize },
    Reset { side: usize, stream: usize, after_data: bool },
    Reading { side: usize, on: bool },
    Step { most: usize },
    Cut { messages: usize, most: usize, connect: bool },
}

fn operation() -> impl Strategy<Value = Operation> {
    let side = 0..2usize;
    prop_oneof![
        2 => Just(Operation::Open),
        8 => (side.clone(), 0..8usize, 0..300_000usize).prop_map(|(side, stream, len)| Operation::Write { side, stream, len }),
        2 => (side.clone(), 0..8usize).prop_map(|(side, stream)| Operation::Finish { side, stream }),
        1 => (side.clone(), 0..8usize, any::<bool>()).prop_map(|(side, stream, after_data)| Operation::Reset { side, stream, after_data }),
        1 => (side, any::<bool>()).prop_map(|(side, on)| Operation::Reading { side, on }),
        8 => (1..100_000usize).prop_map(|most| Operation::Step { most }),
        2 => (0..8usize, 1..100_000usize, any::<bool>())
            .prop_map(|(messages, most, connect)| Operation::Cut { messages, most, connect }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// What arrived is always a beginning of what was written; without a reset it is all of it, and the end is told once,
    /// however often the link breaks.
    #[test]
    fn random_operations(operations in proptest::collection::vec(operation(), 1..120)) {
        let mut pair = Pair::new(Config::default());
        let mut streams = Vec::new();
        let mut written: [BTreeMap<StreamId, Vec<u8>>; 2] = Default::default();
        let mut finished: [BTreeMap<StreamId, bool>; 2] = Default::default();
        let mut cut = BTreeMap::new();
        for operation in operations {
            match operation {
                Operation::Open => if streams.len() < 8 {
                    streams.push(pair.ends[HELPER].open(0, Bytes::new()).unwrap());
                },
                Operation::Write { side, stream, len } => if let Some(&stream) = streams.get(stream) {
                    let bytes = pattern(len, side as u8);
                    if pair.ends[side].write(stream, bytes.clone()) {
                        written[side].entry(stream).or_default().extend_from_slice(&bytes);
                    }
                },
                Operation::Finish { side, stream } => if let Some(&stream) = streams.get(stream) {
                    if pair.ends[side].write(stream, Bytes::new()) {
                        finished[side].insert(stream, true);
                    }
                    pair.ends[side].finish(stream);
                },
                Operation::Reset { side, stream, after_data } => if let Some(&stream) = streams.get(stream) {
                    pair.ends[side].reset(stream, EndReason::ResetByTarget, "", after_data);
                    cut.insert(stream, ());
                },
                Operation::Reading { side, on } => pair.reading[side] = on,
                Operation::Step { most } => { pair.step(most); }
                Operation::Cut { messages, most, connect } => {
                    pair.cut(messages, most);
                    if connect {
                        pair.connect();
                    }
                }
            }
        }
        pair.reading = [true, true];
        pair.connect();
        pair.settle();
        for side in [HELPER, AGENT] {
            for &stream in &streams {
                let nothing = Vec::new();
                let sent = written[side].get(&stream).unwrap_or(&nothing);
                let got = pair.seen[1 - side].bytes.get(&stream).unwrap_or(&nothing);
                prop_assert!(sent.starts_with(got), "stream {stream:?}");
                prop_assert!(pair.seen[side].ends.get(&stream).copied().unwrap_or(0) <= 1);
                if cut.contains_key(&stream) {
                    prop_assert_eq!(pair.ends[side].open_streams(), pair.ends[1 - side].open_streams());
                } else {
                    prop_assert_eq!(sent.len(), got.len());
let ended = pair.seen[1 - side].ends.contains_key(&stream);
                    prop_assert_eq!(ended, finished[side].contains_key(&stream));
                }
            }
        }
    }
}
