//! One session at a time on an item: a policy made by hand says so, whoever comes second is told by which one, whoever they are,
//! and both get in at once when the policy lets them.

use anyhow::{Result, ensure};
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::site::{Site, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{Session, SessionPage};

use crate::administration::{of_row, wait_for_cell};
use crate::{console_of, open_section, pictures, signed_in, wait_for_words};

const POLICY: &str = "One by one";

fn live(site: &Site) -> Result<Vec<Session>> {
    Ok(site.admin.get::<SessionPage>("/api/sessions?live=true")?.sessions)
}

/// Presses *Jump* and is refused by the policy.
fn is_refused(console: &Console) -> Result<()> {
    console.click("jump")?;
    let said = console.wait_for_text("jump-error", |text| text.contains(POLICY))?;
    let words = format!("db-prod-1: Somebody uses this item now, and the policy {POLICY} lets only one session run");
    ensure!(said.contains(&words) && said.contains("Wait until that session is over."), "{said}");
    ensure!(!console.shows("session")?, "a session began all the same");
    Ok(())
}

/// The sessions that the page lists: id, and what stands in the row.
fn listed(console: &Console) -> Result<Vec<(String, String)>> {
    let script = "return [...document.querySelectorAll('[data-testid=session-row]')].map(it => [it.dataset.sessionId, it.innerText])";
    Ok(serde_json::from_value(console.script(script, vec![])?)?)
}

#[test]
fn the_second_is_refused_until_the_first_is_done_or_the_policy_lets_both_in() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.43.3.1", &[(0, 5432)])?;
        site.technician("tom")?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let (_desk, theirs) = console_of(site, "tom")?;
        open_section(&console, "policies")?;
        console.click("create-policy")?;
        console.type_into("policy-name", POLICY)?;
        console.choose("policy-simultaneous", "Jump is refused")?;
        console.wait_for("policy-covers-copies")?;
        pictures(&mut console, "policy-dialog-one-at-a-time")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        wait_for_cell(&console, "policy-row", POLICY, "one session at a time")?;
        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("details-properties")?;
        console.wait_for("item-policy")?;
        console.choose("item-policy", &format!("{POLICY} (one session at a time)"))?;
        console.click("item-save")?;
        console.wait_until_gone("item-save")?;
        wait_for_words(&console, "#details", POLICY)?;

        // The technician is first, and the administrator waits like anybody.
        theirs.jump("db-prod-1")?;
        console.select("db-prod-1")?;
        is_refused(&console)?;
        pictures(&mut console, "item-in-use")?;
        let running = live(site)?;
        ensure!(running.len() == 1 && running[0].user_name == "Tom Technician", "{running:?}");
        theirs.end_session()?;
        console.click("jump")?;
        console.wait_for("protocol-tunneling")?;

        // The other way round it is the same.
        theirs.click("nav-jump")?;
        theirs.select("db-prod-1")?;
        is_refused(&theirs)?;
        let running = live(site)?;
        ensure!(running.len() == 1 && running[0].user_name == "Ana Administrator", "{running:?}");
        console.end_session()?;

        open_section(&console, "policies")?;
        console.click_on(&of_row("policy-row", POLICY, ".sp-edit-policy"))?;
        console.wait_for_text("policy-name", |text| text == POLICY)?;
        console.choose("policy-simultaneous", "Jump starts another one")?;
        console.wait_until_gone("policy-covers-copies")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        wait_for_cell(&console, "policy-row", POLICY, "nothing")?;
        theirs.jump("db-prod-1")?;
        console.click("nav-jump")?;
        console.jump("db-prod-1")?;
        ensure!(!console.shows("session-company")?, "the second is in the session of the first");
        console.click("nav-sessions")?;
        console.click("sessions-live")?;
        let of = |rows: &[(String, String)], name: &str| rows.iter().filter(|(_, text)| text.contains(name)).count();
        let rows = wait::until("both sessions are listed", SOON, || {
            let rows = listed(&console)?;
            Ok((of(&rows, "Tom Technician") == 1 && of(&rows, "Ana Administrator") == 1).then_some(rows))
        })?;
        ensure!(rows.len() == 2 && rows[0].0 != rows[1].0, "{rows:?}");
        pictures(&mut console, "two-sessions-on-an-item")?;
        let running = live(site)?;
        ensure!(running.len() == 2 && running.iter().all(|it| it.joined.is_none()), "{running:?}");
        Ok(())
    })
}
