//! When a weekly schedule is open. Everything is reckoned in instants, so that a change of the clocks opens nothing that the
//! schedule does not name: a time that the clocks leave out is the moment at which they leap, and of a time that they show twice a
//! window opens at the first and closes at the second.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, ToSpan};
use wire::Timestamp;
use wire::api::{Schedule, ScheduleEntry, Weekday};

/// How a schedule stands at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Open.
    Open {
        /// Until when; none: it never closes.
        until: Option<Timestamp>,
    },
    /// Closed.
    Closed {
        /// When it opens next; none: never, or its time zone is unknown here.
        opens: Option<Timestamp>,
    },
}

/// Weeks that are looked at, beginning with the one before: an entry may reach from one into the next.
const WEEKS: i64 = 4;
/// A window that is longer has no end: it goes from week to week.
const ENDLESS: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Whether the time zone database has this name.
#[must_use]
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// Every name that the time zone database has, in their order.
#[must_use]
pub fn time_zones() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    names.sort_unstable();
    names
}

/// How a schedule stands at a moment.
#[must_use]
pub fn at(schedule: &Schedule, now: Timestamp) -> Opening {
    let closed = Opening::Closed { opens: None };
    let (Ok(zone), Ok(now)) = (TimeZone::get(&schedule.time_zone), jiff::Timestamp::from_millisecond(now.0)) else {
        return closed;
    };
    let Some(windows) = windows(&schedule.entries, &zone, now) else { return closed };
    for (from, to) in windows {
        if now < from {
            return Opening::Closed { opens: Some(Timestamp(from.as_millisecond())) };
        }
        if now < to {
            let until = (to.duration_since(from) < ENDLESS).then(|| Timestamp(to.as_millisecond()));
            return Opening::Open { until };
        }
    }
    closed
}

type Window = (jiff::Timestamp, jiff::Timestamp);

/// The windows around a moment in their order, those that touch made one. None outside of the calendar.
fn windows(entries: &[ScheduleEntry], zone: &TimeZone, now: jiff::Timestamp) -> Option<Vec<Window>> {
    let today = zone.to_datetime(now).date();
    let monday = today.checked_sub((i64::from(today.weekday().to_monday_zero_offset()) + 7).days()).ok()?;
    let mut windows = Vec::with_capacity(entries.len() * 4);
    for week in 0..WEEKS {
        let first = monday.checked_add((week * 7).days()).ok()?;
        for entry in entries {
            let from = moment(first, entry.from_day, entry.from_minute)?;
            let mut to = moment(first, entry.to_day, entry.to_minute)?;
            if to <= from {
                to = to.checked_add(7.days()).ok()?;
            }
            let window = (instant(zone, from, Edge::Opens)?, instant(zone, to, Edge::Closes)?);
            if window.0 < window.1 {
                windows.push(window);
            }
        }
    }
    windows.sort_unstable();
    let mut merged: Vec<Window> = Vec::with_capacity(windows.len());
    for window in windows {
        match merged.last_mut() {
            Some(last) if window.0 <= last.1 => last.1 = last.1.max(window.1),
            _ => merged.push(window),
        }
    }
    Some(merged)
}

fn moment(monday: Date, day: Weekday, minute: u16) -> Option<DateTime> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let date = monday.checked_add((day as i64).days()).ok()?;
    Some(date.to_datetime(jiff::civil::Time::new(hour, minute, 0, 0).ok()?))
}

#[derive(Clone, Copy)]
enum Edge {
    Opens,
    Closes,
}

/// The instant at which the clocks of the zone show this time.
fn instant(zone: &TimeZone, time: DateTime, edge: Edge) -> Option<jiff::Timestamp> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
        AmbiguousOffset::Fold { before, after } => {
            let offset = match edge {
                Edge::Opens => before,
                Edge::Closes => after,
            };
            offset.to_timestamp(time).ok()
        }
        AmbiguousOffset::Gap { before, .. } => {
            let after = before.to_timestamp(time).ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
            Some(zone.preceding(after).next()?.timestamp())
        }
    }
}

