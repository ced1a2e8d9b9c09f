//! How fast a tunnel is, beside what it could be at best: `cargo bench -p tests`.
//!
//! This program is the client and the target at once, so it sees both ends of every byte. In each round it starts no tunnel at all
//! (`direct`), three relays in a row without TLS (`plain3`) and with it (`tls3`), and the shipped programs (`product`), also with
//! their traffic captured (`captured`), measures them one after the other, and stops them. It says what it found, and never fails because something was slow.
//!
//! | module | holds |
//! |---|---|
//! | [`work`], [`target`], [`load`] | what connections are for; their far and their near end |
//! | [`relay`], [`delay`] | the references, and a long way: this program once more, as processes of their own |
//! | [`rig`] | a way to the target, up and running |
//! | [`usage`] | CPU and memory of processes |
//! | [`measures`] | the measurements |
//! | [`samples`], [`figures`], [`goals`], [`report`] | what came of them, beside what is to be reached |

#![expect(clippy::print_stdout, reason = "a report is what this program is for")]

mod delay;
mod figures;
mod goals;
mod load;
mod measures;
mod relay;
mod report;
mod rig;
mod samples;
mod target;
mod usage;
mod work;

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tests::stop;
use tokio::runtime::Runtime;

use crate::measures::{At, FAR, NEAR, Pace};
use crate::rig::{Rig, Way};
use crate::samples::Samples;
use crate::target::Target;

/// Measures the product beside what it could be at best.
#[derive(Parser)]
struct Arguments {
    /// One short round: for a look, not for figures.
    #[arg(long)]
    quick: bool,
    /// Over 40 ms and 1 Gbit/s a hop as well.
    #[arg(long)]
    wan: bool,
    /// How many rounds.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: u32,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// This program once more, as a part of a way; it ends when its stdin does.
#[derive(Subcommand)]
enum Part {
    /// One of a row of relays.
    #[command(hide = true)]
    Relay {
        /// Where connections go.
        #[arg(long)]
        to: SocketAddr,
        /// Holds certificates, where TLS is spoken.
        #[arg(long)]
        certificates: PathBuf,
        /// Speaks TLS to who comes.
        #[arg(long)]
        accept_tls: bool,
        /// Speaks TLS to where it goes.
        #[arg(long)]
        dial_tls: bool,
    },
    /// A long way.
    #[command(hide = true)]
    Delay {
        /// Where connections go.
        #[arg(long)]
        to: SocketAddr,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match &arguments.part {
        Some(part) => run_part(&runtime, part),
        None if !arguments.bench => {
            println!("this is run by `cargo bench -p tests`");
            Ok(())
        }
        None => {
            stop::listen()?;
            match run(&runtime, &arguments) {
                Err(_) if stop::asked() => Ok(()),
                result => result,
            }
        }
    }
}

fn run_part(runtime: &Runtime, part: &Part) -> Result<()> {
    std::thread::Builder::new().name("stdin".into()).spawn(|| {
        // Nobody writes there; whatever ends it ends this program.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    })?;
    runtime.block_on(async {
        let listener = target::listen()?;
        println!("{}", listener.local_addr()?);
        match part {
            Part::Relay { to, certificates, accept_tls, dial_tls } => {
                let acceptor = accept_tls.then(|| relay::acceptor(certificates)).transpose()?;
                let connector = dial_tls.then(|| relay::connector(certificates)).transpose()?;
                relay::relay(listener, *to, acceptor, connector).await
            }
            Part::Delay { to } => delay::delay(listener, *to).await,
        }
    })
}

fn run(runtime: &Runtime, arguments: &Arguments) -> Result<()> {
    let began = Instant::now();
    eprintln!("building the programs, where anything changed …");
    tests::workspace::build_programs()?;
    let rounds = if arguments.quick { 1 } else { arguments.rounds };
    let target = runtime.block_on(async { Target::start() })?;
    let mut samples = Samples::default();
    for round in 0..rounds {
        for far in [false, true] {
            if !far || arguments.wan {
                eprintln!("round {} of {rounds}{} …", round + 1, if far { ", over a delay" } else { "" });
                let pace = pace(arguments.quick, far);
                measure_round(runtime, &target, round, far, pace, &mut samples)?;
            }
        }
    }
    let of = if rounds == 1 { String::from("one round") } else { format!("medians of {rounds} rounds") };
    println!("## The product beside `direct`, `plain3` and `tls3`: {of}");
    println!("{}", report::report(&samples));
    println!("Measured in {} s, building the programs included.", began.elapsed().as_secs());
    Ok(())
}

fn pace(quick: bool, far: bool) -> Pace {
    let (warm, span) = match (quick, far) {
        (true, false) => (100, 200),
        (true, true) => (800, 500),
        (false, false) => (300, 800),
        (false, true) => (1200, 1200),
    };
    Pace { warm: Duration::from_millis(warm), span: Duration::from_millis(span) }
}

/// Starts all ways, takes every measurement of each in turn, and stops them.
fn measure_round(
    runtime: &Runtime,
    target: &Target,
    round: u32,
    far: bool,
    pace: Pace,
    samples: &mut Samples,
) -> Result<()> {
    // Whoever comes first finds the machine another than whoever comes last.
    let mut ways = Way::ALL;
    ways.rotate_left(round as usize % Way::ALL.len());
    let mut rigs = Vec::new();
    for way in ways {
        stop::check()?;
        // Over a delay the unencrypted row says nothing that the direct way does not, and a capture costs what it costs here.
        if !(far && matches!(way, Way::Plain3 | Way::Captured)) {
            rigs.push(Rig::start(way, target.address, far).with_context(|| format!("starting {}", way.name()))?);
        }
    }
    let measures = if far { FAR.as_slice() } else { NEAR.as_slice() };
    for &measure in measures {
        for rig in rigs.iter().filter(|rig| measure.concerns(rig.way)) {
            stop::check()?;
            let at = At { rig, round, far, pace, shared: target.shared.clone() };
            if let Err(error) = runtime.block_on(at.measure(measure, samples)) {
                samples.failures.push(format!("{measure:?} of {} in round {}: {error:#}", rig.way.name(), round + 1));
            }
        }
    }
    Ok(())
}
