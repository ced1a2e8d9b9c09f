//! A sign-in ends after an hour of nobody there, and after twelve hours in any case. The appliance's clock is moved: these
//! hours pass in seconds.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, on_a_site_with_console_and_clock};
use tests::wait;
use wire::api::{JumpGroup, JumpGroupDraft};

use crate::signed_in;

/// How long a console may take to notice by itself that it is signed out.
const NOTICED_WITHIN: Duration = Duration::from_secs(45);

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

fn wait_until_signed_out(console: &Console) -> Result<String> {
    wait::until_true("the console shows the sign-in page by itself", NOTICED_WITHIN, || console.shows("signed-out"))?;
    console.text("signed-out")?.context("the reason is gone")
}

/// Uses the console as a person does: goes to pages that ask the appliance, until its answers are there.
fn use_it(console: &Console) -> Result<()> {
    console.click("nav-sessions")?;
    console.wait_for("no-sessions")?;
    console.click("nav-administration")?;
    console.click_on("#section-users a")?;
    console.wait_for("user-row")
}

#[test]
fn an_hour_of_nobody_there_ends_it() -> Result<()> {
    on_a_site_with_console_and_clock(|site, clock| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-agents")?;
        console.wait_for("agents-page")?;
        let before = console.url()?;
        clock.pass(minutes(59))?;
        // Longer than the appliance takes to look after its event sockets.
        std::thread::sleep(Duration::from_secs(25));
        ensure!(console.shows("agents-page")?, "signed out before the hour was over");
        clock.pass(minutes(2))?;
        let why = wait_until_signed_out(&console)?;
        ensure!(why.contains("sign-in is over"), "{why}");
        console.screenshot("signed-out-idle")?;
        nothing_arrives_any_more(site, &console)?;

        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        console.wait_for("agents-page")?;
        ensure!(console.url()? == before, "it leads to {}", console.url()?);
        Ok(())
    })
}

/// Somebody else changes something; the signed-out console must hear nothing of it.
fn nothing_arrives_any_more(site: &Site, console: &Console) -> Result<()> {
    let requests = "return performance.getEntriesByType('resource').filter(it => it.name.includes('/api/')).length";
    let before = console.script(requests, vec![])?;
    site.admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
    let draft = JumpGroupDraft { name: "Made while signed out".into(), comments: String::new(), revision: 0 };
    let _: JumpGroup = site.admin.post("/api/jump-groups", &draft)?.ok()?;
    std::thread::sleep(Duration::from_secs(2));
    let after = console.script(requests, vec![])?;
    ensure!(before == after, "a signed-out console asks the appliance: {before} and then {after} requests");
    ensure!(console.shows("sign-in")?);
    Ok(())
}

#[test]
fn twelve_hours_end_it_however_busy_one_was() -> Result<()> {
    on_a_site_with_console_and_clock(|site, clock| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        // Thirteen times fifty minutes, and ten more, are eleven hours.
        for _ in 0..13 {
            clock.pass(minutes(50))?;
            use_it(&console)?;
        }
        clock.pass(minutes(10))?;
        use_it(&console)?;
        clock.pass(minutes(50))?;
        use_it(&console)?;
        clock.pass(minutes(11))?;
        // At the next click, or by itself just before it.
        console.script("document.querySelector('#nav-sessions a')?.click()", vec![])?;
        wait_until_signed_out(&console)?;
        console.screenshot("signed-out-absolute")
    })
}
