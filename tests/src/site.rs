//! A whole site for a test: appliance, administrator, an online jumpoint, and helpers on demand.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use wire::api::{
    ItemStatus, JumpGroup, JumpGroupDraft, JumpItem, NewSession, NewUser, Role, Session, SessionDetails,
    TunnelDefinition, TunnelJumpDraft, TunnelTicket, User,
};
use wire::helper_messages::LocalSession;
use wire::{JumpGroupId, JumpItemRoleId, SecretText, SessionId};

use crate::api_client::ApiClient;
use crate::appliance::{Appliance, Options};
use crate::clock::Clock;
use crate::helper::{HelperByHand, InstalledHelper};
use crate::jumpoint::JumpointNode;
use crate::program::tail;
use crate::wait;

/// The administrator's name.
pub const ADMIN: &str = "ana";
/// The administrator's password.
pub const ADMIN_PASSWORD: &str = "correct horse battery staple";
/// A technician's password.
pub const TECHNICIAN_PASSWORD: &str = "a technician's long password";

/// Appliance, administrator, jumpoint. Everything ends and vanishes with it.
pub struct Site {
    /// The jumpoint's one node.
    pub jumpoint: JumpointNode,
    /// The appliance.
    pub appliance: Appliance,
    /// The signed-in administrator.
    pub admin: ApiClient,
    /// A group for items.
    pub group: JumpGroupId,
    folder: TempDir,
}

/// Runs a test on a site of its own, and prints what the programs said when it fails.
///
/// # Errors
/// Those of the test.
pub fn on_a_site(test: impl FnOnce(&mut Site) -> Result<()>) -> Result<()> {
    told(Site::start(false)?, test)
}

/// Like [`on_a_site`], with a configuration file.
///
/// # Errors
/// Those of the test.
pub fn on_a_site_with(config: &str, test: impl FnOnce(&mut Site) -> Result<()>) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("sallyport-config-").tempdir()?;
    let file = folder.path().join("sallyport.toml");
    std::fs::write(&file, config)?;
    told(Site::start_with(|options| Options { config: Some(file), ..options })?, test)
}

/// Like [`on_a_site`], with an appliance that is started as `change` says.
///
/// # Errors
/// Those of the test.
pub fn on_a_site_started(
    change: impl FnOnce(Options) -> Options,
    test: impl FnOnce(&mut Site) -> Result<()>,
) -> Result<()> {
    told(Site::start_with(change)?, test)
}

/// Like [`on_a_site`], with the console.
///
/// # Errors
/// Those of the test.
pub fn on_a_site_with_console(test: impl FnOnce(&mut Site) -> Result<()>) -> Result<()> {
    told(Site::start(true)?, test)
}

/// Like [`on_a_site`], with an appliance that goes by a clock of the test's.
///
/// # Errors
/// Those of the test.
pub fn on_a_site_with_clock(test: impl FnOnce(&mut Site, &mut Clock) -> Result<()>) -> Result<()> {
    with_clock(false, test)
}

/// Like [`on_a_site_with_console`], with an appliance that goes by a clock of the test's.
///
/// # Errors
/// Those of the test.
pub fn on_a_site_with_console_and_clock(test: impl FnOnce(&mut Site, &mut Clock) -> Result<()>) -> Result<()> {
    with_clock(true, test)
}

fn with_clock(console: bool, test: impl FnOnce(&mut Site, &mut Clock) -> Result<()>) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("sallyport-clock-").tempdir()?;
    let mut clock = Clock::new(folder.path())?;
    let environment = clock.environment()?;
    let site = Site::start_with(|options| Options { console, environment, ..options })?;
    told(site, |site| test(site, &mut clock))
}

fn told(mut site: Site, test: impl FnOnce(&mut Site) -> Result<()>) -> Result<()> {
    let outcome = test(&mut site);
    if outcome.is_err() {
        eprintln!("{}", site.logs());
    }
    outcome
}

impl Site {
    /// Starts everything and waits until the jumpoint is online.
    ///
    /// # Errors
    /// When anything does not start.
    pub fn start(console: bool) -> Result<Self> {
        Self::start_with(|options| Options { console, ..options })
    }

    /// Like [`Site::start`], with an appliance that is started as `change` says.
    ///
    /// # Errors
    /// When anything does not start.
    pub fn start_with(change: impl FnOnce(Options) -> Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sallyport-test-").tempdir()?;
        let options = change(Options::new(&folder.path().join("appliance")));
        let appliance = Appliance::start(options, folder.path())?;
        let admin = ApiClient::new(&appliance.ready.url, &appliance.ready.ca)?;
        let setup = appliance.ready.setup_url.clone().context("a fresh appliance gives a setup link")?;
        admin.set_up(&setup, ADMIN, ADMIN_PASSWORD)?;
        let jumpoint = JumpointNode::enrol(&admin, "ams-1", None, folder.path())?;
        let group: JumpGroup = admin
            .post(
                "/api/jump-groups",
                &JumpGroupDraft { name: "Production".into(), comments: String::new(), revision: 0 },
            )?
            .ok()?;
        Ok(Self { jumpoint, appliance, admin, group: group.id, folder })
    }

