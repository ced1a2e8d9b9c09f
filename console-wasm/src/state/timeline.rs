//! A session's time as its review page draws it: one axis for activity, recordings and notes, and what stands where on it.

use wire::Timestamp;
use wire::api::{Recording, RecordingState, SessionReview};

/// The axis, from the session's beginning to its end, or to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Where it begins.
    pub(crate) from: Timestamp,
    /// Where it ends.
    pub(crate) until: Timestamp,
}

/// A stretch of the axis, as shares of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// Where it begins, from 0 to 1.
    pub(crate) start: f64,
    /// How long it is.
    pub(crate) length: f64,
}

/// Lengths between two marks of the axis, in seconds.
const STEPS: [u64; 14] = [1, 5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
/// Marks at most.
const MARKS: u64 = 9;

impl Axis {
    /// Of a session.
    pub(crate) fn of(review: &SessionReview) -> Self {
        let from = review.session.created_at;
        Self { from, until: review.until.max(from.plus_millis(1_000)) }
    }

    fn millis(self) -> u64 {
        self.until.millis_since(self.from).max(1)
    }

    /// Where a moment stands, from 0 to 1; what lies outside stands at an end.
    pub(crate) fn share(self, at: Timestamp) -> f64 {
        (at.millis_since(self.from) as f64 / self.millis() as f64).min(1.0)
    }

    /// The moment that stands there.
    pub(crate) fn moment(self, share: f64) -> Timestamp {
        let millis = share.clamp(0.0, 1.0) * self.millis() as f64;
        self.from.plus_millis(millis as i64)
    }

    /// The moment so many seconds from the beginning, within the axis.
    pub(crate) fn after(self, seconds: f64) -> Timestamp {
        let millis = (seconds.max(0.0) * 1_000.0).min(self.millis() as f64);
        self.from.plus_millis(millis as i64)
    }

    /// How many seconds from the beginning a moment is, as it stands in a link.
    pub(crate) fn seconds(self, at: Timestamp) -> u64 {
        at.millis_since(self.from) / 1_000
    }

    /// Where a time from one moment to another stands.
    pub(crate) fn span(self, from: Timestamp, until: Timestamp) -> Span {
        let start = self.share(from);
        Span { start, length: (self.share(until) - start).max(0.0) }
    }

    /// Marks of round distances from the beginning: where they stand, and how many seconds that is.
    pub(crate) fn marks(self) -> Vec<(f64, u64)> {
        let seconds = self.millis() / 1_000;
        let step = STEPS.into_iter().find(|step| seconds / step <= MARKS).unwrap_or(seconds / MARKS + 1);
        (0..=seconds / step)
            .map(|at| (at * step * 1_000) as f64 / self.millis() as f64)
            .zip((0..).map(|at| at * step))
            .collect()
    }
}

/// When a recording begins and ends. One that runs goes on until now.
pub(crate) fn time_of(it: &Recording, axis: Axis) -> (Timestamp, Timestamp) {
    let length = i64::try_from(it.duration_millis).unwrap_or(i64::MAX);
    let until = match it.state {
        RecordingState::Finished | RecordingState::Deleted => it.started_at.plus_millis(length),
        RecordingState::Running | RecordingState::Empty => it.ended_at.unwrap_or(axis.until),
    };
    (it.started_at, until.max(it.started_at))
}

/// The recording that shows a moment: the one being watched, where it does, otherwise the first that does.
pub(crate) fn showing(all: &[Recording], watched: Option<usize>, at: Timestamp, axis: Axis) -> Option<usize> {
    let shows = |it: &Recording| {
        let (from, until) = time_of(it, axis);
        !matches!(it.state, RecordingState::Empty | RecordingState::Deleted) && from <= at && at <= until
    };
    let watched = watched.filter(|it| all.get(*it).is_some_and(shows));
    watched.or_else(|| all.iter().position(shows))
}

/// Where in a recording a moment is, in seconds.
pub(crate) fn position(it: &Recording, at: Timestamp) -> f64 {
    at.millis_since(it.started_at) as f64 / 1_000.0
}

/// The moment that a recording shows at this position.
pub(crate) fn shown_at(it: &Recording, seconds: f64) -> Timestamp {
    it.started_at.plus_millis((seconds.max(0.0) * 1_000.0) as i64)
}

/// `0:07`, `12:05`, `3:04:05`.
pub(crate) fn clock(seconds: u64) -> String {
    let (hours, minutes, left) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{left:02}") } else { format!("{minutes}:{left:02}") }
}

/// How strong the heat of each stretch is drawn, in steps from 0 to 5: by orders of magnitude, as little beside much still counts.
pub(crate) fn heat(values: &[u64]) -> Vec<u8> {
    let most = values.iter().copied().max().unwrap_or(0);
    let strength = |value: u64| match value {
        0 => 0,
        _ => {
            let share = ((value as f64).ln_1p() / (most as f64).ln_1p()).clamp(0.0, 1.0);
            // At least one step: something went on.
            ((share * 5.0).ceil() as u8).clamp(1, 5)
        }
    };
    values.iter().copied().map(strength).collect()
}

/// Runs of the same strength: strength, first stretch, how many. What is empty is left out.
pub(crate) fn runs(strengths: &[u8]) -> Vec<(u8, usize, usize)> {
    let mut runs: Vec<(u8, usize, usize)> = Vec::new();
    for (at, strength) in strengths.iter().enumerate() {
        match runs.last_mut() {
            Some((same, first, count)) if same == strength && *first + *count == at => *count += 1,
            _ => runs.push((*strength, at, 1)),
        }
    }
    runs.retain(|(strength, ..)| *strength > 0);
    runs
}

#[cfg(test)]
mod tests {
    use super::super::samples::recording;
    use super::*;

    const AXIS: Axis = Axis { from: Timestamp(1_000), until: Timestamp(101_000) };

    #[test]
    fn moments_and_places_are_each_others_inverse() {
        assert_eq!(AXIS.share(Timestamp(26_000)), 0.25);
        assert_eq!(AXIS.moment(0.25), Timestamp(26_000));
        assert_eq!((AXIS.share(Timestamp(0)), AXIS.share(Timestamp(999_000))), (0.0, 1.0));
        assert_eq!((AXIS.moment(-1.0), AXIS.moment(7.0)), (AXIS.from, AXIS.until));
        assert_eq!((AXIS.after(12.0), AXIS.seconds(Timestamp(13_000))), (Timestamp(13_000), 12));
        assert_eq!(AXIS.after(1e9), AXIS.until);
        assert_eq!(AXIS.span(Timestamp(51_000), Timestamp(200_000)), Span { start: 0.5, length: 0.5 });
    }

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(AXIS.marks().iter().map(|it| it.1).collect::<Vec<_>>(), [0, 30, 60, 90]);
        for hours in [0, 1, 8, 24, 24 * 40] {
            let axis = Axis { from: Timestamp(0), until: Timestamp(hours * 3_600_000 + 7_000) };
            let marks = axis.marks();
            assert!(marks.len() <= 11 && !marks.is_empty() && marks.iter().all(|it| it.0 <= 1.0), "{hours}: {marks:?}");
        }
    }

    #[test]
    fn a_moment_finds_its_recording_and_the_place_in_it() {
        let all = [recording(1, 11_000, 20), recording(2, 21_000, 20), recording(3, 61_000, 10)];
        let at = |seconds: i64, watched| showing(&all, watched, Timestamp(1_000 + seconds * 1_000), AXIS);
        assert_eq!(at(5, None), None, "nothing was recorded yet");
        assert_eq!(at(15, None), Some(0));
        assert_eq!(at(25, None), Some(0), "the first of two screens");
        assert_eq!(at(25, Some(1)), Some(1), "the one that is watched");
        assert_eq!(at(35, Some(0)), Some(1));
        assert_eq!(at(50, Some(1)), None);
        assert_eq!(position(&all[0], Timestamp(16_500)), 5.5);
        assert_eq!(shown_at(&all[0], 5.5), Timestamp(16_500));
    }

    #[test]
    fn little_beside_much_is_seen() {
        assert_eq!(heat(&[0, 1, 1_000_000_000, 30_000]), [0, 1, 5, 3]);
        assert_eq!(heat(&[0, 0]), [0, 0]);
        assert_eq!(runs(&[0, 2, 2, 0, 2, 3]), [(2, 1, 2), (2, 4, 1), (3, 5, 1)]);
    }

    #[test]
    fn times_within_a_session_read_like_a_clock() {
        assert_eq!((clock(7).as_str(), clock(725).as_str(), clock(11_045).as_str()), ("0:07", "12:05", "3:04:05"));
    }
}
