mod model;

use proptest::prelude::*;

use self::model::*;
use super::ebml::{Head, Id};
use super::*;

/// Three seconds of a canvas as Chromium 156 recorded them, in pieces of a second: the one opaque, as a screen is, the other not, so
/// that its blocks are groups.
const CHROMIUM: [&[u8]; 2] = [
    include_bytes!("../../../../tests/tests/data/desktop.webm"),
    include_bytes!("../../../../tests/tests/data/desktop-alpha.webm"),
];

fn fault(stream: &[u8]) -> WebmFault {
    scanned(stream).unwrap_err()
}

fn what(stream: &[u8]) -> &'static str {
    match fault(stream) {
        WebmFault::Malformed { what, .. } => what,
        other => panic!("{other}"),
    }
}

fn key(delta: i16) -> Vec<u8> {
    element(Id::SIMPLE_BLOCK, &block(1, delta, 0x80, 10))
}

fn delta(delta: i16) -> Vec<u8> {
    element(Id::SIMPLE_BLOCK, &block(1, delta, 0, 10))
}

proptest! {
    #[test]
    fn it_does_not_matter_in_which_pieces_a_stream_comes(stream in streams(), sizes in prop::collection::vec(1..60usize, 1..9)) {
        let bytes = stream.written().bytes;
        let mut scan = Scan::new();
        let mut rest = bytes.as_slice();
        for size in sizes.iter().cycle() {
            let (piece, behind) = rest.split_at(rest.len().min(*size));
            scan.push(piece).unwrap();
            rest = behind;
            if rest.is_empty() { break }
        }
        prop_assert_eq!(scan.found(), &scanned(&bytes).unwrap());
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_keeps_its_whole_blocks(stream in streams(), part in 0.0..=1.0f64) {
        let written = stream.written();
        let raw = &written.bytes[..(written.bytes.len() as f64 * part) as usize];
        let expected: Vec<Picture> =
            written.pictures.into_iter().filter(|(end, _)| *end <= raw.len()).map(|(_, picture)| picture).collect();
        let found = scanned(raw).unwrap();
        prop_assert_eq!(found.is_empty(), expected.is_empty());
        if expected.is_empty() {
            prop_assert_eq!(Finished::of(&found, None), Err(WebmFault::NothingRecorded));
        } else {
            prop_assert_eq!(finished(&found, raw), expected);
        }
    }

    #[test]
    fn a_range_is_what_the_whole_has_there(stream in streams(), from in 0..3000u64, len in 0..3000u64) {
        let raw = stream.written().bytes;
        let Ok(finished) = Finished::of(&scanned(&raw).unwrap(), None) else { return Ok(()) };
        let whole = bytes_of(finished.slice(0..finished.len()), &raw);
        let end = (from + len).min(whole.len() as u64);
        let expected = whole.get(from as usize..end as usize).unwrap_or_default();
        prop_assert_eq!(bytes_of(finished.slice(from..from + len), &raw), expected);
    }

    #[test]
    fn bytes_of_no_format_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz(&bytes);
        fuzz(&[&[3], begun(&[]).as_slice(), &bytes].concat());
    }

    #[test]
    fn a_broken_stream_does_no_harm(stream in streams(), breaks in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = [vec![31], stream.written().bytes].concat();
        for (at, byte) in breaks {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        fuzz(&bytes);
    }
}

/// What a fuzzer calls: the first byte chooses the size of the pieces.
fn fuzz(data: &[u8]) {
    let Some((size, raw)) = data.split_first() else { return };
    let mut scan = Scan::new();
    let outcome = raw.chunks(usize::from(*size) + 1).try_for_each(|piece| scan.push(piece));
    let mut whole = Scan::new();
    assert_eq!(whole.push(raw), outcome, "another outcome in pieces");
    assert_eq!(whole.found(), scan.found(), "something else is found in pieces");
    assert_eq!(scan.push(&[]), outcome, "it does not fail as it did");
    let found = scan.found();
    let Ok(finished) = Finished::of(found, None) else {
        assert!(found.is_empty(), "what was recorded cannot be finished");
        return;
    };
    let file = bytes_of(finished.slice(0..u64::MAX), raw);
    assert_eq!(file.len() as u64, finished.len(), "another length");
    let step = file.len() as u64 / 7 + 1;
    let slices = (0..7).flat_map(|at| finished.slice(at * step..(at + 1) * step));
    assert_eq!(bytes_of(slices, raw), file, "ranges are not the whole");
    let again = scanned(&file).expect("the finished file is broken");
    assert_eq!((again.blocks(), again.duration_millis()), (found.blocks(), found.duration_millis()));
}

#[test]
fn what_chromium_recorded_is_finished() {
    for whole in CHROMIUM {
        let found = scanned(whole).unwrap();
        assert_eq!(found.size(), Some((160, 120)));
        assert!((2_700..3_300).contains(&found.duration_millis()), "{}", found.duration_millis());
        assert!(found.clusters().len() >= 2 && found.clusters().iter().all(ClusterAt::begins_with_key));
        assert_eq!(found.blocks(), finished(&found, whole).len() as u64);
        // Every place where the upload may have ended.
        for cut in 0..whole.len() {
            let raw = &whole[..cut];
            let found = scanned(raw).unwrap();
            assert_eq!(Finished::of(&found, None).is_err(), found.is_empty());
            if cut % 97 == 0 && !found.is_empty() {
                finished(&found, raw);
            }
        }
    }
}

#[test]
fn a_cluster_counts_while_it_is_written() {
    let stream = begun(&[cluster(5, &[key(0), delta(33), delta(66)])]);
    let found = scanned(&stream[..stream.len() - 1]).unwrap();
    let len = delta(33).len() as u64;
    let offset = stream.len() as u64 - 3 * len;
    let expected = ClusterAt { offset, len: 2 * len, timestamp: 5, key: Some(KeyAt { offset: 0, delta: 0 }) };
    assert_eq!(found.clusters(), [expected]);
    assert_eq!((found.blocks(), found.duration_millis()), (2, 5 + 33 + 33));
}

#[test]
fn key_frames_are_found_in_groups_and_inside() {
    let group = |parts: &[Vec<u8>]| element(Id::BLOCK_GROUP, &parts.concat());
    let inner = |delta| element(Id::BLOCK, &block(1, delta, 0x80, 3));
    let refers = || element(Id::REFERENCE_BLOCK, &[0xE0]);
    let stream = begun(&[
        cluster(0, &[group(&[inner(0), refers()]), group(&[refers(), inner(10)]), group(&[inner(20)])]),
        cluster(1000, &[delta(0)]),
        // Without a Block it is nothing.
        cluster(2000, &[group(&[refers()])]),
    ]);
    let found = scanned(&stream).unwrap();
    let keys: Vec<Option<i16>> = found.clusters().iter().map(|it| it.key.map(|key| key.delta)).collect();
    assert_eq!(keys, [Some(20), None]);
    assert!(!found.clusters()[0].begins_with_key());
    assert_eq!(finished(&found, &stream).len(), 4);
}

#[test]
fn clusters_whose_time_runs_backwards_are_kept_and_their_cues_sorted() {
    let stream = begun(&[cluster(900, &[key(0)]), cluster(100, &[key(0), delta(10)]), cluster(100, &[key(-200)])]);
    let found = scanned(&stream).unwrap();
    let times: Vec<i64> = finished(&found, &stream).iter().map(|it| it.time).collect();
    assert_eq!(times, [900, 100, 110, -100]);
    assert_eq!(found.duration_millis(), 900 + 900 / 3);
}

#[test]
fn the_last_picture_is_shown_as_long_as_others() {
    let shown = |scale: u64, blocks: &[Vec<u8>]| {
        let front = [ebml(b"webm"), head(Id::SEGMENT, UNKNOWN), info(scale), tracks(1)].concat();
        scanned(&[front, cluster(0, blocks)].concat()).unwrap().duration_millis()
    };
    assert_eq!(shown(1_000_000, &[]), 0);
    assert_eq!(shown(1_000_000, &[key(0)]), 33);
    assert_eq!(shown(1_000_000, &[key(0), delta(100), delta(200)]), 300);
    // A second at most: nothing moved.
    assert_eq!(shown(1_000_000, &[key(0), delta(30_000)]), 31_000);
    assert_eq!(shown(LONGEST_TICK, &[key(0), delta(7)]), 8_000);
    assert_eq!(shown(1, &[key(0), delta(7)]), 0);
}

#[test]
fn the_longest_duration_is_exact() {
    let front = [ebml(b"webm"), head(Id::SEGMENT, UNKNOWN), info(LONGEST_TICK), tracks(1)].concat();
    let raw = [front, cluster(LAST_TICK, &[key(i16::MAX)])].concat();
    let found = scanned(&raw).unwrap();
    let end = LAST_TICK + 32_767 + 1;
    assert_eq!(found.duration_millis(), end * 1000);
    let file = bytes_of(Finished::of(&found, None).unwrap().slice(0..u64::MAX), &raw);
    assert_eq!(read_finished(&file).1, end as f64);
    assert_eq!(what(&begun(&[cluster(LAST_TICK + 1, &[key(0)])])), "a timestamp beyond any recording");
}

#[test]
fn the_date_is_written_where_it_can_be() {
    let raw = begun(&[cluster(0, &[key(0)])]);
    let found = scanned(&raw).unwrap();
    let front = |date| match &Finished::of(&found, date).unwrap().parts()[0] {
        Part::New(bytes) => bytes.clone(),
        Part::Source { .. } => panic!("no header"),
    };
    let has = |front: &[u8], element: &[u8]| front.windows(element.len()).any(|it| it == element);
    // One second and a half behind the beginning of 2001.
    assert!(has(&front(Some(978_307_201_500)), &element(Id::DATE_UTC, &1_500_000_000i64.to_be_bytes())));
    assert!(has(&front(Some(0)), &element(Id::DATE_UTC, &(-978_307_200_000_000_000i64).to_be_bytes())));
    for date in [None, Some(i64::MAX), Some(i64::MIN)] {
        assert!(!has(&front(date), &[0x44, 0x61]));
    }
}

#[test]
fn other_formats_are_refused_at_once() {
    for bytes in [&b"\x00\x00\x00\x20ftyp"[..], b"OggS\0\0", b"RIFF....", b"\x89PNG\r\n", b"<html>", &ebml(b"matroska")]
    {
        assert_eq!(fault(bytes), WebmFault::NotWebm);
    }
    let strange = |id, value| element(Id::EBML, &[element(Id::DOC_TYPE, b"webm"), unsigned(id, value)].concat());
    assert_eq!(fault(&strange(Id::EBML_READ_VERSION, 2)), WebmFault::NotWebm);
    assert_eq!(fault(&strange(Id::EBML_MAX_SIZE_LENGTH, 9)), WebmFault::NotWebm);
    assert_eq!(fault(&strange(Id::DOC_TYPE_READ_VERSION, 5)), WebmFault::NotWebm);
    assert_eq!(fault(&ebml(b"webmaster")), WebmFault::NotWebm);
    assert_eq!(scanned(&ebml(b"webm\0\0")).map(|it| it.is_empty()), Ok(true));
}

#[test]
fn it_fails_for_ever_and_keeps_what_was_in_front() {
    let mut scan = Scan::new();
    let first = begun(&[cluster(0, &[key(0), delta(40)])]);
    scan.push(&first).unwrap();
    let found = scan.found().clone();
    assert_eq!(scan.push(&begun(&[])), Err(WebmFault::SecondHeader));
    assert_eq!(scan.push(&delta(80)), Err(WebmFault::SecondHeader));
    assert_eq!(scan.found(), &found);
    assert_eq!(finished(&found, &first).len(), 2);
}

#[test]
fn a_second_recording_is_refused_wherever_it_begins() {
    let sized = |body: &[u8]| [head(Id::CLUSTER, body.len() as u64), body.to_vec()].concat();
    for behind in [vec![], cluster(0, &[key(0)]), sized(&unsigned(Id::TIMESTAMP, 0))] {
        assert_eq!(fault(&begun(&[behind.clone(), ebml(b"webm")])), WebmFault::SecondHeader);
        assert_eq!(what(&begun(&[behind, head(Id::SEGMENT, UNKNOWN)])), "a second Segment");
    }
    let whole = [ebml(b"webm"), head(Id::SEGMENT, 0)].concat();
    assert_eq!(fault(&[whole.clone(), ebml(b"webm")].concat()), WebmFault::SecondHeader);
    assert_eq!(what(&[whole.clone(), head(Id::SEGMENT, 0)].concat()), "something behind the Segment");
    assert!(scanned(&[whole, element(Id::VOID, b"abc")].concat()).is_ok());
}

#[test]
fn only_one_track_of_known_video_is_taken() {
    let of = |entries: &[Vec<u8>]| {
        let tracks = element(Id::TRACKS, &entries.concat());
        scanned(&[ebml(b"webm"), head(Id::SEGMENT, UNKNOWN), info(1_000_000), tracks].concat())
    };
    assert_eq!(of(&[entry(1, 1, b"V_AV1")]).map(|it| it.size()), Ok(Some((640, 360))));
    assert_eq!(of(&[entry(1, 1, b"V_VP8"), entry(2, 2, b"A_OPUS")]), Err(WebmFault::HasSound));
    // Sound under the name of something else.
    let hidden = element(Id::TRACK_ENTRY, &[unsigned(Id::TRACK_TYPE, 1), element(Id::AUDIO, &[])].concat());
    assert_eq!(of(&[hidden]), Err(WebmFault::HasSound));
    assert_eq!(of(&[]), Err(WebmFault::NotOneVideo));
    assert_eq!(of(&[entry(1, 1, b"V_VP8"), entry(2, 1, b"V_VP8")]), Err(WebmFault::NotOneVideo));
    assert_eq!(of(&[entry(1, 0x11, b"S_TEXT/UTF8")]), Err(WebmFault::NotOneVideo));
    assert_eq!(of(&[entry(1, 1, b"V_MPEG4/ISO/AVC")]), Err(WebmFault::OtherCodec));
    assert!(of(&[entry(0, 1, b"V_VP8")]).is_err());
    let two_types = [unsigned(Id::TRACK_TYPE, 1), unsigned(Id::TRACK_TYPE, 2)].concat();
    assert!(of(&[element(Id::TRACK_ENTRY, &two_types)]).is_err());
}

#[test]
fn what_is_out_of_order_is_refused() {
    let front = |parts: &[Vec<u8>]| [ebml(b"webm"), head(Id::SEGMENT, UNKNOWN), parts.concat()].concat();
    for parts in [[info(1), cluster(0, &[])], [tracks(1), cluster(0, &[])]] {
        assert_eq!(what(&front(&parts)), "a Cluster in front of Info or Tracks");
    }
    assert!(scanned(&begun(&[info(1_000_000), tracks(1)])).is_ok(), "copies do not differ");
    assert!(what(&begun(&[info(7)])).starts_with("a second Info"));
    assert!(what(&begun(&[tracks(7)])).starts_with("a second Tracks"));
    for scale in [0, LONGEST_TICK + 1, u64::MAX] {
        assert_eq!(fault(&front(&[info(scale)])), WebmFault::TimestampScale(scale));
    }
    let bare = head(Id::CLUSTER, UNKNOWN);
    assert_eq!(what(&begun(&[bare, key(0)])), "a block in front of its Cluster's timestamp");
    assert_eq!(what(&begun(&[cluster(0, &[unsigned(Id::TIMESTAMP, 1)])])), "a second timestamp in a Cluster");
    let other = element(Id::SIMPLE_BLOCK, &block(2, 0, 0x80, 1));
    assert_eq!(what(&begun(&[cluster(0, &[other])])), "a block of another track");
    assert_eq!(what(&begun(&[cluster(0, &[element(Id::SIMPLE_BLOCK, &[0x81, 0])])])), "a block without its head");
    let inside = [head(Id::CLUSTER, 100), element(Id::TAGS, &[])].concat();
    assert_eq!(what(&begun(&[inside])), "a child of the Segment in a Cluster");
}

#[test]
fn claims_cost_nothing() {
    let claim = head;
    assert!(matches!(fault(&head(Id::EBML, HEADER_BYTES + 1)), WebmFault::TooLarge { at: 0, .. }));
    assert!(matches!(fault(&begun(&[claim(Id::TRACKS, 1 << 40)])), WebmFault::TooLarge { id: Id::TRACKS, .. }));
    for id in [Id::SIMPLE_BLOCK, Id::BLOCK_GROUP] {
        let mut scan = Scan::new();
        scan.push(&begun(&[cluster(0, &[claim(id, BLOCK_BYTES)])])).unwrap();
        assert!(matches!(fault(&begun(&[cluster(0, &[claim(id, BLOCK_BYTES + 1)])])), WebmFault::TooLarge { .. }));
        assert!(matches!(fault(&begun(&[cluster(0, &[claim(id, UNKNOWN)])])), WebmFault::UnknownSize { .. }));
    }
    // What nobody reads may claim what it likes, and is never more than what came.
    assert!(scanned(&begun(&[claim(Id::VOID, UNKNOWN - 1), vec![0; 5000]])).is_ok());
    let small = [head(Id::CLUSTER, 8), unsigned(Id::TIMESTAMP, 0), key(0)].concat();
    let at = begun(&[]).len() as u64 + 15;
    assert_eq!(fault(&begun(&[small])), WebmFault::Overrun { at, id: Id::SIMPLE_BLOCK });
}

#[test]
fn eight_hours_are_small() {
    assert!(size_of::<ClusterAt>() <= 40);
    assert!(size_of::<Part>() <= 24);
    let mut scan = Scan::new();
    scan.push(&begun(&[])).unwrap();
    for at in 0..CLUSTERS as u64 {
        scan.push(&cluster(at * 500, &[key(0)])).unwrap();
        // One without a block is not kept.
        scan.push(&cluster(at * 500, &[])).unwrap();
    }
    let before = scan.found().clone();
    assert_eq!(scan.push(&cluster(1, &[key(0)])), Err(WebmFault::TooManyClusters));
    assert_eq!(scan.found(), &before);
    let finished = Finished::of(&before, None).unwrap();
    let Part::New(front) = &finished.parts()[0] else { panic!("no header") };
    assert!(front.len() < 40 * CLUSTERS, "{}", front.len());
}

#[test]
fn heads_are_read_as_the_rfc_says() {
    let read = |bytes: &[u8]| Head::read(bytes).map(|it| it.map(|(head, len)| (head.id.0, head.size, len)));
    assert_eq!(read(&[0xA3, 0x85]), Ok(Some((0xA3, Some(5), 2))));
    assert_eq!(
        read(&[0x1F, 0x43, 0xB6, 0x75, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        Ok(Some((0x1F43_B675, None, 12)))
    );
    assert_eq!(read(&[0xEC, 0xFF]), Ok(Some((0xEC, None, 2))));
    assert_eq!(read(&[0xEC, 0x40]), Ok(None));
    assert_eq!(read(&[]), Ok(None));
    for broken in [&[0x00][..], &[0x08], &[0xFF, 0x80], &[0x80, 0x80], &[0x7F, 0xFF, 0x80], &[0xEC, 0x00]] {
        assert!(read(broken).is_err(), "{broken:?}");
    }
    for size in [0, 1, 126, 127, 128, 16_382, 16_383, 70_000] {
        let written = element(Id::VOID, &vec![0; size]);
        let (_, read, head) = read(&written).unwrap().unwrap();
        assert_eq!((read, head + size), (Some(size as u64), written.len()));
    }
    assert_eq!(
        WebmFault::Overrun { at: 9, id: Id::CLUSTER }.to_string(),
        "the element 0x1F43B675 at byte 9 reaches beyond the one that holds it"
    );
}
