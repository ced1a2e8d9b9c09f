//! What administrators do by hand: users, groups, and nodes that go.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};

use crate::signed_in;

/// A row of a table by its kind and name, or something in it.
pub(crate) fn of_row(kind: &str, name: &str, what: &str) -> String {
    format!("[data-testid=\"{kind}\"][data-name=\"{name}\"] {what}")
}

pub(crate) fn wait_for_cell(console: &Console, kind: &str, name: &str, text: &str) -> Result<()> {
    let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
    let row = of_row(kind, name, "").trim_end().to_owned();
    wait::until_true(&format!("the row of {name} says {text}"), SOON, || {
        let said = console.script(script, vec![json!(row)])?;
        Ok(said.as_str().is_some_and(|said| said.contains(text)))
    })
}

pub(crate) fn wait_until_no(console: &Console, css: &str) -> Result<()> {
    wait::until_true(&format!("the page has no {css} any more"), SOON, || {
        Ok(console.script("return document.querySelector(arguments[0]) == null", vec![json!(css)])? == json!(true))
    })
}

#[test]
fn a_user_is_made_changed_and_removed() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-users a")?;
        console.click("create-user")?;
        console.type_into("user-user-name", "tom technician")?;
        console.click("user-save")?;
        for field in ["user-user-name-error", "user-display-name-error", "user-password-error"] {
            console.wait_for(field)?;
        }
        console.screenshot("user-refused")?;
        console.type_into("user-user-name", "tom")?;
        console.type_into("user-display-name", "Tom Technician")?;
        console.type_into("user-password", TECHNICIAN_PASSWORD)?;
        console.click("user-save")?;
        console.wait_until_gone("user-dialog")?;
        wait_for_cell(&console, "user-row", "tom", "Technician")?;

        // The new user signs in, and sees no administration until the role changes.
        let desk = Workstation::new(&site.appliance.ready)?;
        let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;
        ensure!(!theirs.shows("nav-administration")?, "a technician is offered the administration");

        console.click_on(&of_row("user-row", "tom", ".sp-edit-user"))?;
        console.wait_for_text("user-display-name", |text| text == "Tom Technician")?;
        console.type_into("user-display-name", "Tom of Operations")?;
        console.choose("user-role", "Administrator")?;
        console.screenshot("user-dialog")?;
        console.click("user-save")?;
        console.wait_until_gone("user-dialog")?;
        wait_for_cell(&console, "user-row", "tom", "Tom of Operations")?;
        wait_for_cell(&console, "user-row", "tom", "Administrator")?;
        theirs.reload()?;
        theirs.wait_for("nav-administration")?;

        console.click_on(&of_row("user-row", "tom", ".sp-remove-user"))?;
        console.wait_for_text("remove-user-uses", |text| text.contains("No policy, jump group, team"))?;
        console.click("remove-user-confirm")?;
        wait_until_no(&console, &of_row("user-row", "tom", ".sp-edit-user"))?;
        theirs.wait_for("sign-in")?;
        theirs.screenshot("signed-out-removed")
    })
}

#[test]
fn a_group_is_made_changed_and_removed_once_it_is_empty() -> Result<()> {
    on_a_site_with_console(|site| {
        let item = site.item("db-prod-1", "10.0.0.5", "127.35.0.1", &[(0, 5432)])?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-groups a")?;
        console.click("create-jump-group")?;
        console.click("group-save")?;
        console.wait_for("group-name-error")?;
        console.type_into("group-name", "Laboratory")?;
        console.click("group-save")?;
        console.wait_until_gone("group-dialog")?;
        console.click_on(&of_row("group-row", "Laboratory", ".sp-edit-group"))?;
        console.type_into("group-name", "Lab")?;
        console.type_into("group-comments", "Ask before you switch anything off.")?;
        console.click("group-save")?;
        console.wait_until_gone("group-dialog")?;
        wait_for_cell(&console, "group-row", "Lab", "Ask before")?;

        // One that holds an item says so instead of asking.
        let remove = of_row("group-row", "Production", ".sp-remove-group");
        let said = console.script("return document.querySelector(arguments[0]).title", vec![json!(remove)])?;
        ensure!(said.as_str().is_some_and(|said| said.contains("1 item")), "{said}");
        console.click_on(&remove)?;
        ensure!(!console.shows("remove-group")?, "it asks about a group that cannot go");
        site.admin.delete(&format!("/api/jump-items/{}", item.id))?.success()?;
        wait_for_cell(&console, "group-row", "Production", "0")?;
        for group in ["Production", "Lab"] {
            console.click_on(&of_row("group-row", group, ".sp-remove-group"))?;
            console.click("remove-group-confirm")?;
            wait_until_no(&console, &of_row("group-row", group, ".sp-edit-group"))?;
        }
        Ok(())
    })
}

#[test]
fn a_node_is_drained_and_serves_again() -> Result<()> {
    on_a_site_with_console(|site| {
        let item = site.item("db-prod-1", "10.0.0.5", "127.35.0.2", &[(0, 5432)])?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-agents")?;
        console.wait_for("node-row")?;
        console.click_on(".sp-drain-node")?;
        wait_for_cell(&console, "jumpoint", "ams-1", "Undrain")?;
        wait_for_cell(&console, "jumpoint", "ams-1", "draining")?;
        ensure!(site.jumpoint.seen(&site.admin)?.draining, "the appliance does not know");
        for dark in [false, true] {
            console.set_dark(dark)?;
            console.screenshot(if dark { "drained-node-dark" } else { "drained-node" })?;
        }
        console.click("nav-jump")?;
        console.wait_for_row("db-prod-1")?;
        let row = format!("[data-item-id=\"{}\"]", item.id);
        wait::until_true("the item says why it cannot be used", SOON, || {
            let said = console.script("return document.querySelector(arguments[0])?.innerText", vec![json!(row)])?;
            Ok(said.as_str().is_some_and(|said| said.contains("jumpoint draining")))
        })?;
        console.click("nav-agents")?;
        console.click_on(".sp-drain-node")?;
        wait_for_cell(&console, "jumpoint", "ams-1", "Drain")?;
        wait_for_cell(&console, "jumpoint", "ams-1", "online")?;
        ensure!(!site.jumpoint.seen(&site.admin)?.draining, "the appliance does not know");
        Ok(())
    })
}

#[test]
fn a_removed_node_is_gone_and_cannot_come_back() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-agents")?;
        console.wait_for("node-row")?;
        console.click_on(".sp-remove-node")?;
        console.wait_for("remove-agent")?;
        console.screenshot("remove-node")?;
        console.click("remove-agent-cancel")?;
        console.wait_until_gone("remove-agent")?;
        ensure!(console.shows("node-row")?, "Cancel removed the node");
        console.click_on(".sp-remove-node")?;
        console.click("remove-agent-confirm")?;
        console.wait_until_gone("node-row")?;
        wait_for_cell(&console, "jumpoint", "ams-1", "no node yet")?;
        // It dials again by itself, and its key is worth nothing any more.
        std::thread::sleep(std::time::Duration::from_secs(3));
        ensure!(!console.shows("node-row")?, "the node is back");
        Ok(())
    })
}
