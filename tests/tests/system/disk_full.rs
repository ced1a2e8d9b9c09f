//! The disk is full while a session starts.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tests::api_client::ApiClient;
use tests::appliance::wait_until_ready;
use tests::jumpoint::JumpointNode;
use tests::program::Program;
use tests::site::{ADMIN, ADMIN_PASSWORD};
use tests::{wait, workspace};
use wire::api::{ItemStatus, JumpGroup, JumpItem, NewSession, Session, SessionPage, TunnelDefinition, TunnelJumpDraft};

/// From now on no file of this process can be written any further: what a full disk does, without filling one.
fn limit_files(program: &Program, bytes: Option<u64>) -> Result<()> {
    let pid = i32::try_from(program.pid()).ok().and_then(Pid::from_raw).context("no process id")?;
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None })?;
    Ok(())
}

#[test]
fn a_full_disk_refuses_the_jump_in_words_and_nothing_is_lost() -> Result<()> {
    if tests::database::is_on_a_server()? {
        eprintln!("not run: this is about the files of the embedded database");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let ready_file = folder.path().join("ready.json");
    // A file that may not grow would kill the process by a signal; a full disk does not.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(workspace::program("sallyport")?);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path().join("data"));
    command.arg("--ready-file").arg(&ready_file).stdin(Stdio::null());
    let mut appliance = Program::start("appliance", &mut command, folder.path())?;
    let ready = wait_until_ready(&mut appliance, &ready_file, wait::SOON * 3)?;
    let admin = ApiClient::new(&ready.url, &ready.ca)?;
    admin.set_up(&ready.setup_url.context("no setup link")?, ADMIN, ADMIN_PASSWORD)?;
    let jumpoint = JumpointNode::enrol(&admin, "ams-1", None, folder.path())?;
    let group = admin.get::<Vec<JumpGroup>>("/api/jump-groups")?.remove(0);
    let draft = TunnelJumpDraft {
        name: "echo".into(),
        jumpoint_id: jumpoint.id,
        group_id: group.id,
        hostname: "127.0.0.1".into(),
        local_address: "127.0.0.1".into(),
        tunnels: vec![TunnelDefinition { local_port: 0, remote_port: 7, label: String::new() }],
        tag: None,
        comments: String::new(),
        jump_policy_id: None,
        session_policy_id: None,
        credentials: None,
        revision: 0,
    };
    let item: JumpItem = admin.post("/api/jump-items", &draft)?.ok()?;
    ensure!(item.status == ItemStatus::Ready, "{item:?}");

    limit_files(&appliance, Some(0))?;
    let refusal = admin.post("/api/sessions", &NewSession::of(item.id))?.refused(503)?;
    ensure!(refusal.code == "database_not_writable" && refusal.next_step.contains("disk"), "{refusal:?}");
    let items: Vec<JumpItem> = admin.get("/api/jump-items")?;
    ensure!(items.len() == 1, "what is there cannot be read: {items:?}");
    let live: SessionPage = admin.get("/api/sessions?live=true")?;
    ensure!(live.sessions.is_empty(), "half a session was kept: {live:?}");

    limit_files(&appliance, None)?;
    let _: Session = admin.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
    appliance.check_alive()
}