#[cfg(test)]
mod tests {
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Wednesday};
    use proptest::prelude::*;

    use super::*;

    const WEEK: u32 = 7 * 24 * 60;

    fn entry(from_day: Weekday, from: (u16, u16), to_day: Weekday, to: (u16, u16)) -> ScheduleEntry {
        ScheduleEntry { from_day, from_minute: from.0 * 60 + from.1, to_day, to_minute: to.0 * 60 + to.1 }
    }

    fn schedule(time_zone: &str, entries: &[ScheduleEntry]) -> Schedule {
        Schedule { time_zone: time_zone.into(), strict: true, entries: entries.to_vec() }
    }

    fn time(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn open(until: &str) -> Opening {
        Opening::Open { until: Some(time(until)) }
    }

    fn closed(opens: &str) -> Opening {
        Opening::Closed { opens: Some(time(opens)) }
    }

    #[test]
    fn office_hours_by_the_clock_of_the_place() {
        let it = schedule(
            "Europe/Amsterdam",
            &[entry(Monday, (8, 0), Monday, (18, 0)), entry(Friday, (8, 0), Friday, (12, 0))],
        );
        // 2026-11-23 is a Monday; Amsterdam is one hour ahead of UTC in winter.
        let table = [
            ("2026-11-23T06:59:59.999Z", closed("2026-11-23T07:00:00Z")),
            ("2026-11-23T07:00:00Z", open("2026-11-23T17:00:00Z")),
            ("2026-11-23T16:59:59.999Z", open("2026-11-23T17:00:00Z")),
            ("2026-11-23T17:00:00Z", closed("2026-11-27T07:00:00Z")),
            ("2026-11-28T00:00:00Z", closed("2026-11-30T07:00:00Z")),
            // In summer two hours.
            ("2026-07-06T06:00:00Z", open("2026-07-06T16:00:00Z")),
        ];
        for (now, expected) in table {
            assert_eq!(at(&it, time(now)), expected, "{now}");
        }
    }

    #[test]
    fn windows_that_touch_are_one_also_over_the_weekend_and_the_new_year() {
        let it = schedule("UTC", &[entry(Friday, (18, 0), Sunday, (0, 0)), entry(Sunday, (0, 0), Monday, (6, 0))]);
        assert_eq!(at(&it, time("2026-11-27T18:00:00Z")), open("2026-11-30T06:00:00Z"));
        assert_eq!(at(&it, time("2026-11-30T05:59:00Z")), open("2026-11-30T06:00:00Z"));
        assert_eq!(at(&it, time("2026-11-30T06:00:00Z")), closed("2026-12-04T18:00:00Z"));
        let wraps = schedule("UTC", &[entry(Thursday, (22, 0), Wednesday, (4, 0))]);
        assert_eq!(at(&wraps, time("2027-01-01T00:00:00Z")), open("2027-01-06T04:00:00Z"));
    }

    #[test]
    fn the_whole_week_never_closes_and_no_entry_never_opens() {
        for entries in [
            vec![entry(Wednesday, (9, 30), Wednesday, (9, 30))],
            vec![entry(Monday, (0, 0), Thursday, (12, 0)), entry(Thursday, (12, 0), Monday, (0, 0))],
        ] {
            let it = schedule("America/New_York", &entries);
            for now in ["2026-03-08T07:00:00Z", "2026-11-01T05:30:00Z", "2026-11-23T12:00:00Z"] {
                assert_eq!(at(&it, time(now)), Opening::Open { until: None }, "{now}");
            }
        }
        assert_eq!(at(&schedule("UTC", &[]), time("2026-11-23T12:00:00Z")), Opening::Closed { opens: None });
    }

    #[test]
    fn a_time_that_the_clocks_leave_out_is_the_moment_they_leap() {
        // In Amsterdam 2026-03-29 goes from 02:00 to 03:00, at 01:00 UTC.
        let ends = schedule("Europe/Amsterdam", &[entry(Saturday, (22, 0), Sunday, (2, 30))]);
        assert_eq!(at(&ends, time("2026-03-29T00:59:59Z")), open("2026-03-29T01:00:00Z"));
        assert_eq!(at(&ends, time("2026-03-29T01:00:00Z")), closed("2026-04-04T20:00:00Z"));
        let begins = schedule("Europe/Amsterdam", &[entry(Sunday, (2, 30), Sunday, (4, 0))]);
        assert_eq!(at(&begins, time("2026-03-29T00:59:59Z")), closed("2026-03-29T01:00:00Z"));
        assert_eq!(at(&begins, time("2026-03-29T01:00:00Z")), open("2026-03-29T02:00:00Z"));
        // Exactly at the edge of what is left out.
        let edge = schedule("Europe/Amsterdam", &[entry(Sunday, (2, 0), Sunday, (3, 0))]);
        assert_eq!(at(&edge, time("2026-03-29T01:00:00Z")), closed("2026-04-05T00:00:00Z"));
    }

    #[test]
    fn a_time_that_the_clocks_show_twice_closes_at_the_second() {
        // In Amsterdam 2026-10-25 has 02:00–03:00 twice, from 00:00 UTC and from 01:00 UTC.
        let ends = schedule("Europe/Amsterdam", &[entry(Saturday, (22, 0), Sunday, (2, 30))]);
        assert_eq!(at(&ends, time("2026-10-25T00:45:00Z")), open("2026-10-25T01:30:00Z"));
        let begins = schedule("Europe/Amsterdam", &[entry(Sunday, (2, 30), Sunday, (4, 0))]);
        assert_eq!(at(&begins, time("2026-10-25T00:29:00Z")), closed("2026-10-25T00:30:00Z"));
        assert_eq!(at(&begins, time("2026-10-25T01:15:00Z")), open("2026-10-25T03:00:00Z"));
    }

    #[test]
    fn an_unknown_time_zone_is_closed() {
        let it = schedule("Mars/Olympus", &[entry(Monday, (0, 0), Monday, (0, 0))]);
        assert!(!is_time_zone("Mars/Olympus") && is_time_zone("Europe/Amsterdam") && is_time_zone("UTC"));
        assert_eq!(at(&it, time("2026-11-23T12:00:00Z")), Opening::Closed { opens: None });
    }

    fn any_entry() -> impl Strategy<Value = ScheduleEntry> {
        (0..WEEK, 0..WEEK).prop_map(|(from, to)| {
            let day = |minute: u32| Weekday::ALL[(minute / 1440) as usize].0;
            let of_day = |minute: u32| u16::try_from(minute % 1440).unwrap();
            ScheduleEntry { from_day: day(from), from_minute: of_day(from), to_day: day(to), to_minute: of_day(to) }
        })
    }

    /// Whether a minute of the week is open, told without any calendar.
    fn is_open(entries: &[ScheduleEntry], minute: u32) -> bool {
        entries.iter().any(|it| {
            let from = it.from_day as u32 * 1440 + u32::from(it.from_minute);
            let to = it.to_day as u32 * 1440 + u32::from(it.to_minute);
            if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
        })
    }

    proptest! {
        #[test]
        fn without_changes_of_the_clocks_it_is_arithmetic(
            entries in proptest::collection::vec(any_entry(), 0..5),
            minute in 0..WEEK,
        ) {
            let monday = time("2026-11-23T00:00:00Z");
            let it = schedule("UTC", &entries);
            let minutes = |from: u32| (from..from + WEEK).map(|it| it % WEEK);
            let now = monday.plus_millis(i64::from(minute) * 60_000);
            let expected_open = is_open(&entries, minute);
            let until_change = minutes(minute).position(|it| is_open(&entries, it) != expected_open);
            let changes = until_change.map(|after| now.plus_millis(i64::try_from(after).unwrap() * 60_000));
            let expected = match expected_open {
                true => Opening::Open { until: changes },
                false => Opening::Closed { opens: changes },
            };
            prop_assert_eq!(at(&it, now), expected);
        }

        #[test]
        fn what_is_said_of_the_next_change_is_true(
            entries in proptest::collection::vec(any_entry(), 1..4),
            hour in 0i64..24 * 366,
        ) {
            let it = schedule("Europe/Amsterdam", &entries);
            let now = time("2026-01-01T00:20:00Z").plus_millis(hour * 3_600_000);
            match at(&it, now) {
                Opening::Open { until: Some(until) } => {
                    let is_open_before = matches!(at(&it, until.plus_millis(-1)), Opening::Open { until: Some(it) } if it == until);
                    prop_assert!(is_open_before);
                    let is_closed = matches!(at(&it, until), Opening::Closed { .. });
                    prop_assert!(is_closed);
                }
                Opening::Closed { opens: Some(opens) } => {
                    let is_open = matches!(at(&it, opens), Opening::Open { .. });
                    prop_assert!(is_open);
                    prop_assert_eq!(at(&it, opens.plus_millis(-1)), Opening::Closed { opens: Some(opens) });
                }
                Opening::Open { until: None } => {}
                Opening::Closed { opens: None } => prop_assert!(false, "an entry opens within a week"),
            }
        }
    }
}
