//! A link as the relay sees it: messages in, messages out.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Sink, Stream};

/// What comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Stream frames, end to end.
    Frames(Bytes),
    /// A JSON control message, hop by hop.
    Control(String),
    /// The answer to a ping, with what the ping carried.
    Pong(Bytes),
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Stream frames, end to end.
    Frames(Bytes),
    /// A JSON control message, hop by hop.
    Control(String),
    /// Asks for a pong.
    Ping(Bytes),
    /// The end of the link, with a word for the other side's log.
    Close(&'static str),
}

/// The link broke; the network or the program on the other side is at fault.
#[derive(Debug, thiserror::Error)]
#[error("the link broke: {0}")]
pub struct LinkBroken(pub String);

/// Messages in.
pub type IncomingHalf = Pin<Box<dyn Stream<Item = Result<Incoming, LinkBroken>> + Send>>;
/// Messages out.
pub type OutgoingHalf = Pin<Box<dyn Sink<Outgoing, Error = LinkBroken> + Send>>;

/// Both halves.
pub struct Link {
    /// Messages in; ends when the other side closes.
    pub incoming: IncomingHalf,
    /// Messages out.
    pub outgoing: OutgoingHalf,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}
