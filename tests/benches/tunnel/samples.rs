//! What was measured: a value for each round, way and figure; medians, and ratios within a round.

use std::collections::BTreeMap;

use crate::rig::Way;

/// A sample during which others used more cores than this is left out, where at least two quieter ones are there.
pub(crate) const QUIET: f64 = 0.4;

#[derive(Clone, Copy)]
struct Sample {
    value: f64,
    noise: f64,
}

/// All samples of a run.
#[derive(Default)]
pub(crate) struct Samples {
    /// By way and figure, then by round.
    values: BTreeMap<(Way, &'static str), BTreeMap<u32, Sample>>,
    noise: Vec<f64>,
    /// Measurements that did not succeed, in plain words.
    pub(crate) failures: Vec<String>,
}

impl Samples {
    /// Keeps a value of a measurement during which others used `noise` cores.
    pub(crate) fn put(&mut self, round: u32, way: Way, figure: &'static str, value: f64, noise: f64) {
        if value.is_finite() {
            self.values.entry((way, figure)).or_default().insert(round, Sample { value, noise });
        }
    }

    /// Remembers how many cores others used during a measurement.
    pub(crate) fn noticed(&mut self, noise: f64) {
        self.noise.push(noise);
    }

    /// The median over the rounds.
    pub(crate) fn median(&self, way: Way, figure: &'static str) -> Option<f64> {
        let rounds = self.values.get(&(way, figure))?;
        median_of_quiet(rounds.values().copied().collect())
    }

    /// The most or the least of all rounds, whoever else was busy.
    pub(crate) fn extreme(&self, way: Way, figure: &'static str, of: fn(f64, f64) -> f64) -> Option<f64> {
        self.values.get(&(way, figure))?.values().map(|sample| sample.value).reduce(of)
    }

    /// The median over the rounds of one figure over another of the same round.
    pub(crate) fn ratio(&self, (way, figure): (Way, &'static str), over: (Way, &'static str)) -> Option<f64> {
        self.together((way, figure), over, |value, over| value / over)
    }

    /// The median over the rounds of one figure less another of the same round.
    pub(crate) fn difference(&self, (way, figure): (Way, &'static str), less: (Way, &'static str)) -> Option<f64> {
        self.together((way, figure), less, |value, less| value - less)
    }

    fn together(
        &self,
        one: (Way, &'static str),
        other: (Way, &'static str),
        calculate: impl Fn(f64, f64) -> f64,
    ) -> Option<f64> {
        let (ones, others) = (self.values.get(&one)?, self.values.get(&other)?);
        let rounds = ones.iter().filter_map(|(round, one)| Some((one, others.get(round)?)));
        let both = rounds
            .map(|(one, other)| Sample { value: calculate(one.value, other.value), noise: one.noise.max(other.noise) });
        median_of_quiet(both.filter(|sample| sample.value.is_finite()).collect())
    }

    /// Cores that others used: the median, the 90th percentile, the most, and how many samples were above [`QUIET`].
    pub(crate) fn noise(&self) -> Option<(f64, f64, f64, usize)> {
        let mut noise = self.noise.clone();
        noise.sort_by(f64::total_cmp);
        let loud = noise.iter().filter(|&&cores| cores > QUIET).count();
        Some((median(&noise)?, *noise.get(noise.len() * 9 / 10)?, *noise.last()?, loud))
    }
}

fn median_of_quiet(samples: Vec<Sample>) -> Option<f64> {
    let values = |samples: &mut dyn Iterator<Item = &Sample>| {
        let mut values: Vec<f64> = samples.map(|sample| sample.value).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let quiet = values(&mut samples.iter().filter(|sample| sample.noise <= QUIET));
    if quiet.len() >= 2 { median(&quiet) } else { median(&values(&mut samples.iter())) }
}

/// Of sorted values; between two the mean of both.
fn median(sorted: &[f64]) -> Option<f64> {
    let (low, high) = (sorted.len().checked_sub(1)? / 2, sorted.len() / 2);
    Some((sorted.get(low)? + sorted.get(high)?) / 2.0)
}
