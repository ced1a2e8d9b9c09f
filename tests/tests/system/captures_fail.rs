//! Traffic that cannot be captured does not pass: the limit is reached, the disk is full, the disk hangs.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::appliance::Options;
use tests::program::run;
use tests::servers::Echo;
use tests::site::{Site, on_a_site, on_a_site_started};
use tests::wait::{self, SOON};
use wire::api::{HealthLevel, JumpItem, NewSession, SessionDetails, SessionEnd, SessionState};
use wire::audit::Action;

use crate::captures::{capture, completed, downloaded, echo_all, followed, is_sound};
use crate::recordings_disk_full::{Mount, as_root, health};

const MIB: usize = 1 << 20;
const LIMIT: Duration = Duration::from_secs(30);

fn ended(site: &Site, id: wire::SessionId, end: SessionEnd) -> Result<SessionDetails> {
    let over = site.wait_for_session(id, "the session ends", |it| it.session.state == SessionState::Ended)?;
    ensure!(over.session.end == Some(end), "{:?}", over.session);
    Ok(over)
}

fn echo_item(site: &Site, echo: &Echo, limits: serde_json::Value) -> Result<JumpItem> {
    let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
    capture(site, item, limits)
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|it| (it * 31 % 251) as u8).collect()
}

#[test]
fn a_session_ends_with_its_limit_unless_it_may_go_on() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let all = bytes(3 * MIB);
        let ending = echo_item(site, &echo, json!({ "max_mebibytes": 1 }))?;
        let session = site.open(&mut helper, &ending)?;
        let back = echo_all(session.address(0)?, &all)?;
        ensure!(back < MIB, "{back} bytes came back");
        ended(site, session.id, SessionEnd::CaptureFull)?;
        let done = completed(site, session.id)?;
        ensure!(done.bytes <= MIB as u64 + 1_000, "{done:?}");
        let file = downloaded(site, &done)?;
        let (client, target) = followed(&file, 0)?;
        // Whatever came back is there, and nothing is that was not sent.
        ensure!(target.len() >= back && all.starts_with(&target) && all.starts_with(&client), "{}", target.len());
        let full = |site: &Site| -> Result<usize> {
            let events = tests::audit_trail::events(&site.admin, "category=recording&limit=100")?;
            Ok(events.iter().filter(|it| it.action == Action::RecordingFull).count())
        };
        ensure!(full(site)? == 1);

        let item = site.item("going on", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let item = capture(site, item, json!({ "max_mebibytes": 1, "when_full": "go_on" }))?;
        let session = site.open(&mut helper, &item)?;
        ensure!(echo_all(session.address(0)?, &all)? == all.len());
        ensure!(echo_all(session.address(0)?, &all)? == all.len());
        let details = site.session(session.id)?;
        let kinds: Vec<_> = details.events.iter().filter(|it| it.kind == "capture_full").collect();
        ensure!(kinds.len() == 1 && details.session.state == SessionState::Tunnelling, "{details:#?}");
        ensure!(full(site)? == 2);
        let done = crate::captures::complete(site, session.id)?;
        ensure!((MIB as u64 / 2..MIB as u64 + 1_000).contains(&done.bytes), "{done:?}");
        Ok(())
    })
}

