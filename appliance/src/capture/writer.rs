//! Frames into packets.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use wire::api::TrafficSide;
use wire::stream::{Frame, FrameError, Kind, frame};

use super::blocks::{put_interface, put_packet, put_section};
use super::flow::Flow;
use super::reader::Packet;
use super::segments::{Ends, Says, Target, headers};
use super::{Reader, other};

/// Bytes of one segment at most: a full frame as the ends make them.
const SEGMENT: usize = 32 * 1024;
/// Bytes after which the other side acknowledges, if it says nothing itself.
const ACKNOWLEDGE_AFTER: u64 = 512 * 1024;
/// What stands at bytes that are there already.
const SENT_AGAIN: &str = "sent again after a link was lost";
/// Connections that are over and remembered: what comes late of one finds it.
const REMEMBERED: usize = 1024;
/// Connections that are remembered in all. The relay has far fewer open at once.
const MOST: usize = 4 * REMEMBERED;

/// What a capture is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// A sentence for whoever opens the file.
    pub comment: String,
    /// Host of the target.
    pub hostname: String,
    /// Of each tunnel, its label and the target's port.
    pub tunnels: Vec<(String, u16)>,
}

/// Makes packets of frames.
#[derive(Debug)]
pub struct Writer {
    target: Target,
    ports: Vec<u16>,
    flows: BTreeMap<u32, Flow>,
    /// Those that are over, the oldest first.
    over: VecDeque<u32>,
    /// Time of the newest packet: it never goes back.
    last_micros: i64,
    packets: u64,
}

