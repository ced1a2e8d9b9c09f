//! Two people in one session, each in a browser of their own; and an administrator who watches a session and ends it.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::servers::Echo;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{JumpPolicy, TunnelJumpDraft};

use crate::{pictures, ready_console};

fn text(console: &Console, css: &str) -> Result<String> {
    let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
    Ok(console.script(script, vec![json!(css)])?.as_str().unwrap_or_default().to_owned())
}

fn wait_for_text(console: &Console, css: &str, wanted: &str) -> Result<()> {
    wait::until_true(&format!("{css} says {wanted}"), SOON, || Ok(text(console, css)?.contains(wanted)))
}

/// A technician at a workstation of their own, with helper and extension.
fn technician(site: &Site) -> Result<(Workstation, Console)> {
    site.technician("tom")?;
    let desk = Workstation::new(&site.appliance.ready)?;
    desk.install_helper(&site.appliance.ready)?;
    let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
    theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;
    theirs.wait_for_helper()?;
    Ok((desk, theirs))
}

/// An item whose policy lets others join.
fn shared_item(site: &Site, port: u16) -> Result<()> {
    let item = site.item("db-prod-1", "127.0.0.1", "127.37.1.1", &[(0, port.into())])?;
    let policy: JumpPolicy =
        site.admin.post("/api/jump-policies", &json!({ "name": "Together", "simultaneous": "join" }))?.ok()?;
    let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()
}

#[test]
fn two_people_are_in_one_session_and_see_each_other() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        shared_item(site, echo.port())?;
        let (_desk, mut theirs) = technician(site)?;
        let (_workstation, mut console) = ready_console(site)?;
        theirs.jump("db-prod-1")?;
        let first = theirs.tunnel(1)?;
        console.jump("db-prod-1")?;
        wait_for_text(&console, "#session-company", "in the session of Tom Technician")?;
        // The owner is told without a reload.
        wait_for_text(&theirs, "#toasts", "Ana Administrator joined the session")?;
        let second = console.tunnel(1)?;
        ensure!(first != second, "both listen on {first:?}");
        let connect = |addresses: &[std::net::SocketAddr]| std::net::TcpStream::connect(addresses[0]);
        let _connections = (connect(&first)?, connect(&second)?);
        for (it, own) in [(&theirs, "Tom Technician"), (&console, "Ana Administrator")] {
            for name in ["Tom Technician", "Ana Administrator"] {
                let css = format!("[data-testid=\"participant\"][data-name=\"{name}\"]");
                wait_for_text(it, &css, "tunnelling")?;
                ensure!(text(it, &css)?.contains("since"), "{}", text(it, &css)?);
                ensure!(text(it, &css)?.contains("you") == (name == own), "{}", text(it, &css)?);
            }
        }
        wait_for_text(&theirs, "#session-events", "Ana Administrator joined the session")?;
        pictures(&mut theirs, "shared-session-owner")?;
        pictures(&mut console, "shared-session-participant")?;

        // One may leave; the other goes on alone.
        console.click("end-session")?;
        wait_for_text(&console, "#end-dialog", "Leave the session of Tom Technician")?;
        console.click("end-dialog-confirm")?;
        wait_for_text(&console, "#session-end", "Ana Administrator left the session")?;
        wait::until_true("the owner is alone", SOON, || Ok(!theirs.shows("participant")?))?;
        ensure!(theirs.attribute("session", "data-state")?.as_deref() == Some("tunnelling"));

        // Back in, and the owner ends it for both.
        console.click("nav-jump")?;
        console.jump("db-prod-1")?;
        console.tunnel(1)?;
        wait_for_text(&theirs, "#participants", "Ana Administrator")?;
        theirs.click("end-session")?;
        wait_for_text(&theirs, "#end-dialog", "One other person is in it")?;
        pictures(&mut theirs, "shared-session-end")?;
        theirs.click("end-dialog-confirm")?;
        wait_for_text(&console, "#session-end", "Tom Technician ended the session")?;
        wait_for_text(&console, "#participants", "Who was in")?;
        pictures(&mut console, "shared-session-ended")?;
        Ok(())
    })
}

#[test]
fn an_administrator_watches_a_session_and_ends_it_with_a_reason() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        site.item("db-prod-1", "127.0.0.1", "127.37.1.2", &[(0, echo.port().into())])?;
        let (_desk, theirs) = technician(site)?;
        let (_workstation, mut console) = ready_console(site)?;
        theirs.jump("db-prod-1")?;
        let addresses = theirs.tunnel(1)?;
        let _connection = std::net::TcpStream::connect(addresses[0])?;
        console.click("nav-sessions")?;
        console.wait_for("session-row")?;
        pictures(&mut console, "sessions-of-others")?;
        console.click_on("[data-testid=\"session-row\"] th a")?;
        console.wait_for("watching")?;
        console.wait_for("connection-row")?;
        ensure!(!console.shows("protocol-tunneling")?, "whoever watches is offered the tunnels");
        wait_for_text(&theirs, "#session-events", "Ana Administrator watches the session")?;
        pictures(&mut console, "session-watched")?;
        console.click("end-session")?;
        console.type_into("end-reason", "The database moves to another host.")?;
        pictures(&mut console, "session-end-reason")?;
        console.click("end-dialog-confirm")?;
        wait_for_text(&theirs, "#session-end", "The database moves to another host.")?;
        Ok(())
    })
}
