//! What is to be reached. Mostly ratios within one run, since machines differ.

use wire::stream::Config;

use crate::figures as is;
use crate::measures::ENDS;
use crate::rig::Way::{Captured, Direct, Plain3, Product, Tls3};
use crate::samples::Samples;
use crate::usage::number;

/// What the line over the delay carries, in MiB/s: 1 Gbit/s.
const LINE: f64 = 125_000_000.0 / 1_048_576.0;

/// Where a value has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// There or above.
    AtLeast(f64),
    /// There or below.
    AtMost(f64),
}

/// One figure with what it is and what it has to be.
pub(crate) struct Goal {
    /// In words.
    pub(crate) figure: &'static str,
    /// None when it was not measured.
    pub(crate) reached: Option<f64>,
    /// What it has to be.
    pub(crate) bound: Bound,
    /// The unit, or what it is a multiple of.
    pub(crate) unit: &'static str,
}

impl Goal {
    /// Whether it is reached; none when it was not measured.
    pub(crate) fn is_reached(&self) -> Option<bool> {
        self.reached.map(|reached| match self.bound {
            Bound::AtLeast(bound) => reached >= bound,
            Bound::AtMost(bound) => reached <= bound,
        })
    }
}

/// All of them.
pub(crate) fn goals(samples: &Samples) -> Vec<Goal> {
    let of = |figure| samples.median(Product, figure);
    let most = |figure| samples.extreme(Product, figure, f64::max);
    let least = |figure| samples.extreme(Product, figure, f64::min);
    let over = |way, figure| samples.ratio((Product, figure), (way, figure));
    let captured = |figure| samples.ratio((Captured, figure), (Product, figure));
    let above_direct = |figure| samples.difference((Product, figure), (Direct, figure));
    let of_line = |figure| of(figure).map(|rate| rate / LINE);
    let row = |figure, reached, bound, unit| Goal { figure, reached, bound, unit };
    let all = number(ENDS as u64);
    // What a stalled stream may cost: its window, and 1 MiB.
    let window = number(Config::default().max_window) / 1_048_576.0 + 1.0;
    vec![
        row("1 stream down", over(Tls3, is::DOWN), Bound::AtLeast(0.9), "× tls3"),
        row("1 stream up", over(Tls3, is::UP), Bound::AtLeast(0.9), "× tls3"),
        row("CPU a GiB, down", over(Tls3, is::CPU_DOWN), Bound::AtMost(1.25), "× tls3"),
        row("CPU a GiB, up", over(Tls3, is::CPU_UP), Bound::AtMost(1.25), "× tls3"),
        row("1 stream down, traffic captured", captured(is::DOWN), Bound::AtLeast(0.7), "× not captured"),
        row("1 stream up, traffic captured", captured(is::UP), Bound::AtLeast(0.7), "× not captured"),
        row("64 streams: all together", of(is::TOTAL_64), Bound::AtLeast(0.9), "× 1 stream"),
        row("64 streams: the slowest", of(is::EVEN_64), Bound::AtLeast(0.9), "× the fastest"),
        row("64 streams: silent, in any round", most(is::SILENT_64), Bound::AtMost(0.0), ""),
        row("64 B there and back, p50", over(Tls3, is::PING), Bound::AtMost(1.2), "× tls3"),
        row("64 B there and back, p99", of(is::PING_SPREAD), Bound::AtMost(2.0), "× p50"),
        row("16 KiB there and back, p99 in any round", most(is::PING_16K_P99), Bound::AtMost(39.0), "ms"),
        row("fresh connection, p50", over(Plain3, is::FIRST_BYTE), Bound::AtMost(1.2), "× plain3"),
        row("fresh connection, p99", over(Plain3, is::FIRST_BYTE_P99), Bound::AtMost(1.2), "× plain3"),
        row("connections a second, 16 at a time", over(Plain3, is::CONNECTIONS), Bound::AtLeast(0.9), "× plain3"),
        row("CPU a connection", of(is::CONNECTION_CPU), Bound::AtMost(0.3), "ms"),
        row("there and back beside a stream down, p50", of(is::BESIDE_DOWN_RATIO), Bound::AtMost(3.0), "× idle"),
        row("there and back beside a stream up, p50", of(is::BESIDE_UP_RATIO), Bound::AtMost(3.0), "× idle"),
        row("client stalls: another keeps", of(is::CLIENT_STALLS_KEEPS), Bound::AtLeast(0.95), "× before"),
        row("target stalls: another keeps", of(is::TARGET_STALLS_KEEPS), Bound::AtLeast(0.95), "× before"),
        row("client stalls: memory", of(is::CLIENT_STALLS_GROWS), Bound::AtMost(window), "MiB more"),
        row("target stalls: memory", of(is::TARGET_STALLS_GROWS), Bound::AtMost(window), "MiB more"),
        row("memory of an idle connection", of(is::MEMORY), Bound::AtMost(48.0), "KiB"),
        row("half close, in any round", least(is::HALF_CLOSE), Bound::AtLeast(all), "of 8"),
        row("early close, in any round", least(is::EARLY_CLOSE), Bound::AtLeast(all), "of 8"),
        row("80 ms: fresh connection, p50", of(is::FAR_FIRST_BYTE), Bound::AtMost(85.0), "ms"),
        row("80 ms: 256 at once", of(is::FAR_AT_ONCE), Bound::AtMost(0.25), "s"),
        row("80 ms: 1 stream down", over(Direct, is::FAR_DOWN), Bound::AtLeast(0.97), "× direct"),
        row("80 ms: 1 stream up", over(Direct, is::FAR_UP), Bound::AtLeast(0.97), "× direct"),
        row(
            "80 ms: beside a stream down, p50",
            above_direct(is::FAR_BESIDE_DOWN),
            Bound::AtMost(10.0),
            "ms over direct",
        ),
        row("80 ms: that stream down", of_line(is::FAR_BULK_DOWN), Bound::AtLeast(0.95), "× the line"),
        row("80 ms: beside a stream up, p50", above_direct(is::FAR_BESIDE_UP), Bound::AtMost(10.0), "ms over direct"),
        row("80 ms: that stream up", of_line(is::FAR_BULK_UP), Bound::AtLeast(0.95), "× the line"),
    ]
}
