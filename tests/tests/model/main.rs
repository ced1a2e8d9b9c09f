//! The model test of the data plane: two ends of the stream protocol and the appliance's relay, joined by a simulated network,
//! live through thousands of random histories in virtual time; a reference model knows what has to come of each.
//!
//! | module | holds |
//! |---|---|
//! | [`dice`] | random choices that a seed repeats |
//! | [`network`] | links: latency, rate, loss |
//! | [`pattern`], [`application`] | what is written and read |
//! | [`end`] | one end with its link |
//! | [`appliance`], [`database`] | the appliance, its death and its new start |
//! | [`world`] | all of them and the time |
//! | [`history`] | what is done to them |
//! | [`reference`] | what has to come of it |
//! | [`trace`] | what happened, as a hash or aloud |
//!
//! A history that fails is named by its seed; `MODEL_SEED=… cargo test -p tests --test model -- --nocapture` lives that one
//! alone, aloud. `MODEL_SEEDS=from..to` lives others than the usual ones.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a history that fails is told")]

mod appliance;
mod application;
mod database;
mod dice;
mod end;
mod history;
mod network;
mod pattern;
mod reference;
mod trace;
mod world;

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};

/// The histories of every run.
const USUAL: Range<u64> = 0..20_000;

#[test]
fn every_history_ends_as_the_reference_says() {
    if let Ok(seed) = std::env::var("MODEL_SEED") {
        history::live(seed.parse().unwrap(), true);
        return;
    }
    let seeds = std::env::var("MODEL_SEEDS").map_or(USUAL, |it| {
        let (from, to) = it.split_once("..").unwrap();
        from.parse().unwrap()..to.parse().unwrap()
    });
    let next = AtomicU64::new(seeds.start);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let failed: Vec<u64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| first_failure(&next, seeds.end))).collect();
        workers.into_iter().filter_map(|it| it.join().unwrap()).collect()
    });
    if let Some(seed) = failed.iter().min() {
        panic!(
            "the history of seed {seed} fails; to see it alone: MODEL_SEED={seed} cargo test -p tests --test model -- --nocapture"
        );
    }
}

/// Lives histories until one fails, then lets the others stop too.
fn first_failure(next: &AtomicU64, end: u64) -> Option<u64> {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return None;
        }
        if catch_unwind(|| history::live(seed, false)).is_err() {
            next.store(end, Ordering::Relaxed);
            return Some(seed);
        }
    }
}

#[test]
fn a_seed_repeats_exactly() {
    for seed in 0..200 {
        assert_eq!(history::live(seed, false), history::live(seed, false), "seed {seed}");
    }
    assert_ne!(history::live(1, false), history::live(2, false));
}
