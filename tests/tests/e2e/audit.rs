//! The audit trail in the console: what happened, filters in the address, before and after, and verifying in the browser.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::audit_trail::{events, heads};
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::program::run;
use tests::site::on_a_site_with_console;
use tests::wait;

use crate::database::shell;
use crate::{pictures, signed_in};

/// The base point of the curve, which is nobody's key.
const OTHER_KEY: &str = "5866666666666666666666666666666666666666666666666666666666666666";

/// Waits until this many rows are shown.
fn wait_for_rows(console: &Console, wanted: impl Fn(u64) -> bool) -> Result<()> {
    wait::until("the rows are shown", wait::SOON, || {
        Ok(Some(()).filter(|()| count(console, "[data-testid=audit-row]").is_ok_and(&wanted)))
    })
}

fn count(console: &Console, what: &str) -> Result<u64> {
    let script = "return document.querySelectorAll(arguments[0]).length";
    Ok(console.script(script, vec![json!(what)])?.as_u64().unwrap_or(0))
}

#[test]
fn the_trail_is_read_filtered_and_verified() -> Result<()> {
    on_a_site_with_console(|site| {
        site.technician("tom")?;
        site.admin.stranger().try_sign_in("tom", "wrong wrong wrong")?.refused(401)?;
        let item = site.item("db-prod-1", "10.0.0.5", "127.4.0.9", &[(5432, 5432)])?;
        let change = json!({ "item_ids": [item.id], "tag": "billing", "comments": "Moved to the new rack" });
        site.admin.send("PATCH", "/api/jump-items", Some(&change))?.success()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-audit a")?;
        wait_for_rows(&console, |rows| rows > 8)?;
        pictures(&mut console, "audit")?;

        // A filter stands in the address, and back takes it away.
        console.click("audit-filter")?;
        console.click_on("[data-value='category:item']")?;
        wait_for_rows(&console, |rows| rows == 2)?;
        let url = console.browser().url()?;
        ensure!(url.contains("category=item"), "{url}");
        console.type_into("audit-search", "billing")?;
        console.press(&char::from(fantoccini::key::Key::Enter).to_string())?;
        wait_for_rows(&console, |rows| rows == 1)?;
        console.reload()?;
        wait_for_rows(&console, |rows| rows == 1)?;
        ensure!(count(&console, "[data-testid=audit-chip]")? == 2);

        console.click_on("[data-action='item.changed'] .sp-audit__what")?;
        console.wait_for_text("audit-changes", |text| {
            text.contains("billing") && text.contains("Moved to the new rack")
        })?;
        pictures(&mut console, "audit-details")?;
        console.click("audit-details-done")?;

        console.click("audit-verify")?;
        console.wait_for_text("audit-verdict", |text| text.contains("The trail is whole"))?;
        pictures(&mut console, "audit-verified")
    })
}

#[test]
fn a_trail_that_somebody_changed_is_shown_with_its_first_broken_link() -> Result<()> {
    on_a_site_with_console(|site| {
        site.technician("tom")?;
        site.admin.stranger().try_sign_in("tom", "wrong wrong wrong")?.refused(401)?;
        let key = heads(&site.admin)?.public_key;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-audit a")?;
        // With the key that was noted, and with that of another appliance.
        console.type_into("audit-noted-key", &key)?;
        console.click("audit-verify")?;
        console.wait_for_text("audit-verdict", |text| text.contains("The trail is whole"))?;
        console.type_into("audit-noted-key", &key[1..])?;
        console.wait_for_text("audit-noted-key-error", |text| text.contains("64 digits"))?;
        console.type_into("audit-noted-key", OTHER_KEY)?;
        console.click("audit-verify")?;
        console.wait_for_text("audit-verdict", |text| text.contains("The trail is broken"))?;
        console.type_into("audit-noted-key", "")?;
        console.click("audit-verify")?;
        console.wait_for_text("audit-verdict", |text| text.contains("The trail is whole"))?;

        let refused = events(&site.admin, "category=sign_in.failed")?.remove(0);
        let no_trigger = match site.appliance.database() {
            Some(_) => "DROP TRIGGER audit_event_append_only ON audit_event",
            None => "DROP TRIGGER audit_event_no_update",
        };
        let sequence = refused.sequence;
        let change = format!("{no_trigger}; UPDATE audit_event SET outcome = 'succeeded' WHERE sequence = {sequence};");
        run(
            shell(site)?.arg(if site.appliance.database().is_some() { "-c" } else { "-batch" }).arg(change),
            wait::SOON,
        )?;
        console.click("audit-verify")?;
        let told = format!("The trail is broken: Event {sequence} was altered");
        console.wait_for_text("audit-verdict", |text| text.contains(&told))?;
        pictures(&mut console, "audit-broken")
    })
}
