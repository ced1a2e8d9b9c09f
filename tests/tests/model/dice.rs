//! Random choices that a seed repeats exactly, on every machine.

use std::time::Duration;

/// A row of numbers that looks random and follows from its seed alone (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// Below `end`, which is above 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// True once in `times`, on average.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn side(&mut self) -> usize {
        usize::from(self.once_in(2))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Short ones more often than long ones.
    pub(crate) fn up_to_millis(&mut self, most: u64) -> Duration {
        let most = 1 + self.below(most * 1000);
        Duration::from_micros(self.below(most))
    }

    /// The same for amounts.
    pub(crate) fn amount(&mut self, most: u64) -> u64 {
        let most = 1 + self.below(most);
        self.below(most)
    }
}
