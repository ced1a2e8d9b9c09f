//! How long recordings are kept, set by hand; a legal hold and deleting on a session's page; where audit events are handed on to.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::ApiClient;
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::servers::{Reply, Rsyslog, TicketDesk};
use tests::site::{Site, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{ForwardingStatus, JumpPolicy, Recording, RecordingState, RetentionSettings, TunnelJumpDraft};
use wire::{RecordingId, SessionId};

use crate::settings::{paste, pictures};
use crate::{open_section, signed_in, wait_for_words};

/// Three seconds of a desktop, as Chromium's MediaRecorder writes it.
const DESKTOP: &[u8] = include_bytes!("../data/desktop.webm");

/// A session that is over, and its recording, as a browser would bring it.
fn recorded(site: &Site) -> Result<(SessionId, RecordingId)> {
    let item = site.item("db-1", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
    let policy: JumpPolicy =
        site.admin.post("/api/jump-policies", &json!({ "name": "Recorded", "recording": "on" }))?.ok()?;
    let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition.clone() };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()?;
    let session = site.jump(&item)?;
    let new = json!({ "media_type": "video/webm;codecs=vp9", "label": "screen:0:0" });
    let path = format!("/api/sessions/{}/recordings", session.id);
    let recording: Recording = site.admin.post(&path, &new)?.ok()?;
    let chunk = format!("/api/recordings/{}/chunks/0", recording.id);
    site.admin.send_bytes("PUT", &chunk, Some(("application/octet-stream", DESKTOP)), &[])?.success()?;
    let stop = format!("/api/recordings/{}/stop", recording.id);
    site.admin.post(&stop, &json!({ "because": "sharing_stopped" }))?.success()?;
    site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
    wait::until_true("it is complete", Duration::from_secs(30), || {
        Ok(state(&site.admin, session.id)? == RecordingState::Finished)
    })?;
    Ok((session.id, recording.id))
}

fn state(admin: &ApiClient, session: SessionId) -> Result<RecordingState> {
    let all: Vec<Recording> = admin.get(&format!("/api/sessions/{session}/recordings"))?;
    Ok(all.first().context("no recording")?.state)
}

fn console(site: &Site, workstation: &Workstation) -> Result<Console> {
    signed_in(site, workstation, Options::default())
}

#[test]
fn a_session_is_held_and_its_recording_deleted_by_hand() -> Result<()> {
    on_a_site_with_console(|site| {
        let (session, recording) = recorded(site)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = console(site, &workstation)?;
        console.visit(&format!("/sessions/{session}"))?;
        console.click("legal-hold-set")?;
        console.click("legal-hold-save")?;
        console.wait_for("legal-hold-reason-error")?;
        console.type_into("legal-hold-reason", "Case 2026/7")?;
        pictures(&console, "legal-hold-dialog", "legal-hold-dialog")?;
        console.click("legal-hold-save")?;
        console.wait_for_text("legal-hold", |text| text.contains("Case 2026/7") && text.contains("ana"))?;
        pictures(&console, "recordings", "legal-hold")?;

        // Nothing of it is deleted as long as the hold stands.
        let delete = format!("recording-delete-{recording}");
        console.click(&delete)?;
        console.type_into("delete-recording-name", "db-2")?;
        console.type_into("delete-recording-reason", "Its user asked for it")?;
        console.click("delete-recording-save")?;
        console.wait_for("delete-recording-name-error")?;
        console.type_into("delete-recording-name", "db-1")?;
        console.click("delete-recording-save")?;
        console.wait_for_text("delete-recording-error", |text| text.contains("legal hold"))?;
        pictures(&console, "delete-recording-dialog", "delete-recording-held")?;
        console.click("delete-recording-cancel")?;
        console.click("legal-hold-lift")?;
        console.type_into("legal-hold-reason", "The case is closed")?;
        console.click("legal-hold-save")?;
        console.wait_for("legal-hold-set")?;
        console.click(&delete)?;
        console.type_into("delete-recording-name", "db-1")?;
        console.type_into("delete-recording-reason", "Its user asked for it")?;
        console.click("delete-recording-save")?;
        wait_for_words(&console, "[data-testid=recording-deletion]", "Its user asked for it")?;
        ensure!(state(&site.admin, session)? == RecordingState::Deleted);
        pictures(&console, "recordings", "recording-deleted")
    })
}

#[test]
fn how_long_recordings_are_kept_and_where_events_go_is_set_by_hand() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = console(site, &workstation)?;
        open_section(&console, "settings")?;
        console.wait_for("retention-0-days")?;
        console.type_into("retention-0-days", "soon")?;
        console.click("retention-save")?;
        console.wait_for("retention-0-days-error")?;
        console.type_into("retention-0-days", "90")?;
        console.type_into("retention-0-gib", "500")?;
        console.wait_for("retention-warning")?;
        pictures(&console, "retention-settings", "settings-retention")?;
        console.click("retention-save")?;
        let kept = || site.admin.get::<RetentionSettings>("/api/settings/retention");
        wait::until_true("it is kept", SOON, || {
            Ok(kept()?.retention.rules.first().is_some_and(|it| it.days == Some(90) && it.gib == Some(500)))
        })?;
        console.click("recording-key-change")?;
        console.click("recording-key-dialog-confirm")?;
        console.wait_for_text("recording-key", |text| text.contains("was made"))?;
        ensure!(kept()?.older_keys == 1);

        let server = Rsyslog::start()?;
        console.type_into("syslog-host", "localhost")?;
        console.type_into("syslog-port", &server.port.to_string())?;
        paste(&console, "syslog-ca-pem", &server.authority)?;
        console.click("syslog-save")?;
        wait::until_true("it is set", SOON, || {
            Ok(site.admin.get::<Vec<ForwardingStatus>>("/api/forwarding")?.iter().any(|it| it.is_on))
        })?;
        console.click("syslog-test")?;
        console.wait_for_text("syslog-test-outcome", |text| text.contains("A message was sent"))?;
        wait::until_true("it arrives", SOON, || Ok(server.messages()?.iter().any(|it| it.id == "trial")))?;
        pictures(&console, "syslog-settings", "settings-syslog")?;

        let desk = TicketDesk::start(|_| Reply::new(500, ""))?;
        console.type_into("webhook-url", &desk.url())?;
        console.click("webhook-save")?;
        console.wait_for("webhook-secret-error")?;
        console.type_into("webhook-secret", "what posts of events are signed with")?;
        paste(&console, "webhook-ca-pem", &desk.authority)?;
        console.click("webhook-save")?;
        wait::until_true("it is posted to", SOON, || Ok(!desk.asked().is_empty()))?;
        console.click("webhook-test")?;
        console.wait_for_text("webhook-test-outcome", |text| text.contains("500"))?;
        pictures(&console, "webhook-settings", "settings-webhook")?;
        open_section(&console, "dashboard")?;
        wait_for_words(&console, "body", "The webhook is handed none on")
    })
}
