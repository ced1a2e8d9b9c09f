//! Session policies by hand: one is made, copied and given to an item; the page says what holds and by which policy.

use anyhow::Result;
use serde_json::json;
use tests::console::Console;
use tests::site::on_a_site_with_console;
use tests::wait::{self, SOON};

use crate::{pictures, ready_console};

fn says(console: &Console, css: &str, wanted: &str) -> Result<()> {
    wait::until_true(&format!("{css} says {wanted}"), SOON, || {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        let said = console.script(script, vec![json!(css)])?;
        Ok(said.as_str().is_some_and(|text| text.contains(wanted)))
    })
}

#[test]
fn a_policy_is_given_to_an_item_and_the_page_says_what_holds() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.37.1.1", &[(0, 5432)])?;
        let (_workstation, mut console) = ready_console(site)?;
        console.click("nav-administration")?;
        console.click_on("#section-session-policies a")?;
        console.click("create-session-policy")?;
        console.click("session-policy-save")?;
        console.wait_for("session-policy-name-error")?;
        console.type_into("session-policy-name", "Cardholder data")?;
        console.choose("session-policy-idle", "After some minutes")?;
        console.type_into("session-policy-minutes", "soon")?;
        console.click("session-policy-save")?;
        console.wait_for("session-policy-minutes-error")?;
        console.type_into("session-policy-minutes", "15")?;
        pictures(&mut console, "session-policy-dialog")?;
        console.click("session-policy-save")?;
        console.wait_until_gone("session-policy-dialog")?;
        says(&console, "[data-testid=\"session-policy-row\"]", "ends after 15 idle minutes")?;

        console.click_on(".sp-copy-policy")?;
        console.choose("session-policy-tool-protocol-tunneling", "Disabled")?;
        console.click("session-policy-save")?;
        console.wait_until_gone("session-policy-dialog")?;
        says(&console, "[data-name=\"Copy of Cardholder data\"]", "Protocol Tunneling disabled")?;

        console.choose("global-policy-idle", "After some minutes")?;
        console.type_into("global-policy-minutes", "480")?;
        console.click("save-global-policy")?;
        says(&console, "#toasts", "The global session policy is saved")?;

        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("details-properties")?;
        console.wait_for("item-session-policy")?;
        console.choose(
            "item-session-policy",
            "Copy of Cardholder data (Protocol Tunneling disabled, ends after 15 idle minutes)",
        )?;
        console.click("item-save")?;
        console.wait_until_gone("item-save")?;
        console.select("db-prod-1")?;
        console.click("jump")?;
        console.wait_for_text("jump-error", |text| text.contains("session policy Copy of Cardholder data"))?;

        console.click("nav-administration")?;
        console.click_on("#section-session-policies a")?;
        console.wait_for("effective-user")?;
        let user = "Ana Administrator (ana)";
        console.choose("effective-user", user)?;
        console.choose("effective-item", "db-prod-1 in Production")?;
        says(&console, "[data-testid=\"effective-tool\"]", "by the item's session policy Copy of Cardholder data")?;
        says(&console, "#effective-idle", "15 idle minutes")?;
        pictures(&mut console, "session-policies")?;
        // It stays as long as something names it, and that is said by name.
        console.click_on("[data-name=\"Copy of Cardholder data\"] .sp-remove-policy")?;
        console.wait_for_text("remove-session-policy", |text| text.contains("It is named by 1 item."))?;
        console.click("remove-session-policy-confirm")?;
        console.wait_for_text("remove-session-policy-error", |text| text.contains("named by 1 item (db-prod-1)"))?;
        console.click("remove-session-policy-cancel")?;
        console.wait_until_gone("remove-session-policy")?;

        // Given to the session instead of kept from it: its tab says when it ends.
        console.click_on("[data-name=\"Copy of Cardholder data\"] .sp-edit-policy")?;
        console.choose("session-policy-tool-protocol-tunneling", "Enabled")?;
        console.click("session-policy-save")?;
        console.wait_until_gone("session-policy-dialog")?;
        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("jump")?;
        console.wait_for_text("idle-end", |text| text.contains("15 min"))?;
        pictures(&mut console, "session-idle-end")
    })
}
