//! A stored credential by hand: made, tied to an item, shown and copied in its session, and not removed while an item names it.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::console::Console;
use tests::servers::Echo;
use tests::site::on_a_site_with_console;
use tests::wait::{self, SOON};
use wire::api::{Credential, CredentialDraft};

use crate::{pictures, ready_console};

const SECRET: &str = "correct horse stored battery";

fn says(console: &Console, css: &str, wanted: &str) -> Result<()> {
    wait::until_true(&format!("{css} says {wanted}"), SOON, || Ok(text_of(console, css)?.contains(wanted)))
}

fn text_of(console: &Console, css: &str) -> Result<String> {
    let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
    Ok(console.script(script, vec![json!(css)])?.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_credential_is_stored_given_to_an_item_shown_and_copied() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        site.item("db-prod-1", "127.0.0.1", "127.39.1.1", &[(0, echo.port().into()), (0, 22)])?;
        let (_workstation, mut console) = ready_console(site)?;
        console.click("nav-administration")?;
        console.click_on("#section-credentials a")?;
        says(&console, "#credentials", "There are none yet")?;
        console.click("create-credential")?;
        console.click("credential-save")?;
        console.wait_for("credential-name-error")?;
        console.wait_for("credential-secret-error")?;
        console.type_into("credential-name", "App of orders")?;
        console.choose("credential-group", "Production")?;
        console.type_into("credential-user-name", "app")?;
        console.type_into("credential-secret", SECRET)?;
        pictures(&mut console, "credential-dialog")?;
        console.click("credential-save")?;
        console.wait_until_gone("credential-dialog")?;
        says(&console, "[data-testid=\"credential-row\"]", "App of orders")?;

        // The second of two people is told; the secret stays where none is entered.
        console.click_on(".sp-edit-credential")?;
        ensure!(console.attribute("credential-secret", "value")?.unwrap_or_default().is_empty(), "it comes back");
        let mut known: Vec<Credential> = site.admin.get("/api/credentials")?;
        let it = known.remove(0);
        let mut other = CredentialDraft { facts: it.facts, secret: None, revision: it.revision };
        other.facts.comments = "Changed by somebody else.".into();
        site.admin.put(&format!("/api/credentials/{}", it.id), &other)?.success()?;
        console.type_into("credential-comments", "Mine.")?;
        console.click("credential-save")?;
        console.wait_for_text("credential-error", |text| text.contains("Somebody else changed this"))?;
        console.click("credential-reload")?;
        console.wait_for_text("credential-comments", |text| text == "Changed by somebody else.")?;
        console.wait_until_gone("credential-error")?;
        console.type_into("credential-comments", "Of both.")?;
        console.click("credential-save")?;
        console.wait_until_gone("credential-dialog")?;
        ensure!(site.admin.get::<Vec<Credential>>("/api/credentials")?.remove(0).facts.comments == "Of both.");

        // Tied to one of an item's tunnels.
        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("details-properties")?;
        console.wait_for("item-credentials")?;
        console.click("add-credential")?;
        console.choose("item-credential-0", "App of orders: app (Production)")?;
        console.choose("item-credential-0-pair", "SSH (port 22)")?;
        pictures(&mut console, "item-credentials")?;
        console.choose("item-credential-0-pair", "The whole item")?;
        console.click("item-save")?;
        console.wait_until_gone("item-save")?;
        console.select("db-prod-1")?;
        console.wait_for_text("details-credentials", |text| text.contains("App of orders"))?;

        console.jump("db-prod-1")?;
        ensure!(!console.shows("session-credentials")?, "something is offered before the tunnels are open");
        console.tunnel(1)?;
        console.wait_for("session-credentials")?;
        says(&console, "#session-credentials .sp-user-name", "app")?;
        pictures(&mut console, "session-credentials-hidden")?;
        ensure!(!console.script("return document.body.innerText", vec![])?.to_string().contains(SECRET));
        console.click_on(".sp-show-secret")?;
        says(&console, "[data-testid=\"shown-secret\"]", SECRET)?;
        pictures(&mut console, "session-credentials-shown")?;
        console.click_on(".sp-hide-secret")?;
        says(&console, "[data-testid=\"hidden-secret\"]", "•")?;

        let origin = json!({ "origin": site.appliance.ready.url.trim_end_matches('/'), "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        console.browser().devtools("Browser.grantPermissions", origin)?;
        console.click_on(".sp-copy-secret")?;
        says(&console, "#session-credentials", "It stays in the clipboard")?;
        let read = "const done = arguments[arguments.length - 1]; navigator.clipboard.readText().then(done, error => done('failed: ' + error))";
        let copied = console.script_with_answer(read, vec![])?;
        ensure!(copied == json!(SECRET), "{copied}");
        ensure!(text_of(&console, "#session-credentials")?.contains('•'), "copying shows it");
        says(&console, "#session-events", "copied the password of the credential App of orders")?;

        // It hides by itself.
        console.click_on(".sp-show-secret")?;
        says(&console, "[data-testid=\"shown-secret\"]", SECRET)?;
        wait::until_true("it is hidden again", Duration::from_secs(45), || {
            Ok(text_of(&console, "[data-testid=\"shown-secret\"]")?.is_empty())
        })?;

        console.click("nav-administration")?;
        console.click_on("#section-credentials a")?;
        says(&console, "[data-testid=\"credential-row\"]", "db-prod-1")?;
        pictures(&mut console, "credentials")?;
        console.click_on(".sp-remove-credential")?;
        console.click("remove-credential-confirm")?;
        console.wait_for_text("remove-credential-error", |text| text.contains("db-prod-1"))?;
        pictures(&mut console, "credential-in-use")?;
        Ok(())
    })
}
