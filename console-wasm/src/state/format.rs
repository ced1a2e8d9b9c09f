//! Numbers and times as people read them. Sizes are in binary units.

use wire::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `96 MiB`, `1.2 KiB`, `512 B`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut amount = count as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(amount < 9.95);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// `1.2 MiB/s`.
pub(crate) fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// `18 ms`, `0.4 ms`.
pub(crate) fn round_trip(micros: u64) -> String {
    let millis = micros as f64 / 1000.0;
    if millis < 9.95 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

/// `3 connections`, `1 connection`, `no connections`.
pub(crate) fn count(number: u64, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// How long ago, for a moment of the last week; none for an older one, which is better told as a date.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = now.millis_since(then) / 1000;
    Some(match seconds {
        0..=9 => "just now".into(),
        10..MINUTE => format!("{seconds} s ago"),
        MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        HOUR..DAY => format!("{} h ago", seconds / HOUR),
        _ if seconds < 2 * DAY => "yesterday".into(),
        _ if seconds < 7 * DAY => format!("{} days ago", seconds / DAY),
        _ => return None,
    })
}

/// `45 s`, `12 min`, `3 h 5 min`, `2 days 4 h`.
pub(crate) fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR if seconds.is_multiple_of(MINUTE) => format!("{} min", seconds / MINUTE),
        MINUTE..HOUR => format!("{} min {} s", seconds / MINUTE, seconds % MINUTE),
        HOUR..DAY => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
        _ => format!("{} d {} h", seconds / DAY, seconds % DAY / HOUR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_or_three_digits_and_a_binary_unit() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10 * 1024, "10 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (96 << 20, "96 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(bytes(count), text, "{count}");
        }
    }

    #[test]
    fn round_trips_below_ten_milliseconds_have_a_digit_more() {
        assert_eq!(round_trip(430), "0.4 ms");
        assert_eq!(round_trip(18_200), "18 ms");
    }

    #[test]
    fn recent_times_are_told_by_their_distance() {
        let now = Timestamp(1_000_000_000);
        let before = |seconds: i64| ago(now.plus_millis(-seconds * 1000), now);
        assert_eq!(before(3).as_deref(), Some("just now"));
        assert_eq!(before(-3).as_deref(), Some("just now"), "clocks differ");
        assert_eq!(before(150).as_deref(), Some("2 min ago"));
        assert_eq!(before(26 * 3600).as_deref(), Some("yesterday"));
        assert_eq!(before(8 * 86_400), None);
    }

    #[test]
    fn counts_and_durations() {
        assert_eq!(count(1, "connection"), "1 connection");
        assert_eq!(count(3, "connection"), "3 connections");
        assert_eq!(duration(3_900_000), "1 h 5 min");
    }
}
