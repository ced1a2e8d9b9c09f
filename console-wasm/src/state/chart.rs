//! Lines of the small charts, as paths for SVG.

/// A chart's area in its own units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    /// From left to right.
    pub(crate) width: f64,
    /// From top to bottom.
    pub(crate) height: f64,
}

/// The path of a line through the values, the highest possible one being `most`.
pub(crate) fn line(values: &[u64], most: u64, area: Area) -> String {
    let step = area.width / (values.len().saturating_sub(1).max(1)) as f64;
    let mut path = String::new();
    for (at, value) in values.iter().enumerate() {
        // Points inside a straight run add nothing.
        let straight = at > 0 && at + 1 < values.len() && values[at - 1] == *value && values[at + 1] == *value;
        if !straight {
            let command = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{command}{:.1} {:.1}", at as f64 * step, height_of(*value, most, area)));
        }
    }
    path
}

/// The path of the surface below that line.
pub(crate) fn surface(values: &[u64], most: u64, area: Area) -> String {
    if values.is_empty() {
        return String::new();
    }
    format!("{}L{:.1} {h:.1}L0.0 {h:.1}Z", line(values, most, area), area.width, h = area.height)
}

/// A round number the chart's top stands for: at least `least`, and no lower than any value.
pub(crate) fn top(values: impl IntoIterator<Item = u64>, least: u64) -> u64 {
    let highest = values.into_iter().max().unwrap_or(0).max(least).max(1);
    let power = highest.checked_next_power_of_two().unwrap_or(u64::MAX);
    // Halfway steps keep the line from using only half of the area.
    let three_quarters = power / 4 * 3;
    if highest <= three_quarters { three_quarters } else { power }
}

fn height_of(value: u64, most: u64, area: Area) -> f64 {
    area.height * (1.0 - value.min(most) as f64 / most.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { width: 100.0, height: 10.0 };

    #[test]
    fn a_line_spans_the_area_and_skips_straight_runs() {
        assert_eq!(line(&[0, 0, 0, 10, 5], 10, AREA), "M0.0 10.0L50.0 10.0L75.0 0.0L100.0 5.0");
        assert_eq!(line(&[], 10, AREA), "");
        assert_eq!(surface(&[10, 10], 10, AREA), "M0.0 0.0L100.0 0.0L100.0 10.0L0.0 10.0Z");
    }

    #[test]
    fn the_top_is_round_and_no_lower_than_any_value() {
        assert_eq!(top([0, 0], 1024), 1024);
        assert_eq!(top([1025], 1024), 1536);
        assert_eq!(top([1700], 1024), 2048);
        assert_eq!(top([], 0), 1);
        assert!(top([u64::MAX], 0) >= u64::MAX / 4 * 3);
    }
}
