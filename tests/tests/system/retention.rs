//! How long recordings are kept: what is too old goes and leaves a tombstone, what is held stays, and what cannot be audited is not
//! deleted.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::field_message;
use tests::audit_trail::{self, export, heads, verify};
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, on_a_site, on_a_site_with_clock};
use tests::wait::{self, SOON};
use wire::SessionId;
use wire::api::{HoldState, Recording, RecordingState, RetentionSettings};
use wire::audit::Action;

use crate::audit_tampering::{on_files, sql};
use crate::recordings::{announce, auditor, complete, file, recorded_item, send_from, stop};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A session that is over, and its recording.
fn recorded(site: &Site, item: &wire::api::JumpItem) -> Result<Recording> {
    let session = site.jump(item)?;
    let recording = announce(&site.admin, session.id)?;
    send_from(&site.admin, recording.id, 0)?;
    stop(&site.admin, recording.id)?;
    let done = complete(site, session.id)?;
    site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
    site.wait_for_session(session.id, "it is over", |it| it.session.ended_at.is_some())?;
    Ok(done)
}

fn stored_at(site: &Site, it: &Recording) -> PathBuf {
    site.folder().join(format!("appliance/recordings/{}/{}", it.session_id, it.id))
}

fn of_session(site: &Site, id: SessionId) -> Result<Recording> {
    let all: Vec<Recording> = site.admin.get(&format!("/api/sessions/{id}/recordings"))?;
    all.into_iter().next().context("no recording")
}

fn hold(site: &Site, id: SessionId) -> Result<HoldState> {
    site.admin.post(&format!("/api/sessions/{id}/hold"), &json!({ "reason": "Case 2026/7" }))?.ok()
}

fn keep_days(site: &Site, days: u32) -> Result<()> {
    let now: RetentionSettings = site.admin.get("/api/settings/retention")?;
    let rules = json!({ "rules": [{ "kind": "desktop", "days": days }], "revision": now.retention.revision });
    site.admin.put("/api/settings/retention", &rules)?.success()
}

#[test]
fn what_is_too_old_leaves_a_tombstone_and_what_is_held_stays() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let item = recorded_item(site, "db-1", 5432)?;
        let (old, held) = (recorded(site, &item)?, recorded(site, &item)?);
        ensure!(hold(site, held.session_id)?.hold.is_some_and(|it| it.set_by == ADMIN && it.reason == "Case 2026/7"));
        clock.pass(31 * DAY)?;
        site.admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
        let young = recorded(site, &item)?;
        let settings: RetentionSettings = site.admin.get("/api/settings/retention")?;
        ensure!(settings.stored[0].count == 3 && settings.stored[0].protected == 1, "{settings:?}");
        keep_days(site, 30)?;
        let gone = wait::until("the old one is deleted", SOON, || {
            Ok(Some(of_session(site, old.session_id)?).filter(|it| it.state == RecordingState::Deleted))
        })?;
        ensure!(gone.deletion.is_some_and(|it| it.because == "It ended more than 30 days ago."), "no reason");
        wait::until_true("its file is gone", SOON, || Ok(!stored_at(site, &old).exists()))?;
        ensure!(file(&site.admin, old.id, None)?.status == 404);
        for kept in [&held, &young] {
            ensure!(file(&site.admin, kept.id, None)?.status == 200 && stored_at(site, kept).exists(), "{kept:?}");
        }
        let tombstones = audit_trail::events(&site.admin, "category=recording.forgotten")?;
        ensure!(tombstones.len() == 1, "{tombstones:#?}");
        let told = json!(tombstones[0].after);
        ensure!(
            told["sha256"] == json!(old.sha256) && told["bytes"] == json!(old.bytes) && told["rule"] == "age",
            "{told}"
        );
        ensure!(told["session_id"] == json!(old.session_id) && told["kind"] == "desktop", "{told}");

        // Sessions go as well, unless they are held.
        let site_settings: Value = site.admin.get("/api/settings/site")?;
        let mut rules = site_settings.clone();
        rules["keep_sessions_days"] = json!(20);
        for extra in ["configured_idle_minutes", "configured_hours"] {
            rules.as_object_mut().context("no object")?.remove(extra);
        }
        site.admin.put("/api/settings/site", &rules)?.success()?;
        site.appliance.program.stop()?;
        site.appliance.start_again()?;
        site.admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
        wait::until_true("the old session is gone", SOON, || {
            Ok(site.admin.send("GET", &format!("/api/sessions/{}", old.session_id), None)?.status == 404)
        })?;
        ensure!(site.session(held.session_id).is_ok(), "a held session was deleted");

        // The hold is lifted: it goes by the same rules.
        let lift = format!("/api/sessions/{}/hold/lift", held.session_id);
        let lifted: HoldState = site.admin.post(&lift, &json!({ "reason": "The case is closed" }))?.ok()?;
        ensure!(lifted.hold.is_none());
        ensure!(site.admin.post(&lift, &json!({ "reason": "Again" }))?.refused(409)?.code == "not_held");
        keep_days(site, 29)?;
        wait::until_true("it is deleted", SOON, || Ok(!stored_at(site, &held).exists()))?;
        let told = audit_trail::events(&site.admin, "category=session.held,session.hold_lifted")?;
        ensure!(
            told.len() == 2 && told[0].message == "The case is closed" && told[1].message == "Case 2026/7",
            "{told:#?}"
        );
        let (key, whole) = (heads(&site.admin)?.public_key, export(&site.admin)?);
        verify(&whole, &key)??;
        Ok(())
    })
}

