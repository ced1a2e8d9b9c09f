//! Requests that are decided by the link of a letter, without an account; and how letters are written.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{ApiClient, field_message};
use tests::audit_trail::events_after;
use tests::servers::{MailSecurity, MailServer, Received};
use tests::site::{Site, on_a_site};
use tests::wait;
use wire::UserId;
use wire::api::{
    ApprovalRule, ApprovalState, Approvals, JumpItem, JumpPolicyDraft, LetterKind, LetterTemplates, LinkedApproval,
    MissingApproval, NewSession, Notices, StartTerms, UserChange,
};
use wire::audit::{Action, ActorKind};

use crate::policies::{approval_by, ask, change, draft, guard, jump, make, somebody, use_mail};

fn rule(emails: &[&str]) -> ApprovalRule {
    ApprovalRule { emails: emails.iter().map(|it| (*it).to_owned()).collect(), ..approval_by(&[]) }
}

fn set_email(site: &Site, id: UserId, email: &str) -> Result<()> {
    let change = UserChange { email: Some(email.into()), ..UserChange::default() };
    site.admin.patch(&format!("/api/users/{id}"), &change)?.success()
}

/// The letters to an address, once there are as many.
fn letters_to(server: &MailServer, address: &str, count: usize) -> Result<Vec<Received>> {
    wait::until(&format!("{count} letters to {address}"), Duration::from_secs(20), || {
        let mut letters = server.letters()?;
        letters.retain(|it| it.recipients == [address]);
        Ok((letters.len() >= count).then_some(letters))
    })
}

/// The token of the link in a letter.
fn token(letter: &Received) -> Result<String> {
    let (_, rest) = letter.text.split_once("/approve#token=").with_context(|| format!("no link: {letter:?}"))?;
    Ok(rest.split_whitespace().next().unwrap_or_default().to_owned())
}

fn look(client: &ApiClient, token: &str) -> Result<tests::api_client::Answer> {
    client.post("/api/approval-links/look", &json!({ "token": token }))
}

fn decide(client: &ApiClient, token: &str, grant: bool) -> Result<tests::api_client::Answer> {
    client.post("/api/approval-links/decide", &json!({ "token": token, "grant": grant, "note": "Be careful." }))
}

