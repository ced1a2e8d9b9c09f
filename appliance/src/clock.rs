//! The one place that reads the wall clock.

use wire::Timestamp;

/// Now.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
