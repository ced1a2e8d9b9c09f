//! Sessions whose policy records the desktop, on a real one: nobody is recorded unasked, no tunnel is open unrecorded, and what was
//! recorded is played by whoever may.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::browser::{Browser, Desktop, Options, Workstation};
use tests::console::Console;
use tests::servers::{Echo, find_program};
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{JumpPolicy, Recording, RecordingState, TunnelJumpDraft};
use wire::{SessionId, audit::Action};

use crate::{pictures, signed_in};

/// Where the browser's bar has *Stop sharing* on a desktop of this size.
const STOP_SHARING: (u32, u32) = (779, 767);

/// An item whose policy records the desktop.
fn recorded_item(site: &Site, port: u16) -> Result<()> {
    let item = site.item("db-prod-1", "127.0.0.1", "127.38.1.1", &[(0, port.into())])?;
    let quality = json!({ "frames_per_second": 5, "max_lines": 720 });
    let policy = json!({ "name": "Recorded", "recording": "on", "recording_quality": quality });
    let policy: JumpPolicy = site.admin.post("/api/jump-policies", &policy)?.ok()?;
    let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()
}

/// A technician at a workstation with a real desktop.
fn technician(site: &Site, desktop: &Desktop, shares: bool) -> Result<(Workstation, Console)> {
    site.technician("tom")?;
    let desk = Workstation::new(&site.appliance.ready)?;
    desk.install_helper(&site.appliance.ready)?;
    let options = Options { desktop: Some(desktop.number()), shares, ..Options::default() };
    let console = Console::open(Browser::start(&desk, options)?, &site.appliance.ready.url)?;
    console.sign_in("tom", TECHNICIAN_PASSWORD)?;
    console.wait_for_helper()?;
    Ok((desk, console))
}

/// *Protocol Tunneling*, with *OK* to the question.
fn tunnel(console: &Console) -> Result<SocketAddr> {
    console.click("protocol-tunneling")?;
    console.wait_for("recording-prompt")?;
    console.click("recording-ok")?;
    let address = console.address(0)?;
    console.wait_for("recording-indicator")?;
    Ok(address)
}

fn session_of(console: &Console) -> Result<SessionId> {
    let url = console.url()?;
    let id = url.rsplit('/').next().context("the session's page has an address")?;
    Ok(id.parse()?)
}

