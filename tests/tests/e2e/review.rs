//! Reviewing in the console: the list with its filters, sets and files; one session with its recording on an axis of time, notes, mark
//! and links to a moment; one that runs; reports; and an auditor, who sees all of it and changes nothing.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::ApiClient;
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{
    JumpItem, JumpPolicy, NewSession, Recording, RecordingState, Session, SessionNote, SessionReview, TunnelJumpDraft,
};
use wire::{JumpItemRoleId, SessionId};

use crate::{console_of, pictures, signed_in};

/// Three seconds of a desktop, as Chromium's MediaRecorder writes it.
const DESKTOP: &[u8] = include_bytes!("../data/desktop.webm");
const ROW: &str = "[data-testid=review-row]";

fn count(console: &Console, what: &str) -> Result<u64> {
    let script = "return document.querySelectorAll(arguments[0]).length";
    Ok(console.script(script, vec![json!(what)])?.as_u64().unwrap_or(0))
}

fn wait_for_count(console: &Console, what: &str, wanted: u64) -> Result<()> {
    wait::until_true(&format!("there are {wanted} of {what}"), SOON, || Ok(count(console, what)? == wanted))
        .with_context(|| format!("there are {:?}", count(console, what)))
}

fn jump(who: &ApiClient, item: &JumpItem) -> Result<Session> {
    who.post("/api/sessions", &NewSession::of(item.id))?.ok()
}

fn end(who: &ApiClient, id: SessionId) -> Result<()> {
    who.post(&format!("/api/sessions/{id}/end"), &json!({}))?.success()
}

/// A session of this user whose desktop is recorded and that goes on.
fn recorded(site: &Site, who: &ApiClient, name: &str) -> Result<(Session, Recording)> {
    let item = site.item(name, "10.0.0.5", "127.0.0.1", &[(0, 5432)])?;
    let policy = json!({ "name": format!("Recorded {name}"), "recording": "on" });
    let policy: JumpPolicy = site.admin.post("/api/jump-policies", &policy)?.ok()?;
    let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition.clone() };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()?;
    let session = jump(who, &item)?;
    let new = json!({ "media_type": "video/webm;codecs=vp9", "label": "screen:0:0" });
    let recording: Recording = who.post(&format!("/api/sessions/{}/recordings", session.id), &new)?.ok()?;
    let path = format!("/api/recordings/{}/chunks/0", recording.id);
    who.send_bytes("PUT", &path, Some(("application/octet-stream", DESKTOP)), &[])?.success()?;
    Ok((session, recording))
}

/// Stops a recording and waits until it is complete. One to which nothing came for ten seconds stops by itself.
fn finish(site: &Site, who: &ApiClient, session: SessionId, recording: &Recording) -> Result<()> {
    let because = json!({ "because": "sharing_stopped" });
    let stopped = who.post(&format!("/api/recordings/{}/stop", recording.id), &because)?;
    ensure!(stopped.status < 300 || stopped.status == 404, "{stopped:?}");
    wait::until_true("the recording is complete", SOON, || {
        let all: Vec<Recording> = site.admin.get(&format!("/api/sessions/{session}/recordings"))?;
        Ok(all.iter().all(|it| it.state == RecordingState::Finished))
    })
}

fn position(console: &Console) -> Result<f64> {
    let script = "return document.querySelector('#review-video')?.currentTime ?? -1";
    console.script(script, vec![])?.as_f64().context("no number")
}

fn wait_for_position(console: &Console, wanted: impl Fn(f64) -> bool) -> Result<()> {
    wait::until_true("the player is there", SOON, || Ok(wanted(position(console)?)))
        .with_context(|| format!("it is at {:?}", position(console)))
}

