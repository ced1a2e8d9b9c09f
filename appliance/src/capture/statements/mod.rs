//! What was asked in a connection and what was answered, in the languages that are known. Each reads both sides as they come, in
//! pieces of any size, with little memory: of long statements the beginning, of long answers the size. Passwords that a language
//! has a place of its own for are left out.

mod asked;
mod http;
mod messages;
mod mysql;
mod postgresql;
mod redis;

use wire::api::{CapturedStatement, TrafficProtocol, TrafficSide};

use asked::Asked;

/// Bytes of a statement that are kept.
const TEXT_MOST: usize = 4 * 1024;
/// Bytes of an outcome that are kept.
const OUTCOME_MOST: usize = 500;

/// Why the rest of a connection is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// It is encrypted from here on.
    #[error("the connection is encrypted from here on")]
    Encrypted,
    /// It is compressed from here on.
    #[error("the connection is compressed from here on")]
    Compressed,
    /// Something else is spoken from here on.
    #[error("the connection changed to another protocol")]
    Changed,
    /// It cannot be understood.
    #[error("what follows could not be understood")]
    NotUnderstood,
}

/// A piece of one side's bytes.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    side: TrafficSide,
    at_micros: i64,
    bytes: &'a [u8],
}

trait Language {
    /// Reads on.
    fn read(&mut self, piece: Piece<'_>, asked: &mut Asked) -> Result<(), Stopped>;

    /// Nothing more comes.
    fn end(&mut self, _: &mut Asked) {}
}

/// Reads the statements of one connection.
pub struct Statements {
    language: Box<dyn Language + Send>,
    asked: Asked,
    stopped: Option<Stopped>,
}

impl Statements {
    /// In this language; none for those that are not read.
    #[must_use]
    pub fn of(protocol: TrafficProtocol) -> Option<Self> {
        let language: Box<dyn Language + Send> = match protocol {
            TrafficProtocol::Postgresql => Box::<postgresql::Postgresql>::default(),
            TrafficProtocol::Mysql => Box::<mysql::Mysql>::default(),
            TrafficProtocol::Redis => Box::<redis::Redis>::default(),
            TrafficProtocol::Http => Box::<http::Http>::default(),
            TrafficProtocol::Unknown | TrafficProtocol::Tls | TrafficProtocol::Ssh => return None,
        };
        Some(Self { language, asked: Asked::default(), stopped: None })
    }

    /// Takes the next bytes of a side in.
    pub fn push(&mut self, side: TrafficSide, at_micros: i64, bytes: &[u8]) {
        if self.stopped.is_none() && !bytes.is_empty() {
            self.stopped = self.language.read(Piece { side, at_micros, bytes }, &mut self.asked).err();
        }
    }

    /// The statements whose answers are complete, since the last call.
    pub fn take(&mut self) -> Vec<CapturedStatement> {
        self.asked.take()
    }

    /// The connection is over: all others, whether or not they were answered.
    pub fn rest(&mut self) -> Vec<CapturedStatement> {
        self.language.end(&mut self.asked);
        let mut all = self.asked.take();
        all.extend(self.asked.rest());
        all
    }

    /// Why nothing more is read.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }
}

/// What is spoken in a connection that begins like this.
#[must_use]
pub fn guess(client: &[u8], target: &[u8]) -> TrafficProtocol {
    if client.starts_with(&[0x16, 0x03]) {
        return TrafficProtocol::Tls;
    }
    if client.starts_with(b"SSH-") || target.starts_with(b"SSH-") {
        return TrafficProtocol::Ssh;
    }
    postgresql::guess(client, target)
        .or_else(|| mysql::guess(client, target))
        .or_else(|| http::guess(client))
        .or_else(|| redis::guess(client, target))
        .unwrap_or_default()
}

/// The beginning of a text as it may be shown, and whether that is not all.
fn shown(bytes: &[u8], all: u64) -> (String, bool) {
    let kept = bytes.get(..TEXT_MOST).unwrap_or(bytes);
    (String::from_utf8_lossy(kept).into_owned(), all > kept.len() as u64)
}

/// What stands before a zero byte, and what comes after it; all of it when there is none.
fn until_zero(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|it| *it == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests;