/// Sends a word through a connection and waits for its echo.
fn echoed(connection: &mut TcpStream, word: &[u8], within: Duration) -> Result<bool> {
    connection.set_read_timeout(Some(within))?;
    connection.write_all(word)?;
    let mut answer = vec![0; word.len()];
    match connection.read_exact(&mut answer) {
        Ok(()) => Ok(answer == word),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn recordings(site: &Site, id: SessionId) -> Result<Vec<Recording>> {
    site.admin.get(&format!("/api/sessions/{id}/recordings"))
}

/// The recordings of a session, once all of them are complete.
fn complete(site: &Site, id: SessionId, count: usize) -> Result<Vec<Recording>> {
    wait::until("the recordings are complete", SOON, || {
        let all = recordings(site, id)?;
        let complete = all.iter().all(|it| it.state == RecordingState::Finished);
        Ok((all.len() == count && complete).then_some(all))
    })
    .with_context(|| format!("they are {:#?}", recordings(site, id).ok()))
}

/// What ffprobe says of a file, and what ffmpeg says of how dark its pictures are.
fn probe(file: &Path) -> Result<(Value, f64)> {
    let mut command = Command::new(find_program("ffprobe", &[])?);
    command.args(["-v", "error", "-show_format", "-show_streams", "-count_packets", "-of", "json"]).arg(file);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let facts = serde_json::from_slice(&output.stdout)?;
    let mut command = Command::new(find_program("ffmpeg", &[])?);
    command.args(["-v", "error", "-i"]).arg(file);
    command.args(["-vf", "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", "-f", "null", "-"]);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let luma = text.lines().filter_map(|it| it.strip_prefix("lavfi.signalstats.YAVG=")?.parse::<f64>().ok());
    Ok((facts, luma.fold(f64::INFINITY, f64::min)))
}

/// A recording as a file of the test's.
fn downloaded(site: &Site, it: &Recording) -> Result<std::path::PathBuf> {
    let answer = site.admin.send("GET", &format!("/api/recordings/{}/file", it.id), None)?;
    ensure!(answer.status == 200, "{answer:?}");
    let file = site.folder().join(format!("{}.webm", it.id));
    std::fs::write(&file, &answer.body)?;
    Ok(file)
}

#[test]
fn a_desktop_is_recorded_and_played_by_whoever_may() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        recorded_item(site, echo.port())?;
        let desktop = Desktop::start()?;
        let (_desk, mut theirs) = technician(site, &desktop, true)?;
        theirs.jump("db-prod-1")?;
        let id = session_of(&theirs)?;
        theirs.wait_for("start-records")?;
        theirs.click("protocol-tunneling")?;
        theirs.wait_for("recording-prompt")?;
        pictures(&mut theirs, "recording-prompt")?;
        theirs.click("recording-ok")?;
        let address = theirs.address(0)?;
        theirs.wait_for("recording-indicator")?;
        let mut connection = TcpStream::connect(address)?;
        ensure!(echoed(&mut connection, b"recorded", SOON)?);
        // It goes on while people look at other pages.
        theirs.click("nav-jump")?;
        std::thread::sleep(Duration::from_secs(8));
        theirs.click("session-tab")?;
        theirs.wait_for("recording-indicator")?;
        pictures(&mut theirs, "recording-indicator")?;
        ensure!(echoed(&mut connection, b"still", SOON)?);
        theirs.end_session()?;
        ensure!(!theirs.shows("recordings")?, "technicians look at what they are recorded for");

        let all = complete(site, id, 1)?;
        let it = &all[0];
        let file = downloaded(site, it)?;
        let (facts, darkest) = probe(&file)?;
        let seconds: f64 = facts["format"]["duration"].as_str().context("it has a duration")?.parse()?;
        let took = it.ended_at.context("it ended")?.millis_since(it.started_at) as f64 / 1000.0;
        ensure!((seconds - took).abs() < 1.0 && seconds > 8.0, "{seconds} s of {took} s: {facts}");
        ensure!((seconds * 1000.0 - it.duration_millis as f64).abs() < 1000.0, "{it:?}");
        ensure!(facts["streams"].as_array().context("streams")?.len() == 1, "{facts}");
        ensure!(darkest > 20.0, "a picture is black: {darkest}");
        ensure!(it.height <= 720 && it.height > 300, "{it:?}");
        let hash = Command::new("sha256sum").arg(&file).output()?;
        let hash = String::from_utf8(hash.stdout)?;
        ensure!(it.sha256.as_deref() == hash.split_whitespace().next(), "{it:?} is not {hash}");

        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.visit(&format!("/sessions/{id}"))?;
        console.wait_for("recording-video")?;
        let video = "document.querySelector('[data-testid=recording-video]')";
        wait::until_true("the player knows how long it is", SOON, || {
            let duration = console.script(&format!("return {video}.duration ?? 0"), vec![])?;
            Ok(duration.as_f64().is_some_and(|it| (it - seconds).abs() < 1.0))
        })?;
        console.script(&format!("window.sought = false; const it = {video}; it.onseeked = () => window.sought = true; it.currentTime = 6"), vec![])?;
        wait::until_true("the player has sought", SOON, || {
            let sought = console.script(
                &format!("return window.sought && {video}.readyState >= 2 && {video}.currentTime === 6"),
                vec![],
            )?;
            Ok(sought == json!(true))
        })?;
        console.script(&format!("{video}.scrollIntoView()"), vec![])?;
        pictures(&mut console, "recording-player")?;
        let events = tests::audit_trail::events(&site.admin, "category=recording&limit=500")?;
        for action in
            [Action::RecordingStarted, Action::RecordingFinished, Action::RecordingViewed, Action::RecordingDownloaded]
        {
            let found = events.iter().filter(|it| it.action == action).count();
            ensure!(found == 1, "{found} events {action}");
        }
        Ok(())
    })
}

