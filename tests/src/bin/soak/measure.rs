//! What the kernel says of the three programs.

use std::fmt;

use anyhow::{Context, Result};

/// The process ids.
pub(crate) struct Programs {
    pub(crate) appliance: u32,
    pub(crate) jumpoint: u32,
    pub(crate) helper: u32,
}

/// One program at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Proportional set size, in KiB: what would be free without it.
    pss: u64,
    sockets: usize,
    /// Descriptors of the database, which keeps as many as it once needed.
    database: usize,
    others: usize,
}

/// All three at one moment: appliance, jumpoint, helper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample([State; 3]);

impl Programs {
    /// # Errors
    /// When one of them is gone.
    pub(crate) fn sample(&self) -> Result<Sample> {
        Ok(Sample([state(self.appliance)?, state(self.jumpoint)?, state(self.helper)?]))
    }
}

fn state(pid: u32) -> Result<State> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .with_context(|| format!("process {pid} is gone"))?;
    let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("the kernel tells no Pss")?;
    let mut state = State { pss: pss.trim().trim_end_matches("kB").trim().parse().context("Pss")?, ..State::default() };
    for entry in std::fs::read_dir(format!("/proc/{pid}/fd"))? {
        // It may be closed meanwhile.
        let Ok(target) = std::fs::read_link(entry?.path()) else { continue };
        let target = target.to_string_lossy();
        let count = if target.starts_with("socket:") {
            &mut state.sockets
        } else if target.contains(".db") || target.contains("sqlite") {
            &mut state.database
        } else {
            &mut state.others
        };
        *count += 1;
    }
    Ok(state)
}

impl Sample {
    /// Whether no program has more descriptors than before.
    pub(crate) fn leaves_nothing_behind(&self, before: &Self) -> bool {
        self.0.iter().zip(&before.0).all(|(now, then)| now.sockets <= then.sockets && now.others <= then.others)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, it) in NAMES.iter().zip(&self.0) {
            write!(f, "{name} {} sockets, {} of the database, {} others; ", it.sockets, it.database, it.others)?;
        }
        Ok(())
    }
}

const NAMES: [&str; 3] = ["appliance", "jumpoint", "helper"];

/// The means of one minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Minute {
    pss: [u64; 3],
    sockets: [usize; 3],
    open: usize,
    opened: u64,
}

impl Minute {
    /// What the columns are.
    pub(crate) const HEAD: &'static str = "minute  memory in KiB (PSS): appliance jumpoint helper | sockets: appliance jumpoint helper | connections open, opened so far";

    pub(crate) fn of(samples: &[Sample], open: usize, opened: u64) -> Self {
        let count = samples.len().max(1);
        let mean = |program: usize| samples.iter().map(|it| it.0[program].pss).sum::<u64>() / count as u64;
        let sockets = |program: usize| samples.iter().map(|it| it.0[program].sockets).sum::<usize>() / count;
        Self { pss: [0, 1, 2].map(mean), sockets: [0, 1, 2].map(sockets), open, opened }
    }

    /// Memory by program, in KiB.
    pub(crate) fn memory(&self) -> [(&'static str, u64); 3] {
        [0, 1, 2].map(|program| (NAMES[program], self.pss[program]))
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pss, sockets, open, opened } = self;
        write!(
            f,
            "{:>8} {:>8} {:>8} | {:>6} {:>6} {:>6} | ",
            pss[0], pss[1], pss[2], sockets[0], sockets[1], sockets[2]
        )?;
        write!(f, "{open:>5} {opened:>7}")
    }
}
