//! The database is locked by somebody else while a session starts.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::servers::find_program;
use tests::site::on_a_site;
use wire::api::{NewSession, SessionPage};

#[test]
fn a_locked_database_refuses_the_jump_in_words_and_nothing_is_lost() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let data = site.folder().join("appliance");
        let database = std::fs::read_dir(&data)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| path.extension().is_some_and(|it| ["db", "sqlite", "sqlite3"].iter().any(|name| it == *name)))
            .with_context(|| format!("there is no database in {}", data.display()))?;
        let mut sqlite = Command::new(find_program("sqlite3", &[])?)
            .arg(&database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stdin = sqlite.stdin.take().context("no stdin")?;
        let mut stdout = BufReader::new(sqlite.stdout.take().context("no stdout")?);
        writeln!(stdin, ".timeout 10000\nbegin immediate;\nselect 'locked';")?;
        let mut said = String::new();
        stdout.read_line(&mut said)?;
        ensure!(said.trim() == "locked", "{said}");

        let refusal = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
        ensure!(!refusal.message.is_empty() && !refusal.request_id.is_empty(), "{refusal:?}");
        ensure!(!refusal.message.to_lowercase().contains("sql"), "a raw error: {}", refusal.message);

        writeln!(stdin, "rollback;\n.quit")?;
        drop(stdin);
        sqlite.wait()?;
        std::thread::sleep(Duration::from_millis(100));
        let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
        ensure!(live.sessions.is_empty(), "half a session was kept: {live:?}");
        site.jump(&item)?;
        Ok(())
    })
}
