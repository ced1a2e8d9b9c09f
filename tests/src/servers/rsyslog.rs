//! rsyslog, taking messages over TLS.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::debian::{temporary_folder, wait_for_port};
use super::{find_program, free_port, write};
use crate::certificates::Certificates;
use crate::program::Program;

/// What lets rsyslog speak TLS, by its path.
pub const RSYSLOG_TLS: &str = "/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so";

/// A server that writes each message into a file.
pub struct Rsyslog {
    /// The port it listens on.
    pub port: u16,
    /// PEM with the authority of its certificate, which is for `localhost`.
    pub authority: String,
    program: Program,
    folder: TempDir,
}

/// A message as rsyslog understood it.
#[derive(Clone, Debug)]
pub struct LoggedMessage {
    /// The message id.
    pub id: String,
    /// Who sent it.
    pub host: String,
    /// The program.
    pub program: String,
    /// Facility and severity.
    pub priority: String,
    /// Structured data.
    pub data: String,
    /// The rest.
    pub text: String,
}

impl LoggedMessage {
    /// A value in structured data.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.data.split_once(&format!(" {name}=\""))?.1.split('"').next()
    }
}

impl Rsyslog {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Self> {
        let folder = temporary_folder("rsyslog")?;
        let (certificates, port) = (Certificates::for_name("localhost")?, free_port()?);
        let at = folder.path().display().to_string();
        write(&folder.path().join("ca.pem"), &certificates.authority)?;
        write(&folder.path().join("key.pem"), &certificates.key)?;
        write(&folder.path().join("leaf.pem"), &certificates.leaf)?;
        let config = format!(
            "global(workDirectory=\"{at}\" defaultNetstreamDriver=\"gtls\" defaultNetstreamDriverCAFile=\"{at}/ca.pem\"\n\
             defaultNetstreamDriverCertFile=\"{at}/leaf.pem\" defaultNetstreamDriverKeyFile=\"{at}/key.pem\")\n\
             module(load=\"imtcp\" streamDriver.name=\"gtls\" streamDriver.mode=\"1\" streamDriver.authMode=\"anon\")\n\
             input(type=\"imtcp\" port=\"{port}\" address=\"127.0.0.1\")\n\
             template(name=\"fields\" type=\"string\" string=\"%msgid%\\t%hostname%\\t%app-name%\\t%syslogpriority-text% of %syslogfacility%\\t%structured-data%\\t%msg%\\n\")\n\
             action(type=\"omfile\" file=\"{at}/messages\" template=\"fields\" flushOnTXEnd=\"on\")\n"
        );
        write(&folder.path().join("rsyslog.conf"), &config)?;
        let program = launch(&folder, port)?;
        Ok(Self { port, authority: certificates.authority, program, folder })
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// When it does not end.
    pub fn kill(&mut self) -> Result<()> {
        self.program.kill()
    }

    /// Starts it again after [`Rsyslog::kill`].
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        self.program = launch(&self.folder, self.port)?;
        Ok(())
    }

    /// What it has written, in its order.
    ///
    /// # Errors
    /// When it wrote something that is no message.
    pub fn messages(&self) -> Result<Vec<LoggedMessage>> {
        let text = std::fs::read(self.folder.path().join("messages")).unwrap_or_default();
        let text = String::from_utf8(text).context("a message that is not UTF-8")?;
        // The last line may not be whole yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| {
                let fields: Vec<&str> = line.splitn(6, '\t').collect();
                let [id, host, program, priority, data, text] = fields[..] else { anyhow::bail!("the line {line:?}") };
                Ok(LoggedMessage {
                    id: id.into(),
                    host: host.into(),
                    program: program.into(),
                    priority: priority.into(),
                    data: data.into(),
                    text: text.trim_start().into(),
                })
            })
            .collect()
    }
}

fn launch(folder: &TempDir, port: u16) -> Result<Program> {
    let pid: PathBuf = folder.path().join("pid");
    let _ = std::fs::remove_file(&pid);
    let mut command = Command::new(find_program("rsyslogd", &[])?);
    command.arg("-n").arg("-f").arg(folder.path().join("rsyslog.conf")).arg("-i").arg(&pid).stdin(Stdio::null());
    let mut program = Program::start("rsyslog", &mut command, folder.path())?;
    wait_for_port(&mut program, port)?;
    Ok(program)
}
