//! What is measured, up and running: no tunnel at all, the two references, and the product.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tests::api_client::ApiClient;
use tests::appliance::{Appliance, Options};
use tests::helper::{HelperByHand, InstalledHelper};
use tests::jumpoint::JumpointNode;
use tests::program::{Program, stop_all};
use wire::api::{
    JumpGroup, JumpGroupDraft, JumpItem, JumpPolicy, NewSession, Session, TunnelDefinition, TunnelJumpDraft,
    TunnelTicket,
};

use crate::relay;

/// One way to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// No tunnel; over a delay, the two delays alone.
    Direct,
    /// Three relays in a row, a TCP connection each leg, nothing encrypted.
    Plain3,
    /// The same, with TLS 1.3 between them.
    Tls3,
    /// Helper, appliance, jumpoint.
    Product,
    /// The same, with its traffic captured.
    Captured,
}

impl Way {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Direct, Self::Plain3, Self::Tls3, Self::Product, Self::Captured];

    /// As tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Plain3 => "plain3",
            Self::Tls3 => "tls3",
            Self::Product => "product",
            Self::Captured => "captured",
        }
    }
}

/// A way that stands. Fields drop from top to bottom: programs before their folder.
pub(crate) struct Rig {
    /// Which it is.
    pub(crate) way: Way,
    /// Where its near end listens.
    pub(crate) near: SocketAddr,
    /// Its processes, without the delays.
    pub(crate) pids: Vec<u32>,
    programs: Vec<Program>,
    product: Option<Product>,
    delays: Vec<Program>,
    folder: TempDir,
}

struct Product {
    helper: HelperByHand,
    jumpoint: JumpointNode,
    appliance: Appliance,
}

impl Rig {
    /// Starts a way to this target, with a delay in either hop if wanted.
    pub(crate) fn start(way: Way, target: SocketAddr, delayed: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sallyport-bench-").tempdir()?;
        let mut rig = Self {
            way,
            near: target,
            pids: Vec::new(),
            programs: Vec::new(),
            product: None,
            delays: Vec::new(),
            folder,
        };
        match way {
            Way::Direct => {
                let middle = rig.hop(target, delayed)?;
                rig.near = rig.hop(middle, delayed)?;
            }
            Way::Plain3 => rig.row(target, delayed, false)?,
            Way::Tls3 => {
                relay::write_certificates(rig.folder.path())?;
                rig.row(target, delayed, true)?;
            }
            Way::Product => rig.product(target, delayed, false)?,
            Way::Captured => rig.product(target, delayed, true)?,
        }
        Ok(rig)
    }

    /// The processes that are its delays.
    pub(crate) fn delays(&self) -> Vec<u32> {
        self.delays.iter().map(Program::pid).collect()
    }

    /// The address to dial to get to this one over a hop.
    fn hop(&mut self, to: SocketAddr, delayed: bool) -> Result<SocketAddr> {
        if !delayed {
            return Ok(to);
        }
        let name = format!("delay-{}", self.delays.len());
        let (program, address) = part(&name, &["delay", "--to", &to.to_string()], self.folder.path())?;
        self.delays.push(program);
        Ok(address)
    }

    fn row(&mut self, target: SocketAddr, delayed: bool, tls: bool) -> Result<()> {
        let mut to = target;
        for (name, accepts, dials) in [("jumpoint", tls, false), ("appliance", tls, tls), ("helper", false, tls)] {
            let address = to.to_string();
            let folder = self.folder.path().to_string_lossy().into_owned();
            let mut arguments = vec!["relay", "--to", &address, "--certificates", &folder];
            arguments.extend(accepts.then_some("--accept-tls"));
            arguments.extend(dials.then_some("--dial-tls"));
            let (program, near) = part(name, &arguments, self.folder.path())?;
            self.pids.push(program.pid());
            self.programs.push(program);
            self.near = near;
            if name != "helper" {
                to = self.hop(near, delayed)?;
            }
        }
        Ok(())
    }

    fn product(&mut self, target: SocketAddr, delayed: bool, captured: bool) -> Result<()> {
        let at = self.folder.path().to_path_buf();
        let appliance = Appliance::start(Options::new(&at.join("appliance")), &at)?;
        let admin = ApiClient::new(&appliance.ready.url, &appliance.ready.ca)?;
        let setup = appliance.ready.setup_url.as_deref().context("the appliance gave no setup link")?;
        admin.set_up(setup, "admin", &format!("bench {}", uuid::Uuid::new_v4()))?;
        let listens = SocketAddr::from(([127, 0, 0, 1], appliance.port()?));
        let dials = |address: SocketAddr| (address != listens).then(|| address.to_string());
        let (far, near) = (dials(self.hop(listens, delayed)?), dials(self.hop(listens, delayed)?));

        let jumpoint = JumpointNode::enrol(&admin, "bench", far.as_deref(), &at)?;
        let group = JumpGroupDraft { name: "Bench".into(), comments: String::new(), revision: 0 };
        let group: JumpGroup = admin.post("/api/jump-groups", &group)?.ok()?;
        let traffic = if captured { "on" } else { "off" };
        let limits = serde_json::json!({ "max_mebibytes": 64 * 1024 });
        let policy = serde_json::json!({ "name": "bench", "traffic": traffic, "traffic_capture": limits });
        let policy: JumpPolicy = admin.post("/api/jump-policies", &policy)?.ok()?;
        let draft = TunnelJumpDraft {
            name: "bench".into(),
            jumpoint_id: jumpoint.id,
            group_id: group.id,
            hostname: target.ip().to_string(),
            local_address: "127.0.0.1".into(),
            tunnels: vec![TunnelDefinition { local_port: 0, remote_port: target.port().into(), label: String::new() }],
            tag: None,
            comments: String::new(),
            jump_policy_id: Some(policy.id),
            session_policy_id: None,
            credentials: None,
            revision: 0,
        };
        let item: JumpItem = admin.post("/api/jump-items", &draft)?.ok()?;
        let installed =
            InstalledHelper::install(&appliance.ready, &at.join("home"), &at.join("manifests"), near.as_deref())?;
        let mut helper = installed.start(&at)?;
        let session: Session = admin.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        let ticket: TunnelTicket = admin.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
        let opened = helper.open_tunnels(&ticket)?;
        let tunnel = opened.tunnels.first().context("the helper opened no tunnel")?;
        let listening =
            tunnel.listening.as_ref().with_context(|| format!("the helper does not listen: {:?}", tunnel.problem))?;
        self.near = (listening.address, listening.port).into();
        self.pids = vec![helper.program.pid(), jumpoint.program.pid(), appliance.program.pid()];
        self.product = Some(Product { helper, jumpoint, appliance });
        Ok(())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let mut all: Vec<&mut Program> = self.programs.iter_mut().collect();
        if let Some(Product { helper, jumpoint, appliance }) = &mut self.product {
            all.extend([&mut helper.program, &mut jumpoint.program, &mut appliance.program]);
        }
        all.extend(&mut self.delays);
        stop_all(&mut all, std::time::Duration::from_secs(3));
    }
}

/// Starts this program once more as a part of a way; where it listens.
fn part(name: &str, arguments: &[&str], folder: &Path) -> Result<(Program, SocketAddr)> {
    let mut command = Command::new(std::env::current_exe().context("asking where this program lies")?);
    let mut program = Program::start_with_pipes(name, command.args(arguments), folder)?;
    let stdout = program.child().stdout.take().with_context(|| format!("{name} has no stdout"))?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address =
        line.trim().parse().with_context(|| format!("{name} does not listen; it said:\n{}", program.log()))?;
    Ok((program, address))
}