#[test]
fn sessions_are_found_kept_shared_and_taken_out() -> Result<()> {
    on_a_site_with_console(|site| {
        let tom = site.technician("tom")?;
        for number in 0..3 {
            let item = site.item(&format!("db-{number}"), "10.0.0.5", "127.0.0.1", &[(0, 5432)])?;
            end(&tom, jump(&tom, &item)?.id)?;
            end(&site.admin, jump(&site.admin, &item)?.id)?;
        }
        let (session, recording) = recorded(site, &tom, "ledger")?;
        finish(site, &tom, session.id, &recording)?;
        end(&tom, session.id)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-review")?;
        wait_for_count(&console, ROW, 7)?;
        pictures(&mut console, "review-list")?;

        // Filters stand in the address; back takes the last one away.
        console.click("review-filter")?;
        console.click("review-by-user")?;
        console.type_into("review-typed", "Tom")?;
        console.click("review-choice")?;
        wait_for_count(&console, ROW, 4)?;
        console.click("review-filter")?;
        console.click("review-by-recorded")?;
        pictures(&mut console, "review-filter")?;
        console.click_on("[data-value='recorded:true']")?;
        wait_for_count(&console, ROW, 1)?;
        let url = console.browser().url()?;
        ensure!(url.contains("recorded=true") && url.contains("user="), "{url}");
        console.reload()?;
        wait_for_count(&console, ROW, 1)?;
        wait_for_count(&console, "[data-testid=review-chip]", 2)?;

        // Kept under a name, for this page alone.
        console.click("saved-filters")?;
        console.click("save-filters")?;
        console.type_into("filter-name", "Recorded of Tom")?;
        console.click("filter-save")?;
        console.wait_until_gone("filter-name")?;
        console.click("review-clear")?;
        wait_for_count(&console, ROW, 7)?;
        console.click("saved-filters")?;
        pictures(&mut console, "review-saved")?;
        console.click_on("[data-testid=saved-filter][data-name='Recorded of Tom'] .sp-saved__name")?;
        wait_for_count(&console, ROW, 1)?;
        console.click("nav-jump")?;
        console.click("saved-filters")?;
        ensure!(
            count(&console, "[data-testid=saved-filter]")? == 0,
            "a set for reviewers stands in the Jump interface"
        );
        console.visit("/review?text=DB-1")?;
        wait_for_count(&console, ROW, 2)?;

        // Sorted by the appliance.
        console.visit("/review")?;
        wait_for_count(&console, ROW, 7)?;
        let first = |console: &Console| -> Result<Value> {
            console.script("return document.querySelector(arguments[0])?.dataset.itemName ?? null", vec![json!(ROW)])
        };
        ensure!(first(&console)? == json!("ledger"), "{}", first(&console)?);
        console.click("review-sort-item")?;
        wait::until_true("it is sorted by name", SOON, || Ok(first(&console)? == json!("db-0")))?;
        console.click("review-sort-item")?;
        wait::until_true("it is turned", SOON, || Ok(first(&console)? == json!("ledger")))?;

        // The links of the files ask for what is shown.
        console.visit("/review?recorded=true")?;
        wait_for_count(&console, ROW, 1)?;
        console.click("review-files")?;
        let script = "const [id, done] = arguments; const it = document.getElementById(id); \
                      fetch(it.href).then(it => it.text()).then(done)";
        let csv = console.script_with_answer(script, vec![json!("review-csv")])?;
        let csv = csv.as_str().context("no text")?;
        ensure!(csv.lines().count() == 2 && csv.contains("ledger"), "{csv}");
        let lines = console.script_with_answer(script, vec![json!("review-jsonl")])?;
        let line: Value = serde_json::from_str(lines.as_str().context("no text")?)?;
        ensure!(line["session"]["item_name"] == json!("ledger"), "{line}");
        pictures(&mut console, "review-files")
    })
}

