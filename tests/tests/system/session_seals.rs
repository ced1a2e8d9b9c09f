//! What is written down of a session that is over does not change unnoticed: its seal in the audit trail, `sallyport sessions verify`, and
//! what a reviewer is told.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::appliance::Options;
use tests::audit_trail::{events, export};
use tests::clock::Clock;
use tests::program::{Finished, run_to_end};
use tests::servers::Echo;
use tests::site::{Site, on_a_site_started};
use tests::{wait, workspace};
use wire::SessionId;
use wire::api::{SessionSeal, SessionState};

use crate::audit_tampering::{copy_folder, sql};
use crate::captures::echo_all;

const LIMIT: Duration = Duration::from_secs(60);

fn verify(data: &Path, export: Option<&Path>) -> Result<Finished> {
    let mut command = Command::new(workspace::program("sallyport")?);
    command.args(["sessions", "verify", "--data-dir"]).arg(data).args(export);
    run_to_end(&mut command, LIMIT)
}

fn seal(site: &Site, id: SessionId) -> Result<SessionSeal> {
    site.admin.get(&format!("/api/review/sessions/{id}/seal"))
}

/// A session with two connections, which is over.
fn used(site: &Site, echo: &Echo) -> Result<SessionId> {
    let mut helper = site.start_helper()?;
    let session = site.open_to(
        &mut helper,
        &format!("echo {}", site.admin.get::<Vec<wire::api::JumpItem>>("/api/jump-items")?.len()),
        echo.port(),
    )?;
    for _ in 0..2 {
        ensure!(echo_all(session.address(0)?, b"some bytes")? == 10);
    }
    site.wait_for_session(session.id, "both connections are over", |it| {
        it.connections.len() == 2 && it.connections.iter().all(|it| it.closed_at.is_some())
    })?;
    site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
    site.wait_for_session(session.id, "it is over", |it| it.session.state == SessionState::Ended)?;
    Ok(session.id)
}

/// A condition for the rows of a session.
fn of(column: &str, id: SessionId) -> String {
    format!("lower(hex({column})) = '{}'", id.to_string().replace('-', ""))
}

#[test]
fn every_way_to_change_a_session_after_its_end_is_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut clock = Clock::new(folder.path())?;
    let environment = clock.environment()?;
    let options = |it: Options| Options { embedded: true, environment, ..it };
    on_a_site_started(options, |site| {
        let echo = Echo::start()?;
        let (one, two) = (used(site, &echo)?, used(site, &echo)?);
        ensure!(seal(site, one)? == SessionSeal { sealed_at: None, event: None, unchanged: true });
        let data = site.folder().join("appliance");
        let done = verify(&data, None)?;
        ensure!(done.status.code() == Some(0) && done.stdout.contains("2 have no seal yet"), "{done:?}");
        clock.pass(Duration::from_secs(6 * 60))?;
        wait::until_true("both are sealed", LIMIT, || Ok(events(&site.admin, "category=session.sealed")?.len() == 2))?;
        let known = seal(site, one)?;
        ensure!(known.sealed_at.is_some() && known.event.is_some() && known.unchanged, "{known:?}");
        let trail = site.folder().join("trail.jsonl");
        std::fs::write(&trail, export(&site.admin)?)?;
        for with in [None, Some(trail.as_path())] {
            let done = verify(&data, with)?;
            ensure!(done.status.code() == Some(0) && done.stdout.contains("2 sessions are as they were"), "{done:?}");
        }

        let mut missed = Vec::new();
        let work = site.folder().join("tampered");
        let mut attack = |what: &str, said: &str, statements: &[String]| -> Result<()> {
            let _ = std::fs::remove_dir_all(&work);
            copy_folder(&data, &work)?;
            sql(&work.join("sallyport.db"), statements).with_context(|| what.to_owned())?;
            for with in [None, Some(trail.as_path())] {
                let done = verify(&work, with)?;
                if done.status.code() != Some(1) || !done.stdout.contains(said) {
                    missed.push(format!("{what}: {:?} {}{}", done.status.code(), done.stdout, done.stderr));
                }
            }
            Ok(())
        };
        let changed = format!("session {one} was changed after its end");
        for (table, key, columns) in [
            (
                "session",
                "id",
                "item_name='x', user_name='x', hostname='x', user_address='x', ended_at=ended_at+1, bytes_sent=0, connections_total=1, end_message='x', ticket='T-1', tunnels='[]', user_id=randomblob(16), state='ready', created_at=created_at-1",
            ),
            ("session_event", "session_id", "at=at+1, kind='x', message='x', user_name='x'"),
            (
                "connection",
                "session_id",
                "client_address='x', client_program='x', opened_at=0, closed_at=NULL, bytes_sent=9, bytes_received=9, \"end\"='x', end_message='x', tunnel=1, established=0",
            ),
        ] {
            for column in columns.split(", ") {
                attack(
                    &format!("{table}: {column}"),
                    &changed,
                    &[format!("UPDATE {table} SET {column} WHERE {}", of(key, one))],
                )?;
            }
        }
        for table in ["session_event", "connection"] {
            let newest = format!("(SELECT max(id) FROM {table} WHERE {})", of("session_id", one));
            attack(&format!("{table}: one deleted"), &changed, &[format!("DELETE FROM {table} WHERE id = {newest}")])?;
            let moved = format!(
                "UPDATE {table} SET session_id = (SELECT id FROM session WHERE {}) WHERE id = {newest}",
                of("id", two)
            );
            attack(&format!("{table}: one moved"), &changed, &[moved])?;
        }
        let made_up = "INSERT INTO session_event (id, session_id, at, kind, message) SELECT randomblob(16), id, ended_at, 'x', 'x' FROM session";
        attack("an event made up", &changed, &[format!("{made_up} WHERE {}", of("id", one))])?;
        let unreadable = format!("UPDATE session SET user_id = x'01' WHERE {}", of("id", one));
        attack("unreadable", &format!("session {one} cannot be read"), &[unreadable])?;
        let gone = format!("DELETE FROM session WHERE {}", of("id", one));
        attack("deleted", &format!("session {one} is gone"), &["PRAGMA foreign_keys = ON".into(), gone])?;
        // As if it had never been sealed: it would be again, with what it is now.
        let again = [
            format!("UPDATE session SET hostname = 'x' WHERE {}", of("id", one)),
            "DELETE FROM session_seal".to_owned(),
        ];
        attack("its mark deleted", &changed, &again)?;
        ensure!(missed.is_empty(), "{}", missed.join("\n"));

        // While it runs: who reviews it is told, also after it was sealed again.
        sql(&data.join("sallyport.db"), &again)?;
        ensure!(!seal(site, one)?.unchanged);
        site.appliance.program.stop()?;
        site.appliance.start_again()?;
        wait::until_true("they are sealed again", LIMIT, || {
            Ok(events(&site.admin, "category=session.sealed")?.len() == 4)
        })?;
        ensure!(!seal(site, one)?.unchanged && seal(site, two)?.unchanged);
        let done = verify(&data, None)?;
        ensure!(done.status.code() == Some(1) && done.stdout.contains(&changed), "{done:?}");
        Ok(())
    })
}
