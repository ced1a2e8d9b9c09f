//! Squid: an HTTP proxy as companies have it.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;
use tempfile::TempDir;

use super::debian::{account, temporary_folder, wait_for_port};
use super::{find_program, free_port, write};
use crate::program::Program;
use crate::wait;

/// A name that leads to this machine for the proxy, and nowhere for anybody else: whoever reaches it went through the proxy.
pub const ONLY_BEHIND_THE_PROXY: &str = "gate.sallyport.test";
/// Who may use a [`Squid`] that asks.
pub const PROXY_USER: &str = "ana";
/// Their password, as it stands in a URL.
pub const PROXY_PASSWORD_IN_URL: &str = "open%20sesame";
/// `ana` with the password `open sesame`, hashed as `htpasswd -m` does.
const PASSWORD_FILE: &str = "ana:$apr1$sallyprt$zc29UnJwZ0dy9QN4azCuF/\n";

/// A proxy that connects to every port of this machine.
pub struct Squid {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    program: Program,
    folder: TempDir,
}

/// Whom a [`Squid`] serves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Everybody.
    Everybody,
    /// Whoever knows the password.
    Known,
    /// Nobody: it refuses every request.
    Nobody,
}

impl Squid {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(serves: Serves) -> Result<Self> {
        let folder = temporary_folder("squid")?;
        let port = free_port()?;
        let at = folder.path().display();
        write(&folder.path().join("hosts"), &format!("127.0.0.1 {ONLY_BEHIND_THE_PROXY}\n"))?;
        write(&folder.path().join("passwords"), PASSWORD_FILE)?;
        let rules = match serves {
            Serves::Everybody => "http_access allow all".to_owned(),
            Serves::Nobody => "http_access deny all".to_owned(),
            Serves::Known => format!(
                "auth_param basic program /usr/lib/squid/basic_ncsa_auth {at}/passwords\n\
                 acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all"
            ),
        };
        let config = format!(
            "http_port 127.0.0.1:{port}\n{rules}\nhosts_file {at}/hosts\npid_filename {at}/squid.pid\n\
             access_log stdio:{at}/access.log\ncache_log {at}/cache.log\ncache deny all\ncache_mem 4 MB\n\
             pinger_enable off\nnetdb_filename none\nshutdown_lifetime 0 seconds\ncoredump_dir {at}\n\
             visible_hostname squid.test\ndns_nameservers 127.0.0.1\ndns_timeout 2 seconds\n"
        );
        write(&folder.path().join("squid.conf"), &config)?;
        if rustix::process::geteuid().is_root() {
            // Squid gives up root, and then writes its logs.
            let (user, group) = account("proxy")?;
            for entry in std::fs::read_dir(folder.path())? {
                chown(entry?.path(), Some(user), Some(group))?;
            }
            chown(folder.path(), Some(user), Some(group))?;
        }
        let program = run(folder.path(), port)?;
        Ok(Self { port, program, folder })
    }

    /// Stops it, with every connection through it, and starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.program = run(self.folder.path(), self.port)?;
        Ok(())
    }

    /// Stops it, with every connection through it.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&mut self) -> Result<()> {
        self.program.stop()?;
        Ok(())
    }

    /// Waits until its log has `count` connections to `target` (`host:port`) that are over.
    ///
    /// # Errors
    /// When it has fewer.
    pub fn wait_for_connections(&self, target: &str, count: usize) -> Result<()> {
        let log = self.folder.path().join("access.log");
        wait::until_true(&format!("the proxy has logged {count} connections to {target}"), wait::SOON, || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            let is_one = |line: &&str| line.contains("TCP_TUNNEL/200") && line.contains(&format!("CONNECT {target} "));
            Ok(log.lines().filter(is_one).count() >= count)
        })
    }
}

fn run(folder: &Path, port: u16) -> Result<Program> {
    let mut command = Command::new(find_program("squid", &[])?);
    // Each its own name: that of the parts of memory it makes.
    command.args(["-N", "-n", &format!("test{port}"), "-f"]).arg(folder.join("squid.conf")).stdin(Stdio::null());
    let mut program = Program::start("squid", &mut command, folder)?;
    wait_for_port(&mut program, port)?;
    Ok(program)
}