fn asking(site: &Site, name: &str, rule: ApprovalRule) -> Result<(JumpItem, wire::api::JumpPolicy)> {
    let item = site.item(name, "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
    let policy = make(site, &JumpPolicyDraft { approval: Some(rule), ..draft(&format!("Asks for {name}")) })?;
    guard(site, &item, Some(policy.id))?;
    Ok((item, policy))
}

#[test]
fn who_has_no_account_decides_by_the_link_of_a_letter_once() -> Result<()> {
    on_a_site(|site| {
        let server = MailServer::start(MailSecurity::Tls)?;
        use_mail(site, &server)?;
        let ((eva_id, eva), (bob_id, bob)) = (somebody(site, "eva")?, somebody(site, "bob")?);
        set_email(site, eva_id, "eva@example.org")?;
        set_email(site, bob_id, "bob@example.org")?;
        let rule = ApprovalRule { users: vec![bob_id], ..rule(&["cto@example.com"]) };
        let (item, _) = asking(site, "db", rule)?;
        let terms: StartTerms = eva.get(&format!("/api/jump-items/{}/start", item.id))?;
        let [MissingApproval { approvers, .. }] = terms.approvals.as_slice() else { anyhow::bail!("{terms:?}") };
        ensure!(approvers == &["bob", "cto@example.com"], "{approvers:?}");

        let request = ask(&eva, &item, 60)?;
        let letter = letters_to(&server, "cto@example.com", 1)?.remove(0);
        ensure!(letter.subject == "Sallyport: eva asks to use db", "{}", letter.subject);
        for words in ["Reason: Ticket 7", "(60 minutes)", "policy Asks for db"] {
            ensure!(letter.text.contains(words), "{words}: {}", letter.text);
        }
        // Who has an account decides there: no secret goes to them.
        let to_bob = letters_to(&server, "bob@example.org", 1)?.remove(0);
        ensure!(to_bob.text.contains("/approvals") && !to_bob.text.contains("token"), "{}", to_bob.text);

        let stranger = site.admin.stranger();
        let secret = token(&letter)?;
        // Programs that look at every link of a letter decide nothing, however often they do.
        for _ in 0..3 {
            let page = stranger.send("GET", "/approve", None)?;
            ensure!(page.status == 200 || page.status == 503, "{}", page.status);
            let seen: LinkedApproval = look(&stranger, &secret)?.ok()?;
            ensure!(seen.id == request.id && seen.address == "cto@example.com" && seen.granted.is_none(), "{seen:?}");
            ensure!(seen.reason == "Ticket 7" && seen.requester_name == "eva" && seen.item_name == "db");
        }
        ensure!(bob.get::<Approvals>("/api/approvals")?.to_decide.len() == 1);
        let done: LinkedApproval = decide(&stranger, &secret, true)?.ok()?;
        ensure!(done.granted == Some(true), "{done:?}");
        let granted = events_after(&site.admin, 0)?.into_iter().find(|it| it.action == Action::ApprovalGranted);
        let actor = granted.context("its event is missing")?.actor;
        ensure!(actor.kind == ActorKind::Letter && actor.name == "cto@example.com", "{actor:?}");
        let seen = eva.get::<Approvals>("/api/approvals")?.recent.remove(0);
        ensure!(seen.state == ApprovalState::Granted && seen.decided_by.as_deref() == Some("cto@example.com"));
        ensure!(seen.note == "Be careful.");
        jump(&eva, &item)?;
        let told = letters_to(&server, "eva@example.org", 1)?.remove(0);
        ensure!(told.subject == "Sallyport: the use of db was approved", "{}", told.subject);
        ensure!(told.text.contains("approved by cto@example.com") && told.text.contains("Be careful."));

        // Once.
        for answer in [look(&stranger, &secret)?, decide(&stranger, &secret, false)?] {
            ensure!(answer.refused(409)?.message.contains("cto@example.com granted"), "{}", answer.text());
        }
        // A token of its own is no cookie.
        stranger.send("GET", "/api/approvals", None)?.refused(401)?;
        Ok(())
    })
}

#[test]
fn links_work_for_those_who_may_and_as_long_as_they_may() -> Result<()> {
    on_a_site(|site| {
        let server = MailServer::start(MailSecurity::Tls)?;
        use_mail(site, &server)?;
        let (eva_id, eva) = somebody(site, "eva")?;
        let (item, policy) = asking(site, "db", rule(&["Eva@example.org", "cto@example.com", "ops@example.com"]))?;
        set_email(site, eva_id, "eva@Example.org")?;
        let stranger = site.admin.stranger();
        let link = |address: &str, count| token(letters_to(&server, address, count)?.last().context("no letter")?);

        // Nobody approves their own request, by mail either: no letter goes there.
        let first = ask(&eva, &item, 30)?;
        let (cto, ops) = (link("cto@example.com", 1)?, link("ops@example.com", 1)?);
        ensure!(cto != ops, "two people have one token");
        ensure!(server.letters()?.iter().all(|it| !it.recipients.contains(&"eva@example.org".to_owned())));
        // An address that becomes the requester's meanwhile decides nothing any more.
        set_email(site, eva_id, "ops@example.com")?;
        decide(&stranger, &ops, true)?.refused(404)?;
        set_email(site, eva_id, "")?;
        // What the policy does not name any more neither.
        let policy = change(site, &policy, |it| it.approval = Some(rule(&["cto@example.com"])))?;
        ensure!(look(&stranger, &ops)?.refused(404)?.code == "void_link");
        // Withdrawn is void.
        eva.send("POST", &format!("/api/approvals/{}/withdraw", first.id), None)?.success()?;
        ensure!(decide(&stranger, &cto, true)?.refused(409)?.message.contains("withdrew"));

        // Refused and taken back.
        ask(&eva, &item, 30)?;
        let done: LinkedApproval = decide(&stranger, &link("cto@example.com", 2)?, false)?.ok()?;
        ensure!(done.granted == Some(false), "{done:?}");
        let third = ask(&eva, &item, 30)?;
        let secret = link("cto@example.com", 3)?;
        decide(&stranger, &secret, true)?.success()?;
        let session = jump(&eva, &item)?;
        site.admin.send("POST", &format!("/api/approvals/{}/revoke", third.id), None)?.success()?;
        crate::policies::ended(&eva, session.id, Duration::from_secs(1))?;
        ensure!(decide(&stranger, &secret, true)?.refused(409)?.message.contains("took this approval back"));

        // What nobody was given, and too much of it.
        let guess = "A".repeat(43);
        ensure!(look(&stranger, &guess)?.refused(404)?.code == "void_link");
        let locked = (0..40).map(|_| look(&stranger, &guess)).find_map(|it| it.ok().filter(|it| it.status == 429));
        ensure!(locked.is_some(), "links can be guessed for ever");
        change(site, &policy, |it| it.approval = None)?;
        Ok(())
    })
}

#[test]
fn an_approval_rule_checks_its_addresses() -> Result<()> {
    on_a_site(|site| {
        for (emails, field) in [
            (vec!["nobody"], "approval.emails"),
            (vec!["a@example.org\r\nBcc: all@example.org"], "approval.emails"),
            (vec![], "approval.approvers"),
        ] {
            let policy = JumpPolicyDraft { approval: Some(rule(&emails)), ..draft("Asks") };
            field_message(&site.admin.post("/api/jump-policies", &policy)?.refused(422)?, field)?;
        }
        let many: Vec<String> = (0..101).map(|at| format!("a{at}@example.org")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let policy = JumpPolicyDraft { approval: Some(rule(&many)), ..draft("Asks") };
        field_message(&site.admin.post("/api/jump-policies", &policy)?.refused(422)?, "approval.emails")?;
        let (id, _) = somebody(site, "eva")?;
        let wrong = UserChange { email: Some("eva".into()), ..UserChange::default() };
        field_message(&site.admin.patch(&format!("/api/users/{id}"), &wrong)?.refused(422)?, "email")?;
        Ok(())
    })
}

#[test]
fn letters_are_written_as_an_administrator_says() -> Result<()> {
    on_a_site(|site| {
        let server = MailServer::start(MailSecurity::Tls)?;
        use_mail(site, &server)?;
        let mut all: LetterTemplates = site.admin.get("/api/settings/letters")?;
        ensure!(all == LetterTemplates::default(), "{all:?}");
        all.session_started.subject = "{item} in use\r\nBcc: all@example.org".into();
        all.session_ended.text = "{nonsense}".into();
        all.approval_asked.text = "no link".into();
        let refusal = site.admin.put("/api/settings/letters", &all)?.refused(422)?;
        for field in ["session_started.subject", "session_ended.text", "approval_asked.text"] {
            field_message(&refusal, field)?;
        }
        let mut all = LetterTemplates::default();
        all.session_started.subject = "In Benutzung: {item}".into();
        all.session_started.text = "{user} – {host}\nTicket: {ticket}\nEnde.".into();
        let set: LetterTemplates = site.admin.put("/api/settings/letters", &all)?.ok()?;
        ensure!(set.revision == 1, "{set:?}");
        site.admin.put("/api/settings/letters", &all)?.refused(409)?;

        // What an item is called cannot become a header, nor a template.
        let item = site.item("db {user} Bcc: all@example.org", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (_, eva) = somebody(site, "eva")?;
        let notices = Notices { start: true, end: false, addresses: vec!["watch@example.org".into()] };
        let policy = make(site, &JumpPolicyDraft { notices, ..draft("Watched") })?;
        guard(site, &item, Some(policy.id))?;
        jump(&eva, &item)?;
        let letter = letters_to(&server, "watch@example.org", 1)?.remove(0);
        ensure!(letter.subject == "In Benutzung: db {user} Bcc: all@example.org", "{}", letter.subject);
        ensure!(letter.header("bcc").is_empty());
        ensure!(letter.text.replace("\r\n", "\n").trim_end() == "eva – 127.0.0.1\nEnde.", "{:?}", letter.text);

        // And back.
        let default = LetterTemplates { revision: set.revision, ..LetterTemplates::default() };
        site.admin.put("/api/settings/letters", &default)?.success()?;
        ensure!(LetterKind::ALL.iter().all(|(kind, ..)| default.of(*kind) == &kind.default_template()));
        eva.post("/api/sessions", &NewSession::of(item.id))?.success()?;
        let letter = letters_to(&server, "watch@example.org", 2)?.remove(1);
        ensure!(letter.subject.starts_with("Sallyport: eva started a session on db"), "{}", letter.subject);
        Ok(())
    })
}
