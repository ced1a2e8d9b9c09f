//! Stored credentials are given to whoever began a session, while its tunnels are open, and to nobody else; each time somebody can
//! read it afterwards.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{Answer, ApiClient};
use tests::audit_trail::{events, export};
use tests::helper::HelperByHand;
use tests::program::run;
use tests::servers::{Echo, Postgres};
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site};
use tests::wait;
use wire::api::{
    CreatedApiToken, Credential, Giving, GlobalSessionPolicy, ItemPermission, JumpItem, JumpPolicyDraft, NewApiToken,
    Principal, RevealSecret, RevealedSecret, SecretPart, SecretUse, Session, SessionCredentials, SessionState,
    SessionTool, SessionToolRule, Simultaneous, TokenScope, ToolRule, TunnelTicket,
};
use wire::audit::Outcome;
use wire::helper_messages::LocalSession;
use wire::{CredentialId, JumpItemRoleId, SecretText, SessionId};

use crate::audit_tampering::{on_files, sql};
use crate::credentials::{draft, of, store, tie};
use crate::policies::{draft as policy, guard, jump, make};
use crate::roles::{newcomer, role, set_members};

const LIMIT: Duration = Duration::from_secs(60);

fn reveal(client: &ApiClient, session: SessionId, credential: CredentialId, wanted: SecretUse) -> Result<Answer> {
    let asked = RevealSecret { wanted, part: SecretPart::Secret };
    client.post(&format!("/api/sessions/{session}/credentials/{credential}/reveal"), &asked)
}

fn offered(client: &ApiClient, session: SessionId) -> Result<SessionCredentials> {
    client.get(&format!("/api/sessions/{session}/credentials"))
}

fn text(answer: &Answer) -> Result<String> {
    Ok(answer.ok::<RevealedSecret>()?.text.expose().to_owned())
}

/// *Protocol Tunneling* in a session of one's own.
fn open(site: &Site, client: &ApiClient, helper: &mut HelperByHand, session: &Session) -> Result<LocalSession> {
    let ticket: TunnelTicket = client.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
    let local = helper.open_tunnels(&ticket)?;
    let listens = |it: &wire::api::SessionDetails| {
        it.session.state == SessionState::Tunnelling && it.session.tunnels.iter().any(|it| it.listening.is_some())
    };
    site.wait_for_session(session.id, "it tunnels", listens)?;
    Ok(local)
}

/// An item with one credential, and a technician who may use it.
fn fixture(site: &Site, port: u16, secret: &str) -> Result<(JumpItem, Credential, ApiClient, wire::UserId)> {
    let credential = store(&site.admin, &draft("app of orders", site.group, secret))?;
    let item = site.item("orders", "127.0.0.1", "127.0.0.1", &[(0, port.into())])?;
    let item = tie(site, &item, vec![of(credential.id, Some(port.into()))])?;
    let (id, tom) = newcomer(site, "tom")?;
    set_members(site, site.group, &[(Principal::User(id), JumpItemRoleId::START_SESSIONS_ONLY)])?;
    Ok((item, credential, tom, id))
}

#[test]
fn a_client_signs_in_with_what_is_stored() -> Result<()> {
    on_a_site(|site| {
        let postgres = Postgres::start()?;
        let (item, credential, tom, _) = fixture(site, postgres.port, &postgres.password)?;
        let mut helper = site.start_helper()?;
        let session = jump(&tom, &item)?;
        // Before the tunnels are open nothing is given, and it says so.
        let refused = reveal(&tom, session.id, credential.id, SecretUse::Show)?.refused(409)?;
        ensure!(refused.code == "not_tunnelling", "{refused:?}");
        let said = offered(&tom, session.id)?;
        ensure!(said.refused.is_some_and(|it| it.contains("Protocol Tunneling")) && said.credentials.len() == 1);

        let local = open(site, &tom, &mut helper, &session)?;
        let said = offered(&tom, session.id)?;
        let [shown] = said.credentials.as_slice() else { anyhow::bail!("{said:?}") };
        ensure!(said.refused.is_none() && shown.user_name == "app" && shown.tunnels == [0], "{shown:?}");
        let answer = reveal(&tom, session.id, credential.id, SecretUse::Show)?;
        ensure!(answer.header("cache-control") == "no-store", "it may be kept: {:?}", answer.headers);
        let password = text(&answer)?;
        let listening = local.tunnels[0].listening.as_ref().context("it does not listen")?;
        let mut psql = postgres.client("psql", &listening.address.to_string(), listening.port)?;
        let ask = psql.args(["-U", &shown.user_name, "-d", "app", "-At", "-c", "select current_user"]);
        ensure!(run(ask.env("PGPASSWORD", &password), LIMIT)?.trim() == "app");
        ensure!(text(&reveal(&tom, session.id, credential.id, SecretUse::Copy)?)? == postgres.password);

        // Who, session, item, credential and what for; and the session's own people see it as well.
        for (action, note) in [("credential.shown", "looked at"), ("credential.copied", "copied")] {
            let told = events(&site.admin, &format!("action={action}&limit=10"))?;
            let event = told.iter().find(|it| it.outcome == Outcome::Succeeded).context("no event")?;
            let object = event.object.as_ref().context("an event about nothing")?;
            ensure!(event.actor.name == "tom" && object.name == "app of orders", "{event:?}");
            ensure!(event.after["session_id"] == json!(session.id) && event.after["item"] == json!("orders"));
            let details = site.session(session.id)?;
            ensure!(details.events.iter().any(|it| it.message.contains(note)), "{:?}", details.events);
        }
        let refusals = events(&site.admin, "action=credential.shown&limit=10")?;
        ensure!(refusals.iter().any(|it| it.outcome == Outcome::Refused), "{refusals:?}");
        let trail = String::from_utf8(export(&site.admin)?)?;
        ensure!(!trail.contains(&password), "the audit trail holds the password");
        ensure!(!site.logs().contains(&password), "a log holds the password");
        Ok(())
    })
}