#[test]
fn a_session_is_reviewed_on_one_axis_of_time() -> Result<()> {
    on_a_site_with_console(|site| {
        let tom = site.technician("tom")?;
        let (session, recording) = recorded(site, &tom, "ledger")?;
        thread::sleep(Duration::from_secs(4));
        finish(site, &tom, session.id, &recording)?;
        end(&tom, session.id)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-review")?;
        wait_for_count(&console, ROW, 1)?;
        console.click_on(&format!("{ROW} a"))?;
        console.wait_for("review-video")?;
        console.wait_for("review-events")?;
        wait::until_true("events are there", SOON, || Ok(count(&console, "[data-testid=review-event]")? >= 3))?;
        wait_for_count(&console, "[data-testid=axis-recording]", 1)?;
        let facts = console.text("review-facts")?.unwrap_or_default();
        ensure!(facts.contains("Tom Technician from 127.0.0.1") && facts.contains("global session policy"), "{facts}");

        // A link to a moment leads there, the player with it.
        console.visit(&format!("/review/sessions/{}?at=2", session.id))?;
        console.wait_for("review-video")?;
        let it: SessionReview = site.admin.get(&format!("/api/review/sessions/{}", session.id))?;
        let into = 2.0 - it.recordings[0].started_at.millis_since(session.created_at) as f64 / 1000.0;
        wait_for_position(&console, |it| (it - into).abs() < 0.3)?;
        console.wait_for_text("review-moment", |text| text.contains("at 0:02"))?;
        // The axis by keys: to the beginning, and on.
        console.script("document.getElementById('review-area').focus()", vec![])?;
        console.press(&char::from(fantoccini::key::Key::Home).to_string())?;
        console.wait_for_text("review-moment", |text| text.contains("at 0:00"))?;
        // A press on the axis, a third of the way.
        let script = "const it = document.getElementById('review-area'), box = it.getBoundingClientRect(); \
            it.dispatchEvent(new MouseEvent('click', { bubbles: true, clientX: box.left + box.width / 3, clientY: box.top + 5 }))";
        console.script(script, vec![])?;
        let third = it.until.millis_since(session.created_at) as f64 / 3000.0 - (2.0 - into);
        wait_for_position(&console, |it| (it - third).abs() < 0.4)?;
        pictures(&mut console, "review-session")?;
        // An event leads to its moment.
        console.click_on("[data-testid=review-event][data-kind=created], [data-testid=review-event]")?;
        console.wait_for_text("review-moment", |text| text.contains("at 0:00"))?;

        // Notes at the moment; one's own can be changed and removed.
        console.visit(&format!("/review/sessions/{}?at=1", session.id))?;
        console.wait_for_text("review-moment", |text| text.contains("at 0:01"))?;
        console.type_into("note-text", "Here he opens the ledger.")?;
        console.click("note-save")?;
        wait_for_count(&console, "[data-testid=note]", 1)?;
        wait_for_count(&console, "[data-testid=axis-note]", 1)?;
        console.click_on(".sp-note__edit")?;
        console.type_into("note-text", "Here he opens the books.")?;
        console.click("note-save")?;
        console.wait_for_text("review-notes", |text| text.contains("the books") && text.contains("changed since"))?;
        let (_, rita) = reviewer(site)?;
        let note = json!({ "at": session.created_at, "text": "Who let him in?" });
        let _: SessionNote = rita.post(&format!("/api/review/sessions/{}/notes", session.id), &note)?.ok()?;
        console.reload()?;
        wait_for_count(&console, "[data-testid=note]", 2)?;
        ensure!(count(&console, ".sp-note__edit")? == 1, "somebody else's note can be changed");
        pictures(&mut console, "review-notes")?;
        console.click_on(".sp-note__remove")?;
        console.click_on(".sp-note__sure")?;
        wait_for_count(&console, "[data-testid=note]", 1)?;

        console.click("mark-reviewed")?;
        console.wait_for("reviewed-mark")?;
        console.visit("/review?reviewed=true")?;
        wait_for_count(&console, ROW, 1)?;
        console.click_on(&format!("{ROW} a"))?;
        console.click("mark-reviewed")?;
        console.wait_until_gone("reviewed-mark")
    })
}

/// Somebody who may read the reports of the site's group.
fn reviewer(site: &Site) -> Result<(String, ApiClient)> {
    let user: Value = site
        .admin
        .post("/api/users", &json!({ "user_name": "rita", "display_name": "Rita", "role": "technician", "password": TECHNICIAN_PASSWORD }))?
        .ok()?;
    let id = user["id"].as_str().context("no id")?.to_owned();
    let members = format!("/api/jump-groups/{}/members", site.group);
    let now: Value = site.admin.get(&members)?;
    let member = json!({ "principal": { "kind": "user", "id": id }, "role_id": JumpItemRoleId::AUDITOR });
    site.admin.put(&members, &json!({ "members": [member], "revision": now["revision"] }))?.success()?;
    let client = site.admin.stranger();
    client.sign_in("rita", TECHNICIAN_PASSWORD)?;
    Ok((id, client))
}

#[test]
fn a_session_that_runs_is_watched_and_ended() -> Result<()> {
    on_a_site_with_console(|site| {
        let tom = site.technician("tom")?;
        let (session, _) = recorded(site, &tom, "ledger")?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.visit(&format!("/review/sessions/{}", session.id))?;
        console.wait_for("review-runs")?;
        console.wait_for("review-newest")?;
        // What has come so far is played though it is not complete.
        wait::until_true("the video has a length", SOON, || {
            let script = "const it = document.querySelector('#review-video'); return !!it && it.readyState > 1 && it.duration > 2";
            Ok(console.script(script, vec![])? == json!(true))
        })?;
        pictures(&mut console, "review-running")?;
        ensure!(!console.shows("mark-reviewed")?, "what is not over is marked as reviewed");
        console.click("review-end")?;
        console.type_into("end-reason", "Enough seen.")?;
        console.click("end-dialog-confirm")?;
        console.wait_for_text("review-end-message", |text| text.contains("Enough seen."))?;
        console.wait_until_gone("review-runs")?;
        // The same page goes on with the complete recording.
        console.wait_for("review-file")?;
        console.wait_for("mark-reviewed")
    })
}

