//! Jump policies by hand: one is made and given to an item, somebody asks and another one approves, in two browsers; the second
//! factor; and a closed schedule that says when it opens.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::servers::{Reply, TicketDesk};
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::SecretText;
use wire::api::{JumpPolicy, JumpPolicyDraft, NewUser, Role, Simultaneous, TunnelJumpDraft, User};

use crate::{pictures, signed_in};

fn row(console: &Console, css: &str) -> Result<String> {
    let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
    Ok(console.script(script, vec![json!(css)])?.as_str().unwrap_or_default().to_owned())
}

fn wait_for_row(console: &Console, css: &str, wanted: &str) -> Result<()> {
    wait::until_true(&format!("{css} says {wanted}"), SOON, || Ok(row(console, css)?.contains(wanted)))
}

fn technician(site: &Site) -> Result<User> {
    let new = NewUser {
        user_name: "tom".into(),
        email: None,
        display_name: "Tom Technician".into(),
        role: Role::Technician,
        password: SecretText::new(TECHNICIAN_PASSWORD.into()),
        methods: None,
        default_role_id: Some(wire::JumpItemRoleId::START_SESSIONS_ONLY),
        personal_role_id: None,
        session_policy_id: None,
    };
    site.admin.post("/api/users", &new)?.ok()
}

#[test]
fn a_request_is_approved_in_another_browser_and_taken_back() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.36.1.1", &[(0, 5432)])?;
        let tom = technician(site)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let mut theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;

        console.click("nav-administration")?;
        console.click_on("#section-policies a")?;
        console.click("create-policy")?;
        console.click("policy-save")?;
        console.wait_for("policy-name-error")?;
        console.type_into("policy-name", "Four eyes")?;
        console.choose("policy-when", "After somebody approved it")?;
        console.click("policy-save")?;
        console.wait_for("policy-approver-error")?;
        let ana = row(&console, "#user-menu")?;
        console.choose("policy-approver", &format!("{} (ana)", ana.trim()))?;
        console.wait_for("approver")?;
        console.type_into("policy-max-minutes", "90")?;
        pictures(&mut console, "policy-dialog-approval")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        wait_for_row(&console, "[data-testid=\"policy-row\"]", "approval")?;

        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("details-properties")?;
        console.wait_for("item-policy")?;
        console.choose("item-policy", "Four eyes (approval)")?;
        console.click("item-save")?;
        console.wait_until_gone("item-save")?;
        wait_for_row(&console, "#details", "Four eyes")?;

        // Without a reload: the technician sees that it needs approval, and asks.
        wait_for_row(&theirs, "[data-testid=\"item-row\"]", "needs approval")?;
        theirs.select("db-prod-1")?;
        theirs.click("jump")?;
        theirs.wait_for("ask-reason")?;
        theirs.type_into("ask-minutes", "91")?;
        theirs.click("ask-save")?;
        theirs.wait_for("ask-minutes-error")?;
        theirs.wait_for("ask-reason-error")?;
        theirs.type_into("ask-reason", "Ticket 4711: the nightly backup failed.")?;
        theirs.type_into("ask-minutes", "10")?;
        pictures(&mut theirs, "ask-for-approval")?;
        theirs.click("ask-save")?;
        theirs.wait_until_gone("ask-dialog")?;
        theirs.click("jump")?;
        theirs.wait_for("start-waits")?;
        theirs.click("start-close")?;

        wait_for_row(&console, "#nav-approvals", "Approvals (1)")?;
        console.click("nav-approvals")?;
        wait_for_row(&console, "#to-decide", "Ticket 4711")?;
        pictures(&mut console, "approvals-to-decide")?;
        console.click_on("#to-decide .sp-grant")?;
        console.type_into("decision-note", "Only the standby.")?;
        console.click("decision-save")?;
        wait_for_row(&console, "#to-decide", "Nobody waits for you")?;

        wait_for_row(&theirs, "[data-testid=\"item-row\"]", "ready")?;
        theirs.click("jump")?;
        theirs.wait_for("protocol-tunneling")?;
        theirs.wait_for_text("ends-at", |text| text.contains("by policy"))?;
        // It ends in ten minutes, so that is said at once.
        theirs.wait_for("ending-soon")?;
        pictures(&mut theirs, "session-ends-soon")?;

        console.click_on("#recent-approvals .sp-revoke")?;
        console.screenshot("revoke-approval")?;
        console.click("revoke-approval-confirm")?;
        theirs.wait_for_text("session", |text| text.contains("took back the approval"))?;
        theirs.click("nav-approvals")?;
        wait_for_row(&theirs, "#recent-approvals", "taken back")?;
        pictures(&mut theirs, "approvals-of-a-technician")?;

        // The last who could approve stays: what depends on them is told before, and why it cannot be done after.
        console.click("nav-administration")?;
        let policies: Vec<JumpPolicy> = site.admin.get("/api/jump-policies")?;
        let mut by_tom = policies.into_iter().next().context("no policy")?;
        by_tom.definition.approval.iter_mut().for_each(|rule| rule.users = vec![tom.id]);
        site.admin.put(&format!("/api/jump-policies/{}", by_tom.id), &by_tom.definition)?.success()?;
        console.click_on("#section-users a")?;
        console.click_on("[data-testid=\"user-row\"][data-name=\"tom\"] .sp-remove-user")?;
        console.wait_for_text("remove-user-uses", |text| text.contains("Nobody else") && text.contains("Four eyes"))?;
        console.click("remove-user-confirm")?;
        console.wait_for_text("remove-user-error", |text| text.contains("Four eyes"))?;
        pictures(&mut console, "remove-the-last-approver")
    })
}

