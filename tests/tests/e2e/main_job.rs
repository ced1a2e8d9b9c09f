//! From the setup link to bytes through a tunnel, the way a new user goes.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use tests::api_client::ApiClient;
use tests::appliance::{Appliance, Options};
use tests::browser::{self, Browser, Workstation};
use tests::console::{Console, NewItem};
use tests::jumpoint::JumpointNode;
use tests::servers::Echo;
use tests::site::{ADMIN, ADMIN_PASSWORD};

#[test]
fn from_the_setup_link_to_the_first_bytes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = Options { console: true, ..Options::new(&folder.path().join("appliance")) };
    let appliance = Appliance::start(options, folder.path())?;
    let echo = Echo::start()?;
    let workstation = Workstation::new(&appliance.ready)?;
    workstation.install_helper(&appliance.ready)?;

    let browser = Browser::start(&workstation, browser::Options::default())?;
    let console = Console::open(browser, &appliance.ready.url)?;
    let setup = appliance.ready.setup_url.as_deref().context("a fresh appliance gives a setup link")?;
    console.go_to(setup)?;
    console.wait_for("setup-user-name")?;
    console.screenshot("setup")?;
    console.set_up(setup, ADMIN, ADMIN_PASSWORD)?;
    console.wait_for_helper()?;
    console.screenshot("first-steps")?;

    // The jumpoint's own host is not a browser's affair: its command line is.
    let admin = ApiClient::new(&appliance.ready.url, &appliance.ready.ca)?;
    admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
    let _jumpoint = JumpointNode::enrol(&admin, "ams-1", None, folder.path())?;

    console.create_item(&NewItem {
        name: "echo-prod-1",
        jumpoint: "ams-1",
        hostname: "127.0.0.1",
        local_address: "127.30.0.1",
        pairs: &[(17007, echo.port())],
        group: "",
    })?;
    console.screenshot("jump")?;
    console.jump("echo-prod-1")?;
    console.screenshot("session-ready")?;
    let addresses = console.tunnel(1)?;
    ensure!(addresses[0].to_string() == "127.30.0.1:17007", "{addresses:?}");
    let mut stream = TcpStream::connect(addresses[0])?;
    stream.write_all(b"through the tunnel")?;
    let mut answer = [0; 18];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"through the tunnel");
    console.screenshot("session-tunnelling")?;
    console.end_session()?;
    ensure!(TcpStream::connect(addresses[0]).is_err(), "the listener outlived its session");
    console.screenshot("session-ended")?;
    Ok(())
}
