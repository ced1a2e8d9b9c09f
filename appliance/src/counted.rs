//! How many somebody has of something, and a bound on it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts by key, none above a bound. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Counted<K> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    most: usize,
}

/// One of those that are counted; given back when it is dropped.
#[derive(Debug)]
pub struct Taken<K: Eq + Hash> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Clone + Eq + Hash> Counted<K> {
    /// At most so many for each key.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { counts: Arc::default(), most }
    }

    /// One more for this key; none when it has as many as it may.
    #[must_use]
    pub fn take(&self, key: K) -> Option<Taken<K>> {
        let mut counts = lock(&self.counts);
        let count = counts.get(&key).copied().unwrap_or(0);
        if count >= self.most {
            return None;
        }
        counts.insert(key.clone(), count + 1);
        Some(Taken { counts: self.counts.clone(), key })
    }
}

impl<K: Eq + Hash> Drop for Taken<K> {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

fn lock<K>(counts: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let counted = Counted::new(2);
        let (first, _second) = (counted.take("a").unwrap(), counted.take("a").unwrap());
        assert!(counted.take("a").is_none());
        let _other = counted.take("b").unwrap();
        drop(first);
        let _third = counted.take("a").unwrap();
        assert!(counted.take("a").is_none());
    }

    #[test]
    fn keys_that_have_nothing_are_forgotten() {
        let counted = Counted::new(1);
        drop(counted.take("a"));
        assert!(lock(&counted.counts).is_empty());
        assert!(Counted::new(0).take("a").is_none());
    }
}
