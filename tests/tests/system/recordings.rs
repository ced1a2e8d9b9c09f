//! Sessions that have to be recorded, with what a browser sent in place of a browser: no tunnel before the first frames, a pause when
//! nothing comes, nothing lost when the appliance dies, nothing kept in clear, nothing shown to those who may not look.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{Answer, ApiClient};
use tests::audit_trail;
use tests::helper::HelperByHand;
use tests::servers::Echo;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site, on_a_site_with_clock};
use tests::wait::{self, SOON};
use wire::api::{
    ChunkKept, JumpItem, JumpItemRole, JumpPolicy, Memberships, NewSession, Recording, RecordingPhase, RecordingState,
    Session, SessionEnd, SessionPage, SessionState, TunnelJumpDraft, TunnelTicket,
};
use wire::audit::Action;
use wire::{JumpItemRoleId, RecordingId, SessionId};

/// Three seconds of a desktop, as Chromium's MediaRecorder writes it.
pub(crate) const DESKTOP: &[u8] = include_bytes!("../data/desktop.webm");
/// Bytes of it that go up at once.
pub(crate) const CHUNK: usize = 1_500;

/// An item whose policy has it recorded.
pub(crate) fn recorded_item(site: &Site, name: &str, port: u16) -> Result<JumpItem> {
    let item = site.item(name, "127.0.0.1", "127.0.0.1", &[(0, port.into())])?;
    let policy = json!({ "name": format!("Recorded {name}"), "recording": "on" });
    let policy: JumpPolicy = site.admin.post("/api/jump-policies", &policy)?.ok()?;
    let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.ok()
}

pub(crate) fn announce(who: &ApiClient, session: SessionId) -> Result<Recording> {
    let new = json!({ "media_type": "video/webm;codecs=vp9", "label": "screen:0:0" });
    who.post(&format!("/api/sessions/{session}/recordings"), &new)?.ok()
}

pub(crate) fn send(who: &ApiClient, id: RecordingId, number: usize, chunk: &[u8]) -> Result<Answer> {
    let path = format!("/api/recordings/{id}/chunks/{number}");
    who.send_bytes("PUT", &path, Some(("application/octet-stream", chunk)), &[])
}

/// Sends everything from a chunk on.
pub(crate) fn send_from(who: &ApiClient, id: RecordingId, first: usize) -> Result<()> {
    send_some(who, id, first..usize::MAX)
}

/// Sends these chunks.
pub(crate) fn send_some(who: &ApiClient, id: RecordingId, which: Range<usize>) -> Result<()> {
    for (number, chunk) in DESKTOP.chunks(CHUNK).enumerate().filter(|(number, _)| which.contains(number)) {
        let kept: ChunkKept = send(who, id, number, chunk)?.ok()?;
        ensure!(kept.next == number as u64 + 1, "{kept:?} after {number}");
    }
    Ok(())
}

pub(crate) fn stop(who: &ApiClient, id: RecordingId) -> Result<()> {
    who.post(&format!("/api/recordings/{id}/stop"), &json!({ "because": "sharing_stopped" }))?.success()
}

fn phase(site: &Site, id: SessionId) -> Result<Option<RecordingPhase>> {
    Ok(site.session(id)?.session.recording.map(|it| it.phase))
}

/// The only recording of a session, once it is complete.
pub(crate) fn complete(site: &Site, id: SessionId) -> Result<Recording> {
    wait::until("the recording is complete", Duration::from_secs(30), || {
        let all: Vec<Recording> = site.admin.get(&format!("/api/sessions/{id}/recordings"))?;
        ensure!(all.len() == 1, "{all:?}");
        Ok(all.into_iter().find(|it| it.state != RecordingState::Running))
    })
}

pub(crate) fn file(who: &ApiClient, id: RecordingId, range: Option<&str>) -> Result<Answer> {
    let headers: Vec<(&str, &str)> = range.map(|it| ("range", it)).into_iter().collect();
    who.send_with("GET", &format!("/api/recordings/{id}/video"), None, &headers)
}

/// Whether a word comes back within a time.
pub(crate) fn echoed(connection: &mut TcpStream, within: Duration) -> Result<bool> {
    connection.set_read_timeout(Some(within))?;
    connection.write_all(b"x")?;
    Ok(connection.read(&mut [0]).is_ok_and(|it| it == 1))
}

/// Opens the session's tunnel and connects through it.
pub(crate) fn echo_through(site: &Site, helper: &mut HelperByHand, id: SessionId) -> Result<TcpStream> {
    let local = helper.open_tunnels(&site.ticket(id)?)?;
    let listening = local.tunnels[0].listening.clone().context("it listens")?;
    let mut connection = TcpStream::connect((listening.address, listening.port))?;
    ensure!(echoed(&mut connection, SOON)?);
    Ok(connection)
}

