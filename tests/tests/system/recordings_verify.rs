//! Stored recordings against the audit trail, by `sallyport recordings verify`: every way to tamper with them that somebody with the data
//! folder has. And another key for new recordings, with which the old ones stay readable.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::audit_trail::{self, export};
use tests::program::{Finished, run_to_end};
use tests::site::Site;
use tests::workspace;
use wire::api::{Recording, RetentionSettings};
use wire::audit::Action;

use crate::audit_tampering::{copy_folder, on_files, sql};
use crate::recordings::{announce, complete, file, recorded_item, send_from, stop};

const LIMIT: Duration = Duration::from_secs(60);

fn verify(data: &Path, export: Option<&Path>) -> Result<Finished> {
    let mut command = Command::new(workspace::program("sallyport")?);
    command.args(["recordings", "verify", "--data-dir"]).arg(data).args(export);
    run_to_end(&mut command, LIMIT)
}

fn recorded(site: &Site) -> Result<Recording> {
    let items: Vec<wire::api::JumpItem> = site.admin.get("/api/jump-items")?;
    let session = site.jump(&items[0])?;
    let recording = announce(&site.admin, session.id)?;
    send_from(&site.admin, recording.id, 0)?;
    stop(&site.admin, recording.id)?;
    let done = complete(site, session.id)?;
    site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
    site.wait_for_session(session.id, "it is over", |it| it.session.ended_at.is_some())?;
    Ok(done)
}

fn stored_at(data: &Path, it: &Recording) -> PathBuf {
    data.join(format!("recordings/{}/{}", it.session_id, it.id))
}

/// A condition for the row of a recording.
fn is(it: &Recording) -> String {
    format!("lower(hex(id)) = '{}'", it.id.to_string().replace('-', ""))
}

#[test]
fn every_way_to_tamper_with_stored_recordings_is_found() -> Result<()> {
    on_files(|site| {
        recorded_item(site, "db-1", 5432)?;
        let (one, two, gone) = (recorded(site)?, recorded(site)?, recorded(site)?);
        let delete = json!({ "name": "db-1", "reason": "Asked for" });
        site.admin.post(&format!("/api/recordings/{}/delete", gone.id), &delete)?.success()?;
        let data = site.folder().join("appliance");
        // While it runs.
        let done = verify(&data, None)?;
        ensure!(
            done.status.code() == Some(0)
                && done.stdout.contains("2 recordings are as the audit trail says, 1 were deleted"),
            "{done:?}"
        );
        let trail = site.folder().join("trail.jsonl");
        std::fs::write(&trail, export(&site.admin)?)?;
        recorded(site)?;
        let done = verify(&data, Some(&trail))?;
        ensure!(done.status.code() == Some(0) && done.stdout.contains("1 are newer"), "{done:?}");
        site.appliance.program.stop()?;

        let work = site.folder().join("tampered");
        let mut missed = Vec::new();
        let mut attack = |name: &str, said: &[&str], deed: &dyn Fn(&Path) -> Result<()>| -> Result<()> {
            let _ = std::fs::remove_dir_all(&work);
            copy_folder(&data, &work)?;
            deed(&work).with_context(|| name.to_owned())?;
            for with in [None, Some(trail.as_path())] {
                let done = verify(&work, with)?;
                if done.status.code() != Some(1) || said.iter().any(|it| !done.stdout.contains(it)) {
                    missed.push(format!(
                        "{name} (export: {}): {:?} {}{}",
                        with.is_some(),
                        done.status.code(),
                        done.stdout,
                        done.stderr
                    ));
                }
            }
            Ok(())
        };
        let ids = [one.id.to_string(), two.id.to_string(), gone.id.to_string()];
        let database = |work: &Path, statement: String| sql(&work.join("sallyport.db"), &[statement]);
        for at in [0, 1, 2] {
            attack("a byte changed", &[&ids[0], "was changed"], &|work| {
                let path = stored_at(work, &one);
                let mut bytes = std::fs::read(&path)?;
                let at = at * (bytes.len() - 1) / 2;
                bytes[at] ^= 1;
                Ok(std::fs::write(path, bytes)?)
            })?;
        }
        attack("cut", &[&ids[0], "was changed"], &|work| {
            let path = stored_at(work, &one);
            let bytes = std::fs::read(&path)?;
            Ok(std::fs::write(path, &bytes[..bytes.len() - 10])?)
        })?;
        attack("cut to nothing", &[&ids[0], "was changed"], &|work| Ok(std::fs::write(stored_at(work, &one), b"")?))?;
        attack("two swapped", &[&ids[0], &ids[1], "was changed"], &|work| {
            let (one, two) = (stored_at(work, &one), stored_at(work, &two));
            let kept = std::fs::read(&one)?;
            std::fs::copy(&two, &one)?;
            Ok(std::fs::write(two, kept)?)
        })?;
        attack("deleted", &[&ids[0], "is missing"], &|work| Ok(std::fs::remove_file(stored_at(work, &one))?))?;
        attack("its row deleted", &[&ids[0], "gone from the database"], &|work| {
            database(work, format!("DELETE FROM recording WHERE {}", is(&one)))
        })?;
        for (column, value, said) in [
            ("sha256", format!("'{}'", two.sha256.clone().unwrap_or_default()), "another SHA-256"),
            ("bytes", "bytes - 1".into(), "another size"),
            ("session_id", format!("(SELECT session_id FROM recording WHERE {})", is(&two)), "another session"),
            ("sealed_key", format!("(SELECT sealed_key FROM recording WHERE {})", is(&two)), "another key"),
            ("state", "'empty'".into(), "another state"),
            ("state", "'running'".into(), "another state"),
            ("kind", "'traffic'".into(), "another kind"),
            ("store", "'elsewhere'".into(), "another store"),
            ("duration_millis", "duration_millis + 1".into(), "another length"),
            ("started_at", "started_at - 1000".into(), "another beginning"),
            // As if it had ended after the export was written.
            ("ended_at", "unixepoch() * 1000".into(), "another end"),
            ("state", "'deleted', object_gone = 1".into(), "no tombstone"),
        ] {
            attack(column, &[&ids[0], said], &|work| {
                database(work, format!("UPDATE recording SET {column} = {value} WHERE {}", is(&one)))
            })?;
        }
        attack("brought back", &[&ids[2], "was deleted as the audit trail says"], &|work| {
            database(work, format!("UPDATE recording SET state = 'finished', deleted_at = NULL WHERE {}", is(&gone)))
        })?;
        attack("a row made up", &["00000000-0000-0000-0000-000000000009", "knows nothing of it"], &|work| {
            database(
                work,
                format!(
                    "INSERT INTO recording SELECT x'00000000000000000000000000000009', session_id, kind, label, state, started_at, ended_at, \
                 duration_millis, width, height, bytes, sha256, sealed_key, store, deleted_at, deleted_because, object_gone, key_id \
                 FROM recording WHERE {}",
                    is(&one)
                ),
            )
        })?;
        attack("a file laid beside", &["00000000-0000-0000-0000-000000000009", "belongs to nothing"], &|work| {
            let other = stored_at(work, &one).with_file_name("00000000-0000-0000-0000-000000000009");
            Ok(std::fs::copy(stored_at(work, &one), other).map(|_| ())?)
        })?;
        ensure!(missed.is_empty(), "{}", missed.join("\n"));

        // An event of the trail itself.
        let _ = std::fs::remove_dir_all(&work);
        copy_folder(&data, &work)?;
        let mut statements: Vec<String> =
            crate::audit_tampering::NO_TRIGGERS.iter().map(|it| (*it).to_owned()).collect();
        statements.push(format!(
            "UPDATE audit_event SET after = replace(after, '{}', '{}')",
            one.sha256.clone().unwrap_or_default(),
            "0".repeat(64)
        ));
        sql(&work.join("sallyport.db"), &statements)?;
        let done = verify(&work, None)?;
        ensure!(done.status.code() == Some(1) && done.stdout.contains("BROKEN: the audit trail"), "{done:?}");
        // Nothing to verify, or no key to do it with.
        std::fs::remove_file(work.join("sealing-key"))?;
        ensure!(verify(&work, None)?.status.code() == Some(2));
        ensure!(verify(&site.folder().join("none"), None)?.status.code() == Some(2));
        Ok(())
    })
}

