//! `chain`: the shipped programs, one tunnel, one line of JSON; for scripts that measure. It plays the extension on the
//! helper's stdin and stdout, and runs until SIGTERM or SIGINT.
#![expect(clippy::print_stdout, reason = "stdout carries the one line this program exists for")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use tests::api_client::ApiClient;
use tests::appliance::{Appliance, Options};
use tests::helper::{HelperByHand, InstalledHelper};
use tests::jumpoint::JumpointNode;
use tests::program::stop_all;
use tests::stop;
use wire::api::{
    JumpGroup, JumpGroupDraft, JumpItem, NewSession, Session, TunnelDefinition, TunnelJumpDraft, TunnelTicket,
};

/// Our programs get this long to end; scripts that measure wait about two seconds for all of us.
const STOP_LIMIT: Duration = Duration::from_millis(1500);
/// The administrator.
const USER: &str = "admin";

/// Starts appliance, jumpoint and helper, and opens one tunnel.
#[derive(Parser)]
struct Arguments {
    /// Where the tunnel leads.
    #[arg(long, value_name = "HOST:PORT")]
    target: String,
    /// Where the helper listens.
    #[arg(long, value_name = "127.x.y.z:PORT", default_value = "127.0.0.1:0")]
    local: String,
    /// Port of the appliance, on every address, so that a relay on any of them finds it. Without: a free port of 127.0.0.1.
    #[arg(long, value_name = "N")]
    appliance_port: Option<u16>,
    /// The helper dials this address instead of the appliance's.
    #[arg(long, value_name = "HOST:PORT")]
    helper_dials: Option<String>,
    /// The jumpoint dials this address instead of the appliance's.
    #[arg(long, value_name = "HOST:PORT")]
    jumpoint_dials: Option<String>,
}

/// Everything that runs. Fields drop from top to bottom: programs before their folder.
struct Chain {
    helper: HelperByHand,
    jumpoint: JumpointNode,
    appliance: Appliance,
    local: String,
    password: String,
    _folder: TempDir,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    stop::listen()?;
    match run(&arguments) {
        // Everything that was started has ended with its values.
        Err(_) if stop::asked() => Ok(()),
        result => result,
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    eprintln!("building the programs, where anything changed …");
    tests::workspace::build_programs()?;
    eprintln!("starting them …");
    let mut chain = start(arguments)?;
    println!(
        "{}",
        json!({
            "local": chain.local,
            "pids": {
                "appliance": chain.appliance.program.pid(),
                "jumpoint": chain.jumpoint.program.pid(),
                "helper": chain.helper.program.pid(),
            },
            "console": chain.appliance.ready.url,
            "admin": { "user": USER, "password": chain.password },
        })
    );
    while !stop::asked() {
        std::thread::sleep(stop::LOOK);
    }
    eprintln!("ending them …");
    stop_all(&mut [&mut chain.helper.program, &mut chain.jumpoint.program, &mut chain.appliance.program], STOP_LIMIT);
    Ok(())
}

fn start(arguments: &Arguments) -> Result<Chain> {
    let (host, remote_port) = split(&arguments.target).context("--target")?;
    let (local_address, local_port) = split(&arguments.local).context("--local")?;
    let local_address: Ipv4Addr = local_address.parse().context("--local: an address from 127.0.0.0/8 and a port")?;
    let folder = tempfile::Builder::new().prefix("sallyport-chain-").tempdir()?;
    let at = folder.path();

    let mut options = Options::new(&at.join("appliance"));
    if let Some(port) = arguments.appliance_port {
        options.listen = format!("{}:{port}", IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        options.public_url = Some(format!("https://localhost:{port}"));
    }
    // A console can be looked at while it runs, if it was built.
    options.console = tests::workspace::site_folder().join("manifest.json").is_file();
    let appliance = Appliance::start(options, at)?;
    let admin = ApiClient::new(&appliance.ready.url, &appliance.ready.ca)?;
    let password = format!("chain {}", uuid::Uuid::new_v4());
    let setup = appliance.ready.setup_url.as_deref().context("the appliance gave no setup link")?;
    admin.set_up(setup, USER, &password)?;

    let jumpoint = JumpointNode::enrol(&admin, "chain", arguments.jumpoint_dials.as_deref(), at)?;
    let group: JumpGroup = admin
        .post("/api/jump-groups", &JumpGroupDraft { name: "Chain".into(), comments: String::new(), revision: 0 })?
        .ok()?;
    let item: JumpItem = admin
        .post(
            "/api/jump-items",
            &TunnelJumpDraft {
                name: arguments.target.clone(),
                jumpoint_id: jumpoint.id,
                group_id: group.id,
                hostname: host.into(),
                local_address: local_address.to_string(),
                tunnels: vec![TunnelDefinition {
                    local_port: local_port.into(),
                    remote_port: remote_port.into(),
                    label: String::new(),
                }],
                tag: None,
                comments: String::new(),
                jump_policy_id: None,
                session_policy_id: None,
                credentials: None,
                revision: 0,
            },
        )?
        .ok()?;

    let dial = arguments.helper_dials.as_deref();
    let installed = InstalledHelper::install(&appliance.ready, &at.join("home"), &at.join("manifests"), dial)?;
    let mut helper = installed.start(at)?;
    let session: Session = admin.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
    let ticket: TunnelTicket = admin.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
    let opened = helper.open_tunnels(&ticket)?;
    let tunnel = opened.tunnels.first().context("the helper opened no tunnel")?;
    let listening = tunnel.listening.as_ref().with_context(|| {
        let problem = tunnel.problem.as_ref().map(wire::helper_messages::ListenProblem::message);
        format!("the helper does not listen: {}", problem.unwrap_or_default())
    })?;
    let local = format!("{}:{}", listening.address, listening.port);
    Ok(Chain { helper, jumpoint, appliance, local, password, _folder: folder })
}

fn split(address: &str) -> Result<(&str, u16)> {
    let (host, port) = address.rsplit_once(':').with_context(|| format!("{address} is not HOST:PORT"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ensure!(!host.is_empty(), "{address} names no host");
    Ok((host, port.parse().with_context(|| format!("{port} is no port"))?))
}
