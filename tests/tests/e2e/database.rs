//! The database is locked by somebody else while a session starts.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::servers::{find_program, postgres_folders};
use tests::site::{Site, on_a_site};
use wire::api::{NewSession, SessionPage};

#[test]
fn a_locked_database_refuses_the_jump_in_words_and_nothing_is_lost() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let mut holder = shell(site)?;
        let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let begin = match site.appliance.database() {
            Some(_) => "begin; lock table session in exclusive mode;",
            None => ".timeout 10000\nbegin immediate;",
        };
        let mut stdin = holder.stdin.take().context("no stdin")?;
        let mut stdout = BufReader::new(holder.stdout.take().context("no stdout")?);
        writeln!(stdin, "{begin}\nselect 'locked';")?;
        let mut said = String::new();
        stdout.read_line(&mut said)?;
        ensure!(said.trim() == "locked", "{said}");

        let refusal = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
        ensure!(!refusal.message.is_empty() && !refusal.request_id.is_empty(), "{refusal:?}");
        ensure!(!refusal.message.to_lowercase().contains("sql"), "a raw error: {}", refusal.message);

        writeln!(stdin, "rollback;")?;
        drop(stdin);
        holder.wait()?;
        std::thread::sleep(Duration::from_millis(100));
        let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
        ensure!(live.sessions.is_empty(), "half a session was kept: {live:?}");
        site.jump(&item)?;
        Ok(())
    })
}

/// The shell of the site's database.
pub(crate) fn shell(site: &Site) -> Result<Command> {
    match site.appliance.database() {
        Some(url) => psql(url),
        None => sqlite(&site.folder().join("appliance")),
    }
}

/// That of the embedded one, on the one in this folder.
fn sqlite(data: &Path) -> Result<Command> {
    let database = std::fs::read_dir(data)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|it| ["db", "sqlite", "sqlite3"].iter().any(|name| it == *name)))
        .with_context(|| format!("there is no database in {}", data.display()))?;
    let mut sqlite = Command::new(find_program("sqlite3", &[])?);
    sqlite.arg(database);
    Ok(sqlite)
}

/// PostgreSQL's, on the database with this URL.
fn psql(url: &str) -> Result<Command> {
    let mut psql = Command::new(find_program("psql", &postgres_folders())?);
    psql.args(["-X", "-q", "-A", "-t", url]);
    Ok(psql)
}