    /// A folder that vanishes with the site.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Installs a helper for this appliance, in a home folder called `name`.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub fn install_helper(&self, name: &str) -> Result<InstalledHelper> {
        let home = self.folder().join(name);
        let manifests: PathBuf = home.join("manifests");
        InstalledHelper::install(&self.appliance.ready, &home, &manifests, None)
    }

    /// Installs and starts a helper.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_helper(&self) -> Result<HelperByHand> {
        self.install_helper("workstation")?.start(self.folder())
    }

    /// A draft of an item; pairs are (local port, remote port).
    #[must_use]
    pub fn draft(&self, name: &str, hostname: &str, local_address: &str, pairs: &[(u32, u32)]) -> TunnelJumpDraft {
        TunnelJumpDraft {
            name: name.into(),
            jumpoint_id: self.jumpoint.id,
            group_id: self.group,
            hostname: hostname.into(),
            local_address: local_address.into(),
            tunnels: pairs
                .iter()
                .map(|&(local_port, remote_port)| TunnelDefinition { local_port, remote_port, label: String::new() })
                .collect(),
            tag: None,
            comments: String::new(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials: None,
            revision: 0,
        }
    }

    /// Makes an item and waits until it is ready.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn item(&self, name: &str, hostname: &str, local_address: &str, pairs: &[(u32, u32)]) -> Result<JumpItem> {
        let item: JumpItem =
            self.admin.post("/api/jump-items", &self.draft(name, hostname, local_address, pairs))?.ok()?;
        if item.status != ItemStatus::Ready {
            bail!("the item {name} is not ready but {:?}", item.status);
        }
        Ok(item)
    }

    /// Presses *Jump*.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn jump(&self, item: &JumpItem) -> Result<Session> {
        self.admin.post("/api/sessions", &NewSession::of(item.id))?.ok()
    }

    /// Presses *Protocol Tunneling* up to the ticket.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn ticket(&self, session: SessionId) -> Result<TunnelTicket> {
        self.admin.send("POST", &format!("/api/sessions/{session}/ticket"), None)?.ok()
    }

    /// From *Jump* to open tunnels.
    ///
    /// # Errors
    /// When any step is refused.
    pub fn open(&self, helper: &mut HelperByHand, item: &JumpItem) -> Result<OpenSession> {
        let session = self.jump(item)?;
        let local = helper.open_tunnels(&self.ticket(session.id)?)?;
        Ok(OpenSession { id: session.id, local })
    }

    /// Makes an item for one target and opens its tunnel on an automatic port.
    ///
    /// # Errors
    /// When any step is refused.
    pub fn open_to(&self, helper: &mut HelperByHand, name: &str, port: u16) -> Result<OpenSession> {
        let item = self.item(name, "127.0.0.1", "127.0.0.1", &[(0, port.into())])?;
        self.open(helper, &item)
    }

    /// A session with its connections and events.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn session(&self, id: SessionId) -> Result<SessionDetails> {
        self.admin.get(&format!("/api/sessions/{id}"))
    }

    /// Waits until a session is as `wanted` says.
    ///
    /// # Errors
    /// When it does not become so; the session is in the message.
    pub fn wait_for_session(
        &self,
        id: SessionId,
        what: &str,
        wanted: impl Fn(&SessionDetails) -> bool,
    ) -> Result<SessionDetails> {
        wait::until(what, wait::SOON, || Ok(Some(self.session(id)?).filter(&wanted)))
            .with_context(|| format!("the session is {:#?}", self.session(id).ok()))
    }

    /// Makes a technician who may do everything with every item, and signs them in.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn technician(&self, user_name: &str) -> Result<ApiClient> {
        self.technician_with(user_name, JumpItemRoleId::ADMINISTRATOR)
    }

    /// Makes a technician with this default role and signs them in.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn technician_with(&self, user_name: &str, role: JumpItemRoleId) -> Result<ApiClient> {
        let _: User = self
            .admin
            .post(
                "/api/users",
                &NewUser {
                    user_name: user_name.into(),
                    email: None,
                    display_name: "Tom Technician".into(),
                    role: Role::Technician,
                    methods: None,
                    default_role_id: Some(role),
                    personal_role_id: None,
                    session_policy_id: None,
                    password: SecretText::new(TECHNICIAN_PASSWORD.into()),
                },
            )?
            .ok()?;
        let client = self.admin.stranger();
        client.sign_in(user_name, TECHNICIAN_PASSWORD)?;
        Ok(client)
    }

    /// What all programs said, the last lines of each.
    #[must_use]
    pub fn logs(&self) -> String {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.folder())
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|file| {
                let text = std::fs::read(&file).unwrap_or_default();
                format!("--- {}\n{}\n", file.display(), tail(&String::from_utf8_lossy(&text), 40))
            })
            .collect()
    }
}

/// A session whose tunnels are open.
pub struct OpenSession {
    /// The session.
    pub id: SessionId,
    /// Its tunnels as the helper has them.
    pub local: LocalSession,
}

impl OpenSession {
    /// Where the tunnel with this number listens.
    ///
    /// # Errors
    /// When it does not.
    pub fn address(&self, index: usize) -> Result<std::net::SocketAddr> {
        let tunnel = self.local.tunnels.get(index).with_context(|| format!("there is no tunnel {index}"))?;
        let listening = tunnel
            .listening
            .as_ref()
            .with_context(|| format!("tunnel {index} does not listen: {:?}", tunnel.problem))?;
        Ok((listening.address, listening.port).into())
    }
}
