//! MariaDB from Debian packages, with its data in a temporary folder.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::debian::{temporary_folder, wait_for_port};
use super::{find_program, free_port};
use crate::program::{Program, run};

const START_LIMIT: Duration = Duration::from_secs(60);
const USER: &str = "app";
const PASSWORD: &str = "a password of the database";

/// A server without TLS that has the database `app`, for the user `app`.
pub struct MariaDb {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    _program: Program,
    folder: TempDir,
}

impl MariaDb {
    /// Makes its files and starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Self> {
        let folder = temporary_folder("mariadb")?;
        let user = run(Command::new("id").arg("-un"), START_LIMIT)?.trim().to_owned();
        let common = [
            "--no-defaults".to_owned(),
            format!("--user={user}"),
            format!("--datadir={}", folder.path().join("data").display()),
        ];
        let mut install = Command::new(find_program("mariadb-install-db", &[])?);
        install.args(&common).args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        run(&mut install, START_LIMIT)?;
        let port = free_port()?;
        let mut command = Command::new(find_program("mariadbd", &[])?);
        command.args(&common).args(["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=8M"]);
        command.arg(format!("--port={port}")).arg(format!("--socket={}", folder.path().join("socket").display()));
        let mut program = Program::start("mariadb", command.stdin(Stdio::null()), folder.path())?;
        wait_for_port(&mut program, port)?;
        let it = Self { port, _program: program, folder };
        it.as_root(&format!(
            "CREATE DATABASE app; CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON app.* TO {USER}@'%'"
        ))?;
        Ok(it)
    }

    fn as_root(&self, statements: &str) -> Result<String> {
        let mut command = Command::new(find_program("mariadb", &[])?);
        command.arg("--no-defaults").arg("--socket").arg(self.folder.path().join("socket"));
        run(command.args(["--user=root", "--execute", statements]), START_LIMIT)
    }

    /// The command line's client, connected to the database at an address.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn client(&self, at: SocketAddr) -> Result<Command> {
        let mut command = Command::new(find_program("mariadb", &[])?);
        command.args(["--no-defaults", "--host", &at.ip().to_string(), "--port", &at.port().to_string()]);
        command.args(["--user", USER, &format!("--password={PASSWORD}"), "--database=app"]).stdin(Stdio::null());
        Ok(command)
    }

    /// sysbench with one of its own tests, at an address: a client that prepares its statements.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn sysbench(&self, at: SocketAddr, test: &str) -> Result<Command> {
        let mut command = Command::new(find_program("sysbench", &[])?);
        command.args([
            test,
            "--db-driver=mysql",
            "--mysql-db=app",
            "--mysql-ssl=off",
            "--tables=1",
            "--threads=1",
            "--time=0",
        ]);
        command.arg(format!("--mysql-host={}", at.ip())).arg(format!("--mysql-port={}", at.port()));
        command.arg(format!("--mysql-user={USER}")).arg(format!("--mysql-password={PASSWORD}")).stdin(Stdio::null());
        Ok(command)
    }
}
