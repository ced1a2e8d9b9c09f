//! Servers from Debian packages, each with its data in a temporary folder.

use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::{accepts, find_program, free_port, write};
use crate::program::{Program, run};
use crate::wait;

/// How long a server may take to accept connections.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Redis without a password, keeping nothing on disk.
pub struct Redis {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    _program: Program,
    _folder: TempDir,
}

impl Redis {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Self> {
        let folder = temporary_folder("redis")?;
        let port = free_port()?;
        let mut command = Command::new(find_program("redis-server", &[])?);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(folder.path()).stdin(Stdio::null());
        let mut program = Program::start("redis", &mut command, folder.path())?;
        wait_for_port(&mut program, port)?;
        Ok(Self { port, _program: program, _folder: folder })
    }
}

/// OpenSSH's server with a host key and a user key of its own; lets in the user this process runs as.
pub struct Sshd {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    /// The user to sign in as.
    pub user: String,
    _program: Program,
    folder: TempDir,
}

impl Sshd {
    /// Makes keys and starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Self> {
        let sshd = find_program("sshd", &[])?;
        let folder = temporary_folder("sshd")?;
        for key in ["host", "user"] {
            let mut keygen = Command::new(find_program("ssh-keygen", &[])?);
            run(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.path().join(key)), START_LIMIT)?;
        }
        let root = rustix::process::geteuid().is_root();
        if root {
            // sshd locks its unprivileged child up in this folder.
            std::fs::create_dir_all("/run/sshd").context("making /run/sshd")?;
        }
        let port = free_port()?;
        let config = folder.path().join("sshd_config");
        write(
            &config,
            &format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/user.pub\nPidFile none\n\
                 UsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n\
                 MaxStartups 300\nMaxSessions 300\nSubsystem sftp internal-sftp\n",
                folder.path().display()
            ),
        )?;
        let mut command = Command::new(sshd);
        command.args(["-D", "-e", "-f"]).arg(&config).stdin(Stdio::null());
        let mut program = Program::start("sshd", &mut command, folder.path())?;
        wait_for_port(&mut program, port)?;
        let user = run(Command::new("id").arg("-un"), START_LIMIT)?.trim().to_owned();
        Ok(Self { port, user, _program: program, folder })
    }

    /// `ssh` or `scp` with this server's keys and nobody else's settings. `known_as` is the host name under which its key is known.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn client(&self, name: &str, known_as: &str) -> Result<Command> {
        let key = std::fs::read_to_string(self.folder.path().join("host.pub"))?;
        let known_hosts = self.folder.path().join("known_hosts");
        write(&known_hosts, &format!("{known_as} {key}"))?;
        let mut command = Command::new(find_program(name, &[])?);
        command.args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o"]);
        command.arg(format!("UserKnownHostsFile={}", known_hosts.display()));
        command.arg("-o").arg(format!("HostKeyAlias={known_as}")).args(["-o", "ConnectTimeout=10", "-i"]);
        command.arg(self.folder.path().join("user")).stdin(Stdio::null());
        Ok(command)
    }
}

/// nginx with a folder to serve.
pub struct Nginx {
    /// The port it listens on.
    pub port: u16,
    _program: Program,
    folder: TempDir,
}

impl Nginx {
    /// Starts it with one page, `index.html`, that says `greeting`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(greeting: &str) -> Result<Self> {
        Self::start_on(greeting, Ipv4Addr::LOCALHOST, free_port()?)
    }

    /// The same on an address of this machine and a port that is free there: another system, as far as a tunnel can tell.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_on(greeting: &str, address: Ipv4Addr, port: u16) -> Result<Self> {
        let nginx = find_program("nginx", &[])?;
        let folder = temporary_folder("nginx")?;
        let at = folder.path().display();
        std::fs::create_dir(folder.path().join("pages"))?;
        write(
            &folder.path().join("pages/index.html"),
            &format!("<!doctype html><title>{greeting}</title><h1>{greeting}</h1>\n"),
        )?;
        let config = folder.path().join("nginx.conf");
        write(
            &config,
            &format!(
                "daemon off;\nmaster_process off;\npid {at}/nginx.pid;\nerror_log {at}/error.log;\nevents {{}}\nhttp {{\n\
                 access_log off;\nclient_body_temp_path {at}/body;\nproxy_temp_path {at}/proxy;\nfastcgi_temp_path {at}/fastcgi;\n\
                 uwsgi_temp_path {at}/uwsgi;\nscgi_temp_path {at}/scgi;\n\
                 server {{ listen {address}:{port}; root {at}/pages; }}\n}}\n"
            ),
        )?;
        let mut command = Command::new(nginx);
        command.arg("-e").arg(folder.path().join("error.log")).arg("-c").arg(&config).stdin(Stdio::null());
        let mut program = Program::start("nginx", &mut command, folder.path())?;
        wait::until_true(&format!("nginx listens on {address}:{port}"), START_LIMIT, || {
            program.check_alive()?;
            Ok(TcpStream::connect((address, port)).is_ok())
        })?;
        Ok(Self { port, _program: program, folder })
    }

    /// The folder it serves.
    #[must_use]
    pub fn pages(&self) -> PathBuf {
        self.folder.path().join("pages")
    }
}

/// A temporary folder that other accounts of this machine may enter.
pub(super) fn temporary_folder(name: &str) -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix(&format!("sallyport-{name}-")).tempdir()?;
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
    Ok(folder)
}

pub(super) fn wait_for_port(program: &mut Program, port: u16) -> Result<()> {
    let what = format!("{} listens on port {port}", program.name());
    wait::until_true(&what, START_LIMIT, || {
        program.check_alive()?;
        Ok(accepts(port))
    })
}

/// User and group number of an account of this machine.
pub(super) fn account(name: &str) -> Result<(u32, u32)> {
    let accounts = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name));
    let fields: Vec<&str> = line.with_context(|| format!("there is no account {name}"))?.split(':').collect();
    ensure!(fields.len() > 3, "/etc/passwd has a strange line for {name}");
    Ok((fields[2].parse()?, fields[3].parse()?))
}
