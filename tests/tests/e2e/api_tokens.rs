//! An API token by hand: made, shown once, used, revoked by its owner and by an administrator.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};

use crate::{pictures, signed_in};

/// Makes a token on the account page and gives it as it is shown.
fn make(console: &mut Console, name: &str) -> Result<String> {
    console.click("create-token")?;
    console.type_into("token-name", name)?;
    console.choose("token-scope", "look and jump")?;
    console.choose("token-days", "90 days")?;
    console.type_into("token-password", TECHNICIAN_PASSWORD)?;
    pictures(console, "token-dialog")?;
    console.click("token-save")?;
    let token = console.wait_for_text("token-text", |text| text.starts_with("slp_"))?;
    pictures(console, "token-created")?;
    console.click("token-done")?;
    console.wait_until_gone("token-created")?;
    Ok(token)
}

fn status(site: &Site, token: &str) -> Result<u16> {
    let shown = format!("Bearer {token}");
    Ok(site.admin.stranger().send_with("GET", "/api/jump-items", None, &[("authorization", &shown)])?.status)
}

fn wait_for_cell(console: &Console, name: &str, text: &str) -> Result<()> {
    let row = format!("[data-testid=\"token-row\"][data-name=\"{name}\"]");
    let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
    wait::until_true(&format!("the row of {name} says {text}"), SOON, || {
        Ok(console.script(script, vec![json!(row)])?.as_str().is_some_and(|said| said.contains(text)))
    })
}

#[test]
fn a_token_is_made_used_and_revoked() -> Result<()> {
    on_a_site_with_console(|site| {
        site.technician("tom")?;
        let (desk, laptop) = (Workstation::new(&site.appliance.ready)?, Workstation::new(&site.appliance.ready)?);
        let mut toms = Console::open(Browser::start(&laptop, Options::default())?, &site.appliance.ready.url)?;
        toms.sign_in("tom", TECHNICIAN_PASSWORD)?;
        toms.visit("/account")?;
        toms.wait_for("no-tokens")?;
        toms.click("create-token")?;
        toms.click("token-save")?;
        toms.wait_for("token-name-error")?;
        toms.wait_for("token-password-error")?;
        toms.click("token-cancel")?;
        toms.wait_until_gone("token-dialog")?;
        let nightly = make(&mut toms, "nightly report")?;
        let monitor = make(&mut toms, "monitor")?;
        wait_for_cell(&toms, "nightly report", "in 90 days")?;
        wait_for_cell(&toms, "nightly report", "never")?;
        ensure!(status(site, &nightly)? == 200 && status(site, &monitor)? == 200);
        toms.reload()?;
        wait_for_cell(&toms, "nightly report", "127.0.0.1")?;
        toms.script("document.getElementById('api-tokens').scrollIntoView()", vec![])?;
        pictures(&mut toms, "tokens")?;
        toms.click_on("[data-testid=\"token-row\"][data-name=\"monitor\"] .sp-revoke-token")?;
        toms.wait_for_text("toasts", |text| text.contains("revoked"))?;
        ensure!(status(site, &monitor)? == 401 && status(site, &nightly)? == 200);

        let mut admin = signed_in(site, &desk, Options::default())?;
        admin.click("nav-administration")?;
        admin.click_on("#section-users a")?;
        admin.click_on("[data-testid=\"user-row\"][data-name=\"tom\"] .sp-user-tokens")?;
        wait_for_cell(&admin, "nightly report", "look and jump")?;
        pictures(&mut admin, "tokens-of-user")?;
        admin.click_on("[data-testid=\"token-row\"][data-name=\"nightly report\"] .sp-revoke-token")?;
        admin.wait_for("no-tokens")?;
        ensure!(status(site, &nightly)? == 401, "an administrator revoked it");
        let text = admin.text("no-tokens")?.context("nothing is said")?;
        ensure!(text.contains("Tom"), "{text}");
        Ok(())
    })
}
