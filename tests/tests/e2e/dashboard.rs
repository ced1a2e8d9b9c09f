//! The dashboard: what runs, what waits, how the appliance stands; all of it without a reload.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::servers::Echo;
use tests::site::on_a_site_with_console;
use tests::wait::{self, SOON};
use wire::api::{JumpPolicy, NewApproval, NewSession, Session, TunnelJumpDraft, User};

use crate::{pictures, ready_console};

#[test]
fn the_dashboard_follows_what_happens() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        let open = site.item("db-prod-1", "127.0.0.1", "127.38.1.1", &[(0, echo.port().into())])?;
        let guarded = site.item("web-7", "127.0.0.1", "127.38.1.2", &[(0, 8443)])?;
        let tom = site.technician("tom")?;
        let ana = site.admin.get::<Vec<User>>("/api/users")?.into_iter().find(|it| it.user_name == "ana");
        let approval = json!({ "users": [ana.map(|it| it.id)], "teams": [], "max_minutes": 60 });
        let policy: JumpPolicy =
            site.admin.post("/api/jump-policies", &json!({ "name": "Four eyes", "approval": approval }))?.ok()?;
        let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..guarded.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", guarded.id), &draft)?.success()?;

        let (_workstation, mut console) = ready_console(site)?;
        let text = |console: &tests::console::Console, css: &str| -> Result<String> {
            let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
            Ok(console.script(script, vec![json!(css)])?.as_str().unwrap_or_default().to_owned())
        };
        console.click("nav-administration")?;
        console.wait_for_text("dashboard-sessions", |text| text.contains("Nobody uses an item now"))?;
        console.wait_for_text("dashboard-approvals", |text| text.contains("Nobody waits"))?;
        console.wait_for_text("dashboard-agents", |text| text.contains("online"))?;
        for (subject, level) in [("database", "good"), ("certificate", "good"), ("mail", "off"), ("jumpoints", "good")]
        {
            let css = format!("[data-subject=\"{subject}\"][data-level=\"{level}\"]");
            wait::until_true(&css, SOON, || Ok(!text(&console, &css)?.is_empty()))?;
        }
        pictures(&mut console, "dashboard-quiet")?;

        // Somebody begins, somebody asks.
        let session: Session = tom.post("/api/sessions", &NewSession::of(open.id))?.ok()?;
        let ask = NewApproval { item_id: guarded.id, reason: "Ticket 12".into(), starts_at: None, minutes: 30 };
        tom.post("/api/approvals", &ask)?.success()?;
        wait::until_true("the session stands there", SOON, || {
            Ok(console.attribute("dashboard-sessions", "data-count")?.as_deref() == Some("1"))
        })?;
        let row = "[data-testid=\"live-session\"][data-user-name=\"Tom Technician\"]";
        ensure!(text(&console, row)?.contains("ready"), "{}", text(&console, row)?);
        console.wait_for_text("dashboard-approvals", |text| text.contains("Ticket 12"))?;
        pictures(&mut console, "dashboard-busy")?;

        // Decided in place.
        console.click_on("#dashboard-approvals .sp-grant")?;
        console.click("decision-save")?;
        console.wait_for_text("dashboard-approvals", |text| text.contains("Nobody waits"))?;
        // Watched, and ended from here.
        console.click_on(&format!("{row} .sp-watch"))?;
        console.wait_for("watching")?;
        console.click("nav-administration")?;
        console.click_on(&format!("{row} .sp-end-session"))?;
        console.type_into("end-reason", "Maintenance.")?;
        console.click("end-dialog-confirm")?;
        console.wait_for_text("dashboard-sessions", |text| text.contains("Nobody uses an item now"))?;
        let ended: wire::api::SessionDetails = tom.get(&format!("/api/sessions/{}", session.id))?;
        ensure!(ended.session.end_message.is_some_and(|it| it.ends_with("Maintenance.")));

        // An agent goes.
        site.jumpoint.program.stop()?;
        console.wait_for_text("dashboard-agents", |text| text.contains("offline"))?;
        pictures(&mut console, "dashboard-agent-offline")?;
        Ok(())
    })
}