/// Whether a connection is cut within a second.
pub(crate) fn is_cut(connection: &mut TcpStream) -> Result<bool> {
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok(match connection.read(&mut [0]) {
        Ok(bytes) => bytes == 0,
        Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    })
}

pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { all.extend(files_below(&path)?) } else { all.push(path) }
    }
    Ok(all)
}

#[test]
fn no_tunnel_opens_before_the_first_frames_are_on_disk() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = recorded_item(site, "db-1", echo.port())?;
        let mut helper = site.start_helper()?;
        let session = site.jump(&item)?;
        ensure!(session.recording.is_some_and(|it| it.phase == RecordingPhase::Wanted), "{session:?}");
        let ticket = format!("/api/sessions/{}/ticket", session.id);
        let refused = site.admin.send("POST", &ticket, None)?;
        ensure!(refused.refused(403)?.code == "not_recording", "{refused:?}");
        let recording = announce(&site.admin, session.id)?;
        send(&site.admin, recording.id, 0, &DESKTOP[..200])?.success()?;
        let refused = site.admin.send("POST", &ticket, None)?;
        ensure!(refused.refused(403)?.code == "not_recording", "a header is no frame: {refused:?}");
        // One that is missing in between is told; one that came before is not kept twice.
        let early = send(&site.admin, recording.id, 2, b"x")?;
        ensure!(early.refused(409)?.code == "out_of_order", "{early:?}");
        let again: ChunkKept = send(&site.admin, recording.id, 0, &DESKTOP[..200])?.ok()?;
        ensure!(again.next == 1);
        send(&site.admin, recording.id, 1, &DESKTOP[200..])?.success()?;
        ensure!(phase(site, session.id)? == Some(RecordingPhase::Running));
        let mut connection = echo_through(site, &mut helper, session.id)?;

        // It stops: nothing goes through, for a minute.
        stop(&site.admin, recording.id)?;
        ensure!(phase(site, session.id)? == Some(RecordingPhase::Paused));
        ensure!(!echoed(&mut connection, Duration::from_secs(2))?, "a byte went through unrecorded");
        let late = send(&site.admin, recording.id, 2, b"x")?;
        ensure!(late.status == 404 || late.status == 409, "{late:?}");
        let second = announce(&site.admin, session.id)?;
        send_from(&site.admin, second.id, 0)?;
        ensure!(phase(site, session.id)? == Some(RecordingPhase::Running));
        ensure!(connection.read(&mut [0])? == 1, "what waited comes");
        Ok(())
    })
}

#[test]
fn a_recording_is_kept_encrypted_and_given_out_whole_or_in_part() -> Result<()> {
    on_a_site(|site| {
        let item = recorded_item(site, "db-1", 5432)?;
        let session = site.jump(&item)?;
        let recording = announce(&site.admin, session.id)?;
        send_from(&site.admin, recording.id, 0)?;
        ensure!(file(&site.admin, recording.id, None)?.status == 404, "it is not complete yet");
        stop(&site.admin, recording.id)?;
        let done = complete(site, session.id)?;
        ensure!(done.state == RecordingState::Finished && (2_000..4_000).contains(&done.duration_millis), "{done:?}");
        let whole = file(&site.admin, recording.id, None)?;
        ensure!(whole.status == 200 && whole.body.len() as u64 == done.bytes, "{done:?}");
        let length = whole.body.len();
        for (range, wanted) in [
            ("bytes=0-".to_owned(), 0..length),
            ("bytes=10-19".to_owned(), 10..20),
            (format!("bytes={}-", length - 5), length - 5..length),
            ("bytes=-7".to_owned(), length - 7..length),
        ] {
            let part = file(&site.admin, recording.id, Some(&range))?;
            let said = part.headers.get("content-range").and_then(|it| it.to_str().ok());
            let expected = format!("bytes {}-{}/{length}", wanted.start, wanted.end - 1);
            ensure!(part.status == 206 && said == Some(&*expected), "{range}: {} {said:?}", part.status);
            ensure!(part.body == whole.body[wanted], "{range}");
        }
        let beyond = file(&site.admin, recording.id, Some(&format!("bytes={length}-")))?;
        ensure!(beyond.status == 416, "{}", beyond.status);
        // Neither while it came nor afterwards does anything lie about in clear.
        let pieces = [&DESKTOP[DESKTOP.len() - 64..], &whole.body[length - 64..]];
        for path in files_below(&site.folder().join("appliance"))? {
            let bytes = std::fs::read(&path)?;
            let in_clear = pieces.iter().any(|piece| bytes.windows(piece.len()).any(|it| it == *piece));
            ensure!(!in_clear || path.to_string_lossy().contains("/tls/"), "{} has it in clear", path.display());
        }
        // One look is one event; the hash stands in the trail.
        let events = audit_trail::events(&site.admin, "category=recording&limit=500")?;
        let count = |action| events.iter().filter(|it| it.action == action).count();
        ensure!(count(Action::RecordingViewed) == 1 && count(Action::RecordingFinished) == 1, "{events:#?}");
        let finished = events.iter().find(|it| it.action == Action::RecordingFinished).context("it finished")?;
        ensure!(json!(finished.after)["sha256"] == json!(done.sha256), "{finished:?}");

        // What somebody changes in the store is not given out.
        let stored = site.folder().join(format!("appliance/recordings/{}/{}", session.id, recording.id));
        let mut bytes = std::fs::read(&stored)?;
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        std::fs::write(&stored, bytes)?;
        let changed = file(&site.admin, recording.id, None);
        ensure!(!changed.is_ok_and(|it| it.body.len() == length), "a changed recording was given out");
        Ok(())
    })
}

