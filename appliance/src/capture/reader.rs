//! The file of a capture into packets again. It comes in pieces of any size, and may begin at any block.

use wire::api::TrafficSide;

use super::blocks::{FRAME, PACKET, PACKET_HEADER, number};
use super::segments;

/// Bytes of a block at most: far more than the largest that is written.
const BLOCK_MOST: usize = 256 * 1024;

/// Reads the blocks of a capture.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// The beginning of a block whose end has not come.
    pending: Vec<u8>,
    /// Where the next block begins in the file.
    at: u64,
}

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Where its block begins in the file.
    pub starts: u64,
    /// Where its block ends in the file.
    pub ends: u64,
    /// When it was, in microseconds since 1970.
    pub at_micros: i64,
    /// Number of its tunnel.
    pub tunnel: u16,
    /// Number of its stream.
    pub stream: u32,
    /// Who sent it.
    pub side: TrafficSide,
    /// TCP's number of its first byte.
    pub sequence: u32,
    /// It begins the connection.
    pub syn: bool,
    /// Its sender sends no more.
    pub fin: bool,
    /// It breaks the connection off.
    pub rst: bool,
    /// What it carries.
    pub payload: &'a [u8],
}

/// What came is no capture that was written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what stands at byte {at} is no block of a capture")]
pub struct CaptureFault {
    /// Where.
    pub at: u64,
}

impl Reader {
    /// Reads from a block on that begins here in the file.
    #[must_use]
    pub fn at(at: u64) -> Self {
        Self { pending: Vec::new(), at }
    }

    /// Takes the next bytes, and hands on the packets that are whole by that.
    ///
    /// # Errors
    /// When there is something that is no block; nothing after it is read.
    pub fn push(&mut self, bytes: &[u8], mut see: impl FnMut(Packet<'_>)) -> Result<(), CaptureFault> {
        let mut rest = bytes;
        if !self.pending.is_empty() {
            let mut pending = std::mem::take(&mut self.pending);
            while !rest.is_empty() {
                let wanted = match number(&pending, 4) {
                    Some(_) => self.length(&pending)?,
                    None => 8,
                };
                let (now, later) = rest.split_at(rest.len().min(wanted.saturating_sub(pending.len())));
                pending.extend_from_slice(now);
                rest = later;
                if wanted > 8 && pending.len() == wanted {
                    self.block(&pending, &mut see);
                    pending.clear();
                    break;
                }
            }
            self.pending = pending;
            if !self.pending.is_empty() {
                return Ok(());
            }
        }
        while rest.len() >= 8 {
            let length = self.length(rest)?;
            let Some((block, later)) = rest.split_at_checked(length) else { break };
            self.block(block, &mut see);
            rest = later;
        }
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    /// Length of the block that begins here.
    fn length(&self, block: &[u8]) -> Result<usize, CaptureFault> {
        let length = number(block, 4).map_or(0, |it| it as usize);
        let fits = (FRAME..=BLOCK_MOST).contains(&length) && length.is_multiple_of(4);
        if fits { Ok(length) } else { Err(CaptureFault { at: self.at }) }
    }

    /// Hands a block's packet on. Blocks and packets of other kinds are passed over, as the format asks for.
    fn block(&mut self, block: &[u8], see: &mut impl FnMut(Packet<'_>)) {
        let starts = self.at;
        self.at += block.len() as u64;
        if let Some(packet) = packet(block, starts) {
            see(packet);
        }
    }
}

fn packet(block: &[u8], starts: u64) -> Option<Packet<'_>> {
    if number(block, 0)? != PACKET {
        return None;
    }
    let tunnel = u16::try_from(number(block, 8)?).ok()?;
    let at = (u64::from(number(block, 12)?) << 32) | u64::from(number(block, 16)?);
    let length = number(block, 20)? as usize;
    let begins = 8 + PACKET_HEADER;
    let segment = segments::read(block.get(begins..begins.checked_add(length)?)?)?;
    Some(Packet {
        starts,
        ends: starts + block.len() as u64,
        at_micros: i64::try_from(at).ok()?,
        tunnel,
        stream: segment.stream,
        side: segment.side,
        sequence: segment.says.sequence,
        syn: segment.says.syn,
        fin: segment.says.fin,
        rst: segment.says.rst,
        payload: segment.payload,
    })
}