#[test]
fn nobody_else_is_given_it_and_not_for_ever() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let (item, credential, tom, id) = fixture(site, echo.port(), "hunter2 and more")?;
        let mut helper = site.start_helper()?;
        let session = jump(&tom, &item)?;
        open(site, &tom, &mut helper, &session)?;
        let ask = |client: &ApiClient| reveal(client, session.id, credential.id, SecretUse::Copy);
        ensure!(text(&ask(&tom)?)? == "hunter2 and more");

        // An administrator who watches, another user of the item, a stranger, a program.
        let refused = ask(&site.admin)?.refused(403)?;
        ensure!(refused.code == "not_your_session" && refused.message.contains("tom of Operations"), "{refused:?}");
        let list = format!("/api/sessions/{}/credentials", session.id);
        site.admin.send("GET", &list, None)?.refused(403)?;
        let eva = site.technician("eva")?;
        ask(&eva)?.refused(404)?;
        ask(&site.admin.stranger())?.refused(401)?;
        let password = SecretText::new(TECHNICIAN_PASSWORD.into());
        let new = NewApiToken { name: "program".into(), scope: TokenScope::Administer, days: 1, password };
        let token: CreatedApiToken = tom.post("/api/me/api-tokens", &new)?.ok()?;
        let shown = format!("Bearer {}", token.token.expose());
        let body = json!({ "use": "copy" });
        let path = format!("/api/sessions/{}/credentials/{}/reveal", session.id, credential.id);
        for (method, path, body) in [("POST", &path, Some(&body)), ("GET", &list, None)] {
            let stranger = site.admin.stranger();
            let refused = stranger.send_with(method, path, body, &[("authorization", &shown)])?.refused(403)?;
            ensure!(refused.code == "not_for_tokens", "{refused:?}");
        }

        // What the item does not have, what is for another tunnel, what may only be copied.
        let other = store(&site.admin, &draft("other", site.group, "other secret"))?;
        reveal(&tom, session.id, other.id, SecretUse::Copy)?.refused(404)?;
        let mut copied_only = draft("app of orders", site.group, "");
        (copied_only.secret, copied_only.facts.giving) = (None, Giving::CopiedOnly);
        site.admin.put(&format!("/api/credentials/{}", credential.id), &copied_only)?.success()?;
        let refused = reveal(&tom, session.id, credential.id, SecretUse::Show)?.refused(403)?;
        ensure!(refused.code == "copied_only", "{refused:?}");
        let passphrase = RevealSecret { wanted: SecretUse::Copy, part: SecretPart::Passphrase };
        tom.post(&path, &passphrase)?.refused(404)?;
        ask(&tom)?.success()?;

        // A session policy says no, by name.
        let global: GlobalSessionPolicy = site.admin.get("/api/session-policies/global")?;
        let mut closed = global.clone();
        closed.rules.tools = vec![
            SessionToolRule { tool: SessionTool::ProtocolTunneling, rule: ToolRule::Enabled },
            SessionToolRule { tool: SessionTool::StoredCredentials, rule: ToolRule::Disabled },
        ];
        let closed: GlobalSessionPolicy = site.admin.put("/api/session-policies/global", &closed)?.ok()?;
        let refused = ask(&tom)?.refused(403)?;
        ensure!(refused.code == "session_policy" && refused.message.contains("global session policy"), "{refused:?}");
        ensure!(offered(&tom, session.id)?.refused.is_some_and(|it| it.contains("global session policy")));
        let opened = GlobalSessionPolicy { rules: global.rules, revision: closed.revision };
        site.admin.put("/api/session-policies/global", &opened)?.success()?;
        ask(&tom)?.success()?;

        // The permission is lost in the middle: the session ends, and with it everything.
        let reader = role(site, "Tagger", &[ItemPermission::EditTag])?;
        set_members(site, site.group, &[(Principal::User(id), reader.id)])?;
        let refused = ask(&tom)?;
        ensure!(refused.status == 403 || refused.status == 409, "{}", refused.text());
        site.wait_for_session(session.id, "it ends", |it| it.session.end.is_some())?;
        let refused = ask(&tom)?.refused(409)?;
        ensure!(refused.code == "session_over", "{refused:?}");
        Ok(())
    })
}