#[test]
fn what_cannot_be_captured_ends_and_does_not_begin() -> Result<()> {
    let mounted = RefCell::new(None);
    let prepare = |options: Options| {
        *mounted.borrow_mut() = Some(Mount::on(&options.data.join("recordings-incoming")));
        options
    };
    on_a_site_started(prepare, |site| {
        let mount = mounted.take().context("it was not mounted")??;
        let echo = Echo::start()?;
        let item = echo_item(site, &echo, json!({ "max_mebibytes": 100 }))?;
        let mut helper = site.start_helper()?;
        let session = site.open(&mut helper, &item)?;
        let some = bytes(MIB / 2);
        ensure!(echo_all(session.address(0)?, &some)? == some.len());
        ensure!(health(site)? == HealthLevel::Good);
        let filler = mount.fill()?;
        let back = echo_all(session.address(0)?, &bytes(3 * MIB))?;
        ensure!(back < MIB, "{back} bytes went through though the disk is full");
        let over = ended(site, session.id, SessionEnd::CaptureFailed)?;
        ensure!(over.session.end_message.is_some_and(|it| it.contains("could not capture")));
        let refused = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
        ensure!(refused.code == "recording_unavailable", "{refused:?}");
        ensure!(health(site)? == HealthLevel::Bad);
        let events = tests::audit_trail::events(&site.admin, "category=recording&limit=100")?;
        ensure!(events.iter().any(|it| it.action == Action::RecordingFailed), "{events:#?}");

        std::fs::remove_file(filler)?;
        site.admin.post("/api/sessions", &NewSession::of(item.id))?.success()?;
        wait::until_true("the dashboard sees it", SOON, || Ok(health(site)? == HealthLevel::Good))?;
        // What was written before is a capture.
        let file = downloaded(site, &completed(site, session.id)?)?;
        is_sound(&file)?;
        let (client, target) = followed(&file, 0)?;
        ensure!(client == some && target == some, "{} and {} bytes", client.len(), target.len());
        Ok(())
    })
}

/// A file system in a file, which can be made to hang. It goes with this value.
struct Hanging(PathBuf);

impl Hanging {
    fn on(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let image = folder.with_extension("image");
        std::fs::File::create(&image)?.set_len(32 << 20)?;
        run(as_root("mkfs.ext4").args(["-q", "-E", "root_owner"]).arg(&image), LIMIT)?;
        run(as_root("mount").args(["-o", "loop"]).arg(&image).arg(folder), LIMIT)
            .context("mounting a file system in a file takes root, or sudo without a password, and a loop device")?;
        let mounted = Self(folder.to_owned());
        // Those who run the test may write there, whoever mounted it.
        run(as_root("chmod").arg("0777").arg(folder), LIMIT)?;
        Ok(mounted)
    }

    fn hang(&self, hangs: bool) -> Result<()> {
        run(as_root("fsfreeze").arg(if hangs { "-f" } else { "-u" }).arg(&self.0), LIMIT)?;
        Ok(())
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        // Whoever waits for it could not even be killed.
        let _ = as_root("fsfreeze").arg("-u").arg(&self.0).stderr(std::process::Stdio::null()).status();
        let _ = as_root("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_hangs_ends_the_session() -> Result<()> {
    let mounted = RefCell::new(None);
    let prepare = |options: Options| {
        *mounted.borrow_mut() = Some(Hanging::on(&options.data.join("recordings-incoming")));
        options
    };
    on_a_site_started(prepare, |site| {
        let mount = mounted.take().context("it was not mounted")??;
        let echo = Echo::start()?;
        let item = echo_item(site, &echo, json!({ "max_mebibytes": 100 }))?;
        let mut helper = site.start_helper()?;
        let session = site.open(&mut helper, &item)?;
        let mut connection = TcpStream::connect(session.address(0)?)?;
        let before = Instant::now();
        let hung = (|| {
            ensure!(echoed(&mut connection, SOON)?);
            mount.hang(true)?;
            ensure!(!echoed(&mut connection, Duration::from_secs(2))?, "a byte went through that was not written");
            wait::until_true("the session ends", LIMIT, || {
                Ok(site.session(session.id)?.session.state == SessionState::Ended)
            })?;
            ended(site, session.id, SessionEnd::CaptureFailed)?;
            let refused = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
            ensure!(refused.code == "recording_unavailable", "{refused:?}");
            Ok(())
        })();
        mount.hang(false)?;
        hung?;
        ensure!(before.elapsed() > Duration::from_secs(9), "it ended before it had to");
        site.admin.post("/api/sessions", &NewSession::of(item.id))?.success()?;
        let file = downloaded(site, &completed(site, session.id)?)?;
        is_sound(&file)?;
        ensure!(followed(&file, 0)?.1 == b"x", "what came back is there once");
        Ok(())
    })
}

/// Whether a word comes back within a time.
fn echoed(connection: &mut TcpStream, within: Duration) -> Result<bool> {
    connection.set_read_timeout(Some(within))?;
    connection.write_all(b"x")?;
    Ok(connection.read(&mut [0]).is_ok_and(|it| it == 1))
}
