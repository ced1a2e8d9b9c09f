//! The file system of recordings is full while a session is recorded: a real one, in memory.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::appliance::Options;
use tests::program::run;
use tests::servers::Echo;
use tests::site::{Site, on_a_site_started};
use tests::wait::{self, SOON};
use wire::api::{
    HealthChecks, HealthLevel, HealthSubject, JumpPolicy, NewSession, SessionEnd, SessionState, TunnelJumpDraft,
};
use wire::audit::Action;

use crate::recordings::{CHUNK, DESKTOP, announce, echo_through, send, send_some};

const LIMIT: Duration = Duration::from_secs(10);

/// A small file system of its own. It goes with this value.
pub(crate) struct Mount {
    folder: PathBuf,
    mebibytes: usize,
}

impl Mount {
    pub(crate) fn on(folder: &Path) -> Result<Self> {
        Self::with(folder, 2)
    }

    /// With so much room.
    pub(crate) fn with(folder: &Path, mebibytes: usize) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let options = format!("size={mebibytes}m,mode=0700,uid={}", rustix::process::geteuid().as_raw());
        run(as_root("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder), LIMIT)
            .context("mounting a file system takes root, or sudo without a password")?;
        Ok(Self { folder: folder.to_owned(), mebibytes })
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) -> Result<PathBuf> {
        let file = self.folder.join("filler");
        let full = std::fs::write(&file, vec![0; self.mebibytes << 20]);
        ensure!(full.is_err(), "it was empty");
        Ok(file)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: the appliance may still have files open.
        let _ = as_root("umount").arg("-l").arg(&self.folder).status();
    }
}

pub(crate) fn as_root(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", program]);
    sudo
}

pub(crate) fn health(site: &Site) -> Result<HealthLevel> {
    let checks: HealthChecks = site.admin.get("/api/health-checks")?;
    let found = checks.checks.into_iter().find(|it| it.subject == HealthSubject::Recordings);
    Ok(found.context("recordings are looked after")?.level)
}

#[test]
fn what_cannot_be_recorded_ends_and_does_not_begin() -> Result<()> {
    let mounted = RefCell::new(None);
    let prepare = |options: Options| {
        *mounted.borrow_mut() = Some(Mount::on(&options.data.join("recordings-incoming")));
        options
    };
    on_a_site_started(prepare, |site| {
        let mount = mounted.take().context("it was not mounted")??;
        let echo = Echo::start()?;
        let item = site.item("db-1", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let policy: JumpPolicy =
            site.admin.post("/api/jump-policies", &json!({ "name": "Recorded", "recording": "on" }))?.ok()?;
        let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()?;
        ensure!(health(site)? == HealthLevel::Good);
        let mut helper = site.start_helper()?;
        let session = site.jump(&item)?;
        let recording = announce(&site.admin, session.id)?;
        send_some(&site.admin, recording.id, 0..3)?;
        let mut connection = echo_through(site, &mut helper, session.id)?;

        let filler = mount.fill()?;
        let rest = &DESKTOP[3 * CHUNK..];
        let refused = send(&site.admin, recording.id, 3, rest)?.refused(503)?;
        ensure!(refused.code == "not_stored", "{refused:?}");
        let over =
            site.wait_for_session(session.id, "the session ends", |it| it.session.state == SessionState::Ended)?;
        ensure!(over.session.end == Some(SessionEnd::RecordingFailed), "{:?}", over.session);
        ensure!(crate::recordings::is_cut(&mut connection)?, "the connection stays open");
        let refused = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
        ensure!(refused.code == "recording_unavailable", "{refused:?}");
        ensure!(health(site)? == HealthLevel::Bad);
        let events = tests::audit_trail::events(&site.admin, "category=recording&limit=100")?;
        ensure!(events.iter().any(|it| it.action == Action::RecordingFailed), "{events:#?}");

        std::fs::remove_file(filler)?;
        site.admin.post("/api/sessions", &NewSession::of(item.id))?.success()?;
        wait::until_true("the dashboard sees it", SOON, || Ok(health(site)? == HealthLevel::Good))
    })
}
