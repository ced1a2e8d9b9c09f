//! Banner and limits set by hand; mail server and ticket system, too, and tried out with real ones.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::servers::{MAIL_PASSWORD, MAIL_USER, MailSecurity, MailServer, Reply, TicketDesk};
use tests::site::{ADMIN, ADMIN_PASSWORD, on_a_site_with_console};
use tests::wait;
use wire::api::{MailSettings, SiteSettings};

use crate::signed_in;

/// Puts many lines into a field at once, as pasting does.
pub(crate) fn paste(console: &Console, id: &str, text: &str) -> Result<()> {
    let script = "const it = document.getElementById(arguments[0]); it.value = arguments[1]; \
                  it.dispatchEvent(new InputEvent('input', { bubbles: true }))";
    console.script(script, vec![json!(id), json!(text)])?;
    Ok(())
}

/// Pictures of what stands around an element, in both themes.
pub(crate) fn pictures(console: &Console, around: &str, name: &str) -> Result<()> {
    for dark in [false, true] {
        console.set_dark(dark)?;
        console
            .script("document.getElementById(arguments[0]).scrollIntoView({ block: 'start' })", vec![json!(around)])?;
        console.screenshot(&format!("{name}-{}", if dark { "dark" } else { "light" }))?;
    }
    console.set_dark(false)
}

#[test]
fn a_banner_is_read_before_signing_in() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-settings a")?;
        console.wait_for("site-has-banner")?;
        console.click_on("label[for=site-has-banner]")?;
        console.wait_for("site-banner")?;
        // What is missing is said at its field.
        console.type_into("site-sessions-per-user", "many")?;
        console.click("site-save")?;
        for field in ["site-banner-error", "site-sessions-per-user-error"] {
            console.wait_for(field)?;
        }
        pictures(&console, "site-settings", "settings-site-refused")?;
        paste(&console, "site-banner", "Only for staff of Example Corp.\nSessions are recorded.")?;
        console.click_on("label[for=site-must-agree]")?;
        console.type_into("site-sessions-per-user", "20")?;
        console.type_into("site-idle-minutes", "15")?;
        console.type_into("site-keep-days", "365")?;
        console.wait_for("site-keep-warning")?;
        pictures(&console, "site-settings", "settings-site")?;
        console.click("site-save")?;
        let kept = || site.admin.get::<SiteSettings>("/api/settings/site");
        wait::until_true("it is kept", wait::SOON, || Ok(kept()?.rules.keep_sessions_days == Some(365)))?;
        let rules = kept()?.rules;
        ensure!((rules.sessions_per_user, rules.sign_in_idle_minutes) == (20, Some(15)), "{rules:?}");

        // Whoever comes next has to agree first.
        let elsewhere = Workstation::new(&site.appliance.ready)?;
        let console = Console::open(Browser::start(&elsewhere, Options::default())?, &site.appliance.ready.url)?;
        console.wait_for("sign-in-agreed")?;
        ensure!(!console.shows("user-name")?, "the form is there before anybody agreed");
        console.wait_for_text("sign-in-banner", |text| text.contains("Example Corp.\nSessions"))?;
        pictures(&console, "sign-in-agree", "sign-in-agree")?;
        console.click("sign-in-agreed")?;
        console.wait_for("user-name")?;
        pictures(&console, "sign-in", "sign-in-banner")?;
        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        console.wait_for("nav-jump")
    })
}

