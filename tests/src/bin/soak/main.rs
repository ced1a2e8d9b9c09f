//! `soak`: many sessions with many connections that come and go, for minutes. The memory of the three programs has to stay
//! as it was, and when everything has ended no descriptor may be left behind. Fails by its exit code.
#![expect(clippy::print_stdout, reason = "stdout carries the table this program exists for")]

mod churn;
mod measure;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tests::site::{OpenSession, Site};
use tests::{stop, wait};
use tokio::runtime::Runtime;
use wire::api::{NewSession, Session, TunnelTicket};

use crate::churn::Churn;
use crate::measure::{Minute, Programs, Sample};

/// Lets sessions and connections come and go, and watches memory and descriptors.
#[derive(Parser)]
struct Arguments {
    /// How long, once everything stands.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Sessions; a helper holds 64.
    #[arg(long, default_value_t = 64)]
    sessions: usize,
    /// Connections of each session.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Whether connections come and go as fast as they can all the time: what each leaves behind adds up sooner.
    #[arg(long)]
    hurry: bool,
}

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);
/// How long everything gets to come to life before the first look that counts.
const SETTLES_IN: Duration = Duration::from_secs(60);
/// Ended connections that the appliance remembers of each session (its `ENDED_REMEMBERED`).
const REMEMBERED: u64 = 1024;
/// How much more memory there may be in the last minute than in the first, in hundredths.
const GROWTH_ALLOWED: u64 = 10;
/// How long descriptors may take to be closed.
const CLOSED_WITHIN: Duration = Duration::from_secs(60);

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    stop::listen()?;
    link::open_files::allow_as_many_as_possible();
    match run(&arguments) {
        Err(_) if stop::asked() => Ok(ExitCode::FAILURE),
        outcome => outcome,
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    eprintln!("building the programs, where anything changed …");
    tests::workspace::build_programs()?;
    let runtime = Runtime::new().context("starting the runtime")?;
    let targets = runtime.block_on(churn::targets())?;
    let mut site = Site::start(false)?;
    let mut helper = site.start_helper()?;
    let programs = Programs {
        appliance: site.appliance.program.pid(),
        jumpoint: site.jumpoint.program.pid(),
        helper: helper.program.pid(),
    };

    // What is made once and kept, such as the database's connections and the helper's line to the kernel, is there before
    // anything is counted.
    let first = site.open_to(&mut helper, "first", targets[0])?;
    runtime.block_on(churn::talk_once(first.address(0)?))?;
    end(&site, &[first])?;
    let before = programs.sample()?;

    eprintln!("opening {} sessions …", arguments.sessions);
    let items: Result<Vec<_>> = targets
        .iter()
        .enumerate()
        .map(|(number, port)| {
            site.item(&format!("target {number}"), "127.0.0.1", "127.0.0.1", &[(0, u32::from(*port))])
        })
        .collect();
    let items = items?;
    let mut sessions = Vec::new();
    // One user may not have so many.
    let technician = site.technician("soak")?;
    for number in 0..arguments.sessions {
        let user = if number % 2 == 0 { &site.admin } else { &technician };
        let item_id = items[number % items.len()].id;
        let session: Session = user.post("/api/sessions", &NewSession::of(item_id))?.ok()?;
        let ticket: TunnelTicket = user.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
        sessions.push(OpenSession { id: session.id, local: helper.open_tunnels(&ticket)? });
    }
    let addresses: Result<Vec<SocketAddr>> = sessions.iter().map(|it| it.address(0)).collect();
    let churn = Churn::start(&runtime, &addresses?, arguments.connections);
    fill(&churn, arguments.sessions as u64 * REMEMBERED)?;
    churn.hurry(arguments.hurry);
    pause(SETTLES_IN)?;
    let minutes = watch(&programs, &churn, Duration::from_secs(60 * arguments.minutes))?;
    ensure!(stop::check().is_ok(), "asked to stop");

    eprintln!("ending everything …");
    let done = churn.end(&runtime);
    wait::until_true("the end of all connections", CLOSED_WITHIN, || {
        let open: Result<Vec<_>> =
            sessions.iter().map(|it| Ok(site.session(it.id)?.session.connections_open)).collect();
        Ok(open?.iter().all(|it| *it == 0))
    })?;
    end(&site, &sessions)?;
    let mut after = programs.sample()?;
    let closed = wait::until_true("the descriptors to be closed", CLOSED_WITHIN, || {
        after = programs.sample()?;
        Ok(after.leaves_nothing_behind(&before))
    });
    println!("{}", table(&minutes, &before, &after));
    println!("{done}");
    let problems = problems(&minutes, closed.is_ok(), &done);
    for problem in &problems {
        println!("{problem}");
    }
    for program in [&mut helper.program, &mut site.jumpoint.program, &mut site.appliance.program] {
        program.stop()?;
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lets connections come and go in a hurry until there were so many.
fn fill(churn: &Churn, connections: u64) -> Result<()> {
    eprintln!("letting {connections} connections come and go, as many as are remembered …");
    churn.hurry(true);
    while churn.opened() < connections {
        pause(stop::LOOK)?;
    }
    Ok(())
}

fn pause(time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        stop::check()?;
        std::thread::sleep(stop::LOOK);
    }
    Ok(())
}

/// One row for each minute.
fn watch(programs: &Programs, churn: &Churn, time: Duration) -> Result<Vec<Minute>> {
    let mut minutes: Vec<Minute> = Vec::new();
    let began = Instant::now();
    while began.elapsed() < time {
        let end = began.elapsed() + Duration::from_secs(60).min(time / 3);
        let mut samples = Vec::new();
        while began.elapsed() < end {
            pause(EVERY)?;
            samples.push(programs.sample()?);
        }
        let minute = Minute::of(&samples, churn.open(), churn.opened());
        eprintln!("{} of {} s: {minute}", began.elapsed().as_secs(), time.as_secs());
        minutes.push(minute);
    }
    Ok(minutes)
}

fn end(site: &Site, sessions: &[OpenSession]) -> Result<()> {
    for it in sessions {
        let _: Session = site.admin.send("POST", &format!("/api/sessions/{}/end", it.id), None)?.ok()?;
    }
    Ok(())
}

fn table(minutes: &[Minute], before: &Sample, after: &Sample) -> String {
    let mut lines = vec![Minute::HEAD.to_owned()];
    lines.extend(minutes.iter().enumerate().map(|(number, it)| format!("{:>6}  {it}", number + 1)));
    lines.push(format!("descriptors before: {before}"));
    lines.push(format!("descriptors after:  {after}"));
    lines.join("\n")
}

fn problems(minutes: &[Minute], closed: bool, done: &churn::Done) -> Vec<String> {
    let mut problems = Vec::new();
    if let (Some(first), Some(last)) = (minutes.first(), minutes.last()) {
        for ((name, first), (_, last)) in first.memory().into_iter().zip(last.memory()) {
            if last * 100 > first * (100 + GROWTH_ALLOWED) {
                problems.push(format!("the {name} grew from {first} to {last} KiB"));
            }
        }
    }
    if !closed {
        problems.push("descriptors are left behind".to_owned());
    }
    if done.failed > 0 {
        problems.push(format!("{} connections failed", done.failed));
    }
    problems
}
