//! What policies ask for and tell of when a session begins, by hand: the code of an authenticator app, letters through a real mail
//! server, a time at which to begin, a request that is taken back; and policies and tags given to several items at once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::ApiClient;
use tests::authenticator::Authenticator;
use tests::browser::{Browser, Options, Workstation};
use tests::clock::Clock;
use tests::console::Console;
use tests::servers::{MAIL_PASSWORD, MAIL_USER, MailSecurity, MailServer, Reply, TicketDesk};
use tests::site::{
    ADMIN_PASSWORD, Site, TECHNICIAN_PASSWORD, on_a_site_with_console, on_a_site_with_console_and_clock,
};
use tests::wait::{self, SOON};
use wire::api::{
    Approvals, BeginTotp, ConfirmTotp, JumpItem, JumpPolicy, Me, RecoveryCodes, SessionPage, TotpOffer, TunnelJumpDraft,
};
use wire::{JumpItemRoleId, JumpPolicyId, SecretText};

use crate::jump_table::{SHIFT, mouse, row};
use crate::settings::paste;
use crate::{pictures, signed_in};

fn policy(site: &Site, definition: &serde_json::Value) -> Result<JumpPolicyId> {
    Ok(site.admin.post("/api/jump-policies", definition)?.ok::<JumpPolicy>()?.id)
}

fn guard(site: &Site, item: &JumpItem, policy: JumpPolicyId) -> Result<()> {
    let draft = TunnelJumpDraft { jump_policy_id: Some(policy), ..item.definition.clone() };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()
}

/// An authenticator app of the signed-in administrator, and one of its recovery codes.
fn enrol(admin: &ApiClient, clock: &mut Clock) -> Result<(Authenticator, String)> {
    let begin = BeginTotp { password: Some(SecretText::new(ADMIN_PASSWORD.into())) };
    let offer: TotpOffer = admin.post("/api/me/totp", &begin)?.ok()?;
    let app = Authenticator::new(offer.secret.expose());
    let confirm = ConfirmTotp { code: SecretText::new(app.code(clock)?) };
    let made: RecoveryCodes = admin.post("/api/me/totp/confirm", &confirm)?.ok()?;
    clock.pass(Duration::from_secs(30))?;
    let code = made.codes.first().context("there are recovery codes")?.expose().to_owned();
    Ok((app, code))
}

#[test]
fn a_session_takes_the_code_of_the_app_and_letters_tell_of_it() -> Result<()> {
    on_a_site_with_console_and_clock(|site, clock| {
        let server = MailServer::start(MailSecurity::Tls)?;
        let mail = json!({
            "host": "localhost", "port": server.port, "security": "tls", "ca_pem": server.authority,
            "user_name": MAIL_USER, "password": MAIL_PASSWORD,
            "sender_address": "gate@example.org", "sender_name": "Gate", "revision": 0,
        });
        site.admin.put("/api/settings/mail", &mail)?.success()?;
        let item = site.item("db-prod-1", "10.0.0.5", "127.39.1.1", &[(0, 5432)])?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let (app, recovery) = enrol(&site.admin, clock)?;

        console.click("nav-administration")?;
        console.click_on("#section-policies a")?;
        console.click("create-policy")?;
        console.type_into("policy-name", "Watched")?;
        for id in ["policy-second-factor", "policy-tell-start", "policy-tell-end"] {
            console.click_on(&format!("label[for={id}]"))?;
        }
        console.wait_for("policy-addresses")?;
        paste(&console, "policy-addresses", "watch@example.org")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        let made: Vec<JumpPolicy> = site.admin.get("/api/jump-policies")?;
        guard(site, &item, made.first().context("it was made")?.id)?;

        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("jump")?;
        console.wait_for("start-code")?;
        console.click("start-save")?;
        console.wait_for("start-code-error")?;
        console.type_into("start-code", "000000")?;
        console.click("start-save")?;
        console.wait_for("start-error")?;
        ensure!(!console.shows("protocol-tunneling")?, "a wrong code begins a session");
        pictures(&mut console, "start-code-refused")?;
        console.type_into("start-code", &app.code(clock)?)?;
        console.click("start-save")?;
        console.wait_for("protocol-tunneling")?;
        console.end_session()?;
        let letters = server.wait_for_letters(2)?;
        ensure!(letters.iter().all(|it| it.recipients == ["watch@example.org"]), "{letters:?}");
        let says = |word: &str| letters.iter().any(|it| it.subject.contains(word) || it.text.contains(word));
        ensure!(says("db-prod-1") && says("Ana Administrator ended the session"), "{letters:?}");

        // A recovery code does as well, once.
        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("jump")?;
        console.type_into("start-code", &recovery)?;
        console.click("start-save")?;
        console.wait_for("protocol-tunneling")
    })
}

