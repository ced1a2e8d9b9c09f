//! `sallyport-jumpoint` as a child process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use wire::api::{Jumpoint, NewEnrolmentKey, NewJumpoint, Node, NodeChange};
use wire::{AgentId, JumpointId};

use crate::api_client::ApiClient;
use crate::program::{Program, run};
use crate::way::Way;
use crate::{wait, workspace};

/// How long enrolling may take.
const ENROL_LIMIT: Duration = Duration::from_secs(30);

/// A running node of a jumpoint.
pub struct JumpointNode {
    /// The jumpoint.
    pub id: JumpointId,
    /// Which of its nodes.
    pub node: AgentId,
    /// The process.
    pub program: Program,
    state: PathBuf,
    way: Way,
    folder: PathBuf,
}

impl JumpointNode {
    /// Makes a jumpoint in the console, enrols a node and waits until it is online. `dial` is where it finds the
    /// appliance when that is not the console's address.
    ///
    /// # Errors
    /// When any of it fails.
    pub fn enrol(admin: &ApiClient, name: &str, dial: Option<&str>, folder: &Path) -> Result<Self> {
        Self::enrol_by(admin, name, &Way::dialling(dial), folder)
    }

    /// Like [`Self::enrol`], on any way.
    ///
    /// # Errors
    /// When any of it fails.
    pub fn enrol_by(admin: &ApiClient, name: &str, way: &Way, folder: &Path) -> Result<Self> {
        let new = NewJumpoint { name: name.into(), comments: String::new() };
        let jumpoint: Jumpoint = admin.post("/api/jumpoints", &new)?.ok()?;
        Self::join(admin, jumpoint.id, name, way, folder)
    }

    /// Enrols a node of a jumpoint that is there and waits until it is online. Its state and log are called after `name`.
    ///
    /// # Errors
    /// When any of it fails.
    pub fn join(admin: &ApiClient, id: JumpointId, name: &str, way: &Way, folder: &Path) -> Result<Self> {
        let state = folder.join(format!("jumpoint-{name}"));
        enrol_by(&new_key(admin, id)?, way, &state)?;
        let newest = jumpoint(admin, id)?.nodes.pop().context("the console lists no node")?;
        let node = Self::start(id, newest.id, &state, way, folder)?;
        wait::until_true("the console shows the node online", wait::SOON, || Ok(node.seen(admin)?.online))
            .with_context(|| format!("the node said:\n{}", node.program.log()))?;
        Ok(node)
    }

    /// The node as the console lists it.
    ///
    /// # Errors
    /// When it lists none.
    pub fn seen(&self, admin: &ApiClient) -> Result<Node> {
        let node = jumpoint(admin, self.id)?.nodes.into_iter().find(|it| it.id == self.node);
        node.context("the console does not list the node")
    }

    /// Drains it, or lets it take sessions again.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn set_draining(&self, admin: &ApiClient, draining: bool) -> Result<()> {
        let path = format!("/api/jumpoints/{}/nodes/{}", self.id, self.node);
        admin.patch(&path, &NodeChange { draining: Some(draining) })?.success()
    }

    fn start(id: JumpointId, node: AgentId, state: &Path, way: &Way, folder: &Path) -> Result<Self> {
        let mut command = Command::new(workspace::program("sallyport-jumpoint")?);
        command.arg("run").arg("--state-dir").arg(state).stdin(Stdio::null());
        way.tell(&mut command);
        let name = state.file_name().and_then(|name| name.to_str()).unwrap_or("jumpoint");
        let program = Program::start(name, &mut command, folder)?;
        Ok(Self { id, node, program, state: state.into(), way: way.clone(), folder: folder.into() })
    }

    /// Starts the node again after it was stopped or killed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        *self = Self::start(self.id, self.node, &self.state, &self.way, &self.folder)?;
        Ok(())
    }

    /// Waits until the console shows the jumpoint as online.
    ///
    /// # Errors
    /// When it does not; the node's log is in the message.
    pub fn wait_until_online(&self, admin: &ApiClient) -> Result<()> {
        self.wait_for(admin, true)
    }

    /// Waits until the console shows the jumpoint as offline.
    ///
    /// # Errors
    /// When it does not.
    pub fn wait_until_offline(&self, admin: &ApiClient) -> Result<()> {
        self.wait_for(admin, false)
    }

    fn wait_for(&self, admin: &ApiClient, online: bool) -> Result<()> {
        let what = format!("the console shows the jumpoint {}", if online { "online" } else { "offline" });
        wait::until_true(&what, wait::SOON, || Ok(jumpoint(admin, self.id)?.online == online))
            .with_context(|| format!("the node said:\n{}", self.program.log()))
    }
}

/// A jumpoint as the console lists it.
///
/// # Errors
/// When it lists none with this id.
pub fn jumpoint(admin: &ApiClient, id: JumpointId) -> Result<Jumpoint> {
    let all: Vec<Jumpoint> = admin.get("/api/jumpoints")?;
    all.into_iter().find(|it| it.id == id).context("the console lists no such jumpoint")
}

/// A fresh enrolment key.
///
/// # Errors
/// When the appliance refuses.
pub fn new_key(admin: &ApiClient, jumpoint: JumpointId) -> Result<String> {
    let key: NewEnrolmentKey = admin.send("POST", &format!("/api/jumpoints/{jumpoint}/enrolment-keys"), None)?.ok()?;
    Ok(key.key.expose().into())
}

/// Runs `sallyport-jumpoint enrol`; its identity ends up in `state`.
///
/// # Errors
/// When it fails; what it said is in the message.
pub fn enrol(key: &str, dial: Option<&str>, state: &Path) -> Result<String> {
    enrol_by(key, &Way::dialling(dial), state)
}

/// Like [`enrol`], on any way.
///
/// # Errors
/// When it fails; what it said is in the message.
pub fn enrol_by(key: &str, way: &Way, state: &Path) -> Result<String> {
    let mut command = Command::new(workspace::program("sallyport-jumpoint")?);
    command.args(["enrol", "--key", key]).arg("--state-dir").arg(state);
    way.tell_once(&mut command);
    run(&mut command, ENROL_LIMIT).context("enrolling the jumpoint")
}
