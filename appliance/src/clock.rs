//! The one place that reads the wall clock.

use wire::Timestamp;

/// Now.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// Now, in microseconds since 1970.
#[must_use]
pub fn now_micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A moment for people who read a letter wherever they are.
#[must_use]
pub fn utc(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| String::new(), |it| it.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
