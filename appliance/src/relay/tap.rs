//! What keeps a copy of what passes.

use async_trait::async_trait;
use bytes::Bytes;

use super::connections::From;

/// The copy cannot be kept: what was to pass does not, and the session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what passes could not be kept")]
pub struct NotKept;

/// Keeps a copy of what passes through a session.
#[async_trait]
pub trait Tap: std::fmt::Debug + Send + Sync {
    /// Takes whole frames that are about to pass. They pass when this comes back: nothing does of which no copy is written.
    ///
    /// # Errors
    /// When it could not be written. The session has been ended by then.
    async fn keep(&self, from: From, frames: Bytes) -> Result<(), NotKept>;
}
