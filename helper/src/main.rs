//! `sallyport-helper`: started by the browser over native messaging, it dials the appliance, listens on this workstation and
//! carries the bytes between the two. Its commands install it. Never elevated while it works.

mod appliance_link;
mod command_line;
mod config;
mod connecting_users;
mod connection_sources;
mod front_desk;
mod host_manifest;
mod install;
mod listener;
mod live_config;
mod local_programs;
mod logging;
mod loopback_addresses;
mod open_tunnels;
mod policy;
mod status;
mod tunnel_session;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Parser as _;
use helper::native_messaging;
use link::metrics::{Metrics, Program};
use tokio::runtime::Runtime;

use crate::command_line::{Command, CommandLine};
use crate::live_config::LiveConfig;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    logging::start();
    let result = if host_manifest::is_started_by_browser(&arguments) {
        serve_browser()
    } else {
        carry_out(CommandLine::parse().command)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sallyport-helper: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Standard input and output belong to the browser.
fn serve_browser() -> anyhow::Result<()> {
    link::allocator::keep_some_freed_memory();
    link::open_files::allow_as_many_as_possible();
    let runtime = runtime()?;
    runtime.block_on(async {
        let stop = link::stop_signal::watch().context("signals cannot be received")?;
        let from_browser = native_messaging::read_from(std::io::stdin())?;
        let to_browser = native_messaging::write_to(std::io::stdout())?;
        let config = LiveConfig::of(config::files_in_force());
        let metrics = Metrics::new(Program::Helper, env!("CARGO_PKG_VERSION"), SystemTime::now())
            .context("nothing can be counted")?;
        front_desk::serve(from_browser, to_browser, config, metrics, stop).await;
        anyhow::Ok(())
    })?;
    // A name that is still being resolved must not keep the program from ending.
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(())
}

fn carry_out(command: Command) -> anyhow::Result<()> {
    let said = match command {
        Command::Install(it) => runtime()?.block_on(install::install(it))?,
        Command::Uninstall(it) => install::uninstall(it)?,
        Command::Status(_) => runtime()?.block_on(status::describe())?,
    };
    say(&said);
    Ok(())
}

fn runtime() -> anyhow::Result<Runtime> {
    Runtime::new().context("the program could not start its threads")
}

/// To the person who runs a command.
#[expect(clippy::print_stdout, reason = "in a command, unlike under a browser, standard output is the person's")]
fn say(text: &str) {
    println!("{text}");
}
