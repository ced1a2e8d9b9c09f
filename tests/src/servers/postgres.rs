//! PostgreSQL from its Debian package: a cluster in a temporary folder, on a free port of 127.0.0.1.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::debian::{account, temporary_folder};
use super::{find_program, free_port, write};
use crate::certificates::Certificates;
use crate::program::{Program, run};
use crate::wait;

/// How long it may take to accept connections.
const START_LIMIT: Duration = Duration::from_secs(60);
/// What a test asks for is not kept for ever: speed counts.
const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=300",
    "log_min_messages=warning",
];
/// Starts a server, and ends it with everything it wrote when its own standard input does: when whoever holds that is gone.
/// It asks until the server has ended, since one that just begins does not hear it yet.
const UNTIL_ITS_MASTER_ENDS: &str = "folder=$1; shift; \"$@\" </dev/null & server=$!; trap '' INT TERM; read -r _; while kill -QUIT $server 2>/dev/null; do sleep 0.1; done; rm -rf \"$folder\"";

/// PostgreSQL with the role `app`, which may do everything, and the database `app`.
pub struct Postgres {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    /// The password of `app`.
    pub password: String,
    program: Program,
    folder: TempDir,
    tls: bool,
}

/// Who outlives whom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// With its value.
    WithItsValue,
    /// With this process, whatever ends it: a value that nobody drops.
    WithThisProcess,
}

impl Postgres {
    /// Makes a cluster and starts it, as the user `postgres` when this process is root: PostgreSQL refuses root.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Self> {
        Self::start_that_ends(Ends::WithItsValue, None)
    }

    /// The same, with TLS by these certificates for whoever wants it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with_tls(certificates: &Certificates) -> Result<Self> {
        Self::start_that_ends(Ends::WithItsValue, Some(certificates))
    }

    /// The same without TLS, for a value that is never dropped.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_for_this_process() -> Result<Self> {
        Self::start_that_ends(Ends::WithThisProcess, None)
    }

    fn start_that_ends(ends: Ends, certificates: Option<&Certificates>) -> Result<Self> {
        let folder = temporary_folder("postgres")?;
        if let Some((user, group)) = its_account()? {
            chown(folder.path(), Some(user), Some(group)).context("giving the folder to postgres")?;
        }
        let password = "a password of the database".to_owned();
        let password_file = folder.path().join("password");
        write(&password_file, &password)?;
        std::fs::set_permissions(&password_file, PermissionsExt::from_mode(0o644))?;
        let initdb = find_program("initdb", &postgres_folders())?;
        run(
            as_its_account(&initdb, folder.path())?
                .args(["--username=app", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"])
                // By the rules of a language texts come in another order than by their bytes.
                .args(["--locale-provider=icu", "--icu-locale=en-US"])
                .arg("--pwfile")
                .arg(&password_file)
                .arg("--pgdata")
                .arg(folder.path().join("data")),
            START_LIMIT,
        )?;
        if let Some(certificates) = certificates {
            put_certificates(folder.path(), certificates)?;
        }
        let port = free_port()?;
        let tls = certificates.is_some();
        let program = launch(folder.path(), port, tls, ends)?;
        let mut postgres = Self { port, password, program, folder, tls };
        postgres.wait_until_it_answers()?;
        postgres.ask("create database app")?;
        Ok(postgres)
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        wait::until_true("PostgreSQL answers", START_LIMIT, || {
            self.program.check_alive()?;
            Ok(self.ask("select 1").is_ok())
        })
    }

    /// One of PostgreSQL's client programs, set to reach `host:port` as `app`.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn client(&self, name: &str, host: &str, port: u16) -> Result<Command> {
        let mut command = Command::new(find_program(name, &postgres_folders())?);
        command.args(["-h", host, "-p", &port.to_string(), "-U", "app"]).env("PGPASSWORD", &self.password);
        command.current_dir(self.folder.path()).env("PGCONNECT_TIMEOUT", "10");
        Ok(command)
    }

    /// Has a statement done in the database `postgres`, and gives the answer as text.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn ask(&self, statement: &str) -> Result<String> {
        self.ask_in("postgres", statement)
    }

    /// The same in a database.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn ask_in(&self, database: &str, statement: &str) -> Result<String> {
        let mut psql = self.client("psql", "127.0.0.1", self.port)?;
        let said = run(psql.args(["-X", "-q", "-A", "-t", "-d", database, "-c", statement]), START_LIMIT)?;
        Ok(said.trim().to_owned())
    }

    /// Makes a database that is empty, and gives its URL.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn fresh_database(&self) -> Result<String> {
        let name = format!("of_{}", uuid::Uuid::now_v7().simple());
        self.ask(&format!("create database {name} template template0"))?;
        Ok(self.url(&name))
    }

    /// The URL of a database for `app`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_of("app", &self.password, database)
    }

    /// The URL of a database for somebody.
    #[must_use]
    pub fn url_of(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{}@127.0.0.1:{}/{database}", password.replace(' ', "%20"), self.port)
    }

    /// Everything that a database holds, as text; bytes that are signs stand in it as such.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn dump(&self, url: &str) -> Result<String> {
        let mut command = Command::new(find_program("pg_dump", &postgres_folders())?);
        run(command.arg(url).env("PGOPTIONS", "-c bytea_output=escape"), START_LIMIT)
    }

    /// Stops it as its administrator would: at once, and in order.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&mut self) -> Result<()> {
        self.program.stop().map(drop)
    }

    /// Starts it again with what it kept, on the same port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        self.program = launch(self.folder.path(), self.port, self.tls, Ends::WithItsValue)?;
        self.wait_until_it_answers()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Whatever waits for the end of it ends the server; one that is killed instead leaves it behind.
        drop(self.program.child().stdin.take());
    }
}

fn launch(folder: &Path, port: u16, tls: bool, ends: Ends) -> Result<Program> {
    let server = find_program("initdb", &postgres_folders())?.with_file_name("postgres");
    let mut start = match ends {
        Ends::WithItsValue => as_its_account(&server, folder)?,
        Ends::WithThisProcess => {
            let mut shell = as_its_account(Path::new("/bin/sh"), folder)?;
            shell.args(["-c", UNTIL_ITS_MASTER_ENDS, "sh"]).arg(folder).arg(&server).stdin(Stdio::piped());
            shell
        }
    };
    start.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]).arg("-k").arg(folder);
    for setting in SETTINGS.into_iter().chain(tls.then_some("ssl=on")) {
        start.args(["-c", setting]);
    }
    // SIGINT is PostgreSQL's quick, orderly stop.
    Ok(Program::start("postgres", &mut start, folder)?.stopped_by_interrupt())
}

/// Where a server looks for them by itself.
fn put_certificates(folder: &Path, certificates: &Certificates) -> Result<()> {
    for (name, pem) in [("server.crt", &certificates.leaf), ("server.key", &certificates.key)] {
        let file = folder.join("data").join(name);
        write(&file, pem)?;
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600))?;
        if let Some((user, group)) = its_account()? {
            chown(&file, Some(user), Some(group)).context("giving the certificate to postgres")?;
        }
    }
    Ok(())
}

fn its_account() -> Result<Option<(u32, u32)>> {
    if rustix::process::geteuid().is_root() { account("postgres").map(Some) } else { Ok(None) }
}

fn as_its_account(program: &Path, folder: &Path) -> Result<Command> {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if let Some((user, group)) = its_account()? {
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// Where Debian puts the programs of PostgreSQL's versions, newest first.
#[must_use]
pub fn postgres_folders() -> Vec<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin")))
        .collect();
    versions.sort();
    versions.reverse();
    versions
}
