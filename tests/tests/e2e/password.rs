//! Changing one's own password: what is refused where, and what a change does to one's other browsers.

use anyhow::{Result, ensure};
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, on_a_site_with_console};

use crate::signed_in;

const NEW_PASSWORD: &str = "another horse, another battery";

fn change(console: &Console, present: &str, new: &str, repeated: &str) -> Result<()> {
    console.type_into("current-password", present)?;
    console.type_into("new-password", new)?;
    console.type_into("repeated-password", repeated)?;
    console.click("change-password-submit")
}

#[test]
fn a_change_is_refused_at_the_field_or_signs_the_other_browsers_out() -> Result<()> {
    on_a_site_with_console(|site| {
        let desk = Workstation::new(&site.appliance.ready)?;
        let laptop = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &desk, Options::default())?;
        let other = signed_in(site, &laptop, Options::default())?;
        console.visit("/account")?;
        console.wait_for("change-password")?;

        change(&console, "not my password", NEW_PASSWORD, NEW_PASSWORD)?;
        console.wait_for("current-password-error")?;
        console.screenshot("password-refused")?;
        change(&console, ADMIN_PASSWORD, "too short", "too short")?;
        console.wait_for_text("new-password-error", |text| text.contains("12"))?;
        change(&console, ADMIN_PASSWORD, NEW_PASSWORD, "another horse, another batter")?;
        console.wait_for("repeated-password-error")?;
        ensure!(!console.shows("new-password-error")?, "the new password is right");
        ensure!(other.shows("create")?, "a refused change signed the other browser out");

        change(&console, ADMIN_PASSWORD, NEW_PASSWORD, NEW_PASSWORD)?;
        console.wait_for_text("toasts", |text| text.contains("password was changed"))?;
        console.wait_for_text("current-password", str::is_empty)?;
        ensure!(!console.shows("current-password-error")?, "the refusal stays after the change");
        other.wait_for_text("signed-out", |text| text.contains("password"))?;
        other.screenshot("signed-out-password")?;

        other.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        other.wait_for("sign-in-error")?;
        other.sign_in(ADMIN, NEW_PASSWORD)?;
        // The browser that made the change goes on.
        console.reload()?;
        console.wait_for("change-password")
    })
}
