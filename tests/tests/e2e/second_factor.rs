//! An authenticator app by hand: set up from the QR code on the page, asked for at sign-in, lost and reset, required of everybody.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use tests::authenticator::Authenticator;
use tests::browser::{Browser, Options, Workstation};
use tests::clock::Clock;
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, TECHNICIAN_PASSWORD, on_a_site_with_console_and_clock};
use tests::wait::{self, SOON};
use tests::workspace;

use crate::{pictures, signed_in};

/// Until the next code.
const NEXT: Duration = Duration::from_secs(30);

/// Sets an app up from the page that shows the QR code to the recovery codes, as a person with a telephone does.
fn scan_and_confirm(console: &mut Console, name: &str, clock: &Clock) -> Result<(Authenticator, Vec<String>)> {
    console.wait_for("totp-qr")?;
    pictures(console, name)?;
    let app = Authenticator::scan(&workspace::screenshot_folder().join(format!("{name}-dark.png")))?;
    ensure!(console.text("totp-secret")?.as_deref() == Some(app.secret()), "the picture is of another secret");
    console.type_into("totp-code", "000000")?;
    console.click("totp-confirm")?;
    console.wait_for_text("totp-code-error", |text| text.contains("clock"))?;
    console.type_into("totp-code", &app.code(clock)?)?;
    console.press(&char::from(Key::Enter).to_string())?;
    console.wait_for("recovery-codes")?;
    let script = "return [...document.querySelectorAll('[data-testid=recovery-code]')].map(it => it.innerText.trim())";
    let codes: Vec<String> = serde_json::from_value(console.script(script, vec![])?)?;
    ensure!(codes.len() == 10, "{codes:?}");
    pictures(console, &format!("{name}-codes"))?;
    Ok((app, codes))
}

fn sign_out(console: &Console) -> Result<()> {
    console.click("user-menu")?;
    console.click("sign-out")?;
    console.wait_for("user-name")
}

fn has_focus(console: &Console, name: &str) -> Result<()> {
    let script = "return document.activeElement?.id ?? ''";
    wait::until_true(&format!("the cursor is in {name}"), SOON, || Ok(console.script(script, vec![])? == json!(name)))
}

#[test]
fn an_app_is_set_up_asked_for_and_turned_off() -> Result<()> {
    on_a_site_with_console_and_clock(|site, clock| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.visit("/account")?;
        console.click("set-up-totp")?;
        has_focus(&console, "totp-password")?;
        console.type_into("totp-password", "not my password")?;
        console.click("totp-begin")?;
        console.wait_for("totp-password-error")?;
        console.type_into("totp-password", ADMIN_PASSWORD)?;
        console.click("totp-begin")?;
        let (app, codes) = scan_and_confirm(&mut console, "totp-set-up", clock)?;
        console.click("recovery-codes-kept")?;
        console.wait_for("totp-state")?;
        console.wait_for_text("recovery-codes-left", |text| text.contains("10"))?;
        pictures(&mut console, "second-factor-on")?;

        clock.pass(NEXT)?;
        sign_out(&console)?;
        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        has_focus(&console, "code")?;
        let filled_in = console.attribute("code", "autocomplete")?;
        ensure!(filled_in.as_deref() == Some("one-time-code"), "{filled_in:?}");
        pictures(&mut console, "second-step")?;
        console.type_into("code", "123456")?;
        console.click("code-submit")?;
        console.wait_for("code-error")?;
        has_focus(&console, "code")?;
        pictures(&mut console, "second-step-refused")?;
        console.click("code-back")?;
        has_focus(&console, "password")?;
        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        console.wait_for("code")?;
        console.type_into("code", &app.code(clock)?)?;
        console.press(&char::from(Key::Enter).to_string())?;
        // It leads where one was.
        console.wait_for("account-page")?;

        sign_out(&console)?;
        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        console.click("other-factor")?;
        console.type_into("code", &codes[0])?;
        console.click("code-submit")?;
        console.wait_for_text("recovery-codes-left", |text| text.contains('9'))?;

        console.click("renew-recovery-codes")?;
        console.type_into("both-password", ADMIN_PASSWORD)?;
        console.type_into("both-code", &codes[0])?;
        console.click("both-save")?;
        console.wait_for("both-code-error")?;
        pictures(&mut console, "renew-refused")?;
        console.type_into("both-code", &codes[1])?;
        console.click("both-save")?;
        console.wait_for("recovery-codes")?;
        console.click("recovery-codes-kept")?;
        console.wait_for_text("recovery-codes-left", |text| text.contains("10"))?;

        clock.pass(NEXT)?;
        console.click("remove-totp")?;
        console.type_into("both-password", ADMIN_PASSWORD)?;
        console.type_into("both-code", &app.code(clock)?)?;
        console.click("both-save")?;
        console.wait_for("set-up-totp")?;
        sign_out(&console)?;
        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        console.wait_for("account-page")
    })
}

