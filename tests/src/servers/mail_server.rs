//! A mail server: aiosmtpd, which Debian has as a package.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::debian::{temporary_folder, wait_for_port};
use super::{find_program, free_port, write};
use crate::certificates::Certificates;
use crate::program::Program;
use crate::wait;

/// Debian's own Python, which is where its packages are.
const PYTHON: &str = "/usr/bin/python3";
/// The file by which the package is known to be there.
pub const AIOSMTPD: &str = "/usr/lib/python3/dist-packages/aiosmtpd/smtp.py";
/// Who may send with a [`MailServer`] that asks.
pub const MAIL_USER: &str = "gate";
/// Their password.
pub const MAIL_PASSWORD: &str = "käse & \"brot\"";
/// How long a letter may take: longer than the appliance's first pauses.
const ARRIVE_LIMIT: Duration = Duration::from_secs(60);

/// How a [`MailServer`] secures connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, without which it takes nothing.
    Starttls,
    /// No TLS.
    None,
}

/// A mail server that keeps what it gets.
pub struct MailServer {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    /// PEM with the authority of its certificate, which is for `localhost` unless said otherwise.
    pub authority: String,
    program: Program,
    folder: TempDir,
}

/// A letter as the server got it.
#[derive(Clone, Debug, Deserialize)]
pub struct Received {
    /// The sender that the server was told.
    pub mail_from: String,
    /// The recipients that it was told.
    pub recipients: Vec<String>,
    /// Who had signed in.
    pub user: Option<String>,
    /// Whether the connection was secured.
    pub secured: bool,
    /// Names and values, decoded.
    pub headers: Vec<(String, String)>,
    /// The subject, decoded.
    pub subject: String,
    /// The text, decoded.
    pub text: String,
}

impl Received {
    /// The one header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => value,
            _ => "",
        }
    }
}

impl MailServer {
    /// Starts it. Where it secures connections it also asks for [`MAIL_USER`].
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(security: MailSecurity) -> Result<Self> {
        Self::start_as("localhost", security)
    }

    /// Starts it with a certificate for this name.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_as(name: &str, security: MailSecurity) -> Result<Self> {
        let folder = temporary_folder("mail")?;
        let certificates = Certificates::for_name(name)?;
        let in_folder = |name: &str| folder.path().join(name);
        write(&in_folder("server.py"), include_str!("mail_server.py"))?;
        write(&in_folder("certificate.pem"), &certificates.leaf)?;
        write(&in_folder("key.pem"), &certificates.key)?;
        std::fs::create_dir(in_folder("letters"))?;
        let (port, asks) = (free_port()?, security != MailSecurity::None);
        let wanted = json!({
            "port": port,
            "security": match security {
                MailSecurity::Tls => "tls",
                MailSecurity::Starttls => "starttls",
                MailSecurity::None => "none",
            },
            "certificate": in_folder("certificate.pem"),
            "key": in_folder("key.pem"),
            "user": asks.then_some(MAIL_USER),
            "password": asks.then_some(MAIL_PASSWORD),
            "folder": in_folder("letters"),
        });
        write(&in_folder("wanted.json"), &wanted.to_string())?;
        let program = run(&folder, port)?;
        Ok(Self { port, authority: certificates.authority, program, folder })
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&mut self) -> Result<()> {
        self.program.stop()?;
        Ok(())
    }

    /// Starts it again on the same port, after it was stopped.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        self.program = run(&self.folder, self.port)?;
        Ok(())
    }

    /// What it got up to now, in this order.
    ///
    /// # Errors
    /// When a letter cannot be read.
    pub fn letters(&self) -> Result<Vec<Received>> {
        let folder = std::fs::read_dir(self.folder.path().join("letters"))?;
        let files = folder.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        let mut files: Vec<_> =
            files.into_iter().filter(|path| path.extension().is_some_and(|it| it == "json")).collect();
        files.sort_by_key(|path| path.metadata().and_then(|it| it.modified()).ok());
        files
            .iter()
            .map(|path| {
                let text = std::fs::read_to_string(path)?;
                serde_json::from_str(&text).with_context(|| format!("the letter {text}"))
            })
            .collect()
    }

    /// Waits until it got this many letters.
    ///
    /// # Errors
    /// When it got fewer, or more.
    pub fn wait_for_letters(&self, count: usize) -> Result<Vec<Received>> {
        wait::until(&format!("{count} letters arrive"), ARRIVE_LIMIT, || {
            Ok(Some(self.letters()?).filter(|letters| letters.len() >= count))
        })
    }
}

fn run(folder: &TempDir, port: u16) -> Result<Program> {
    let mut command = Command::new(find_program(PYTHON, &[])?);
    command.arg(folder.path().join("server.py")).arg(folder.path().join("wanted.json")).stdin(Stdio::null());
    let mut program = Program::start("mail server", &mut command, folder.path())?;
    wait_for_port(&mut program, port)?;
    Ok(program)
}
