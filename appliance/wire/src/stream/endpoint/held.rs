//! What an end holds in memory.

use super::Endpoint;

/// Bytes that an end holds for its applications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Written here, and not yet known to be consumed by the other end.
    pub to_send: u64,
    /// Come from the other end, and not yet read here.
    pub to_read: u64,
}

impl Endpoint {
    /// What all connections together hold, those included that only wait for the other end to know of their end.
    #[must_use]
    pub fn held(&self) -> Held {
        self.streams.values().fold(Held::default(), |sum, it| Held {
            to_send: sum.to_send + it.send.kept(),
            to_read: sum.to_read + it.receive.kept(),
        })
    }
}
