//! Captured traffic: what programs and targets send each other, and the file that it becomes.

use std::collections::BTreeMap;

use appliance::capture::statements::{Statements, guess};
use appliance::capture::{About, CaptureFault, Reader, Writer};
use bytes::BytesMut;
use wire::api::{CapturedStatement, TrafficProtocol, TrafficSide};

use crate::input::Input;

/// The first byte chooses what is tried with the others.
pub fn capture(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    match first {
        0 => file(rest),
        1 => packets(rest),
        _ => statements(rest),
    }
}

/// Any bytes as a file: however they are cut, the same is read.
fn file(bytes: &[u8]) {
    let Some((&size, file)) = bytes.split_first() else { return };
    let whole = read(file, usize::MAX);
    assert_eq!(read(file, usize::from(size).max(1)), whole, "the same bytes in other pieces");
}

/// By stream, and whether they are the client's.
type Bytes = BTreeMap<(u32, bool), Vec<u8>>;

fn read(file: &[u8], at_once: usize) -> (Bytes, Result<(), CaptureFault>) {
    let (mut reader, mut bytes) = (Reader::default(), Bytes::new());
    for piece in file.chunks(at_once) {
        let pushed = reader.push(piece, |packet| {
            let of = (packet.stream, packet.side == TrafficSide::Client);
            bytes.entry(of).or_default().extend_from_slice(packet.payload);
        });
        if pushed.is_err() {
            return (bytes, pushed);
        }
    }
    (bytes, Ok(()))
}

/// Any frames: what becomes of them is a file that is read to its end, by a new run of the appliance as well, which writes no byte
/// of them again.
fn packets(bytes: &[u8]) {
    let about = About { comment: String::new(), hostname: "10.0.0.5".into(), tunnels: vec![(String::new(), 5432)] };
    let (mut writer, mut file) = Writer::begin(&about);
    let mut input = Input::new(bytes);
    let mut sent = Vec::new();
    while !input.is_empty() {
        let side = if input.byte() & 1 == 0 { TrafficSide::Client } else { TrafficSide::Target };
        let mut frames = BytesMut::new();
        for _ in 0..=input.byte() % 3 {
            frames.extend_from_slice(&input.frame());
        }
        let frames = frames.freeze();
        if writer.take(side, &frames, 1, &mut file).is_ok() {
            sent.push((side, frames));
        }
    }
    let (_, read) = read(&file, usize::MAX);
    assert_eq!(read, Ok(()), "what was written is not read");
    let mut again = Writer::of(&about);
    again.resume(&mut Reader::default(), &file);
    let mut more = Vec::new();
    again.finish(2, &mut more);
    assert!(self::read(&more, usize::MAX).0.values().all(Vec::is_empty), "an end carries bytes");
}

/// Any conversation in any language: however it is cut, the same statements are found, and they stay small.
fn statements(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let choice = usize::from(input.byte()) % TrafficProtocol::ALL.len();
    let size = usize::from(input.byte()).max(1);
    let mut said: Vec<(TrafficSide, &[u8])> = Vec::new();
    while !input.is_empty() {
        let header = input.byte();
        let side = if header & 1 == 0 { TrafficSide::Client } else { TrafficSide::Target };
        said.push((side, input.bytes(usize::from(header >> 1) + 1)));
    }
    let head =
        |wanted| said.iter().filter(|it| it.0 == wanted).flat_map(|it| it.1.to_vec()).take(64).collect::<Vec<_>>();
    let _ = guess(&head(TrafficSide::Client), &head(TrafficSide::Target));
    let protocol = TrafficProtocol::ALL[choice];
    let Some(whole) = found(protocol, &said, usize::MAX) else { return };
    assert_eq!(Some(&whole), found(protocol, &said, size).as_ref(), "the same bytes in other pieces");
    assert!(
        whole.iter().all(|it| it.text.len() <= 16 * 1024 && it.outcome.len() <= 16 * 1024),
        "a statement is too long"
    );
}

fn found(protocol: TrafficProtocol, said: &[(TrafficSide, &[u8])], at_once: usize) -> Option<Vec<CapturedStatement>> {
    let (mut statements, mut all) = (Statements::of(protocol)?, Vec::new());
    for (number, (side, bytes)) in said.iter().enumerate() {
        for piece in bytes.chunks(at_once) {
            statements.push(*side, i64::try_from(number).unwrap_or(0), piece);
            all.extend(statements.take());
        }
    }
    all.extend(statements.rest());
    Some(all)
}
