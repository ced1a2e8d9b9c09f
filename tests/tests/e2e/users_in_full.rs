//! Users by hand, with all that stands in their dialog: what they are given, what is taken away and comes back, how they are
//! disabled and locked out, and what they see of it in a browser of their own.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::JumpItemRoleId;
use wire::api::{JumpItem, JumpMethod, NewSession, SessionPolicy, User};

use crate::administration::{of_row, wait_for_cell, wait_until_no};
use crate::{console_of, open_section, pictures, sign_out, signed_in, wait_for_words};

/// After as many wrong passwords an account is locked.
const FAILURES: u32 = 5;
/// What an item says to whoever may not start it.
const OBSTACLE: &str = "does not let you start sessions";
/// The first row of the Jump page.
const ROW: &str = "[data-testid=\"item-row\"]";

fn tom(site: &Site) -> Result<User> {
    let users: Vec<User> = site.admin.get("/api/users")?;
    users.into_iter().find(|it| it.user_name == "tom").context("there is no tom")
}

/// Opens the dialog of a user on the page of users.
fn open_dialog(console: &Console) -> Result<()> {
    console.click_on(&of_row("user-row", "tom", ".sp-edit-user"))?;
    console.wait_for_text("user-display-name", |text| text == "Tom Technician")?;
    Ok(())
}

fn save(console: &Console) -> Result<()> {
    console.click("user-save")?;
    console.wait_until_gone("user-dialog")
}

/// Whether a box of the dialog is ticked.
fn is_on(console: &Console, id: &str) -> Result<bool> {
    let script = "return document.getElementById(arguments[0])?.checked ?? null";
    console.script(script, vec![json!(id)])?.as_bool().with_context(|| format!("there is no {id}"))
}

/// Opens the page that says what a user can do.
fn open_access(console: &Console) -> Result<()> {
    console.click_on(&of_row("user-row", "tom", ".sp-user-access a"))?;
    console.wait_for("method-answer")
}

fn wait_for_method(console: &Console, allowed: bool) -> Result<()> {
    let says = if allowed { "account allows the method" } else { "account does not allow the method" };
    console.wait_for_text("method-answer", |text| text.contains("Protocol Tunnel Jump") && text.contains(says))?;
    let told = console.attribute("method-answer", "data-allowed")?;
    ensure!(told.as_deref() == Some(if allowed { "true" } else { "false" }), "{told:?}");
    Ok(())
}

/// Sends the sign-in page with a password that is refused, and gives what it says then.
fn refused(console: &Console, password: &str) -> Result<String> {
    console.type_sign_in("tom", password)?;
    // The field is emptied with the answer.
    console.wait_for_text("password", str::is_empty)?;
    console.wait_for_text("sign-in-error", |text| !text.is_empty())
}

#[test]
fn a_user_is_given_all_there_is_and_a_method_is_taken_away_and_given_back() -> Result<()> {
    on_a_site_with_console(|site| {
        let item = site.item("db-prod-1", "10.0.0.5", "127.43.1.1", &[(0, 5432)])?;
        let rules = json!({
            "name": "Short", "for_users": true, "for_items": false, "tools": [],
            "idle": { "kind": "after", "minutes": 30 },
        });
        let short: SessionPolicy = site.admin.post("/api/session-policies", &rules)?.ok()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        open_section(&console, "users")?;
        console.click("create-user")?;
        console.type_into("user-user-name", "tom")?;
        console.type_into("user-display-name", "Tom Technician")?;
        console.type_into("user-email", "tom at example.org")?;
        console.choose("user-default-role", "Administrator")?;
        console.choose("user-personal-role", "Auditor")?;
        console.choose("user-session-policy", "Short (")?;
        console.type_into("user-password", TECHNICIAN_PASSWORD)?;
        console.click("user-save")?;
        console.wait_for("user-email-error")?;
        console.type_into("user-email", "tom@example.org")?;
        console.wait_until_gone("user-email-error")?;
        pictures(&mut console, "user-dialog-in-full")?;
        save(&console)?;
        for words in ["Tom Technician", "enabled", "never"] {
            wait_for_cell(&console, "user-row", "tom", words)?;
        }
        let made = tom(site)?;
        ensure!(made.email.as_deref() == Some("tom@example.org"), "{made:?}");
        ensure!(made.default_role_id == Some(JumpItemRoleId::ADMINISTRATOR), "{made:?}");
        ensure!(made.personal_role_id == Some(JumpItemRoleId::AUDITOR), "{made:?}");
        ensure!(made.session_policy_id == Some(short.id) && made.methods == JumpMethod::every(), "{made:?}");

        // The dialog shows what is kept.
        open_dialog(&console)?;
        console.wait_for_text("user-email", |text| text == "tom@example.org")?;
        for (field, kept) in [
            ("user-default-role", JumpItemRoleId::ADMINISTRATOR.to_string()),
            ("user-personal-role", JumpItemRoleId::AUDITOR.to_string()),
            ("user-session-policy", short.id.to_string()),
        ] {
            console.wait_for_text(field, |text| text == kept)?;
        }
        ensure!(is_on(&console, "user-methods-ProtocolTunnel")?, "the method is off before anybody touched it");
        console.click("user-cancel")?;
        console.wait_until_gone("user-dialog")?;

        let (_desk, mut theirs) = console_of(site, "tom")?;
        theirs.select("db-prod-1")?;
        wait_for_words(&theirs, ROW, "ready")?;

        open_dialog(&console)?;
        console.click("user-methods-ProtocolTunnel")?;
        wait::until_true("the method is off", SOON, || Ok(!is_on(&console, "user-methods-ProtocolTunnel")?))?;
        save(&console)?;
        ensure!(tom(site)?.methods.is_empty(), "{:?}", tom(site)?);
        open_access(&console)?;
        wait_for_method(&console, false)?;
        pictures(&mut console, "user-access-without-the-method")?;

        // Without a reload; and neither the button nor its key leads anywhere.
        wait_for_words(&theirs, ROW, "not permitted")?;
        wait_for_words(&theirs, "#details", OBSTACLE)?;
        let obstacle = theirs.attribute("jump", "title")?.unwrap_or_default();
        ensure!(obstacle.contains(OBSTACLE) && obstacle.contains("Ask an administrator"), "{obstacle}");
        theirs.click("jump")?;
        // The focus goes back to the row, where the key is Jump.
        theirs.select("db-prod-1")?;
        theirs.press(&char::from(Key::Enter).to_string())?;
        theirs.wait_for_text("toasts", |text| text.contains("No session was started") && text.contains(OBSTACLE))?;
        pictures(&mut theirs, "jump-without-the-method")?;
        ensure!(!theirs.shows("session")?, "a session began");
        let client = site.admin.stranger();
        client.sign_in("tom", TECHNICIAN_PASSWORD)?;
        let refusal = client.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "method_not_allowed", "{refusal:?}");
        ensure!(refusal.message == "Your account may not use Protocol Tunnel Jumps.", "{refusal:?}");

        console.click_on("#back-to-users a")?;
        open_dialog(&console)?;
        ensure!(!is_on(&console, "user-methods-ProtocolTunnel")?, "the dialog does not show what is kept");
        console.click("user-methods-ProtocolTunnel")?;
        save(&console)?;
        open_access(&console)?;
        wait_for_method(&console, true)?;
        wait_for_words(&theirs, ROW, "ready")?;
        theirs.jump("db-prod-1")?;
        theirs.wait_for_text("idle-end", |text| text.contains("30 min"))?;
        let used: JumpItem = site.admin.get(&format!("/api/jump-items/{}", item.id))?;
        ensure!(used.running_sessions.len() == 1, "{used:?}");
        Ok(())
    })
}

