//! What a complete capture holds: bytes of one connection, and the statements in them.

use std::pin::pin;

use futures_util::StreamExt;
use wire::api::{CapturedPiece, CapturedStatement, TrafficSide};

use crate::capture::statements::Statements;
use crate::capture::{Found, Reader};
use crate::random;
use crate::recording::{Opened, ReadError};

/// Bytes of a capture that are looked through for one answer at most, where little of it is of the connection.
const LOOK_MOST: u64 = 32 * 1024 * 1024;

/// Bytes of a capture that are looked through for statements at most: whoever wants more takes the file.
const STATEMENTS_MOST: u64 = 256 * 1024 * 1024;

/// Bytes of a connection, and where the next ones are to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceWindow {
    /// The bytes.
    pub pieces: Vec<CapturedPiece>,
    /// Where in the file; none at the end.
    pub next: Option<u64>,
}

/// Statements of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementPage {
    /// The statements.
    pub statements: Vec<CapturedStatement>,
    /// Whether there are more.
    pub has_more: bool,
    /// Why nothing more was read, where that is so.
    pub stopped: String,
}

impl Opened {
    /// Bytes of a connection from a place in the file on: whole pieces, until there are at least `most` bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn pieces(self, of: &Found, from: u64, most: usize) -> Result<PieceWindow, ReadError> {
        let end = of.ends.min(self.recording.bytes);
        let from = from.max(of.starts);
        let mut window = PieceWindow { pieces: Vec::new(), next: None };
        if from >= end {
            return Ok(window);
        }
        let (mut reader, mut bytes) = (Reader::at(from), 0);
        let (mut sent, mut received) = (None, None);
        let last = end.min(from + LOOK_MOST);
        let mut next = from;
        let mut parts = pin!(self.read(from..last));
        while let Some(part) = parts.next().await {
            let read = reader.push(&part?, |packet| {
                if bytes >= most {
                    return;
                }
                next = packet.ends;
                if packet.stream != of.stream || packet.payload.is_empty() {
                    return;
                }
                let place = match packet.side {
                    TrafficSide::Client => &mut sent,
                    TrafficSide::Target => &mut received,
                };
                let offset = placed(place, packet.sequence);
                bytes += packet.payload.len();
                let (at_micros, side, hex) = (packet.at_micros, packet.side, random::hex(packet.payload));
                window.pieces.push(CapturedPiece { at_micros, side, offset, hex });
            });
            // A place that is no beginning of a block is nobody's but whoever made it up.
            if read.is_err() || bytes >= most {
                break;
            }
        }
        window.next = Some(next).filter(|it| *it < end && *it > from);
        Ok(window)
    }

    /// Statements of a connection, without the first `skip` of them, at most `most`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn statements(self, of: &Found, skip: u64, most: usize) -> Result<StatementPage, ReadError> {
        let mut page = StatementPage { statements: Vec::new(), has_more: false, stopped: String::new() };
        let Some(mut statements) = Statements::of(of.protocol) else { return Ok(page) };
        let (mut skip, mut sent, mut received) = (skip, None, None);
        let end = of.ends.min(self.recording.bytes);
        let last = end.min(of.starts.saturating_add(STATEMENTS_MOST));
        let mut reader = Reader::at(of.starts);
        let mut parts = pin!(self.read(of.starts.min(last)..last));
        while let Some(part) = parts.next().await {
            let read = reader.push(&part?, |packet| {
                if packet.stream != of.stream || packet.payload.is_empty() {
                    return;
                }
                let known = match packet.side {
                    TrafficSide::Client => &mut sent,
                    TrafficSide::Target => &mut received,
                };
                // What was sent again after a lost link says nothing new.
                let end = known.unwrap_or(0);
                let place = placed(known, packet.sequence);
                let old = usize::try_from(end.saturating_sub(place)).unwrap_or(usize::MAX).min(packet.payload.len());
                *known = Some(end.max(place + packet.payload.len() as u64));
                statements.push(packet.side, packet.at_micros, &packet.payload[old..]);
            });
            page.add(statements.take(), &mut skip, most);
            if read.is_err() || page.has_more || statements.stopped().is_some() {
                break;
            }
        }
        if last < end && !page.has_more && statements.stopped().is_none() {
            page.stopped = format!("Only the first {} MiB are looked through.", STATEMENTS_MOST >> 20);
        } else if !page.has_more {
            page.add(statements.rest(), &mut skip, most);
        }
        if let Some(stopped) = statements.stopped().filter(|_| !page.has_more) {
            page.stopped = format!("{stopped}.");
        }
        Ok(page)
    }
}

impl StatementPage {
    fn add(&mut self, more: Vec<CapturedStatement>, skip: &mut u64, most: usize) {
        for statement in more {
            if *skip > 0 {
                *skip -= 1;
            } else if self.statements.len() < most {
                self.statements.push(statement);
            } else {
                self.has_more = true;
            }
        }
    }
}

/// Where a packet's bytes begin among those of its side, by a place near it. Of those that are read from the middle on only the lower
/// half of the number is known, which is all of it up to 4 GiB.
fn placed(known: &mut Option<u64>, sequence: u32) -> u64 {
    let low = sequence.wrapping_sub(1);
    let place = match *known {
        None => u64::from(low),
        Some(near) => {
            let ahead = low.wrapping_sub(u32::try_from(near & u64::from(u32::MAX)).unwrap_or(u32::MAX)).cast_signed();
            near.saturating_add_signed(i64::from(ahead))
        }
    };
    *known = Some(place);
    place
}
