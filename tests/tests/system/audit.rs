//! What the audit trail tells, who may read it, and what happens when it cannot be written.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::ApiClient;
use tests::audit_trail::{events, events_after, export, heads, last, verify, verify_by_program};
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, TECHNICIAN_PASSWORD, on_a_site};
use tests::wait;
use wire::SecretText;
use wire::api::{
    CreatedApiToken, JumpItem, JumpMethod, NewApiToken, NewSession, SessionState, TokenScope, User, UserChange,
};
use wire::audit::{Action, ActorKind, AuditEvent, Outcome};

use crate::audit_tampering::{on_files, sql};

/// The newest event of this action.
fn newest(admin: &ApiClient, action: Action) -> Result<AuditEvent> {
    let found = events(admin, &format!("category={action}&limit=1"))?;
    found.into_iter().next().with_context(|| format!("there is no event {action}"))
}

fn tom(site: &Site) -> Result<User> {
    let users: Vec<User> = site.admin.get("/api/users")?;
    users.into_iter().find(|it| it.user_name == "tom").context("no tom")
}

#[test]
fn an_event_says_who_did_what_to_what_from_where_and_what_changed() -> Result<()> {
    on_a_site(|site| {
        let client = site.technician("tom")?;
        let before = last(&site.admin)?;
        let id = tom(site)?.id;
        let change =
            UserChange { display_name: Some("Thomas".into()), methods: Some(Vec::new()), ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{id}"), &change)?.success()?;
        let happened = events_after(&site.admin, before)?;
        let [event] = &happened[..] else { anyhow::bail!("{happened:#?}") };
        ensure!(event.action == Action::UserChanged && event.outcome == Outcome::Succeeded, "{event:?}");
        ensure!(event.actor.kind == ActorKind::User && event.actor.name == ADMIN, "{event:?}");
        ensure!(event.address.as_deref() == Some("127.0.0.1"), "{event:?}");
        ensure!(event.object.as_ref().is_some_and(|it| it.id == Some(id.0) && it.name == "tom"), "{event:?}");
        let (was, is) = (serde_json::to_value(&event.before)?, serde_json::to_value(&event.after)?);
        ensure!(was == json!({ "display_name": "Tom Technician", "methods": JumpMethod::every() }), "{was}");
        ensure!(is == json!({ "display_name": "Thomas", "methods": [] }), "{is}");

        // A refusal has its reason, a program its token.
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let refused = client.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        let event = newest(&site.admin, Action::JumpDenied)?;
        ensure!(event.outcome == Outcome::Refused && event.after["reason"] == json!(refused.code), "{event:?}");
        let password = SecretText::new(ADMIN_PASSWORD.into());
        let new = NewApiToken { name: "nightly".into(), scope: TokenScope::Administer, days: 1, password };
        let token: CreatedApiToken = site.admin.post("/api/me/api-tokens", &new)?.ok()?;
        let shown = format!("Bearer {}", token.token.expose());
        let group = json!({ "name": "By token", "comments": "" });
        let headers = [("authorization", shown.as_str())];
        site.admin.stranger().send_with("POST", "/api/jump-groups", Some(&group), &headers)?.success()?;
        let event = newest(&site.admin, Action::GroupCreated)?;
        ensure!(
            event.actor.kind == ActorKind::ApiToken && event.actor.token.as_deref() == Some("nightly"),
            "{event:?}"
        );
        Ok(())
    })
}

#[test]
fn sign_ins_tell_what_kept_them_and_no_name_that_may_be_a_password() -> Result<()> {
    on_a_site(|site| {
        site.technician("tom")?;
        let stranger = site.admin.stranger();
        stranger.try_sign_in("my secret password", "x")?.refused(401)?;
        let event = newest(&site.admin, Action::SignInFailed)?;
        ensure!(event.object.is_none() && event.message.contains("no user"), "{event:?}");
        for _ in 0..5 {
            stranger.try_sign_in("tom", "wrong wrong wrong")?.refused(401)?;
        }
        stranger.try_sign_in("tom", TECHNICIAN_PASSWORD)?.refused(429)?;
        let failed = events(&site.admin, "category=sign_in.failed&text=tom")?;
        ensure!(failed.len() == 5, "{failed:#?}");
        ensure!(
            failed.iter().all(|it| it.actor.kind == ActorKind::Nobody && it.after["reason"] == json!("wrong_password"))
        );
        ensure!(newest(&site.admin, Action::UserLocked)?.object.is_some_and(|it| it.name == "tom"));
        let export = String::from_utf8(export(&site.admin)?)?;
        ensure!(!export.contains("my secret password"), "{export}");
        Ok(())
    })
}

#[test]
fn a_session_leaves_its_jump_its_start_and_its_end() -> Result<()> {
    on_a_site(|site| {
        let mut helper = site.start_helper()?;
        let before = last(&site.admin)?;
        let session = site.open_to(&mut helper, "echo", 7)?;
        site.wait_for_session(session.id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
        site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
        let expected = [
            Action::ItemCreated,
            Action::JumpAllowed,
            Action::SessionTicketGiven,
            Action::SessionStarted,
            Action::SessionEndAsked,
            Action::SessionEnded,
        ];
        let happened = wait::until("the session's end is written down", wait::SOON, || {
            Ok(Some(events_after(&site.admin, before)?).filter(|it| it.len() >= expected.len()))
        })?;
        let actions: Vec<Action> = happened.iter().map(|it| it.action).collect();
        ensure!(actions == expected, "{actions:?}");
        ensure!(happened[5].after["reason"] == json!("by_user"), "{:?}", happened[5]);
        ensure!(newest(&site.admin, Action::AgentEnrolled)?.actor.kind == ActorKind::Agent);
        Ok(())
    })
}

#[test]
fn events_are_found_by_who_what_when_and_text_page_by_page() -> Result<()> {
    on_a_site(|site| {
        site.technician("tom")?;
        for name in ["a", "b", "c"] {
            site.item(name, "10.0.0.5", "127.4.0.9", &[(0, 22)])?;
        }
        let count = |filter: &str| Ok::<_, anyhow::Error>(events(&site.admin, filter)?.len());
        let item: JumpItem = site.admin.get::<Vec<JumpItem>>("/api/jump-items")?.remove(0);
        ensure!(count("category=item")? == 3 && count("category=item.created,team")? == 3);
        ensure!(count(&format!("object={}", item.id))? == 1);
        ensure!(count("text=10.0.0.5")? == 3 && count("text=10.0.0.%25")? == 0 && count("text=TOM")? >= 2);
        ensure!(count(&format!("actor={}&category=item", tom(site)?.id))? == 0);
        ensure!(count("until=1000")? == 0 && count("from=1000&category=item")? == 3 && count("outcome=failed")? == 0);
        let first = events(&site.admin, "category=item&limit=2")?;
        let rest = events(&site.admin, &format!("category=item&limit=2&before={}", first[1].sequence))?;
        ensure!(first.len() == 2 && rest.len() == 1 && rest[0].sequence < first[1].sequence);
        for wrong in ["actor=x", "object=x", "category=x", "outcome=x"] {
            site.admin.send("GET", &format!("/api/audit?{wrong}"), None)?.refused(422)?;
        }
        Ok(())
    })
}

#[test]
fn an_export_is_verified_without_the_appliance() -> Result<()> {
    on_a_site(|site| {
        let key = heads(&site.admin)?.public_key;
        let whole = export(&site.admin)?;
        let verified = verify(&whole, &key)??;
        ensure!(verified.unsigned() == 0 && verified.events > 5, "{verified:?}");
        let file = site.folder().join("trail.jsonl");
        std::fs::write(&file, &whole)?;
        let done = verify_by_program(&file, Some(&key))?;
        ensure!(done.status.code() == Some(0) && done.stdout.contains("In order"), "{done:?}");
        let done = verify_by_program(&file, None)?;
        ensure!(
            done.status.code() == Some(0) && done.stdout.contains(&key) && done.stdout.contains("Compare it"),
            "{done:?}"
        );
        let done = verify_by_program(&file, Some(&"1".repeat(64)))?;
        ensure!(done.status.code() != Some(0), "another key was believed: {done:?}");

        let text = String::from_utf8(whole.clone())?;
        let altered = text.replacen("\"outcome\":\"succeeded\"", "\"outcome\":\"refused\"", 1);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(3);
        for (broken, said) in
            [(altered, "was altered"), (lines.join("\n") + "\n", "is missing"), ("x\n".into(), "line 1")]
        {
            std::fs::write(&file, broken)?;
            let done = verify_by_program(&file, Some(&key))?;
            ensure!(done.status.code() == Some(1) && done.stdout.contains(said), "{done:?}");
        }
        let done = verify_by_program(&site.folder().join("none"), None)?;
        ensure!(done.status.code() == Some(2), "{done:?}");

        // The rest, behind what somebody has already.
        let part = site.admin.send("GET", "/api/audit/export?after=4", None)?;
        part.success()?;
        let rest = verify(&part.body, &key)??;
        ensure!(rest.events == rest.last - 4, "{rest:?}");
        site.admin.send("GET", "/api/audit/export?after=100000", None)?.refused(422)?;
        Ok(())
    })
}

#[test]
fn what_cannot_be_audited_does_not_happen() -> Result<()> {
    on_files(|site| {
        let client = site.technician("tom")?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let id = tom(site)?.id;
        let file = site.folder().join("appliance/sallyport.db");
        sql(&file, &["CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no more'); END"])?;
        let not_audited = |answer: tests::api_client::Answer| -> Result<()> {
            let refused = answer.refused(503)?;
            ensure!(refused.code == "not_audited" && refused.next_step.contains("disk"), "{refused:?}");
            Ok(())
        };
        let disable = UserChange { enabled: Some(false), ..UserChange::default() };
        not_audited(site.admin.patch(&format!("/api/users/{id}"), &disable)?)?;
        not_audited(site.admin.delete(&format!("/api/users/{id}"))?)?;
        not_audited(site.admin.delete(&format!("/api/jump-items/{}", item.id))?)?;
        not_audited(site.admin.post("/api/jump-items", &item.definition)?)?;
        not_audited(site.admin.post("/api/sessions", &NewSession::of(item.id))?)?;
        not_audited(site.admin.stranger().try_sign_in("tom", TECHNICIAN_PASSWORD)?)?;
        not_audited(site.admin.stranger().try_sign_in("tom", "wrong wrong wrong")?)?;
        not_audited(client.send("POST", "/api/sign-out", None)?)?;
        ensure!(tom(site)?.enabled, "tom was changed");
        ensure!(site.admin.get::<Vec<JumpItem>>("/api/jump-items")?.len() == 1, "the items changed");
        client.get::<Vec<JumpItem>>("/api/jump-items")?;

        sql(&file, &["DROP TRIGGER full"])?;
        site.admin.patch(&format!("/api/users/{id}"), &disable)?.success()?;
        let (key, whole) = (heads(&site.admin)?.public_key, export(&site.admin)?);
        verify(&whole, &key)??;
        Ok(())
    })
}
