//! The details pane: what rules hold for the item that is selected, and what was done with it last.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{NewSession, Session, SessionPolicy, TunnelJumpDraft};

use crate::signed_in;

fn count(console: &Console, css: &str) -> Result<usize> {
    let script = "return document.querySelectorAll(arguments[0]).length";
    Ok(usize::try_from(console.script(script, vec![json!(css)])?.as_u64().unwrap_or_default())?)
}

fn wait_for_count(console: &Console, css: &str, expected: usize) -> Result<()> {
    wait::until_true(&format!("there are {expected} of {css}"), SOON, || Ok(count(console, css)? == expected))
}

const LAST: &str = "[data-testid=last-session]";

#[test]
fn the_policy_and_the_last_sessions_of_an_item_are_shown() -> Result<()> {
    on_a_site_with_console(|site| {
        let rules = json!({
            "name": "Short", "for_users": false, "for_items": true, "tools": [],
            "idle": { "kind": "after", "minutes": 5 },
        });
        let short: SessionPolicy = site.admin.post("/api/session-policies", &rules)?.ok()?;
        let draft = site.draft("db", "10.0.0.5", "127.42.0.1", &[(0, 5432)]);
        let draft = TunnelJumpDraft { session_policy_id: Some(short.id), ..draft };
        let item: wire::api::JumpItem = site.admin.post("/api/jump-items", &draft)?.ok()?;
        let other = site.item("web", "10.0.0.6", "127.42.0.1", &[(0, 80)])?;
        site.item("quiet", "10.0.0.7", "127.42.0.1", &[(0, 80)])?;
        let tom = site.technician_with("tom", wire::JumpItemRoleId::START_SESSIONS_ONLY)?;
        for (client, item) in [(&site.admin, item.id), (&site.admin, other.id), (&tom, item.id)] {
            for _ in 0..3 {
                let session: Session = client.post("/api/sessions", &NewSession::of(item))?.ok()?;
                client.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
            }
        }
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.select("quiet")?;
        console.wait_for("details-no-sessions")?;
        console.select("db")?;
        console.wait_for_text("details-session-policy", |text| text == "Short")?;
        // The last five of six, newest first.
        wait_for_count(&console, LAST, 5)?;
        console.wait_for_text("details-sessions", |text| text.lines().next().is_some_and(|it| it.contains("Tom")))?;
        console.screenshot("details-last-sessions")?;
        console.click_on("#details-all-sessions a")?;
        wait_for_count(&console, "[data-testid=session-row]", 6)?;
        wait_for_count(&console, "[data-testid=session-row][data-item-name=db]", 6)?;
        console.wait_for_text("sessions-item", |text| text.contains("Only sessions on db"))?;
        console.screenshot("sessions-of-an-item")?;
        ensure!(console.url()?.contains(&format!("item={}", item.id)), "{}", console.url()?);
        console.reload()?;
        wait_for_count(&console, "[data-testid=session-row]", 6)?;
        console.click("sessions-live")?;
        console.wait_for("no-sessions")?;
        console.click("sessions-all")?;
        wait_for_count(&console, "[data-testid=session-row]", 6)?;
        console.click("sessions-any-item")?;
        wait_for_count(&console, "[data-testid=session-row]", 9)?;

        // A technician has their own alone.
        let desk = Workstation::new(&site.appliance.ready)?;
        let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;
        theirs.select("web")?;
        theirs.wait_for("details-no-sessions")?;
        theirs.select("db")?;
        wait_for_count(&theirs, LAST, 3)
    })
}