#[test]
fn each_switch_of_a_policy_is_kept() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let kept = || -> Result<JumpPolicyDraft> {
            let all: Vec<JumpPolicy> = site.admin.get("/api/jump-policies")?;
            Ok(all.into_iter().next().context("no policy")?.definition)
        };
        let is_on = |id: &str| -> Result<bool> {
            let script = "return document.getElementById(arguments[0])?.checked ?? null";
            console.script(script, vec![json!(id)])?.as_bool().with_context(|| format!("there is no switch {id}"))
        };
        console.click("nav-administration")?;
        console.click_on("#section-policies a")?;
        console.click("create-policy")?;
        console.type_into("policy-name", "Strict")?;
        console.choose("policy-when", "After somebody approved it")?;
        console.choose("policy-approver", "(ana)")?;
        console.wait_for("approver")?;
        // Copies are only spoken of where a running session matters.
        ensure!(!console.shows("policy-covers-copies")?);
        console.choose("policy-simultaneous", "Jump is refused")?;
        console.wait_for("policy-link-grace")?;
        for id in ["policy-own-requests", "policy-covers-copies"] {
            ensure!(!is_on(id)?, "{id} is on before anybody touched it");
            console.click_on(&format!("label[for={id}]"))?;
            wait::until_true(&format!("{id} is on"), SOON, || is_on(id))?;
        }
        console.type_into("policy-link-grace", "86401")?;
        console.click("policy-save")?;
        console.wait_for("policy-link-grace-error")?;
        console.type_into("policy-link-grace", "30")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        let made = kept()?;
        ensure!(made.approval.as_ref().is_some_and(|it| it.own_requests) && made.covers_copies, "{made:?}");
        ensure!(made.link_grace_seconds == Some(30) && made.simultaneous == Simultaneous::Disallow, "{made:?}");
        wait_for_row(&console, "[data-testid=\"policy-row\"]", "one session at a time, copies included, 30 s")?;

        // The dialog shows what is kept, and takes each back by itself.
        let edit = || -> Result<()> {
            console.click_on(".sp-edit-policy")?;
            console.wait_for("policy-covers-copies")
        };
        edit()?;
        ensure!(is_on("policy-own-requests")? && is_on("policy-covers-copies")?);
        console.wait_for_text("policy-link-grace", |text| text == "30")?;
        console.click_on("label[for=policy-own-requests]")?;
        console.type_into("policy-link-grace", "")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        let changed = kept()?;
        ensure!(changed.approval.as_ref().is_some_and(|it| !it.own_requests), "{changed:?}");
        ensure!(changed.covers_copies && changed.link_grace_seconds.is_none(), "{changed:?}");
        edit()?;
        console.click_on("label[for=policy-covers-copies]")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        ensure!(!kept()?.covers_copies, "{:?}", kept()?);
        pictures(&mut console, "policy-switches")
    })
}