/// Whether anything in these frames has to be written.
///
/// # Errors
/// When they are no frames.
pub fn concerns(frames: &Bytes) -> Result<bool, FrameError> {
    let mut rest = frames.clone();
    while let Some(frame) = frame::next(&mut rest)? {
        if matches!(frame.header.kind, Kind::Open | Kind::Data | Kind::Fin | Kind::Reset) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Writer {
    /// For a capture that begins, with what its file begins with.
    #[must_use]
    pub fn begin(about: &About) -> (Self, Vec<u8>) {
        let mut head = Vec::new();
        put_section(&mut head, &about.comment);
        for (number, (label, port)) in about.tunnels.iter().enumerate() {
            let name = if label.is_empty() { format!("tunnel {number}") } else { label.clone() };
            let comment = "Bytes and times are those of the tunnel; addresses, ports of the workstation and TCP's own numbers are made up.";
            put_interface(&mut head, &name, &format!("tunnel to {}:{port}", about.hostname), comment);
        }
        (Self::of(about), head)
    }

    /// For a capture that goes on; [`Writer::resume`] is told what it holds.
    #[must_use]
    pub fn of(about: &About) -> Self {
        Self {
            target: Target::of(&about.hostname),
            ports: about.tunnels.iter().map(|(_, port)| *port).collect(),
            flows: BTreeMap::new(),
            over: VecDeque::new(),
            last_micros: 0,
            packets: 0,
        }
    }

    /// Takes note of what an earlier run wrote: blocks, in order.
    pub fn resume(&mut self, reader: &mut Reader, blocks: &[u8]) {
        // What cannot be read is not remembered: then it is written as if something before it were missing, which is so.
        let _ = reader.push(blocks, |packet| self.note(&packet));
    }

    fn note(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.last_micros = self.last_micros.max(packet.at_micros);
        let flow = self.flow(packet.stream, packet.tunnel);
        let end = flow.place(packet.side, packet.sequence) + packet.payload.len() as u64;
        let half = flow.half_mut(packet.side);
        if !packet.payload.is_empty() {
            half.bytes = half.bytes.max(end);
        }
        half.is_finished |= packet.fin;
        let was_over = flow.is_over();
        flow.was_reset |= packet.rst;
        let acknowledged = flow.half(other(packet.side)).bytes;
        flow.half_mut(other(packet.side)).acknowledged = acknowledged;
        if flow.is_over() && !was_over {
            self.forget_later(packet.stream);
        }
    }

    /// Whether nothing went through yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packets == 0
    }

    /// Appends the packets of frames that this side sent.
    ///
    /// # Errors
    /// When they are no frames.
    pub fn take(
        &mut self,
        side: TrafficSide,
        frames: &Bytes,
        at_micros: i64,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        self.last_micros = self.last_micros.max(at_micros);
        let mut rest = frames.clone();
        while let Some(frame) = frame::next(&mut rest)? {
            self.frame(side, &frame, out);
        }
        Ok(())
    }

    /// Appends the ends of those connections that are still open.
    pub fn finish(&mut self, at_micros: i64, out: &mut Vec<u8>) {
        self.last_micros = self.last_micros.max(at_micros);
        let open: Vec<u32> = self.flows.iter().filter(|(_, flow)| !flow.is_over()).map(|(stream, _)| *stream).collect();
        for stream in open {
            self.reset(TrafficSide::Target, stream, "the capture ends here", out);
        }
    }

    fn frame(&mut self, side: TrafficSide, frame: &Frame, out: &mut Vec<u8>) {
        let stream = frame.header.stream.0;
        match frame.header.kind {
            Kind::Open => {
                if !self.flows.contains_key(&stream) {
                    self.open(stream, frame.header.aux, out);
                }
                self.data(side, stream, 0, &frame.payload, out);
            }
            Kind::Data => self.data(side, stream, frame.header.offset, &frame.payload, out),
            Kind::Fin => self.fin(side, stream, out),
            Kind::Reset => {
                let reason = frame.reset_reason();
                let detail = reason.message("the target", &frame.reset_detail());
                self.reset(side, stream, &detail, out);
            }
            _ => {}
        }
    }

    fn open(&mut self, stream: u32, tunnel: u16, out: &mut Vec<u8>) {
        let flow = Flow::new(tunnel);
        self.flow(stream, tunnel);
        let next = |side| Says { syn: true, sequence: 0, ..flow.next(side) };
        let first = Says { acknowledges: None, ..next(TrafficSide::Client) };
        self.put(&flow, TrafficSide::Client, stream, first, &[], &format!("stream {stream}"), out);
        self.put(&flow, TrafficSide::Target, stream, next(TrafficSide::Target), &[], "", out);
        self.put(&flow, TrafficSide::Client, stream, flow.next(TrafficSide::Client), &[], "", out);
    }

    fn data(&mut self, side: TrafficSide, stream: u32, offset: u64, payload: &[u8], out: &mut Vec<u8>) {
        let mut flow = self.flow(stream, 0).clone();
        let known = flow.half(side).bytes;
        let repeated = usize::try_from(known.saturating_sub(offset)).unwrap_or(usize::MAX).min(payload.len());
        let (repeated, fresh) = payload.split_at(repeated);
        // What did not arrive before its link was lost comes again. Whoever sends something else in its place is not to hide it.
        let mut place = offset;
        for piece in repeated.chunks(SEGMENT) {
            let says = Says { sequence: Flow::sequence_at(place), ..flow.next(side) };
            self.put(&flow, side, stream, says, piece, SENT_AGAIN, out);
            place += piece.len() as u64;
        }
        if fresh.is_empty() {
            return;
        }
        // A gap cannot be, but if it were it would show: sequence numbers go with the true place.
        flow.half_mut(side).bytes = known.max(offset);
        for piece in fresh.chunks(SEGMENT) {
            self.put(&flow, side, stream, flow.next(side), piece, "", out);
            flow.half_mut(side).bytes += piece.len() as u64;
            let all = flow.half(other(side)).bytes;
            flow.half_mut(other(side)).acknowledged = all;
            let half = flow.half_mut(side);
            if half.bytes - half.acknowledged >= ACKNOWLEDGE_AFTER {
                half.acknowledged = half.bytes;
                self.put(&flow, other(side), stream, flow.next(other(side)), &[], "", out);
            }
        }
        self.flows.insert(stream, flow);
    }

    fn fin(&mut self, side: TrafficSide, stream: u32, out: &mut Vec<u8>) {
        let known = self.flows.get(&stream).filter(|it| !it.half(side).is_finished && !it.was_reset);
        let Some(mut flow) = known.cloned() else { return };
        self.put(&flow, side, stream, Says { fin: true, ..flow.next(side) }, &[], "", out);
        flow.half_mut(side).is_finished = true;
        self.put(&flow, other(side), stream, flow.next(other(side)), &[], "", out);
        let is_over = flow.is_over();
        self.flows.insert(stream, flow);
        if is_over {
            self.forget_later(stream);
        }
    }

    fn reset(&mut self, side: TrafficSide, stream: u32, why: &str, out: &mut Vec<u8>) {
        // One that is not known never opened here, or is long over: programs may reset what they like.
        let Some(mut flow) = self.flows.get(&stream).filter(|it| !it.is_over()).cloned() else { return };
        self.put(&flow, side, stream, Says { rst: true, ..flow.next(side) }, &[], why, out);
        flow.was_reset = true;
        self.flows.insert(stream, flow);
        self.forget_later(stream);
    }

    #[expect(clippy::too_many_arguments, reason = "a packet has as many sides")]
    fn put(
        &mut self,
        flow: &Flow,
        side: TrafficSide,
        stream: u32,
        says: Says,
        payload: &[u8],
        comment: &str,
        out: &mut Vec<u8>,
    ) {
        let target_port = self.ports.get(usize::from(flow.tunnel)).copied().unwrap_or(0);
        let ends = Ends { stream, target: self.target, target_port };
        if let Some((ip, tcp)) = headers(ends, side, says, payload) {
            put_packet(out, flow.tunnel, self.last_micros, [&ip, &tcp, payload], comment);
            self.packets += 1;
        }
    }

    fn flow(&mut self, stream: u32, tunnel: u16) -> &mut Flow {
        if !self.flows.contains_key(&stream) && self.flows.len() >= MOST {
            self.flows.pop_first();
        }
        self.flows.entry(stream).or_insert_with(|| Flow::new(tunnel))
    }

    fn forget_later(&mut self, stream: u32) {
        self.over.push_back(stream);
        if self.over.len() > REMEMBERED
            && let Some(oldest) = self.over.pop_front()
        {
            self.flows.remove(&oldest);
        }
    }
}