/// A technician's console at the sign-in page.
fn at_the_door(site: &Site, workstation: &Workstation) -> Result<Console> {
    Console::open(Browser::start(workstation, Options::default())?, &site.appliance.ready.url)
}

#[test]
fn it_is_required_of_everybody_and_reset_for_who_lost_it() -> Result<()> {
    on_a_site_with_console_and_clock(|site, clock| {
        site.technician("tom")?;
        let (desk, laptop) = (Workstation::new(&site.appliance.ready)?, Workstation::new(&site.appliance.ready)?);
        let mut admin = signed_in(site, &desk, Options::default())?;
        admin.click("nav-administration")?;
        admin.click_on("#section-sign-in a")?;
        admin.wait_for("sign-in-rules")?;
        admin.click_on("label[for=second-factor-required]")?;
        admin.wait_for_text("toasts", |text| text.contains("everybody needs a second factor"))?;

        let mut toms = at_the_door(site, &laptop)?;
        toms.type_sign_in("tom", TECHNICIAN_PASSWORD)?;
        toms.wait_for("first-factor")?;
        ensure!(!toms.shows("navigation")?, "there is a way around it");
        toms.visit("/sessions")?;
        toms.wait_for("first-factor")?;
        let (_, codes) = scan_and_confirm(&mut toms, "first-factor", clock)?;
        toms.click("recovery-codes-kept")?;
        // It leads where one wanted to go, and the page is alive.
        toms.wait_for("no-sessions")?;
        toms.visit("/account")?;
        toms.wait_for("totp-state")?;
        let obstacle = toms.attribute("remove-totp", "title")?.context("it can be turned off")?;
        ensure!(obstacle.contains("Everybody"), "{obstacle}");

        admin.click_on("#section-users a")?;
        admin.click_on("[data-testid=\"user-row\"][data-name=\"tom\"] .sp-reset-factors")?;
        admin.wait_for("reset-factors-reason")?;
        admin.click("reset-factors-save")?;
        admin.wait_for("reset-factors-reason-error")?;
        admin.type_into("reset-factors-reason", "You lost your telephone on the train")?;
        pictures(&mut admin, "reset-factors")?;
        admin.click("reset-factors-save")?;
        admin.wait_until_gone("reset-factors-dialog")?;
        pictures(&mut admin, "administration-second-factor")?;

        toms.wait_for_text("signed-out", |text| text.contains("lost your telephone"))?;
        toms.type_sign_in("tom", TECHNICIAN_PASSWORD)?;
        toms.wait_for_text("factors-reset", |text| text.contains("lost your telephone"))?;
        pictures(&mut toms, "first-factor-after-reset")?;
        let (_, new) = scan_and_confirm(&mut toms, "first-factor-again", clock)?;
        ensure!(codes != new);
        toms.click("recovery-codes-kept")?;
        toms.wait_for("account-page")?;
        ensure!(!toms.shows("factors-reset")?, "the reason stays for ever");
        Ok(())
    })
}
