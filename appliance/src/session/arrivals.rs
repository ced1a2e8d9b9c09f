//! Links that were dialled for a session and that its task has not taken yet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::relay::connections::From;
use crate::relay::link::Link;

/// A link that came.
#[derive(Debug)]
pub struct Arrived {
    /// The link.
    pub link: Link,
    /// Number of the last pair of links that the end knows of; 0 for its first.
    pub epoch: u64,
}

/// The newest link of each side: of two that were dialled the later one counts, since whoever dialled knows better which of
/// them still leads anywhere.
#[derive(Debug, Default)]
pub struct Arrivals {
    waiting: Mutex<Both>,
    news: Notify,
}

/// A link of each side, where there is one.
#[derive(Debug, Default)]
pub struct Both {
    /// The helper's.
    pub helper: Option<Arrived>,
    /// The jumpoint's.
    pub jumpoint: Option<Arrived>,
}

impl Arrivals {
    /// A link came.
    pub fn bring(&self, from: From, arrived: Arrived) {
        let mut waiting = self.lock();
        match from {
            From::Helper => waiting.helper = Some(arrived),
            From::Jumpoint => waiting.jumpoint = Some(arrived),
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Takes what waits.
    pub fn take(&self) -> Both {
        std::mem::take(&mut *self.lock())
    }

    /// Whether the jumpoint's link waits.
    pub fn has_jumpoint(&self) -> bool {
        self.lock().jumpoint.is_some()
    }

    /// Waits until something waits. One task at a time.
    pub async fn news(&self) {
        loop {
            let waits = {
                let waiting = self.lock();
                waiting.helper.is_some() || waiting.jumpoint.is_some()
            };
            if waits {
                return;
            }
            self.news.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Both> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
