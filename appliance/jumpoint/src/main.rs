//! `sallyport-jumpoint`: the way into one remote network. It dials out to its appliance and needs no inbound port.

mod command_line;
mod logging;
mod service_unit;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use agent::control::Agent;
use agent::enrol::{EnrolmentKey, enrol};
use agent::identity::Identity;
use agent::kept_proxy;
use anyhow::Context as _;
use clap::Parser as _;
use link::metrics::port::MetricsPort;
use link::metrics::{Metrics, Program};
use link::{Dialer, ProxyChoice};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::command_line::{Command, CommandLine, Enrol, Install, Place, Run};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What blocks a thread at the end of the program gets this long.
const STOP_WITHIN: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    logging::start();
    match start(command_line.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sallyport-jumpoint: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> anyhow::Result<()> {
    link::allocator::keep_some_freed_memory();
    let runtime = tokio::runtime::Runtime::new().context("the program could not start its threads")?;
    let result = runtime.block_on(carry_out(command));
    // A name that is still being resolved must not keep the program from ending.
    runtime.shutdown_timeout(STOP_WITHIN);
    result
}

async fn carry_out(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Enrol(it) => enrol_node(it).await,
        Command::Run(it) => run(it).await,
        Command::Install(it) => install(&it),
    }
}

async fn enrol_node(it: Enrol) -> anyhow::Result<()> {
    let key = EnrolmentKey::parse(&it.key)?;
    let Place { state_dir, dial, proxy: named } = &it.place;
    let proxy = proxy_in_force(&it.place)?;
    let identity = Box::pin(enrol(key, state_dir, it.replace, dial.clone(), proxy, VERSION)).await?;
    if let Some(named) = named {
        kept_proxy::save(state_dir, named)?;
    }
    let mut said = format!(
        "Enrolled at {} as a node of the jumpoint {:?}.\nIts identity is in {}; keep agent.key to yourself.\n",
        identity.appliance,
        identity.jumpoint_name,
        state_dir.display(),
    );
    if let Some(proxy) = dialer(&identity, &it.place)?.proxy()? {
        said += &format!("It connects through the proxy {proxy}");
        said += match proxy_in_force(&it.place)? {
            ProxyChoice::Automatic => {
                ", which the environment names here. A service has another environment: give install --proxy too.\n"
            }
            ProxyChoice::Direct | ProxyChoice::Named(_) => ".\n",
        };
    }
    say(&format!("{said}Next: {}", next_step(state_dir)));
    Ok(())
}

/// The proxy named on the command line, or the one kept.
fn proxy_in_force(place: &Place) -> anyhow::Result<ProxyChoice> {
    match &place.proxy {
        Some(named) => Ok(named.clone()),
        None => Ok(kept_proxy::load(&place.state_dir)?),
    }
}

fn dialer(identity: &Identity, place: &Place) -> anyhow::Result<Dialer> {
    let trust = identity.trust().context("the certificate authority in agent.json is damaged; enrol again")?;
    let dialer = Dialer::new(identity.appliance.clone(), &trust)?;
    Ok(dialer.through(place.dial.clone()).by_proxy(proxy_in_force(place)?))
}

fn next_step(state_dir: &Path) -> String {
    if state_dir == Path::new(command_line::DEFAULT_STATE_DIR) {
        "sallyport-jumpoint install, to run it as a service, or sallyport-jumpoint run, to try it here.".into()
    } else {
        format!("sallyport-jumpoint run --state-dir {}", state_dir.display())
    }
}

async fn run(it: Run) -> anyhow::Result<()> {
    link::open_files::allow_as_many_as_possible();
    let identity = Identity::load(&it.place.state_dir)?;
    let dialer = dialer(&identity, &it.place)?;
    let cancel = CancellationToken::new();
    let stopping = cancel.clone();
    let signal = link::stop_signal::watch().context("signals cannot be received")?;
    info!(version = VERSION, appliance = %identity.appliance, way = dialer.way(), "starting");
    let metrics = Metrics::new(Program::Jumpoint, VERSION, SystemTime::now()).context("nothing can be counted")?;
    let monitoring = TaskTracker::new();
    if let Some(address) = it.monitoring.metrics {
        let port = MetricsPort::open(address).await?;
        info!("the metrics are at http://{}/metrics", port.address());
        monitoring.spawn(port.serve(metrics.clone(), cancel.child_token()));
    }
    let agent = Agent::run(identity, dialer, metrics, VERSION, cancel);
    tokio::pin!(agent);
    tokio::select! {
        () = &mut agent => {}
        () = signal => {
            info!("stopping");
            stopping.cancel();
            agent.await;
        }
    }
    stopping.cancel();
    monitoring.close();
    monitoring.wait().await;
    info!("stopped");
    Ok(())
}

fn install(it: &Install) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program's own path is unknown")?;
    let state_dir = &it.place.state_dir;
    let unit = service_unit::contents(&program, state_dir, it.place.dial.as_ref(), it.monitoring.metrics)?;
    let path = it.unit_dir.join(service_unit::NAME);
    std::fs::write(&path, unit).with_context(|| {
        format!("{} could not be written; run this as root, or name another folder with --unit-dir", path.display())
    })?;
    if let Some(proxy) = &it.place.proxy {
        kept_proxy::save(state_dir, proxy)?;
    }
    let mut said = format!("Wrote {}.\nNext:\n", path.display());
    for line in service_unit::preparation(state_dir)? {
        said += &format!("  {line}\n");
    }
    if Identity::load(state_dir).is_err() {
        let place = service_unit::state_argument(state_dir)?;
        said += &format!("  sallyport-jumpoint enrol{place} --key …   (the console shows the key under Agents)\n");
    }
    said += &format!("  systemctl daemon-reload\n  systemctl enable --now {}", service_unit::NAME);
    say(&said);
    Ok(())
}

/// To the person who runs a command.
#[expect(clippy::print_stdout, reason = "the answer of a command belongs on its standard output")]
fn say(text: &str) {
    println!("{text}");
}
