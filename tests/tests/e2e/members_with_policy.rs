//! A row of a group's members brings a jump policy along, given by hand: it asks those whom the row means for a ticket, and
//! nobody else; the page about a user names it.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::servers::{Reply, TicketDesk};
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use wire::UserId;
use wire::api::{Session, SessionPage, User};

use crate::administration::{of_row, wait_for_cell};
use crate::{console_of, open_section, pictures, sign_out, signed_in, wait_for_words, words_of};

const POLICY: &str = "By ticket";

/// A technician who may nothing until a group says so.
fn technician(site: &Site, user_name: &str, display_name: &str) -> Result<UserId> {
    let new = json!({
        "user_name": user_name, "display_name": display_name, "role": "technician", "password": TECHNICIAN_PASSWORD,
    });
    let user: User = site.admin.post("/api/users", &new)?.ok()?;
    Ok(user.id)
}

/// A ticket system that knows one ticket.
fn ticket_desk(site: &Site) -> Result<TicketDesk> {
    let desk = TicketDesk::start(|asked| match asked.line.contains("/4711 ") {
        true => Reply::new(200, "{}"),
        false => Reply::new(404, r#"{"text":"There is no such ticket."}"#),
    })?;
    let settings = json!({
        "url": format!("{}/api/tickets/{{ticket}}", desk.url()), "ca_pem": desk.authority, "time_out_seconds": 5,
        "message_pointer": "/text", "revision": 0,
    });
    site.admin.put("/api/settings/ticket-system", &settings)?.success()?;
    Ok(desk)
}

/// The running session of this user.
fn running(site: &Site, display_name: &str) -> Result<Session> {
    let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
    let theirs = live.sessions.into_iter().find(|it| it.user_name == display_name);
    theirs.with_context(|| format!("{display_name} has no session"))
}

/// The page that says what a user can do, once it says by which rule.
fn open_access(console: &Console, user_name: &str, because: &str) -> Result<()> {
    open_section(console, "users")?;
    console.click_on(&of_row("user-row", user_name, ".sp-user-access a"))?;
    wait_for_words(console, "[data-testid=\"group-answer\"][data-name=\"Production\"]", because)
}

#[test]
fn the_policy_of_a_row_asks_those_whom_the_row_means() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.43.4.1", &[(0, 5432)])?;
        let desk = ticket_desk(site)?;
        let (tom, eva) = (technician(site, "tom", "Tom Technician")?, technician(site, "eva", "Eva Technician")?);
        site.admin.post("/api/teams", &json!({ "name": "Operations", "members": [tom, eva] }))?.success()?;
        site.admin.post("/api/jump-policies", &json!({ "name": POLICY, "ticket": true }))?.success()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let (_laptop, mut theirs) = console_of(site, "tom")?;
        theirs.wait_for("no-items")?;

        open_section(&console, "groups")?;
        console.click_on(&of_row("group-row", "Production", ".sp-members"))?;
        console.wait_for("members-add")?;
        console.choose("members-add", "Team Operations")?;
        console.wait_for("member-role-0")?;
        console.choose("members-add", "Tom Technician (tom)")?;
        console.wait_for("member-policy-1")?;
        console.choose("member-policy-1", POLICY)?;
        ensure!(console.text("member-policy-0")?.as_deref() == Some(""), "the row of the team got a policy as well");
        pictures(&mut console, "members-dialog-with-a-policy")?;
        console.click("members-save")?;
        console.wait_until_gone("members-dialog")?;
        console.click_on("#section-policies a")?;
        wait_for_cell(&console, "policy-row", POLICY, "1 membership")?;

        // The row for the user counts before that of the team, and so does what it asks for. Without a reload.
        theirs.select("db-prod-1")?;
        wait_for_words(&theirs, "#details", POLICY)?;
        theirs.click("jump")?;
        theirs.wait_for("start-ticket")?;
        theirs.click("start-save")?;
        theirs.wait_for("start-ticket-error")?;
        theirs.type_into("start-ticket", "4712")?;
        theirs.click("start-save")?;
        theirs.wait_for_text("start-ticket-error", |text| text.contains("no such ticket"))?;
        pictures(&mut theirs, "start-with-a-ticket-by-membership")?;
        theirs.type_into("start-ticket", "4711")?;
        theirs.click("start-save")?;
        theirs.wait_for("protocol-tunneling")?;
        theirs.wait_for_text("session-ticket", |text| text.contains("4711"))?;
        ensure!(running(site, "Tom Technician")?.ticket.as_deref() == Some("4711"));
        theirs.end_session()?;

        // Whom only the row of the team means is asked for nothing.
        let asked = desk.asked().len();
        sign_out(&theirs)?;
        theirs.sign_in("eva", TECHNICIAN_PASSWORD)?;
        theirs.select("db-prod-1")?;
        wait_for_words(&theirs, "#details", "Production")?;
        let details = words_of(&theirs, "#details")?;
        ensure!(!details.contains(POLICY) && !details.contains("Jump policy"), "{details}");
        theirs.jump("db-prod-1")?;
        let session = running(site, "Eva Technician")?;
        ensure!(session.ticket.is_none() && desk.asked().len() == asked, "{session:?}");

        open_access(&console, "tom", "The group's members list gives this user the role Start Sessions Only.")?;
        console.wait_for_text("group-policies", |text| text.ends_with("ask for: By ticket."))?;
        pictures(&mut console, "user-access-with-a-policy")?;
        open_access(
            &console,
            "eva",
            "The group's members list gives the team Operations the role Start Sessions Only.",
        )?;
        ensure!(!console.shows("group-policies")?, "{:?}", console.text("group-policies")?);
        Ok(())
    })
}