#[test]
fn reports_lead_to_the_sessions_they_are_about() -> Result<()> {
    on_a_site_with_console(|site| {
        let tom = site.technician("tom")?;
        let item = site.item("db-prod-1", "10.0.0.5", "127.0.0.1", &[(0, 5432)])?;
        site.item("forgotten", "10.0.0.6", "127.0.0.1", &[(0, 22)])?;
        end(&tom, jump(&tom, &item)?.id)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-review")?;
        console.click_on("#review-usage a")?;
        console.wait_for("usage")?;
        console.choose("usage-by", "Item")?;
        wait_for_count(&console, "[data-testid=usage-row][data-name=db-prod-1]", 1)?;
        pictures(&mut console, "report-usage")?;
        console.click_on("[data-testid=usage-row] a")?;
        wait_for_count(&console, ROW, 1)?;
        wait_for_count(&console, "[data-testid=review-chip]", 1)?;
        console.click_on("#review-last-use a")?;
        wait_for_count(&console, "[data-testid=last-use-row]", 2)?;
        console.wait_for_text("last-use", |text| text.contains("never") && text.contains("Tom Technician"))?;
        pictures(&mut console, "report-last-use")?;
        console.click_on("#review-reach a")?;
        wait_for_count(&console, "[data-testid=reach-row][data-user=tom][data-group=Production][data-starts=yes]", 1)?;
        pictures(&mut console, "report-reach")?;
        console.click_on("[data-testid=reach-row][data-user=tom] a")?;
        console.wait_for("group-because")
    })
}

#[test]
fn an_auditor_sees_everything_and_finds_nothing_to_change() -> Result<()> {
    on_a_site_with_console(|site| {
        let tom = site.technician("tom")?;
        let (session, recording) = recorded(site, &tom, "ledger")?;
        // Made by hand.
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-users a")?;
        console.click("create-user")?;
        console.type_into("user-user-name", "olga")?;
        console.type_into("user-display-name", "Olga")?;
        console.choose("user-role", "Auditor")?;
        console.type_into("user-password", TECHNICIAN_PASSWORD)?;
        pictures(&mut console, "user-auditor")?;
        console.click("user-save")?;
        console.wait_until_gone("user-save")?;

        let (_desk, mut theirs) = console_of(site, "olga")?;
        ensure!(!theirs.shows("create")? && !theirs.shows("nav-administration")?, "an auditor changes something");
        theirs.click("nav-review")?;
        wait_for_count(&theirs, ROW, 1)?;
        theirs.click_on(&format!("{ROW} a"))?;
        theirs.wait_for("review-runs")?;
        theirs.wait_for("review-video")?;
        for name in ["review-end", "mark-reviewed", "note-save"] {
            ensure!(!theirs.shows(name)?, "an auditor is offered {name}");
        }
        pictures(&mut theirs, "review-auditor")?;
        finish(site, &tom, session.id, &recording)?;
        end(&tom, session.id)?;
        theirs.wait_until_gone("review-runs")?;
        theirs.wait_for("review-file")?;
        ensure!(!theirs.shows("mark-reviewed")?);
        theirs.click("nav-audit")?;
        wait::until_true("events of the trail are there", SOON, || Ok(count(&theirs, "[data-testid=audit-row]")? > 5))?;
        theirs.click("audit-verify")?;
        theirs.wait_for_text("audit-verdict", |text| text.contains("The trail is whole"))?;
        theirs.visit("/review/reports/reach")?;
        theirs.click_on("[data-testid=reach-row][data-user=tom] a")?;
        theirs.wait_for("group-because")?;
        // Somebody who reviews nothing is not shown the way.
        let nina = json!({ "user_name": "nina", "display_name": "Nina", "role": "technician", "password": TECHNICIAN_PASSWORD });
        site.admin.post("/api/users", &nina)?.success()?;
        let (_other_desk, hers) = console_of(site, "nina")?;
        ensure!(!hers.shows("nav-review")?);
        hers.visit("/review")?;
        hers.wait_for("not-reviewer")
    })
}
