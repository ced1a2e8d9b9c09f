//! What processes and the machine use, from `/proc` (proc(5)).

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

/// Clock ticks a second in `/proc`: USER_HZ, 100 on every architecture that Rust's Linux targets have.
const TICKS: f64 = 100.0;

/// CPU seconds and memory of some processes, and what the rest of the machine did meanwhile.
pub(crate) struct Window {
    pids: Vec<u32>,
    apart: Vec<u32>,
    started: Instant,
    measured: f64,
    own: f64,
    busy: f64,
}

/// What a [`Window`] saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// Seconds.
    pub(crate) wall: f64,
    /// CPU seconds of the measured processes.
    pub(crate) cpu: f64,
    /// Cores that others than they and this process used.
    pub(crate) noise: f64,
}

impl Window {
    /// Begins now. What this process and those `apart` do is neither measured nor noise.
    pub(crate) fn open(pids: &[u32], apart: &[u32]) -> Result<Self> {
        let apart = [apart, &[std::process::id()]].concat();
        Ok(Self {
            started: Instant::now(),
            measured: cpu_seconds(pids)?,
            own: cpu_seconds(&apart)?,
            busy: busy_seconds()?,
            pids: pids.into(),
            apart,
        })
    }

    /// What has been used since.
    pub(crate) fn close(&self) -> Result<Spent> {
        let wall = self.started.elapsed().as_secs_f64();
        let cpu = cpu_seconds(&self.pids)? - self.measured;
        let own = cpu_seconds(&self.apart)? - self.own;
        let others = busy_seconds()? - self.busy - cpu - own;
        Ok(Spent { wall, cpu, noise: (others / wall).max(0.0) })
    }
}

/// User and system time of these processes together, in seconds.
fn cpu_seconds(pids: &[u32]) -> Result<f64> {
    let mut ticks = 0;
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        // Fields 14 and 15, counted from 1; the third is the first behind the name.
        ticks += sum(fields.split_whitespace().skip(11).take(2));
    }
    Ok(as_seconds(ticks))
}

/// Time in which any core of the machine did something, in seconds: user, nice, system, irq and softirq.
fn busy_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
    let first = stat.lines().next().unwrap_or_default();
    let fields: Vec<&str> = first.split_whitespace().skip(1).collect();
    Ok(as_seconds(sum([0, 1, 2, 5, 6].iter().filter_map(|&at| fields.get(at).copied()))))
}

/// Resident memory of these processes together, in KiB.
pub(crate) fn resident_kib(pids: &[u32]) -> Result<f64> {
    let mut kib = 0;
    for pid in pids {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
            .with_context(|| format!("reading the memory of process {pid}"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap_or_default();
        kib += sum(line.split_whitespace().take(1));
    }
    Ok(number(kib))
}

fn sum<'a>(fields: impl Iterator<Item = &'a str>) -> u64 {
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn as_seconds(ticks: u64) -> f64 {
    number(ticks) / TICKS
}

/// A count as a number to calculate with; figures for people have fewer than 52 significant bits.
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}
