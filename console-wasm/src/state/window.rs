//! Which rows of a long table are drawn: those in sight and some around them.

use std::ops::Range;

/// Rows drawn beyond each edge, so that a short scroll shows no gap.
const AROUND: usize = 12;
/// Rows drawn before it is known how much is in sight.
const AT_FIRST: usize = 40;

/// What is in sight of a table's rows, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sight {
    /// How much of the rows is above what is in sight; negative while they begin below it.
    pub(crate) above: f64,
    /// How high the part is that can be seen.
    pub(crate) height: f64,
    /// How high a row is.
    pub(crate) row: f64,
}

/// The rows to draw out of so many.
pub(crate) fn window(total: usize, sight: Option<Sight>) -> Range<usize> {
    let Some(sight) = sight.filter(|sight| sight.row >= 1.0) else { return 0..total.min(AT_FIRST) };
    let first = (sight.above.max(0.0) / sight.row) as usize;
    let rows = (sight.height.max(0.0) / sight.row) as usize + 2;
    let end = first.saturating_add(rows).saturating_add(AROUND).min(total);
    let start = first.saturating_sub(AROUND).min(end.saturating_sub(AROUND));
    // Beginning at an even row keeps the same rows for most scrolls by one.
    start - start % 2..end
}

/// Rows around one that has to be drawn, because the focus goes there.
pub(crate) fn around(total: usize, row: usize) -> Range<usize> {
    row.saturating_sub(AT_FIRST / 2)..row.saturating_add(AT_FIRST / 2).min(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(above: f64) -> Option<Sight> {
        Some(Sight { above, height: 760.0, row: 38.0 })
    }

    #[test]
    fn what_is_in_sight_is_drawn_and_little_else() {
        assert_eq!(window(10_000, None), 0..40);
        assert_eq!(window(10_000, at(-200.0)), 0..34);
        let middle = window(10_000, at(38.0 * 5_000.0));
        assert!(middle.contains(&5_000) && middle.contains(&5_020) && middle.len() < 60, "{middle:?}");
        let end = window(10_000, at(38.0 * 10_000.0 - 760.0));
        assert!(end.contains(&9_980) && end.end == 10_000, "{end:?}");
    }

    #[test]
    fn every_sight_gives_rows_of_the_table() {
        for total in [0, 1, 5, 11, 13, 100] {
            for above in [-1e9, -1.0, 0.0, 37.9, 500.0, 3_800.0, 1e9, f64::NAN] {
                let rows = window(total, at(above));
                assert!(rows.start <= rows.end && rows.end <= total, "{total} {above}: {rows:?}");
                assert!(total == 0 || !rows.is_empty(), "{total} {above}: {rows:?}");
            }
        }
        assert_eq!(window(7, Some(Sight { above: 0.0, height: 700.0, row: 0.0 })), 0..7);
    }

    #[test]
    fn the_row_that_gets_the_focus_is_drawn() {
        assert_eq!(around(10_000, 9_999), 9_979..10_000);
        assert!(around(10_000, 0).contains(&0));
        assert_eq!(around(3, 2), 0..3);
    }
}