#[test]
fn new_recordings_take_another_key_and_old_ones_stay_readable() -> Result<()> {
    on_files(|site| {
        recorded_item(site, "db-1", 5432)?;
        let mut all = vec![recorded(site)?];
        let change = |site: &Site| -> Result<RetentionSettings> {
            site.admin.send("POST", "/api/settings/recording-key/change", None)?.ok()
        };
        ensure!(change(site)?.older_keys == 1);
        all.push(recorded(site)?);
        // One that is on its way keeps the key that it began with, over a restart as well.
        let items: Vec<wire::api::JumpItem> = site.admin.get("/api/jump-items")?;
        let session = site.jump(&items[0])?;
        let open = announce(&site.admin, session.id)?;
        crate::recordings::send_some(&site.admin, open.id, 0..3)?;
        let settings = change(site)?;
        ensure!(settings.older_keys == 2 && settings.key_since.is_some(), "{settings:?}");
        site.appliance.program.kill()?;
        site.appliance.start_again()?;
        // Its session had no tunnels yet and is over; what had come is completed.
        all.push(complete(site, session.id)?);
        site.jumpoint.wait_until_online(&site.admin)?;
        all.push(recorded(site)?);
        for it in &all {
            let given = file(&site.admin, it.id, None)?;
            ensure!(given.status == 200 && given.body.len() as u64 == it.bytes, "{it:?}: {}", given.status);
        }
        let told = audit_trail::events(&site.admin, "category=recording.key_changed")?;
        ensure!(told.len() == 2 && told.iter().all(|it| it.action == Action::RecordingKeyChanged), "{told:#?}");
        let data = site.folder().join("appliance");
        let done = verify(&data, None)?;
        ensure!(done.status.code() == Some(0) && done.stdout.contains("4 recordings"), "{done:?}");
        // A key that is gone takes those that need it along, and no others.
        site.appliance.program.stop()?;
        let newest = "DELETE FROM recording_key WHERE id = (SELECT max(id) FROM recording_key)";
        sql(&data.join("sallyport.db"), &[newest])?;
        let done = verify(&data, None)?;
        ensure!(
            done.status.code() == Some(1) && done.stdout.contains("the key that it was sealed with is gone"),
            "{done:?}"
        );
        ensure!(done.stdout.contains("3 recordings are as"), "{done:?}");
        Ok(())
    })
}
