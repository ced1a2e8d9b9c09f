//! A hash over everything that happened: the same for two runs that were the same.

use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use crate::network::Packet;

/// What happened so far.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) hasher: DefaultHasher,
    /// Also tells it.
    pub(crate) aloud: bool,
}

impl Trace {
    pub(crate) fn note(&mut self, now: Duration, what: &str, side: usize, packet: &Packet) {
        self.hasher.write_u128(now.as_nanos());
        self.hasher.write(what.as_bytes());
        self.hasher.write_usize(side);
        match packet {
            Packet::Frames(message) => self.hasher.write(message),
            Packet::Gone => self.hasher.write_u8(0),
        }
        if self.aloud {
            println!("{now:?} {what} side {side}: {}", told(packet));
        }
    }

    pub(crate) fn say(&mut self, now: Duration, what: std::fmt::Arguments<'_>) {
        if self.aloud {
            println!("{now:?} {what}");
        }
    }
}

fn told(packet: &Packet) -> String {
    let Packet::Frames(message) = packet else { return "the link is gone".into() };
    let mut rest = message.clone();
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = wire::stream::frame::next(&mut rest) {
        let it = frame.header;
        frames.push(format!("{:?} {} @{} +{} f{}", it.kind, it.stream.0, it.offset, it.length, it.flags));
    }
    frames.join(", ")
}
