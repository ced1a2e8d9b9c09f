//! The measurements, each of one way in one round.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::figures as is;
use crate::load::{Direction, Load};
use crate::rig::{Rig, Way};
use crate::samples::Samples;
use crate::target::Shared;
use crate::usage::{Window, number, resident_kib};
use crate::work::Work;

/// Connections that are opened at once.
pub(crate) const AT_ONCE: usize = 256;
/// Connections whose ends are looked at, in each of two ways.
pub(crate) const ENDS: usize = 8;
/// The slot of the stream beside a ping or a stalled reader.
const BESIDE: u16 = 100;

/// How long a measurement takes.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// To get going.
    pub(crate) warm: Duration,
    /// To be measured.
    pub(crate) span: Duration,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// 256 connections at once: time, memory. The first of all, in fresh processes.
    AtOnce,
    /// A reader that never reads, beside a stream.
    Stall,
    /// One stream each way and both.
    OneStream,
    /// 8 and 64 streams.
    ManyStreams,
    /// Messages there and back.
    Ping,
    /// Fresh connections, one by one and sixteen at a time.
    Connections,
    /// Messages beside a stream.
    Beside,
    /// Half close and early close.
    Ends,
}

/// On this machine alone, in this order.
pub(crate) const NEAR: [Measure; 8] = [
    Measure::AtOnce,
    Measure::Stall,
    Measure::Ends,
    Measure::Ping,
    Measure::Connections,
    Measure::OneStream,
    Measure::ManyStreams,
    Measure::Beside,
];
/// Over a delay.
pub(crate) const FAR: [Measure; 4] = [Measure::AtOnce, Measure::Connections, Measure::OneStream, Measure::Beside];

impl Measure {
    /// Whether it says anything about this way: the plain ones are references for some figures only.
    pub(crate) fn concerns(self, way: Way) -> bool {
        match way {
            Way::Product | Way::Tls3 => true,
            // What it costs, beside the product without.
            Way::Captured => matches!(self, Self::Ping | Self::OneStream),
            Way::Plain3 => self != Self::Ends && self != Self::Stall,
            Way::Direct => {
                matches!(self, Self::AtOnce | Self::Ping | Self::Connections | Self::OneStream | Self::Beside)
            }
        }
    }
}

/// A way in a round.
pub(crate) struct At<'a> {
    /// The way.
    pub(crate) rig: &'a Rig,
    /// The round.
    pub(crate) round: u32,
    /// Whether there is a delay in it.
    pub(crate) far: bool,
    /// How long.
    pub(crate) pace: Pace,
    /// What the target knows.
    pub(crate) shared: Arc<Shared>,
}