#[test]
fn what_was_confirmed_survives_the_death_of_the_appliance() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = recorded_item(site, "db-1", echo.port())?;
        let mut helper = site.start_helper()?;
        let session = site.jump(&item)?;
        let recording = announce(&site.admin, session.id)?;
        let chunks = DESKTOP.chunks(CHUNK).count();
        ensure!(chunks > 4, "the sample is too small: {chunks} chunks");
        for (number, chunk) in DESKTOP.chunks(CHUNK).enumerate().take(chunks - 2) {
            send(&site.admin, recording.id, number, chunk)?.success()?;
        }
        let mut connection = echo_through(site, &mut helper, session.id)?;
        site.appliance.program.kill()?;
        site.appliance.start_again()?;
        // The session goes on, but nothing goes through until the same recording does.
        wait::until_true("the session is there", SOON, || {
            Ok(site.session(session.id).is_ok_and(|it| it.session.state == SessionState::Tunnelling))
        })?;
        ensure!(phase(site, session.id)? == Some(RecordingPhase::Paused));
        let alive: ChunkKept =
            site.admin.send("POST", &format!("/api/recordings/{}/alive", recording.id), None)?.ok()?;
        ensure!(alive.next == chunks as u64 - 2, "{alive:?} of {chunks}");
        send_from(&site.admin, recording.id, chunks - 2)?;
        ensure!(phase(site, session.id)? == Some(RecordingPhase::Running));
        ensure!(echoed(&mut connection, Duration::from_secs(30))?);
        stop(&site.admin, recording.id)?;
        let done = complete(site, session.id)?;
        ensure!(done.state == RecordingState::Finished && done.duration_millis > 2_000, "{done:?}");
        Ok(())
    })
}

#[test]
fn silence_pauses_and_then_ends_the_session() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let item = recorded_item(site, "db-1", 5432)?;
        let session = site.jump(&item)?;
        let recording = announce(&site.admin, session.id)?;
        send_from(&site.admin, recording.id, 0)?;
        ensure!(phase(site, session.id)? == Some(RecordingPhase::Running));
        clock.pass(Duration::from_secs(8))?;
        let alive = format!("/api/recordings/{}/alive", recording.id);
        site.admin.send("POST", &alive, None)?.success()?;
        clock.pass(Duration::from_secs(8))?;
        ensure!(phase(site, session.id)? == Some(RecordingPhase::Running), "a word is enough");
        clock.pass(Duration::from_secs(8))?;
        wait::until_true("the tunnels pause", SOON, || Ok(phase(site, session.id)? == Some(RecordingPhase::Paused)))?;
        clock.pass(Duration::from_secs(62))?;
        let over =
            site.wait_for_session(session.id, "the session ends", |it| it.session.state == SessionState::Ended)?;
        ensure!(over.session.end == Some(SessionEnd::RecordingStopped), "{:?}", over.session);
        let kinds: Vec<_> = over.events.iter().map(|it| it.kind.as_str()).collect();
        ensure!(kinds.contains(&"recording_started") && kinds.contains(&"recording_paused"), "{kinds:?}");
        ensure!(complete(site, session.id)?.state == RecordingState::Finished);
        Ok(())
    })
}