#[test]
fn who_joined_a_session_signs_in_with_their_own() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let (item, credential, tom, _) = fixture(site, echo.port(), "hunter2 and more")?;
        let together = make(site, &JumpPolicyDraft { simultaneous: Simultaneous::Join, ..policy("Together") })?;
        guard(site, &item, Some(together.id))?;
        let (id, eva) = newcomer(site, "eva")?;
        let start = JumpItemRoleId::START_SESSIONS_ONLY;
        let toms: wire::api::Me = tom.get("/api/me")?;
        set_members(site, site.group, &[(Principal::User(toms.user.id), start), (Principal::User(id), start)])?;
        let mut helper = site.start_helper()?;
        let owned = jump(&tom, &item)?;
        open(site, &tom, &mut helper, &owned)?;
        let joined = jump(&eva, &item)?;
        ensure!(joined.joined.is_some(), "{joined:?}");
        let mut hers = site.install_helper("hers")?.start(site.folder())?;
        open(site, &eva, &mut hers, &joined)?;
        let refused = reveal(&eva, joined.id, credential.id, SecretUse::Copy)?.refused(403)?;
        ensure!(refused.code == "not_your_session" && refused.message.contains("tom of Operations"), "{refused:?}");
        let said = offered(&eva, joined.id)?;
        ensure!(said.credentials.is_empty() && said.refused.is_some_and(|it| it.contains("tom of Operations")));
        reveal(&eva, owned.id, credential.id, SecretUse::Copy)?.refused(404)?;
        reveal(&tom, owned.id, credential.id, SecretUse::Copy)?.success()
    })
}

#[test]
fn there_is_a_limit_and_a_restart_keeps_them_and_another_key_does_not_open_them() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let (item, credential, tom, _) = fixture(site, echo.port(), "hunter2 and more")?;
        let mut helper = site.start_helper()?;
        let session = jump(&tom, &item)?;
        open(site, &tom, &mut helper, &session)?;
        let ask = || reveal(&tom, session.id, credential.id, SecretUse::Copy);
        for _ in 0..20 {
            ask()?.success()?;
        }
        ensure!(ask()?.refused(429)?.code == "too_many");

        let data = site.folder().join("appliance");
        let (key, elsewhere) = (data.join("sealing-key"), data.join("elsewhere"));
        let is_back = |it: &wire::api::SessionDetails| it.session.reconnecting.is_none();
        site.appliance.program.stop()?;
        site.appliance.start_again()?;
        site.wait_for_session(session.id, "it goes on", is_back)?;
        ensure!(text(&ask()?)? == "hunter2 and more");

        site.appliance.program.stop()?;
        std::fs::rename(&key, &elsewhere)?;
        site.appliance.start_again()?;
        site.wait_for_session(session.id, "it goes on", is_back)?;
        let refused = ask()?.refused(500)?;
        ensure!(refused.code == "sealed" && refused.next_step.contains("sealing-key"), "{refused:?}");
        let log = site.appliance.program.log();
        ensure!(log.contains("another key") && log.contains("does not open"), "{log}");
        let told = events(&site.admin, "action=credential.copied&limit=5")?;
        ensure!(told[0].outcome == Outcome::Failed, "{told:?}");

        site.appliance.program.stop()?;
        std::fs::rename(&elsewhere, &key)?;
        site.appliance.start_again()?;
        site.wait_for_session(session.id, "it goes on", is_back)?;
        wait::until_true("it opens again", wait::SOON, || Ok(ask()?.status == 200))
    })
}

#[test]
fn what_cannot_be_audited_is_not_given() -> Result<()> {
    on_files(|site| {
        let echo = Echo::start()?;
        let (item, credential, tom, _) = fixture(site, echo.port(), "hunter2 and more")?;
        let mut helper = site.start_helper()?;
        let session = jump(&tom, &item)?;
        open(site, &tom, &mut helper, &session)?;
        let file = site.folder().join("appliance/sallyport.db");
        sql(&file, &["CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no more'); END"])?;
        let refused = reveal(&tom, session.id, credential.id, SecretUse::Show)?;
        ensure!(!refused.text().contains("hunter2"), "it was given all the same");
        ensure!(refused.refused(503)?.code == "not_audited", "{}", refused.text());
        sql(&file, &["DROP TRIGGER full"])?;
        reveal(&tom, session.id, credential.id, SecretUse::Show)?.success()
    })
}
