//! nginx and HAProxy in front of an appliance, with the configuration that the README recommends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use super::debian::{temporary_folder, wait_for_port};
use super::{find_program, write};
use crate::certificates::Certificates;
use crate::program::{Program, run};
use crate::wait::SOON;
use crate::workspace;

/// Which proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
}

/// A proxy that ends TLS with a certificate of its own, for `localhost` and 127.0.0.1.
pub struct ReverseProxy {
    /// The authority of its certificate, as PEM.
    pub ca: PathBuf,
    kind: Kind,
    port: u16,
    program: Program,
    folder: TempDir,
}

/// Seconds after which it cuts a connection on which nothing moves, in place of the 60 that are usual: more than a link's pings
/// are apart.
pub const CUTS_AFTER: u64 = 8;

impl ReverseProxy {
    /// Starts it on all of this machine's addresses, in front of the appliance at 127.0.0.1:`to` whose authority lies in `appliance_ca`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(kind: Kind, port: u16, to: u16, appliance_ca: &Path) -> Result<Self> {
        let folder = temporary_folder("reverse-proxy")?;
        let certificates = Certificates::for_name("localhost")?;
        let at = |name: &str| folder.path().join(name);
        let ca = at("proxy-ca.pem");
        write(&ca, &certificates.authority)?;
        let chain = certificates.leaf + &certificates.authority;
        write(&at("chain.pem"), &chain)?;
        write(&at("key.pem"), &certificates.key)?;
        write(&at("sallyport.pem"), &(chain + &certificates.key))?;
        std::fs::copy(appliance_ca, at("appliance-ca.pem"))?;
        match kind {
            Kind::Nginx => write(&at("nginx.conf"), &nginx(folder.path(), port, to)?)?,
            Kind::Haproxy => write(&at("haproxy.cfg"), &haproxy(folder.path(), port, to)?)?,
        }
        let program = start(kind, folder.path(), port)?;
        Ok(Self { ca, kind, port, program, folder })
    }

    /// Lets it read its configuration again, as after a new certificate; connections that stand are cut after a second.
    ///
    /// # Errors
    /// When it does not start again.
    pub fn reload(&mut self) -> Result<()> {
        match self.kind {
            Kind::Nginx => self.program.signal(Signal::HUP),
            Kind::Haproxy => {
                self.program.stop()?;
                self.program = start(self.kind, self.folder.path(), self.port)?;
            }
        }
        Ok(())
    }
}

fn start(kind: Kind, folder: &Path, port: u16) -> Result<Program> {
    let mut command;
    match kind {
        Kind::Nginx => {
            command = Command::new(find_program("nginx", &[])?);
            command.arg("-e").arg(folder.join("error.log")).arg("-c").arg(folder.join("nginx.conf"));
        }
        Kind::Haproxy => {
            let haproxy = find_program("haproxy", &[])?;
            let file = folder.join("haproxy.cfg");
            run(Command::new(&haproxy).args(["-c", "-f"]).arg(&file), SOON)?;
            command = Command::new(haproxy);
            command.args(["-db", "-f"]).arg(file);
        }
    }
    let mut program = Program::start("reverse-proxy", command.stdin(Stdio::null()), folder)?;
    wait_for_port(&mut program, port)?;
    Ok(program)
}

fn nginx(folder: &Path, port: u16, to: u16) -> Result<String> {
    let at = folder.display();
    let server = changed(
        "nginx.conf",
        &[
            ("listen 443 ssl;", &format!("listen {port} ssl;")),
            ("sallyport.example.org", "localhost"),
            ("/etc/nginx/sallyport/", &format!("{at}/")),
            ("https://127.0.0.1:8443", &format!("https://127.0.0.1:{to}")),
        ],
    )?;
    Ok(format!(
        "daemon off;\nworker_processes 1;\nworker_shutdown_timeout 1s;\npid {at}/nginx.pid;\nerror_log {at}/error.log;\n\
         events {{}}\nhttp {{\naccess_log off;\nproxy_read_timeout {CUTS_AFTER}s;\nclient_body_temp_path {at}/body;\n\
         proxy_temp_path {at}/proxy;\nfastcgi_temp_path {at}/fastcgi;\nuwsgi_temp_path {at}/uwsgi;\nscgi_temp_path {at}/scgi;\n\
         {server}\n}}\n"
    ))
}

fn haproxy(folder: &Path, port: u16, to: u16) -> Result<String> {
    changed(
        "haproxy.cfg",
        &[
            ("bind :443 ", &format!("bind :{port} ")),
            ("/etc/haproxy/", &format!("{}/", folder.display())),
            ("127.0.0.1:8443", &format!("127.0.0.1:{to}")),
            ("timeout tunnel       60s", &format!("timeout tunnel       {CUTS_AFTER}s")),
        ],
    )
}

/// The recommended file with what an operator changes.
fn changed(name: &str, changes: &[(&str, &str)]) -> Result<String> {
    let mut text = std::fs::read_to_string(workspace::root().join("appliance/reverse-proxy").join(name))?;
    for (from, to) in changes {
        // The comments say what the settings are; they stay.
        let settings = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        ensure!(settings.into_iter().any(|line| line.contains(from)), "{name} has no {from:?} to change");
        text = text.replace(from, to);
    }
    Ok(text)
}
