//! The links of one session that stand now.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::arrivals::{Arrived, Both};
use crate::relay::connections::From;
use crate::relay::forward::Outbound;
use crate::relay::link::IncomingHalf;

/// One link.
#[derive(Clone)]
pub(super) struct End {
    /// Whoever reads it holds the lock.
    pub(super) incoming: Arc<Mutex<IncomingHalf>>,
    /// The way out.
    pub(super) out: Arc<Outbound>,
}

/// The link of each side, where it stands.
#[derive(Default)]
pub(super) struct Links {
    pub(super) helper: Option<End>,
    pub(super) jumpoint: Option<End>,
    /// Number of the last pair, as far as anybody knows: an appliance that started anew learns it from the ends.
    epoch: u64,
}

impl Links {
    /// New links take the place of those that stand.
    pub(super) fn take(&mut self, arrived: Both) {
        for (slot, arrived) in [(&mut self.helper, arrived.helper), (&mut self.jumpoint, arrived.jumpoint)] {
            if let Some(Arrived { link, epoch }) = arrived {
                self.epoch = self.epoch.max(epoch);
                let incoming = Arc::new(Mutex::new(link.incoming));
                *slot = Some(End { incoming, out: Arc::new(Outbound::new(link.outgoing)) });
            }
        }
    }

    /// A link is gone.
    pub(super) fn lose(&mut self, from: From) {
        match from {
            From::Helper => self.helper = None,
            From::Jumpoint => self.jumpoint = None,
        }
    }

    /// Both and the number of their pair, when both stand.
    pub(super) fn join(&mut self) -> Option<(End, End, u64)> {
        let both = (self.helper.clone()?, self.jumpoint.clone()?);
        self.epoch += 1;
        Some((both.0, both.1, self.epoch))
    }

    /// Which one is waited for; the helper's when both are.
    pub(super) fn missing(&self) -> From {
        if self.helper.is_none() { From::Helper } else { From::Jumpoint }
    }
}