#[test]
fn an_approval_for_later_waits_and_a_request_is_taken_back() -> Result<()> {
    on_a_site_with_console(|site| {
        let me: Me = site.admin.get("/api/me")?;
        let rule = json!({ "users": [me.user.id], "teams": [], "max_minutes": 600, "scope": "anyone" });
        let four_eyes = policy(site, &json!({ "name": "Four eyes", "approval": rule }))?;
        let (db, web) = (
            site.item("db-prod-1", "10.0.0.5", "127.39.1.2", &[(0, 5432)])?,
            site.item("web-7", "10.0.0.6", "127.39.1.3", &[(0, 80)])?,
        );
        guard(site, &db, four_eyes)?;
        guard(site, &web, four_eyes)?;
        site.technician_with("tom", JumpItemRoleId::START_SESSIONS_ONLY)?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let mut theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;
        theirs.select("db-prod-1")?;
        theirs.click("jump")?;
        theirs.wait_for("ask-reason")?;
        theirs.type_into("ask-reason", "The change of tonight")?;
        let later = jiff::Zoned::now().checked_add(jiff::Span::new().hours(3))?;
        paste(&theirs, "ask-starts", &later.strftime("%Y-%m-%dT%H:%M").to_string())?;
        pictures(&mut theirs, "ask-for-later")?;
        theirs.click("ask-save")?;
        theirs.wait_until_gone("ask-dialog")?;
        let waiting: Approvals = site.admin.get("/api/approvals")?;
        let asked = waiting.to_decide.first().context("the request waits")?;
        let hours = asked.starts_at.millis_since(asked.requested_at) / 60_000;
        ensure!((170..=181).contains(&hours), "it begins {hours} minutes later: {asked:?}");
        let decision = json!({ "grant": true, "note": "" });
        site.admin.post(&format!("/api/approvals/{}/decide", asked.id), &decision)?.success()?;
        theirs.click("jump")?;
        theirs.wait_for_text("start-waits", |text| text.contains("It was approved") && text.contains("from"))?;
        pictures(&mut theirs, "approved-for-later")?;
        theirs.click("start-close")?;

        theirs.select("web-7")?;
        theirs.click("jump")?;
        theirs.wait_for("ask-reason")?;
        theirs.type_into("ask-reason", "By mistake")?;
        theirs.click("ask-save")?;
        theirs.wait_until_gone("ask-dialog")?;
        theirs.click("nav-approvals")?;
        theirs.wait_for_text("approvals-page", |text| text.contains("By mistake"))?;
        theirs.click_on(".sp-withdraw")?;
        wait::until_true("nobody has anything to decide", SOON, || {
            Ok(site.admin.get::<Approvals>("/api/approvals")?.to_decide.is_empty())
        })?;
        theirs.wait_for_text("approvals-page", |text| text.contains("withdrawn"))?;
        pictures(&mut theirs, "request-withdrawn")
    })
}

#[test]
fn a_policy_and_a_tag_are_given_to_several_items_at_once() -> Result<()> {
    on_a_site_with_console(|site| {
        policy(site, &json!({ "name": "One by one", "simultaneous": "disallow" }))?;
        for name in ["a", "b", "c"] {
            site.item(name, "10.0.0.5", "127.39.1.4", &[(0, 22)])?;
        }
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.select("c")?;
        console.click("properties")?;
        console.wait_for("item-tag")?;
        console.type_into("item-tag", "old")?;
        console.click("item-save")?;
        console.wait_until_gone("item-save")?;
        console.select("a")?;
        mouse(&console, &row("b"), "left", SHIFT)?;
        console.click("properties")?;
        console.wait_for("bulk-policy")?;
        console.choose("bulk-policy", "One by one")?;
        console.type_into("bulk-tag", "billing")?;
        pictures(&mut console, "bulk-policy")?;
        console.click("bulk-save")?;
        console.wait_until_gone("bulk-save")?;
        let all: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
        for it in &all {
            let is_changed = it.definition.name != "c";
            let (tag, guarded) = (it.definition.tag.as_deref(), it.definition.jump_policy_id.is_some());
            ensure!((tag == Some("billing"), guarded) == (is_changed, is_changed), "{it:?}");
            ensure!(is_changed || tag == Some("old"), "{it:?}");
        }
        console.click_on("[data-testid=\"tag-entry\"][data-name=\"billing\"]")?;
        console.wait_for_text("item-count", |text| text.contains('2'))?;
        Ok(())
    })
}

#[test]
fn several_items_ask_one_after_the_other() -> Result<()> {
    on_a_site_with_console(|site| {
        let desk = TicketDesk::start(|asked| Reply::new(if asked.line.contains("/4711 ") { 200 } else { 404 }, "{}"))?;
        let settings = json!({
            "url": format!("{}/api/tickets/{{ticket}}", desk.url()), "ca_pem": desk.authority, "time_out_seconds": 5,
            "revision": 0,
        });
        site.admin.put("/api/settings/ticket-system", &settings)?.success()?;
        let careful = policy(site, &json!({ "name": "Change", "ticket": true }))?;
        for (name, is_guarded) in [("a-plain", false), ("b-guarded", true), ("c-guarded", true), ("d-guarded", true)] {
            let item = site.item(name, "10.0.0.5", "127.39.4.1", &[(0, 5432)])?;
            if is_guarded {
                guard(site, &item, careful)?;
            }
        }
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.select("a-plain")?;
        mouse(&console, &row("d-guarded"), "left", SHIFT)?;
        console.wait_for_text("jump", |text| text.contains("(4)"))?;
        console.click("jump")?;
        let asks = |name: &str| console.wait_for_text("start-dialog", |text| text.contains(name)).map(|_| ());
        asks("Start b-guarded (2 more to follow)")?;
        console.type_into("start-ticket", "4711")?;
        console.click("start-save")?;
        // Whoever leaves one out is asked about the next all the same, in a form of its own.
        asks("Start c-guarded (1 more to follow)")?;
        ensure!(
            console.text("start-ticket")?.is_none_or(|it| it.is_empty()),
            "the ticket of another item stands there"
        );
        console.click("start-cancel")?;
        console.wait_for_text("start-dialog", |text| text.contains("Start d-guarded") && !text.contains("follow"))?;
        console.type_into("start-ticket", "4711")?;
        pictures(&mut console, "start-the-last-of-several")?;
        console.click("start-save")?;
        console.wait_for("protocol-tunneling")?;
        let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
        let mut names: Vec<_> = live.sessions.iter().map(|it| it.item_name.as_str()).collect();
        names.sort_unstable();
        ensure!(names == ["a-plain", "b-guarded", "d-guarded"], "{names:?}");
        Ok(())
    })
}
