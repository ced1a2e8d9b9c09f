//! Recordings in S3-compatible storage: a real server, over TLS; that it dies while something is recorded; a wrong
//! key; a change of store; tampering with the bucket.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::appliance::Options;
use tests::audit_trail;
use tests::program::run_to_end;
use tests::servers::{Echo, S3_KEY, S3Server};
use tests::site::{Site, on_a_site_started};
use tests::wait::{self, SOON};
use tests::workspace;
use wire::api::{
    HealthCheck, HealthChecks, HealthLevel, HealthSubject, NewSession, RecordingState, SessionEnd, SessionState,
};
use wire::audit::Action;

use crate::recordings::{announce, complete, echo_through, file, is_cut, recorded_item, send_from, send_some, stop};

/// How long a session may go on without a store: ten seconds, and what it takes to see that.
const STOPPED_WITHIN: Duration = Duration::from_secs(25);
const VERIFIED_WITHIN: Duration = Duration::from_secs(60);

/// A configuration file that only its owner reads; it vanishes with the folder.
fn configuration(folder: &Path, text: &str) -> Result<PathBuf> {
    let file = folder.join("sallyport.toml");
    std::fs::write(&file, text)?;
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

fn health(site: &Site) -> Result<HealthCheck> {
    let checks: HealthChecks = site.admin.get("/api/health-checks")?;
    let found = checks.checks.into_iter().find(|it| it.subject == HealthSubject::Recordings);
    found.context("recordings are looked after")
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { all.extend(files_below(&path)?) } else { all.push(path) }
    }
    Ok(all)
}

#[test]
fn recordings_lie_in_the_bucket_and_the_death_of_the_store_ends_what_needs_it() -> Result<()> {
    let (mut server, folder) = (S3Server::start()?, tempfile::tempdir()?);
    let text = format!("[recordings]\nstore = 'archive'\n{}", server.configuration("archive", S3_KEY));
    let config = configuration(folder.path(), &text)?;
    on_a_site_started(
        |options| Options { config: Some(config), ..options },
        |site| {
            ensure!(health(site)?.level == HealthLevel::Good, "{:?}", health(site)?);
            let echo = Echo::start()?;
            let item = recorded_item(site, "db-1", echo.port())?;
            let session = site.jump(&item)?;
            let recording = announce(&site.admin, session.id)?;
            send_from(&site.admin, recording.id, 0)?;
            stop(&site.admin, recording.id)?;
            let done = complete(site, session.id)?;
            ensure!(done.state == RecordingState::Finished, "{done:?}");
            let stored = files_below(&server.objects())?;
            let ours = |it: &PathBuf| it.to_string_lossy().contains(&recording.id.to_string());
            ensure!(stored.iter().any(ours), "{stored:?}");
            ensure!(
                stored.iter().filter(|it| ours(it)).all(|it| it.to_string_lossy().contains("/gate/")),
                "no prefix: {stored:?}"
            );
            ensure!(files_below(&site.folder().join("appliance/recordings"))?.is_empty(), "it lies in the folder too");
            let whole = file(&site.admin, recording.id, None)?;
            ensure!(whole.status == 200 && whole.body.len() as u64 == done.bytes);
            let part = file(&site.admin, recording.id, Some("bytes=10-19"))?;
            ensure!(part.status == 206 && part.body == whole.body[10..20]);
            site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;

            // It dies while something is recorded.
            let mut helper = site.start_helper()?;
            let session = site.jump(&item)?;
            let second = announce(&site.admin, session.id)?;
            send_some(&site.admin, second.id, 0..3)?;
            let mut connection = echo_through(site, &mut helper, session.id)?;
            server.kill()?;
            let began = Instant::now();
            let over = wait::until("the session ends", STOPPED_WITHIN, || {
                // The page still sends: what comes is kept on the disk.
                site.admin.send("POST", &format!("/api/recordings/{}/alive", second.id), None)?;
                Ok(Some(site.session(session.id)?.session).filter(|it| it.state == SessionState::Ended))
            })?;
            ensure!(over.end == Some(SessionEnd::RecordingFailed), "{over:?}");
            ensure!(
                began.elapsed() > Duration::from_secs(6),
                "it was not given its ten seconds: {:?}",
                began.elapsed()
            );
            ensure!(is_cut(&mut connection)?, "the connection stays open");
            let refused = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
            ensure!(refused.code == "recording_unavailable", "{refused:?}");
            let bad = health(site)?;
            ensure!(bad.level == HealthLevel::Bad && bad.message.contains("archive"), "{bad:?}");
            let events = audit_trail::events(&site.admin, "category=recording&limit=100")?;
            ensure!(events.iter().any(|it| it.action == Action::RecordingFailed), "{events:#?}");

            // It comes back: what had arrived is completed, and sessions begin again.
            server.start_again()?;
            wait::until_true("the dashboard sees it", SOON, || Ok(health(site)?.level == HealthLevel::Good))?;
            site.admin.post("/api/sessions", &NewSession::of(item.id))?.success()?;
            let saved = wait::until("what had arrived is stored", Duration::from_secs(60), || {
                let all: Vec<wire::api::Recording> =
                    site.admin.get(&format!("/api/sessions/{}/recordings", session.id))?;
                Ok(all.into_iter().find(|it| it.state == RecordingState::Finished))
            })?;
            ensure!(file(&site.admin, saved.id, None)?.status == 200);

            // Deleting reaches the bucket.
            let delete = json!({ "name": "db-1", "reason": "Asked for" });
            site.admin.post(&format!("/api/recordings/{}/delete", recording.id), &delete)?.success()?;
            ensure!(!files_below(&server.objects())?.iter().any(ours), "it is still there");
            Ok(())
        },
    )
}

