//! What goes through the connections of a session, as a file that network analysers read, and what can be read back from it. Pure.
//!
//! The relay sees frames of streams, not packets. So that *follow stream* works, each connection is given made-up addresses and the
//! packets that TCP would have sent: a handshake, segments with the true bytes at their true time, and its end. What is sent again
//! after a link was lost is not written twice, because frames say where in the stream their bytes belong.
//!
//! | file | holds |
//! |---|---|
//! | `blocks` | the format of the file: pcapng |
//! | `segments` | TCP segments and the addresses in them |
//! | `flow` | how far one connection has come |
//! | `writer` | frames into packets |
//! | `reader` | the file into packets again, in pieces of any size |
//! | `index` | the connections of a capture, and where they lie in it |
//! | `statements` | what was asked in a connection, in the languages that are known |

mod blocks;
mod flow;
mod index;
mod reader;
mod segments;
pub mod statements;
mod writer;

#[cfg(test)]
mod tests;

pub use index::{Found, Index};
pub use reader::{CaptureFault, Packet, Reader};
pub use segments::Target;
pub use writer::{About, Writer, concerns};

use wire::api::TrafficSide;

/// The other side.
fn other(side: TrafficSide) -> TrafficSide {
    match side {
        TrafficSide::Client => TrafficSide::Target,
        TrafficSide::Target => TrafficSide::Client,
    }
}
