//! The appliance stops, dies, comes back.

use anyhow::{Result, ensure};
use tests::servers::Echo;
use tests::site::{ADMIN, ADMIN_PASSWORD, on_a_site, on_a_site_with};
use wire::api::{JumpItem, SessionState};

#[test]
fn a_restart_keeps_everything_and_the_jumpoint_returns() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        site.wait_for_session(open.id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
        let status = site.appliance.program.stop()?;
        ensure!(status.success(), "a graceful stop ends with {status}");
        site.appliance.start_again()?;
        ensure!(site.appliance.ready.setup_url.is_none(), "the setup link came back");
        // Still signed in: the cookie outlives the process.
        let items: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
        ensure!(items.len() == 1);
        let session = site.session(open.id)?.session;
        ensure!(session.state == SessionState::Tunnelling && session.end.is_none(), "{session:?}");
        site.jumpoint.wait_until_online(&site.admin)?;
        // And everything works again.
        let open = site.open(&mut helper, &items[0])?;
        std::net::TcpStream::connect(open.address(0)?)?;
        Ok(())
    })
}

#[test]
fn after_a_crash_no_session_that_cannot_go_on_looks_alive() -> Result<()> {
    on_a_site_with("[sessions]\nresume_grace_seconds = 0\n", |site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        site.appliance.program.kill()?;
        site.appliance.start_again()?;
        let session = site.session(open.id)?.session;
        ensure!(session.state == SessionState::Ended && session.ended_at.is_some(), "{session:?}");
        ensure!(session.end_message.is_some_and(|message| !message.is_empty()));
        site.jumpoint.wait_until_online(&site.admin)
    })
}

#[test]
fn two_appliances_do_not_share_a_data_folder() -> Result<()> {
    on_a_site(|site| {
        let options = tests::appliance::Options::new(&site.folder().join("appliance"));
        let folder = site.folder().join("second");
        std::fs::create_dir_all(&folder)?;
        let second = tests::appliance::Appliance::start(options, &folder);
        ensure!(second.is_err(), "a second appliance runs on the same data");
        site.admin.stranger().sign_in(ADMIN, ADMIN_PASSWORD)?;
        Ok(())
    })
}
