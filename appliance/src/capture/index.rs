//! The connections of a capture, and where they lie in it.

use std::collections::{BTreeMap, VecDeque};

use wire::api::{TrafficProtocol, TrafficSide};

use super::flow::Flow;
use super::reader::Packet;
use super::statements::guess;

/// A connection that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Number of its stream.
    pub stream: u32,
    /// Number of its tunnel.
    pub tunnel: u16,
    /// Time of its first packet, in microseconds since 1970.
    pub opened_micros: i64,
    /// Time of its last packet.
    pub last_micros: i64,
    /// Where its first packet begins in the file.
    pub starts: u64,
    /// Where its last packet ends in the file.
    pub ends: u64,
    /// Bytes from the workstation to the target.
    pub bytes_sent: u64,
    /// Bytes from the target to the workstation.
    pub bytes_received: u64,
    /// What is spoken in it.
    pub protocol: TrafficProtocol,
}

/// Finds the connections among packets, with little memory however many there are.
#[derive(Debug, Default)]
pub struct Index {
    open: BTreeMap<u32, Entry>,
    /// Those that are over; a packet may still come, so they are given out only when others have ended.
    over: VecDeque<u32>,
    done: Vec<Found>,
}

#[derive(Debug)]
struct Entry {
    found: Found,
    flow: Flow,
    client: Vec<u8>,
    target: Vec<u8>,
}

/// Bytes of each side by which a language is known.
const HEAD: usize = 64;
/// Connections that are held though they are over.
const HELD: usize = 1024;

impl Index {
    /// Takes note of a packet.
    pub fn see(&mut self, packet: &Packet<'_>) {
        let entry = self.open.entry(packet.stream).or_insert_with(|| Entry::new(packet));
        let was_over = entry.flow.is_over();
        entry.see(packet);
        if entry.flow.is_over() && !was_over {
            self.over.push_back(packet.stream);
        }
        if self.over.len() > HELD
            && let Some(entry) = self.over.pop_front().and_then(|it| self.open.remove(&it))
        {
            self.done.push(entry.found());
        }
    }

    /// Those of which nothing more is expected.
    pub fn take_done(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.done)
    }

    /// All others.
    #[must_use]
    pub fn finish(mut self) -> Vec<Found> {
        self.done.extend(self.open.into_values().map(Entry::found));
        self.done
    }
}

impl Entry {
    fn new(packet: &Packet<'_>) -> Self {
        let found = Found {
            stream: packet.stream,
            tunnel: packet.tunnel,
            opened_micros: packet.at_micros,
            last_micros: packet.at_micros,
            starts: packet.starts,
            ends: packet.ends,
            bytes_sent: 0,
            bytes_received: 0,
            protocol: TrafficProtocol::Unknown,
        };
        Self { found, flow: Flow::new(packet.tunnel), client: Vec::new(), target: Vec::new() }
    }

    fn see(&mut self, packet: &Packet<'_>) {
        self.found.last_micros = packet.at_micros;
        self.found.ends = packet.ends;
        let place = self.flow.place(packet.side, packet.sequence);
        let half = self.flow.half_mut(packet.side);
        if !packet.payload.is_empty() {
            half.bytes = half.bytes.max(place + packet.payload.len() as u64);
        }
        half.is_finished |= packet.fin;
        self.flow.was_reset |= packet.rst;
        let head = match packet.side {
            TrafficSide::Client => &mut self.client,
            TrafficSide::Target => &mut self.target,
        };
        // Not what was sent again.
        if place == head.len() as u64 {
            let room = HEAD - head.len();
            head.extend_from_slice(packet.payload.get(..room).unwrap_or(packet.payload));
        }
    }

    fn found(self) -> Found {
        Found {
            bytes_sent: self.flow.half(TrafficSide::Client).bytes,
            bytes_received: self.flow.half(TrafficSide::Target).bytes,
            protocol: guess(&self.client, &self.target),
            ..self.found
        }
    }
}
