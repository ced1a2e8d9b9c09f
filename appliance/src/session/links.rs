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

/// The link of each side, where it stands. `E` is what a link is to the caller.
#[derive(Debug)]
pub struct Links<E> {
    pub(super) helper: Option<E>,
    pub(super) jumpoint: Option<E>,
    /// Number of the last pair, as far as anybody knows: an appliance that started anew learns it from the ends.
    epoch: u64,
}

impl<E> Default for Links<E> {
    fn default() -> Self {
        Self { helper: None, jumpoint: None, epoch: 0 }
    }
}

impl<E: Clone> Links<E> {
    /// A new link takes the place of the one that stands. `epoch` is the number of the last pair that its end knows of.
    pub fn stand(&mut self, from: From, link: E, epoch: u64) {
        self.epoch = self.epoch.max(epoch);
        *self.slot(from) = Some(link);
    }

    /// A link is gone.
    pub fn lose(&mut self, from: From) {
        *self.slot(from) = None;
    }

    /// Both and the number of their pair, when both stand.
    pub fn join(&mut self) -> Option<(E, E, u64)> {
        let both = (self.helper.clone()?, self.jumpoint.clone()?);
        self.epoch += 1;
        Some((both.0, both.1, self.epoch))
    }

    /// Which one is waited for; the helper's when both are.
    #[must_use]
    pub fn missing(&self) -> From {
        if self.helper.is_none() { From::Helper } else { From::Jumpoint }
    }

    /// The link that stands.
    #[must_use]
    pub fn standing(&self, from: From) -> Option<&E> {
        match from {
            From::Helper => self.helper.as_ref(),
            From::Jumpoint => self.jumpoint.as_ref(),
        }
    }

    fn slot(&mut self, from: From) -> &mut Option<E> {
        match from {
            From::Helper => &mut self.helper,
            From::Jumpoint => &mut self.jumpoint,
        }
    }
}

impl Links<End> {
    /// New links take the place of those that stand.
    pub(super) fn take(&mut self, arrived: Both) {
        for (from, arrived) in [(From::Helper, arrived.helper), (From::Jumpoint, arrived.jumpoint)] {
            if let Some(Arrived { link, epoch }) = arrived {
                let incoming = Arc::new(Mutex::new(link.incoming));
                self.stand(from, End { incoming, out: Arc::new(Outbound::new(link.outgoing)) }, epoch);
            }
        }
    }
}