#[test]
fn without_consent_no_tunnel_is_created() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        recorded_item(site, echo.port())?;
        let desktop = Desktop::start()?;
        let (_desk, mut theirs) = technician(site, &desktop, false)?;
        theirs.jump("db-prod-1")?;
        let id = session_of(&theirs)?;
        theirs.click("protocol-tunneling")?;
        theirs.wait_for("recording-prompt")?;
        theirs.click("recording-cancel")?;
        theirs.wait_until_gone("recording-prompt")?;
        theirs.wait_for("tunnel-error")?;
        pictures(&mut theirs, "recording-refused")?;
        // The other dialog is the browser's own.
        theirs.click("protocol-tunneling")?;
        theirs.wait_for("recording-prompt")?;
        theirs.click("recording-ok")?;
        theirs.wait_until_gone("recording-prompt")?;
        wait::until_true("the browser's picker was closed", SOON, || {
            desktop.press("Escape")?;
            std::thread::sleep(Duration::from_millis(500));
            theirs.shows("tunnel-error")
        })?;
        let session = site.session(id)?;
        ensure!(session.session.state == wire::api::SessionState::Ready, "{:?}", session.session);
        ensure!(session.events.iter().all(|it| it.kind != "helper_connected"), "{:?}", session.events);
        ensure!(recordings(site, id)?.is_empty());
        Ok(())
    })
}

#[test]
fn tunnels_pause_when_sharing_stops_and_go_on_when_it_begins_again() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        recorded_item(site, echo.port())?;
        let desktop = Desktop::start()?;
        let (_desk, mut theirs) = technician(site, &desktop, true)?;
        theirs.jump("db-prod-1")?;
        let id = session_of(&theirs)?;
        let address = tunnel(&theirs)?;
        let mut connection = TcpStream::connect(address)?;
        ensure!(echoed(&mut connection, b"before", SOON)?);
        desktop.click(STOP_SHARING.0, STOP_SHARING.1)?;
        theirs.wait_for("recording-paused")?;
        pictures(&mut theirs, "recording-paused")?;
        ensure!(!echoed(&mut connection, b"during", Duration::from_secs(3))?, "a byte went through unrecorded");
        theirs.click("share-again")?;
        theirs.wait_for("recording-indicator")?;
        let mut answer = [0; 6];
        connection.set_read_timeout(Some(SOON))?;
        connection.read_exact(&mut answer)?;
        ensure!(&answer == b"during", "what waited comes: {answer:?}");

        // A page that is loaded anew records no more; the tunnels and their connections wait.
        theirs.reload()?;
        theirs.wait_for("recording-paused")?;
        theirs.click("share-again")?;
        theirs.wait_for("recording-indicator")?;
        ensure!(echoed(&mut connection, b"after", SOON)?);
        theirs.end_session()?;
        let all = complete(site, id, 3)?;
        for it in &all {
            let (facts, darkest) = probe(&downloaded(site, it)?)?;
            ensure!(darkest > 20.0, "{it:?}: {facts}");
        }
        Ok(())
    })
}

