//! An approval by the link of a letter, in a browser that nobody is signed in with; and how letters are written.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::servers::{MAIL_PASSWORD, MAIL_USER, MailSecurity, MailServer};
use tests::site::{Site, on_a_site_with_console};
use tests::wait;
use wire::api::{ApprovalState, Approvals, LetterTemplates, NewApproval, TunnelJumpDraft};

use crate::{pictures, signed_in};

fn use_mail(site: &Site, server: &MailServer) -> Result<()> {
    let settings = json!({
        "host": "localhost", "port": server.port, "security": "tls", "ca_pem": server.authority,
        "user_name": MAIL_USER, "password": MAIL_PASSWORD,
        "sender_address": "gate@example.org", "sender_name": "Gate", "revision": 0,
    });
    site.admin.put("/api/settings/mail", &settings)?.success()
}

/// The path of the newest letter's link.
fn link(server: &MailServer, count: usize) -> Result<String> {
    let letters = wait::until("the letter", Duration::from_secs(20), || {
        Ok(Some(server.letters()?).filter(|all| all.len() >= count))
    })?;
    let text = &letters.last().context("no letter")?.text;
    let (_, rest) = text.split_once("/approve#token=").context("no link")?;
    Ok(format!("/approve#token={}", rest.split_whitespace().next().unwrap_or_default()))
}

#[test]
fn somebody_without_an_account_approves_by_a_letter() -> Result<()> {
    on_a_site_with_console(|site| {
        let server = MailServer::start(MailSecurity::Tls)?;
        use_mail(site, &server)?;
        let item = site.item("db-prod-1", "10.0.0.5", "127.39.1.1", &[(0, 5432)])?;
        let tom = site.technician("tom")?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-policies a")?;
        console.click("create-policy")?;
        console.type_into("policy-name", "Four eyes")?;
        console.choose("policy-when", "After somebody approved it")?;
        console.choose("policy-simultaneous", "Jump joins it; its owner is told")?;
        console.type_into("policy-approver-emails", "cto")?;
        console.click("policy-save")?;
        console.wait_for("policy-approver-emails-error")?;
        console.type_into("policy-approver-emails", "cto@example.com")?;
        pictures(&mut console, "policy-dialog-mail")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        let policies: Vec<wire::api::JumpPolicy> = site.admin.get("/api/jump-policies")?;
        ensure!(policies[0].definition.simultaneous == wire::api::Simultaneous::Join, "{policies:?}");
        let draft = TunnelJumpDraft { jump_policy_id: Some(policies[0].id), ..item.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()?;

        let ask = NewApproval {
            item_id: item.id,
            reason: "Ticket 4711: the nightly backup failed.\nOnly the standby.".into(),
            starts_at: None,
            minutes: 60,
        };
        tom.post("/api/approvals", &ask)?.success()?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let mut theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.visit(&link(&server, 1)?)?;
        theirs.wait_for_text("request-facts", |text| {
            ["Ticket 4711", "Four eyes", "cto@example.com"].iter().all(|it| text.contains(it))
        })?;
        ensure!(tom.get::<Approvals>("/api/approvals")?.recent[0].state == ApprovalState::Waiting, "looking decided");
        pictures(&mut theirs, "approve-by-mail")?;
        theirs.type_into("link-note", "Be careful.")?;
        theirs.click("link-approve")?;
        theirs.wait_for("link-decided")?;
        pictures(&mut theirs, "approve-by-mail-done")?;
        let decided = &tom.get::<Approvals>("/api/approvals")?.recent[0];
        ensure!(decided.decided_by.as_deref() == Some("cto@example.com") && decided.note == "Be careful.");
        theirs.reload()?;
        theirs.wait_for_text("link-error", |text| text.contains("cto@example.com granted this request already"))?;
        pictures(&mut theirs, "approve-by-mail-void")?;
        Ok(())
    })
}

#[test]
fn letters_are_written_and_looked_at_before_they_go() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.click("nav-administration")?;
        console.click_on("#section-settings a")?;
        console.wait_for("letter-subject")?;
        console
            .wait_for_text("preview-subject", |text| text == "Sallyport: Eva Example started a session on db-prod-1")?;
        console.script("document.getElementById('letter-settings').scrollIntoView()", vec![])?;
        pictures(&mut console, "letters")?;
        console.type_into("letter-subject", "{nobody} begins")?;
        console.wait_for_text("letter-subject-error", |text| text.contains("There is no {nobody} here"))?;
        console.type_into("letter-subject", "{user} begins")?;
        console.wait_for_text("preview-subject", |text| text == "Eva Example begins")?;
        console.click("letters-save")?;
        console.wait_for_text("toasts", |text| text.contains("The letters are set"))?;
        let kept: LetterTemplates = site.admin.get("/api/settings/letters")?;
        ensure!(kept.session_started.subject == "{user} begins", "{kept:?}");
        console.click("letter-reset")?;
        console.wait_for_text("preview-subject", |text| text.starts_with("Sallyport: Eva"))?;
        console.click("letters-save")?;
        wait::until_true("it is as it comes", wait::SOON, || {
            let kept: LetterTemplates = site.admin.get("/api/settings/letters")?;
            Ok(kept == LetterTemplates { revision: kept.revision, ..LetterTemplates::default() })
        })?;
        Ok(())
    })
}
