//! The appliance stops or restarts while a console is open: the console says so, tries again by itself, and shows the truth
//! afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Result, ensure};

use tests::console::NewItem;
use tests::servers::Echo;
use tests::site::on_a_site_with_console;

use crate::ready_console;

#[test]
fn the_console_says_so_and_returns_by_itself() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        let (_workstation, console) = ready_console(site)?;
        console.create_item(&NewItem {
            name: "echo",
            jumpoint: "ams-1",
            hostname: "127.0.0.1",
            local_address: "127.34.0.1",
            pairs: &[(0, echo.port())],
            group: "Production",
        })?;
        console.jump("echo")?;
        let address = console.tunnel(1)?[0];
        let mut client = TcpStream::connect(address)?;
        let mut answer = [0; 5];
        client.write_all(b"first")?;
        client.read_exact(&mut answer)?;
        site.appliance.program.stop()?;
        console.wait_for("appliance-lost")?;
        console.screenshot("appliance-away")?;
        site.appliance.start_again()?;
        // Nobody touches the page.
        console.wait_until_gone("appliance-lost")?;
        console.wait_for_text("session-state", |text| text.to_lowercase().contains("tunnelling"))?;
        client.write_all(b"after")?;
        client.read_exact(&mut answer)?;
        ensure!(&answer == b"after", "the connection did not go on where it was");
        site.jumpoint.wait_until_online(&site.admin)?;
        // With nobody to come back, the session waits and says so.
        site.jumpoint.program.kill()?;
        console.wait_for("session-reconnecting")?;
        console.screenshot("session-reconnecting")?;
        // A new run of the jumpoint knows nothing of its connections: that is an end, and is said.
        site.jumpoint.start_again()?;
        console.wait_for_text("session-state", |text| text.to_lowercase().contains("ended"))?;
        console.wait_until_gone("session-reconnecting")?;
        Ok(())
    })
}

#[test]
fn a_killed_appliance_is_noticed_too() -> Result<()> {
    on_a_site_with_console(|site| {
        let (_workstation, console) = ready_console(site)?;
        site.item("made-meanwhile-no", "10.0.0.5", "127.34.0.2", &[(0, 7)])?;
        console.wait_for_row("made-meanwhile-no")?;
        site.appliance.program.kill()?;
        console.wait_for("appliance-lost")?;
        site.appliance.start_again()?;
        site.jumpoint.wait_until_online(&site.admin)?;
        site.item("made-meanwhile", "10.0.0.5", "127.34.0.3", &[(0, 7)])?;
        console.wait_until_gone("appliance-lost")?;
        console.wait_for_row("made-meanwhile")
    })
}