#[test]
fn a_closed_schedule_says_when_it_opens() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.36.1.2", &[(0, 5432)])?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-policies a")?;
        console.click("create-policy")?;
        console.type_into("policy-name", "Office")?;
        console.choose("policy-when", "By a weekly schedule")?;
        console.wait_for("entry-4-from")?;
        console.type_into("entry-0-from", "25:00")?;
        console.type_into("policy-zone", "Mars/Olympus")?;
        console.click("policy-save")?;
        console.wait_for("entry-0-from-error")?;
        // One minute of the week, and it has passed or comes; whichever it is, it is not now.
        for _ in 0..4 {
            console.click_on(".sp-remove-entry")?;
        }
        let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow()?.tomorrow()?;
        let name = day.strftime("%A").to_string();
        console.choose("entry-0-from-day", &name)?;
        console.type_into("entry-0-from", "8:00")?;
        console.choose("entry-0-to-day", &name)?;
        console.type_into("entry-0-to", "18:00")?;
        console.click("policy-save")?;
        console.wait_for_text("policy-zone-error", |text| text.contains("Europe/Amsterdam"))?;
        console.type_into("policy-zone", "UTC")?;
        console.click_on("label[for=policy-strict]")?;
        pictures(&mut console, "policy-dialog-schedule")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        pictures(&mut console, "policies")?;

        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("details-properties")?;
        console.wait_for("item-policy")?;
        console.choose("item-policy", "Office (schedule (UTC, sessions end with it))")?;
        console.click("item-save")?;
        console.wait_until_gone("item-save")?;
        wait_for_row(&console, "[data-testid=\"item-row\"]", "closed now")?;
        console.click("jump")?;
        let said = console.wait_for_text("jump-error", |text| text.contains("Office"))?;
        ensure!(said.contains(&name) && said.contains("08:00 (UTC)"), "{said}");
        pictures(&mut console, "outside-the-schedule")?;
        Ok(())
    })
}

#[test]
fn a_ticket_is_asked_for_in_a_dialog() -> Result<()> {
    on_a_site_with_console(|site| {
        let item = site.item("db-prod-1", "10.0.0.5", "127.36.1.3", &[(0, 5432)])?;
        let desk = TicketDesk::start(|asked| match asked.line.contains("/4711 ") {
            true => Reply::new(200, "{}"),
            false => Reply::new(404, r#"{"text":"There is no such ticket."}"#),
        })?;
        let settings = json!({
            "url": format!("{}/api/tickets/{{ticket}}", desk.url()), "ca_pem": desk.authority, "time_out_seconds": 5,
            "message_pointer": "/text", "revision": 0,
        });
        site.admin.put("/api/settings/ticket-system", &settings)?.success()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-policies a")?;
        console.click("create-policy")?;
        console.type_into("policy-name", "Change")?;
        console.click_on("label[for=policy-ticket]")?;
        console.click_on("label[for=policy-tell-end]")?;
        console.type_into("policy-addresses", "watch@example.org, no address")?;
        console.click("policy-save")?;
        console.wait_for("policy-addresses-error")?;
        console.type_into("policy-addresses", "watch@example.org, change@example.org")?;
        pictures(&mut console, "policy-dialog-ticket")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        wait_for_row(&console, "[data-testid=\"policy-row\"]", "ticket, letters at the end")?;
        let policies: Vec<JumpPolicy> = site.admin.get("/api/jump-policies")?;
        let guarded = TunnelJumpDraft { jump_policy_id: policies.first().map(|it| it.id), ..item.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", item.id), &guarded)?.success()?;

        console.click("nav-jump")?;
        wait_for_row(&console, "[data-testid=\"item-row\"]", "ready")?;
        console.select("db-prod-1")?;
        wait_for_row(&console, "#details", "Change")?;
        console.click("jump")?;
        console.wait_for("start-ticket")?;
        console.click("start-save")?;
        console.wait_for("start-ticket-error")?;
        console.type_into("start-ticket", "4712")?;
        console.click("start-save")?;
        console.wait_for_text("start-ticket-error", |text| text.contains("no such ticket"))?;
        pictures(&mut console, "start-with-a-ticket")?;
        console.type_into("start-ticket", "4711")?;
        console.click("start-save")?;
        console.wait_for("protocol-tunneling")?;
        console.wait_for_text("session-ticket", |text| text.contains("4711"))?;
        Ok(())
    })
}