#[test]
fn an_administrator_deletes_by_name_and_not_what_is_held() -> Result<()> {
    on_a_site(|site| {
        let item = recorded_item(site, "db-1", 5432)?;
        let it = recorded(site, &item)?;
        let path = format!("/api/recordings/{}/delete", it.id);
        let wrong = site.admin.post(&path, &json!({ "name": "db-2", "reason": "Asked for" }))?.refused(422)?;
        field_message(&wrong, "name")?;
        let wrong = site.admin.post(&path, &json!({ "name": "db-1", "reason": " " }))?.refused(422)?;
        field_message(&wrong, "reason")?;
        hold(site, it.session_id)?;
        ensure!(hold(site, it.session_id).is_err(), "it was held twice");
        let right = json!({ "name": "db-1", "reason": "Its user asked for it" });
        ensure!(site.admin.post(&path, &right)?.refused(409)?.code == "held");
        ensure!(file(&site.admin, it.id, None)?.status == 200);
        // Who may only look sees the hold, and can neither lift it nor delete.
        let olga = auditor(site)?;
        let seen: HoldState = olga.get(&format!("/api/sessions/{}/hold", it.session_id))?;
        ensure!(seen.hold.is_some());
        for (path, body) in [
            (format!("/api/sessions/{}/hold/lift", it.session_id), json!({ "reason": "x" })),
            (path.clone(), right.clone()),
        ] {
            ensure!(olga.post(&path, &body)?.status == 403, "{path}");
        }
        let lift = format!("/api/sessions/{}/hold/lift", it.session_id);
        site.admin.post(&lift, &json!({ "reason": "The case is closed" }))?.success()?;
        site.admin.post(&path, &right)?.success()?;
        ensure!(site.admin.post(&path, &right)?.refused(409)?.code == "not_deletable");
        ensure!(!stored_at(site, &it).exists() && file(&site.admin, it.id, None)?.status == 404);
        let told = audit_trail::events(&site.admin, "category=recording.forgotten")?;
        ensure!(
            told.len() == 1 && told[0].actor.name == ADMIN && told[0].message.contains("Its user asked"),
            "{told:#?}"
        );
        ensure!(told[0].action == Action::RecordingForgotten && json!(told[0].after)["rule"] == "by_hand", "{told:#?}");
        Ok(())
    })
}

#[test]
fn what_cannot_be_audited_is_not_deleted() -> Result<()> {
    on_files(|site| {
        let item = recorded_item(site, "db-1", 5432)?;
        let it = recorded(site, &item)?;
        let database = site.folder().join("appliance/sallyport.db");
        sql(
            &database,
            &["CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no more'); END"],
        )?;
        let (path, right) =
            (format!("/api/recordings/{}/delete", it.id), json!({ "name": "db-1", "reason": "Asked for" }));
        ensure!(site.admin.post(&path, &right)?.refused(503)?.code == "not_audited");
        ensure!(stored_at(site, &it).exists() && of_session(site, it.session_id)?.state == RecordingState::Finished);
        sql(&database, &["DROP TRIGGER full"])?;
        ensure!(file(&site.admin, it.id, None)?.status == 200);
        site.admin.post(&path, &right)?.success()?;
        ensure!(!stored_at(site, &it).exists());
        Ok(())
    })
}