/// `sallyport recordings verify` with a site's own configuration: how it ends, and what it says.
fn verified(site: &Site, config: &Path) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(workspace::program("sallyport")?);
    command.args(["recordings", "verify", "--data-dir"]).arg(site.folder().join("appliance"));
    command.arg("--config").arg(config);
    if let Some(url) = site.appliance.database() {
        command.env("SALLYPORT_DATABASE_URL", url);
    }
    let done = run_to_end(&mut command, VERIFIED_WITHIN)?;
    Ok((done.status.code(), done.stdout + &done.stderr))
}

#[test]
fn what_is_changed_in_the_bucket_is_found_from_the_command_line() -> Result<()> {
    let (server, folder) = (S3Server::start()?, tempfile::tempdir()?);
    let text = format!("[recordings]\nstore = 'archive'\n{}", server.configuration("archive", S3_KEY));
    let config = configuration(folder.path(), &text)?;
    on_a_site_started(
        |options| Options { config: Some(config.clone()), ..options },
        |site| {
            let item = recorded_item(site, "db-1", 5432)?;
            let session = site.jump(&item)?;
            let recording = announce(&site.admin, session.id)?;
            send_from(&site.admin, recording.id, 0)?;
            stop(&site.admin, recording.id)?;
            complete(site, session.id)?;
            let (code, said) = verified(site, &config)?;
            ensure!(code == Some(0) && said.contains("1 recordings are as the audit trail says"), "{code:?}: {said}");

            let name = recording.id.to_string();
            let is_its_object = |it: &PathBuf| it.ends_with(format!("{name}._S3rver_object"));
            let object = files_below(&server.objects())?.into_iter().find(is_its_object).context("no such object")?;
            let (whole, mut changed) = (std::fs::read(&object)?, std::fs::read(&object)?);
            let last = changed.last_mut().context("an empty object")?;
            *last ^= 1;
            std::fs::write(&object, &changed)?;
            let (code, said) = verified(site, &config)?;
            ensure!(code == Some(1) && said.contains(&name) && said.contains("was changed"), "{code:?}: {said}");
            std::fs::write(&object, &whole)?;
            ensure!(verified(site, &config)?.0 == Some(0), "it is as it was");
            std::fs::remove_file(&object)?;
            let (code, said) = verified(site, &config)?;
            ensure!(code == Some(1) && said.contains(&name), "{code:?}: {said}");
            Ok(())
        },
    )
}

#[test]
fn a_wrong_key_is_told_and_recordings_stay_readable_after_a_change_of_store() -> Result<()> {
    let (server, folder) = (S3Server::start()?, tempfile::tempdir()?);
    let store = |current: &str, key: &str| {
        format!("[recordings]\nstore = '{current}'\n{}", server.configuration("archive", key))
    };
    let config = configuration(folder.path(), &store("archive", "wrong"))?;
    on_a_site_started(
        |options| Options { config: Some(config), ..options },
        |site| {
            let bad = health(site)?;
            ensure!(bad.level == HealthLevel::Bad && bad.message.contains("InvalidAccessKeyId"), "{bad:?}");
            let log = site.appliance.program.log();
            ensure!(log.contains("recordings cannot be stored") && log.contains("InvalidAccessKeyId"), "{log}");
            ensure!(!log.contains(S3_KEY), "the log has the secret");
            let item = recorded_item(site, "db-1", 5432)?;
            let refused = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
            ensure!(refused.code == "recording_unavailable", "{refused:?}");

            let mut restart = |text: &str| -> Result<()> {
                configuration(folder.path(), text)?;
                site.appliance.program.stop()?;
                site.appliance.start_again()
            };
            restart(&store("archive", S3_KEY))?;
            site.jumpoint.wait_until_online(&site.admin)?;
            let session = site.jump(&item)?;
            let recording = announce(&site.admin, session.id)?;
            send_from(&site.admin, recording.id, 0)?;
            stop(&site.admin, recording.id)?;
            ensure!(complete(site, session.id)?.state == RecordingState::Finished);
            site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;

            // New ones go to the folder, the old one is read where it lies.
            let mut restart = |text: &str| -> Result<()> {
                configuration(folder.path(), text)?;
                site.appliance.program.stop()?;
                site.appliance.start_again()
            };
            restart(&store("folder", S3_KEY))?;
            site.jumpoint.wait_until_online(&site.admin)?;
            let session = site.jump(&item)?;
            let second = announce(&site.admin, session.id)?;
            send_from(&site.admin, second.id, 0)?;
            stop(&site.admin, second.id)?;
            ensure!(complete(site, session.id)?.state == RecordingState::Finished);
            ensure!(files_below(&site.folder().join("appliance/recordings"))?.len() == 1);
            for id in [recording.id, second.id] {
                ensure!(file(&site.admin, id, None)?.status == 200, "{id}");
            }
            // A store that is not named any more is told, not guessed.
            configuration(folder.path(), "")?;
            site.appliance.program.stop()?;
            site.appliance.start_again()?;
            ensure!(file(&site.admin, recording.id, None)?.refused(503)?.code == "recording_unreadable");
            ensure!(site.appliance.program.log().contains("does not name any more"));
            ensure!(file(&site.admin, second.id, None)?.status == 200);
            Ok(())
        },
    )
}
