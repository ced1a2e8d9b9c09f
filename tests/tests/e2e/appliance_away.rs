//! The appliance stops or restarts while a console is open: the console says so, tries again by itself, and shows the truth
//! afterwards.

use anyhow::Result;
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
        console.tunnel(1)?;
        site.appliance.program.stop()?;
        console.wait_for("appliance-lost")?;
        console.screenshot("appliance-away")?;
        site.appliance.start_again()?;
        // Nobody touches the page.
        console.wait_until_gone("appliance-lost")?;
        console.wait_for_text("session-state", |text| text.to_lowercase().contains("ended"))?;
        site.jumpoint.wait_until_online(&site.admin)?;
        console.click("nav-jump")?;
        console.jump("echo")?;
        console.tunnel(1)?;
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