#[test]
fn a_user_is_disabled_and_locked_out_and_let_in_again() -> Result<()> {
    on_a_site_with_console(|site| {
        site.technician("tom")?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let (_desk, mut theirs) = console_of(site, "tom")?;
        open_section(&console, "users")?;
        wait_for_cell(&console, "user-row", "tom", "enabled")?;
        open_dialog(&console)?;
        ensure!(is_on(&console, "user-enabled")?, "a new user is disabled");
        console.click_on("label[for=\"user-enabled\"]")?;
        wait::until_true("the switch is off", SOON, || Ok(!is_on(&console, "user-enabled")?))?;
        save(&console)?;
        wait_for_cell(&console, "user-row", "tom", "disabled")?;
        pictures(&mut console, "user-disabled")?;
        theirs.wait_for_text("signed-out", |text| text.contains("An administrator changed your account."))?;
        pictures(&mut theirs, "signed-out-disabled")?;
        let said = refused(&theirs, TECHNICIAN_PASSWORD)?;
        ensure!(said.contains("This account is disabled.") && said.contains("Ask an administrator"), "{said}");
        open_access(&console)?;
        console.wait_for_text("user-barred", |text| text.contains("The user is disabled and cannot sign in."))?;
        console.screenshot("user-access-disabled")?;
        console.click_on("#back-to-users a")?;

        open_dialog(&console)?;
        ensure!(!is_on(&console, "user-enabled")?, "the dialog does not show what is kept");
        console.click_on("label[for=\"user-enabled\"]")?;
        save(&console)?;
        wait_for_cell(&console, "user-row", "tom", "enabled")?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;

        sign_out(&theirs)?;
        for attempt in 1..=FAILURES {
            let said = refused(&theirs, "not the password of tom")?;
            ensure!(said.contains("do not belong together"), "attempt {attempt}: {said}");
        }
        // From now on the right one is no better.
        let said = refused(&theirs, TECHNICIAN_PASSWORD)?;
        ensure!(said.contains("too many failed sign-ins"), "{said}");
        ensure!(said.contains("ask an administrator to unlock the account"), "{said}");
        pictures(&mut theirs, "sign-in-locked-out")?;
        ensure!(tom(site)?.locked_until.is_some(), "{:?}", tom(site)?);

        // The list that was open all the time follows.
        wait_for_cell(&console, "user-row", "tom", "locked out")?;
        let unlock = of_row("user-row", "tom", ".sp-unlock");
        pictures(&mut console, "user-locked-out")?;
        console.click_on(&unlock)?;
        console.wait_for_text("toasts", |text| text.contains("tom can sign in again"))?;
        wait_for_cell(&console, "user-row", "tom", "enabled")?;
        wait_until_no(&console, &unlock)?;
        ensure!(tom(site)?.locked_until.is_none(), "{:?}", tom(site)?);
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)
    })
}
