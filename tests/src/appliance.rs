//! `sallyport serve` as a child process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::program::Program;
use crate::{database, wait, workspace};

/// How long the appliance may take to serve; the first start makes keys and certificates.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What `--ready-file` says once the appliance serves.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// How browsers reach it.
    pub url: String,
    /// Its certificate authority.
    pub ca: PathBuf,
    /// The one-time link that makes the first administrator, until it was used.
    pub setup_url: Option<String>,
    /// Ids under which the page finds the extension.
    #[serde(default)]
    pub extension_ids: Vec<String>,
    /// The administrator that `sallyport dev` made.
    #[serde(default)]
    pub admin: Option<Administrator>,
}

/// A name and a password to sign in with.
#[derive(Clone, Debug, Deserialize)]
pub struct Administrator {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// How to start an appliance.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it keeps its data; made when it is not there.
    pub data: PathBuf,
    /// Where it listens; port 0 = a free one.
    pub listen: String,
    /// How browsers reach it, when that is not `https://localhost:PORT`.
    pub public_url: Option<String>,
    /// Whether it serves the console that `cargo www` built.
    pub console: bool,
    /// A configuration file.
    pub config: Option<PathBuf>,
    /// The URL of its database on a server; none = as the tests are run, a fresh one on their server or the embedded one.
    pub database: Option<String>,
    /// The embedded database, however the tests are run: for tests about its files.
    pub embedded: bool,
    /// What its environment holds besides this process's.
    pub environment: Vec<(&'static str, OsString)>,
}

impl Options {
    /// An appliance with its data in `data`, on a free port of this machine alone, without the console.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.into(),
            listen: "127.0.0.1:0".into(),
            public_url: None,
            console: false,
            config: None,
            database: None,
            embedded: false,
            environment: Vec::new(),
        }
    }
}

/// A running appliance.
pub struct Appliance {
    /// The process.
    pub program: Program,
    /// What it said when it was ready.
    pub ready: Ready,
    options: Options,
    folder: PathBuf,
}

impl Appliance {
    /// Starts one and waits until it serves. Its log is in `folder`.
    ///
    /// # Errors
    /// When it does not start to serve; its log is in the message.
    pub fn start(mut options: Options, folder: &Path) -> Result<Self> {
        if options.database.is_none() && !options.embedded {
            options.database = database::fresh()?;
        }
        let ready_file = folder.join("appliance-ready.json");
        if ready_file.exists() {
            std::fs::remove_file(&ready_file)?;
        }
        let mut command = Command::new(workspace::program("sallyport")?);
        command.arg("serve").arg("--data-dir").arg(&options.data).arg("--ready-file").arg(&ready_file);
        command.args(["--listen", &options.listen]).stdin(Stdio::null());
        command.envs(options.environment.iter().cloned());
        if let Some(url) = &options.database {
            command.env("SALLYPORT_DATABASE_URL", url);
        }
        if let Some(url) = &options.public_url {
            command.args(["--public-url", url]);
        }
        if options.console {
            command.arg("--console-dir").arg(workspace::site_folder());
        }
        if let Some(config) = &options.config {
            command.arg("--config").arg(config);
        }
        let mut program = Program::start("appliance", &mut command, folder)?;
        let ready = wait_until_ready(&mut program, &ready_file, START_LIMIT)?;
        Ok(Self { program, ready, options, folder: folder.into() })
    }

    /// The port it listens on.
    ///
    /// # Errors
    /// When its address has none.
    pub fn port(&self) -> Result<u16> {
        let port = self.ready.url.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok());
        port.with_context(|| format!("{} has no port", self.ready.url))
    }

    /// Everything that its database holds, with what secrets there are in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stored(&self) -> Result<Vec<u8>> {
        if let Some(url) = &self.options.database {
            return Ok(database::server()?.dump(url)?.into_bytes());
        }
        let file = |name: &str| std::fs::read(self.options.data.join(name));
        let main = file("sallyport.db").context("reading the database")?;
        // What was written last may stand beside it.
        Ok([main, file("sallyport.db-wal").unwrap_or_default()].concat())
    }

    /// The URL of its database, where that is on a server.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.options.database.as_deref()
    }

    /// Starts it again with the same data on the same port, after it was stopped or killed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        let address = self.options.listen.rsplit_once(':').map_or("127.0.0.1", |(address, _)| address);
        let options = Options { listen: format!("{address}:{}", self.port()?), ..self.options.clone() };
        *self = Self::start(options, &self.folder)?;
        Ok(())
    }
}

/// Waits until a program has written its ready file.
///
/// # Errors
/// When it ends before, or does not within `limit`.
pub fn wait_until_ready(program: &mut Program, ready_file: &Path, limit: Duration) -> Result<Ready> {
    let ready = wait::until("the appliance serves", limit, || {
        program.check_alive()?;
        if !ready_file.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(ready_file).context("reading the ready file")?;
        serde_json::from_str(&text).with_context(|| format!("the ready file says {text:?}")).map(Some)
    });
    ready.with_context(|| format!("starting {}; it said:\n{}", program.name(), program.log()))
}
