//! The layout of frames is fixed: these bytes must never change within a protocol version.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use wire::stream::frame::{self, FrameError, HEADER_BYTES, MAX_PAYLOAD};
use wire::stream::{EndReason, Kind, StreamId};

fn made(make: impl FnOnce(&mut BytesMut)) -> String {
    let mut out = BytesMut::new();
    make(&mut out);
    out.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_bytes() {
    let stream = StreamId(0x0102_0304);
    let golden = [
        (
            made(|out| frame::put_open(out, stream, 7, b"hi")),
            "0100000701020304000000000000000000000002".to_owned() + "6869",
        ),
        (made(|out| frame::put_opened(out, stream)), "0200000001020304000000000000000000000000".into()),
        (made(|out| frame::put_data(out, stream, 0x0a0b, b"x")), "03000000010203040000000000000a0b0000000178".into()),
        (made(|out| frame::put_fin(out, stream, 5)), "0400000001020304000000000000000500000000".into()),
        (
            made(|out| frame::put_reset(out, stream, EndReason::Refused, 9, "no")),
            "05000003010203040000000000000009000000026e6f".into(),
        ),
        (
            made(|out| frame::put_credit(out, stream, 3, 0x0004_0003, true)),
            "06010000010203040000000000000003000000080000000000040003".into(),
        ),
        (made(|out| frame::put_ping(out, 0xff, false)), "070000000000000000000000000000ff00000000".into()),
        (made(|out| frame::put_ping(out, 0xff, true)), "080000000000000000000000000000ff00000000".into()),
        (made(|out| frame::put_gone(out, stream)), "0900000001020304000000000000000000000000".into()),
        (made(|out| frame::put_paired(out, 3)), "1000000000000000000000000000000300000000".into()),
        (made(|out| frame::put_resume(out, 3, 0x11)), "110000000000000000000000000000030000000400000011".into()),
        (
            made(|out| frame::put_position(out, stream, 7, 5, 0x0004_0003, 3)),
            "12030007010203040000000000000005000000080000000000040003".into(),
        ),
        (made(|out| frame::put_resumed(out, 3)), "1300000000000000000000000000000300000000".into()),
    ];
    for (is, should) in golden {
        assert_eq!(is, should);
    }
}

#[test]
fn several_frames_of_a_message_come_out_in_order_and_share_its_memory() {
    let mut out = BytesMut::new();
    frame::put_data(&mut out, StreamId(1), 0, b"one");
    frame::put_fin(&mut out, StreamId(1), 3);
    let mut message = out.freeze();
    let memory = message.as_ptr() as usize..message.as_ptr() as usize + message.len();
    let first = frame::next(&mut message).unwrap().unwrap();
    assert_eq!(&first.payload[..], b"one");
    assert!(memory.contains(&(first.payload.as_ptr() as usize)));
    assert_eq!(frame::next(&mut message).unwrap().unwrap().header.kind, Kind::Fin);
    assert_eq!(frame::next(&mut message), Ok(None));
}

#[test]
fn wrong_frames_are_named() {
    let parse = |hex: &str| {
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        frame::next(&mut Bytes::from(bytes)).unwrap_err()
    };
    assert_eq!(parse("01"), FrameError::Truncated { missing: 19 });
    assert_eq!(parse("6300000001020304000000000000000000000000"), FrameError::UnknownKind(0x63));
    assert_eq!(
        parse("0301000001020304000000000000000000000001ff"),
        FrameError::UnknownFlags { kind: Kind::Data, flags: 1 }
    );
    assert_eq!(
        parse("0300000001020304000000000000000000000000"),
        FrameError::BadLength { kind: Kind::Data, length: 0 }
    );
    assert_eq!(
        parse("0300000001020304000000000000000000010001"),
        FrameError::BadLength { kind: Kind::Data, length: 65_537 }
    );
    assert_eq!(parse("0300000001020304000000000000000000000003aabb"), FrameError::Truncated { missing: 1 });
    assert_eq!(parse("0400000000000000000000000000000000000000"), FrameError::BadStream { kind: Kind::Fin, stream: 0 });
    assert_eq!(
        parse("0700000000000001000000000000000000000000"),
        FrameError::BadStream { kind: Kind::Ping, stream: 1 }
    );
    assert_eq!(parse("0400000000000001ffffffffffffffff00000000"), FrameError::BadOffset(u64::MAX));
}

#[test]
fn a_long_detail_is_cut_at_a_character() {
    let mut out = BytesMut::new();
    frame::put_reset(&mut out, StreamId(1), EndReason::Refused, 0, &"ä".repeat(400));
    let frame = frame::next(&mut out.freeze()).unwrap().unwrap();
    assert_eq!(frame.reset_detail(), "ä".repeat(256));
    let mut out = BytesMut::new();
    frame::put_reset(&mut out, StreamId(1), EndReason::Refused, 0, &format!("a{}", "ä".repeat(400)));
    assert_eq!(frame::next(&mut out.freeze()).unwrap().unwrap().reset_detail().len(), 511);
}

proptest! {
    #[test]
    fn any_bytes_parse_or_fail_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut message = Bytes::from(bytes);
        while let Ok(Some(_)) = frame::next(&mut message) {}
    }

    #[test]
    fn data_round_trips(stream in 1u32.., offset in 0u64..1 << 62, bytes in proptest::collection::vec(any::<u8>(), 1..1000)) {
        let mut out = BytesMut::new();
        frame::put_data(&mut out, StreamId(stream), offset, &bytes);
        prop_assert_eq!(out.len(), HEADER_BYTES + bytes.len());
        let frame = frame::next(&mut out.freeze()).unwrap().unwrap();
        prop_assert_eq!(frame.header.kind, Kind::Data);
        prop_assert_eq!((frame.header.stream, frame.header.offset), (StreamId(stream), offset));
        prop_assert_eq!(&frame.payload[..], &bytes[..]);
        prop_assert!(frame.payload.len() <= MAX_PAYLOAD);
    }
}