#[test]
fn only_its_user_brings_a_recording_and_only_reviewers_look() -> Result<()> {
    on_a_site(|site| {
        let item = recorded_item(site, "db-1", 5432)?;
        let tom = site.technician_with("tom", JumpItemRoleId::START_SESSIONS_ONLY)?;
        let session: Session = tom.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        let new = json!({ "media_type": "video/webm", "label": "" });
        let path = format!("/api/sessions/{}/recordings", session.id);
        ensure!(site.admin.post(&path, &new)?.status == 404, "an administrator records for somebody else");
        ensure!(tom.post(&path, &json!({ "media_type": "video/mp4" }))?.status == 422);
        let recording = announce(&tom, session.id)?;
        ensure!(send(&site.admin, recording.id, 0, DESKTOP)?.status == 404);
        ensure!(
            site.admin
                .post(&format!("/api/recordings/{}/stop", recording.id), &json!({ "because": "page_closed" }))?
                .status
                == 404
        );
        send_from(&tom, recording.id, 0)?;
        let garbage = announce(&tom, session.id)?;
        let refused = send(&tom, garbage.id, 0, b"this is no WebM at all, whatever it says")?;
        ensure!(refused.refused(422)?.code == "not_a_recording", "{refused:?}");
        ensure!(send(&tom, recording.id, 999, &vec![0; 5 << 20])?.status == 413);
        stop(&tom, recording.id)?;
        wait::until_true("it is complete", SOON, || Ok(file(&site.admin, recording.id, None)?.status == 200))?;

        // Whoever is recorded does not look at it; whoever may read the reports of the group does, and at nothing else.
        ensure!(tom.send("GET", &path, None)?.status == 404 && file(&tom, recording.id, None)?.status == 404);
        let auditor = auditor(site)?;
        ensure!(file(&auditor, recording.id, None)?.status == 200);
        let seen: SessionPage = auditor.get("/api/sessions")?;
        ensure!(seen.sessions.iter().map(|it| it.id).collect::<Vec<_>>() == [session.id], "{seen:?}");
        ensure!(auditor.send("GET", &format!("/api/sessions/{}", session.id), None)?.status == 200);
        ensure!(auditor.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.status == 404);
        ensure!(auditor.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.status == 404);
        let items: Vec<JumpItem> = auditor.get("/api/jump-items")?;
        ensure!(items.is_empty(), "{items:?}");
        // In another group nothing is theirs to see.
        let members = format!("/api/jump-groups/{}/members", site.group);
        let none: Memberships = site.admin.get(&members)?;
        site.admin.put(&members, &Memberships { members: Vec::new(), ..none })?.success()?;
        ensure!(file(&auditor, recording.id, None)?.status == 404);
        let seen: SessionPage = auditor.get("/api/sessions")?;
        ensure!(seen.sessions.is_empty(), "{seen:?}");
        Ok(())
    })
}

/// Somebody who may read the reports of the site's group, and nothing else.
pub(crate) fn auditor(site: &Site) -> Result<ApiClient> {
    let user: wire::api::User = site
        .admin
        .post("/api/users", &json!({ "user_name": "olga", "display_name": "Olga", "role": "technician", "password": TECHNICIAN_PASSWORD }))?
        .ok()?;
    let roles: Vec<JumpItemRole> = site.admin.get("/api/jump-item-roles")?;
    let role = roles.iter().find(|it| it.id == JumpItemRoleId::AUDITOR).context("a built-in role")?;
    let members = format!("/api/jump-groups/{}/members", site.group);
    let now: Memberships = site.admin.get(&members)?;
    let member = wire::api::Membership {
        principal: wire::api::Principal::User(user.id),
        role_id: role.id,
        jump_policy_id: None,
    };
    site.admin.put(&members, &Memberships { members: vec![member], ..now })?.success()?;
    let client = site.admin.stranger();
    client.sign_in("olga", TECHNICIAN_PASSWORD)?;
    Ok(client)
}

#[test]
fn the_settings_record_everything_that_no_policy_exempts() -> Result<()> {
    on_a_site(|site| {
        let settings: wire::api::SiteSettings = site.admin.get("/api/settings/site")?;
        let quality = wire::api::RecordingQuality { frames_per_second: 3, max_lines: 900 };
        let rules = wire::api::SiteRules { record_desktops: Some(quality), ..settings.rules };
        site.admin.put("/api/settings/site", &rules)?.success()?;
        let plain = site.item("plain", "127.0.0.1", "127.0.0.1", &[(0, 80)])?;
        ensure!(site.jump(&plain)?.recording.is_some_and(|it| it.quality == quality));
        let exempt = site.item("exempt", "127.0.0.1", "127.0.0.1", &[(0, 81)])?;
        let policy: JumpPolicy =
            site.admin.post("/api/jump-policies", &json!({ "name": "Private", "recording": "off" }))?.ok()?;
        let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..exempt.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", exempt.id), &draft)?.success()?;
        let session = site.jump(&exempt)?;
        ensure!(session.recording.is_none(), "{session:?}");
        let _: TunnelTicket = site.ticket(session.id)?;
        let new = json!({ "media_type": "video/webm", "label": "" });
        let refused = site.admin.post(&format!("/api/sessions/{}/recordings", session.id), &new)?;
        ensure!(refused.refused(409)?.code == "not_recorded", "{refused:?}");
        Ok(())
    })
}
