//! What becomes of one message of a link: its frames are noted, and those that may not pass are left out. Pure.

use bytes::{Bytes, BytesMut};
use uuid::Uuid;
use wire::Timestamp;
use wire::stream::{FrameError, frame};

use super::connections::{ConnectionTable, From, Verdict, Violation};

/// What is done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Whole frames for the other link; may be empty.
    pub onward: Bytes,
    /// Whole frames for the link that the message came from; may be empty.
    pub refusals: Bytes,
}

/// A message that this side may not send: the program there is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violated {
    /// It is not frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame that this side may not send, or not now.
    #[error(transparent)]
    Order(#[from] Violation),
}

/// Notes every frame of a message. The message goes on as it is unless one of its frames may not.
///
/// # Errors
/// When this side may not send such a message.
pub fn inspect(
    table: &mut ConnectionTable,
    from: From,
    message: Bytes,
    now: Timestamp,
    new_id: impl Fn() -> Uuid + Copy,
) -> Result<Inspected, Violated> {
    let mut kept: Option<BytesMut> = None;
    let mut refusals = BytesMut::new();
    let mut rest = message.clone();
    loop {
        let at = message.len() - rest.len();
        let Some(frame) = frame::next(&mut rest)? else { break };
        let bytes = message.slice(at..message.len() - rest.len());
        match table.observe(from, &frame, now, new_id)? {
            Verdict::Pass => {
                if let Some(kept) = &mut kept {
                    kept.extend_from_slice(&bytes);
                }
            }
            Verdict::Drop => {
                kept.get_or_insert_with(|| message.slice(..at).into());
            }
            Verdict::Refuse(reason) => {
                kept.get_or_insert_with(|| message.slice(..at).into());
                frame::put_reset(&mut refusals, frame.header.stream, reason, 0, "");
            }
        }
    }
    Ok(Inspected { onward: kept.map_or(message, BytesMut::freeze), refusals: refusals.freeze() })
}