#[test]
fn the_appliance_dies_and_what_it_had_confirmed_can_be_played() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        recorded_item(site, echo.port())?;
        let desktop = Desktop::start()?;
        let (_desk, theirs) = technician(site, &desktop, true)?;
        theirs.jump("db-prod-1")?;
        let id = session_of(&theirs)?;
        let address = tunnel(&theirs)?;
        let mut connection = TcpStream::connect(address)?;
        ensure!(echoed(&mut connection, b"before", SOON)?);
        std::thread::sleep(Duration::from_secs(5));
        site.appliance.program.kill()?;
        site.appliance.start_again()?;
        // The same recording goes on, and with it the same connection.
        wait::until_true("it records again", Duration::from_secs(60), || {
            Ok(site
                .session(id)
                .is_ok_and(|it| it.session.recording.is_some_and(|it| it.phase == wire::api::RecordingPhase::Running)))
        })?;
        ensure!(echoed(&mut connection, b"after", Duration::from_secs(60))?);
        std::thread::sleep(Duration::from_secs(3));
        theirs.end_session()?;
        let all = complete(site, id, 1)?;
        let (facts, darkest) = probe(&downloaded(site, &all[0])?)?;
        let seconds: f64 = facts["format"]["duration"].as_str().context("it has a duration")?.parse()?;
        ensure!(seconds > 8.0 && darkest > 20.0, "{facts}");
        Ok(())
    })
}

#[test]
fn recording_is_switched_on_by_hand() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-policies a")?;
        console.click("create-policy")?;
        console.type_into("policy-name", "Watched")?;
        console.choose("policy-recording", "on")?;
        console.wait_for("policy-recording-frames")?;
        console.choose("policy-recording-frames", "10")?;
        console.choose("policy-recording-lines", "at most 720")?;
        pictures(&mut console, "policy-dialog-recording")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        let all: Vec<JumpPolicy> = site.admin.get("/api/jump-policies")?;
        let made = &all.iter().find(|it| it.definition.name == "Watched").context("it was made")?.definition;
        ensure!(made.recording == wire::api::RecordingRule::On, "{made:?}");
        ensure!((made.recording_quality.frames_per_second, made.recording_quality.max_lines) == (10, 720), "{made:?}");

        console.click_on("#section-settings a")?;
        console.wait_for("site-settings")?;
        console.click_on("label[for=\"site-record\"]")?;
        console.wait_for("site-recording-frames")?;
        console.click("site-save")?;
        wait::until_true("it is kept", SOON, || {
            let settings: wire::api::SiteSettings = site.admin.get("/api/settings/site")?;
            Ok(settings.rules.record_desktops.is_some())
        })?;
        let item = site.item("web-1", "127.0.0.1", "127.38.1.5", &[(0, 80)])?;
        let terms: wire::api::StartTerms = site.admin.get(&format!("/api/jump-items/{}/start", item.id))?;
        ensure!(terms.recording.is_some(), "{terms:?}");
        Ok(())
    })
}

#[test]
#[ignore = "a measurement: e2e what_recording_costs -- --ignored --nocapture"]
fn what_recording_costs_the_workstation() -> Result<()> {
    const SPAN: Duration = Duration::from_secs(20);
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        recorded_item(site, echo.port())?;
        site.item("plain", "127.0.0.1", "127.38.1.2", &[(0, echo.port().into())])?;
        let desktop = Desktop::start()?;
        let (_desk, theirs) = technician(site, &desktop, true)?;
        let cores = || -> Result<f64> {
            std::thread::sleep(Duration::from_secs(3));
            let before = theirs.cpu_seconds()?;
            std::thread::sleep(SPAN);
            Ok((theirs.cpu_seconds()? - before) / SPAN.as_secs_f64())
        };
        theirs.jump("plain")?;
        theirs.tunnel(1)?;
        let without = cores()?;
        theirs.end_session()?;
        theirs.click("nav-jump")?;
        theirs.jump("db-prod-1")?;
        let id = session_of(&theirs)?;
        tunnel(&theirs)?;
        let with = cores()?;
        theirs.end_session()?;
        let it = complete(site, id, 1)?.remove(0);
        let rate = it.bytes as f64 / (it.duration_millis as f64 / 1000.0) / 1024.0;
        eprintln!(
            "cores without {without:.3}, with {with:.3}; {rate:.1} KiB/s of {} x {} at 5 a second",
            it.width, it.height
        );
        Ok(())
    })
}