impl At<'_> {
    /// Measures, and keeps what comes of it.
    pub(crate) async fn measure(&self, measure: Measure, samples: &mut Samples) -> Result<()> {
        let load =
            Load { near: self.rig.near, pids: Arc::new(self.rig.pids.clone()), shared: Arc::clone(&self.shared) };
        load.settle().await;
        let window = Window::open(&load.pids, &self.rig.delays())?;
        let mut values = Vec::new();
        let outcome = match measure {
            Measure::AtOnce => self.at_once(&load, &mut values).await,
            Measure::Stall => self.stall(&load, &mut values).await,
            Measure::OneStream => self.one_stream(&load, &mut values).await,
            Measure::ManyStreams => self.many_streams(&load, &mut values).await,
            Measure::Ping => self.ping(&load, &mut values).await,
            Measure::Connections => self.connections(&load, &mut values).await,
            Measure::Beside => self.beside(&load, &mut values).await,
            Measure::Ends => ends(&load, &mut values).await,
        };
        let noise = window.close()?.noise;
        samples.noticed(noise);
        for (figure, value) in values {
            samples.put(self.round, self.rig.way, figure, value, noise);
        }
        load.settle().await;
        outcome
    }

    async fn at_once(&self, load: &Load, values: &mut Values) -> Result<()> {
        let before = resident_kib(&load.pids)?;
        let (held, time) = load.hold(AT_ONCE).await?;
        sleep(Duration::from_millis(500)).await;
        let grown = resident_kib(&load.pids)? - before;
        let each = grown / number(held.len() as u64);
        values.push((if self.far { is::FAR_AT_ONCE } else { is::AT_ONCE }, time));
        if !self.far {
            values.push((is::MEMORY, each));
        }
        Ok(())
    }

    async fn stall(&self, load: &Load, values: &mut Values) -> Result<()> {
        for (direction, keeps, grows) in [
            (Direction::Down, is::CLIENT_STALLS_KEEPS, is::CLIENT_STALLS_GROWS),
            (Direction::Up, is::TARGET_STALLS_KEEPS, is::TARGET_STALLS_GROWS),
        ] {
            // The same stream before and after, so that both have had their time to grow.
            let mut beside = JoinSet::new();
            load.bulk(&mut beside, direction, BESIDE);
            sleep(self.pace.warm).await;
            let alone = load.rate_of(BESIDE, self.pace.span).await;
            let before = resident_kib(&load.pids)?;

            let mut writing = JoinSet::new();
            let stalled = match direction {
                Direction::Up => {
                    let (load, mut stream) = (load.clone(), load.open(Work::Stall).await?);
                    writing.spawn(async move { load.shared.write(&mut stream).await });
                    None
                }
                // The client is the one that does not read.
                _ => Some(load.open(Work::Write(0)).await?),
            };
            sleep(self.pace.warm).await;
            let meanwhile = load.rate_of(BESIDE, self.pace.span).await;
            let after = resident_kib(&load.pids)?;
            writing.shutdown().await;
            drop(stalled);
            load.shared.release.notify_waiters();
            beside.shutdown().await;
            load.settle().await;
            values.extend([(keeps, meanwhile / alone), (grows, (after - before).max(0.0) / 1024.0)]);
        }
        Ok(())
    }

    async fn one_stream(&self, load: &Load, values: &mut Values) -> Result<()> {
        let Pace { warm, span } = self.pace;
        let down = load.throughput(Direction::Down, 1, warm, span).await?;
        let up = load.throughput(Direction::Up, 1, warm, span).await?;
        if self.far {
            values.extend([(is::FAR_DOWN, down.rate * 1024.0), (is::FAR_UP, up.rate * 1024.0)]);
            return Ok(());
        }
        let both = load.throughput(Direction::Both, 1, warm, span).await?;
        values.extend([(is::DOWN, down.rate), (is::UP, up.rate), (is::BOTH, both.rate)]);
        values.extend([(is::CPU_DOWN, down.cpu), (is::CPU_UP, up.cpu)]);
        Ok(())
    }

    async fn many_streams(&self, load: &Load, values: &mut Values) -> Result<()> {
        let Pace { warm, span } = self.pace;
        let one = load.throughput(Direction::Down, 1, warm, span).await?;
        let eight = load.throughput(Direction::Down, 8, warm, span).await?;
        let many = load.throughput(Direction::Down, 64, warm, span).await?;
        let up = load.throughput(Direction::Up, 64, warm, span).await?;
        values.extend([(is::DOWN_8, eight.rate), (is::EVEN_8, eight.evenness)]);
        values.extend([(is::DOWN_64, many.rate), (is::EVEN_64, many.evenness), (is::UP_64, up.rate)]);
        values.extend([(is::TOTAL_64, many.rate / one.rate)]);
        values.push((is::SILENT_64, number((many.silent + up.silent) as u64)));
        Ok(())
    }

    async fn ping(&self, load: &Load, values: &mut Values) -> Result<()> {
        let small = load.ping(64, self.pace.span).await?;
        let large = load.ping(16 * 1024, self.pace.span).await?;
        values.extend([(is::PING, small.milliseconds(50)), (is::PING_P99, small.milliseconds(99))]);
        values.push((is::PING_SPREAD, small.milliseconds(99) / small.milliseconds(50)));
        values.extend([(is::PING_16K, large.milliseconds(50)), (is::PING_16K_P99, large.milliseconds(99))]);
        Ok(())
    }

    async fn connections(&self, load: &Load, values: &mut Values) -> Result<()> {
        let (one, _) = load.connections(1, self.pace.span).await?;
        if self.far {
            values.push((is::FAR_FIRST_BYTE, one.milliseconds(50)));
            return Ok(());
        }
        let (many, spent) = load.connections(16, self.pace.span).await?;
        let count = number(many.count() as u64);
        values.extend([(is::FIRST_BYTE, one.milliseconds(50)), (is::FIRST_BYTE_P99, one.milliseconds(99))]);
        values.extend([(is::CONNECTIONS, count / spent.wall), (is::CONNECTION_CPU, spent.cpu * 1e3 / count)]);
        Ok(())
    }

    async fn beside(&self, load: &Load, values: &mut Values) -> Result<()> {
        let idle = load.ping(64, self.pace.span / 2).await?.milliseconds(50);
        load.settle().await;
        let mut rates = [0.0; 2];
        let mut medians = [0.0; 2];
        for (at, direction) in [Direction::Down, Direction::Up].into_iter().enumerate() {
            let mut beside = JoinSet::new();
            load.bulk(&mut beside, direction, BESIDE);
            sleep(self.pace.warm).await;
            let (began, before) = (Instant::now(), load.shared.received(BESIDE));
            let pings = load.ping(64, self.pace.span).await;
            let moved = number(load.shared.received(BESIDE) - before) / 1_048_576.0;
            let rate = moved / began.elapsed().as_secs_f64();
            beside.shutdown().await;
            load.settle().await;
            if let (Some(kept), Some(median)) = (rates.get_mut(at), medians.get_mut(at)) {
                (*kept, *median) = (rate, pings?.milliseconds(50));
            }
        }
        let ([down, up], [down_rate, up_rate]) = (medians, rates);
        if self.far {
            values.extend([(is::FAR_BESIDE_DOWN, down), (is::FAR_BESIDE_UP, up), (is::FAR_IDLE, idle)]);
            values.extend([(is::FAR_BULK_DOWN, down_rate), (is::FAR_BULK_UP, up_rate)]);
        } else {
            values.extend([(is::IDLE, idle), (is::BESIDE_DOWN, down), (is::BESIDE_UP, up)]);
            values.extend([(is::BESIDE_DOWN_RATIO, down / idle), (is::BESIDE_UP_RATIO, up / idle)]);
            values.extend([(is::BULK_DOWN, down_rate / 1024.0), (is::BULK_UP, up_rate / 1024.0)]);
        }
        Ok(())
    }
}

/// Figures with their values.
type Values = Vec<(&'static str, f64)>;

async fn ends(load: &Load, values: &mut Values) -> Result<()> {
    for (figure, early) in [(is::HALF_CLOSE, false), (is::EARLY_CLOSE, true)] {
        let mut running = JoinSet::new();
        for _ in 0..ENDS {
            let load = load.clone();
            running.spawn(async move { load.ends(early).await });
        }
        let mut whole = 0;
        while let Some(one) = running.join_next().await {
            // One that failed is one that was not whole.
            whole += u64::from(one?.unwrap_or(false));
        }
        values.push((figure, number(whole)));
        load.settle().await;
    }
    Ok(())
}