#[test]
fn a_mail_server_is_set_up_and_tried_out() -> Result<()> {
    on_a_site_with_console(|site| {
        let mut server = MailServer::start(MailSecurity::Starttls)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-settings a")?;
        console.wait_for("mail-host")?;
        console.wait_for_text("outbox-waiting", |text| text.contains("No letter waits"))?;
        pictures(&console, "administration-page", "settings-empty")?;

        // What is missing is said at its field.
        console.type_into("mail-host", "localhost")?;
        console.type_into("mail-user-name", MAIL_USER)?;
        console.click("mail-save")?;
        for field in ["mail-password-error", "mail-sender-address-error"] {
            console.wait_for(field)?;
        }
        console.choose("mail-security", "None")?;
        console.wait_for("mail-unsecured")?;
        pictures(&console, "mail-settings", "settings-mail-refused")?;
        console.choose("mail-security", "STARTTLS")?;
        console.wait_for_text("mail-port", |text| text == "587")?;
        console.type_into("mail-port", &server.port.to_string())?;
        console.type_into("mail-password", "wrong")?;
        console.type_into("mail-sender-address", "gate@example.org")?;
        paste(&console, "mail-ca-pem", &server.authority)?;
        console.click("mail-save")?;
        // Saved: from now on it can be tried out.
        console.wait_for_text("mail-password", str::is_empty)?;
        console.type_into("mail-test-to", "tom@example.org")?;
        console.click("mail-test")?;
        console.wait_for_text("mail-test-outcome", |text| text.contains("refused the sign-in: 535"))?;
        pictures(&console, "mail-settings", "settings-mail-wrong-password")?;
        console.type_into("mail-password", MAIL_PASSWORD)?;
        console.click("mail-save")?;
        console.wait_for_text("mail-password", str::is_empty)?;
        console.click("mail-test")?;
        console.wait_for_text("mail-test-outcome", |text| text.contains("took the letter to tom@example.org"))?;
        let letters = server.wait_for_letters(1)?;
        ensure!(
            letters[0].subject == "A test of Sallyport's mail" && letters[0].recipients == ["tom@example.org"],
            "{letters:?}"
        );

        // Somebody else changes it meanwhile: nothing is overwritten.
        let mut other: serde_json::Value = site.admin.get("/api/settings/mail")?;
        other["sender_name"] = json!("Gate");
        let _: MailSettings = site.admin.put("/api/settings/mail", &other)?.ok()?;
        console.type_into("mail-sender-name", "Sallyport")?;
        console.click("mail-save")?;
        console.wait_for("mail-error-reload")?;
        console.click("mail-error-reload")?;
        console.wait_for_text("mail-sender-name", |text| text == "Gate")?;

        // By keyboard alone: Enter in the field tries it out; a server that is away is told of.
        server.stop()?;
        console.type_into("mail-test-to", "tom@example.org")?;
        console.press(&char::from(fantoccini::key::Key::Enter).to_string())?;
        console.wait_for_text("mail-test-outcome", |text| text.contains("cannot be reached"))?;
        console.reload()?;
        console.wait_for_text("mail-host", |text| text == "localhost")?;
        console.wait_for_text("mail-password", str::is_empty)?;
        Ok(())
    })
}

#[test]
fn a_ticket_system_is_set_up_and_tried_out() -> Result<()> {
    on_a_site_with_console(|site| {
        let desk = TicketDesk::start(|asked| {
            let is_open = asked.body.contains("4711");
            let state = if is_open { "open" } else { "closed" };
            Reply::new(200, &format!(r#"{{"state":"{state}","text":"Change the disk of db-prod-1 ({state})"}}"#))
        })?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.visit("/administration/settings")?;
        console.wait_for("ticket-url")?;
        console.type_into("ticket-url", "http://tickets.example/")?;
        console.click("add-ticket-header")?;
        console.type_into("ticket-pointer", "state")?;
        console.click("ticket-save")?;
        for field in
            ["ticket-url-error", "ticket-header-0-name-error", "ticket-header-0-value-error", "ticket-pointer-error"]
        {
            console.wait_for(field)?;
        }
        pictures(&console, "ticket-system-settings", "settings-ticket-refused")?;
        console.type_into("ticket-url", &format!("{}/api/check", desk.url()))?;
        console.choose("ticket-method", "POST")?;
        paste(&console, "ticket-body", r#"{ "number": "{ticket}", "for": "{user}, {item}" }"#)?;
        console.type_into("ticket-header-0-name", "Authorization")?;
        console.type_into("ticket-header-0-value", "Bearer very-secret")?;
        console.type_into("ticket-pointer", "/state")?;
        console.type_into("ticket-equals", "open")?;
        console.type_into("ticket-message-pointer", "/text")?;
        paste(&console, "ticket-ca-pem", &desk.authority)?;
        console.click("ticket-save")?;
        console.wait_for_text("ticket-header-0-value", str::is_empty)?;
        console.type_into("ticket-test-number", "4711")?;
        console.click("ticket-test")?;
        console.wait_for_text("ticket-test-outcome", |text| {
            text.contains("is good. It says: Change the disk of db-prod-1 (open)")
        })?;
        let asked = desk.asked().pop().context("nothing was asked")?;
        ensure!(asked.headers.iter().any(|line| line == "authorization: Bearer very-secret"), "{asked:?}");
        ensure!(asked.body == r#"{"for":"ana, Test","number":"4711"}"#, "{}", asked.body);
        console.click_on("#ticket-exchange summary")?;
        console.wait_for_text("ticket-exchange", |text| {
            text.contains("Authorization: (kept secret)") && text.contains("Status 200")
        })?;
        pictures(&console, "ticket-system-settings", "settings-ticket-good")?;
        console.type_into("ticket-test-number", "4712")?;
        console.click("ticket-test")?;
        console.wait_for_text("ticket-test-outcome", |text| text.contains("Change the disk of db-prod-1 (closed)"))?;
        // What was entered but not saved is not what is tried out.
        console.type_into("ticket-equals", "closed")?;
        let title = console.attribute("ticket-test", "title")?.unwrap_or_default();
        ensure!(title.contains("Save"), "{title}");
        Ok(())
    })
}
