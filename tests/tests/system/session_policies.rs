//! Session policies: which one holds, what it keeps sessions from, and that running ones follow.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::api_client::{ApiClient, field_message};
use tests::servers::Echo;
use tests::site::{Site, on_a_site, on_a_site_with_clock};
use tests::wait;
use wire::api::{
    GlobalSessionPolicy, IdleRule, JumpItem, JumpItemsChange, NewSession, PolicySource, SessionDetails, SessionEnd,
    SessionPolicy, SessionPolicyAnswer, SessionPolicyChoice, SessionPolicyDraft, SessionPolicyName, SessionRules,
    SessionTool, SessionToolRule, ToolRule, TunnelJumpDraft, User, UserChange,
};
use wire::{SessionPolicyId, UserId};

const TUNNELS: SessionTool = SessionTool::ProtocolTunneling;

fn rules(rule: ToolRule, idle: IdleRule) -> SessionRules {
    SessionRules { tools: vec![SessionToolRule { tool: TUNNELS, rule }], idle }
}

fn draft(name: &str, rules: SessionRules) -> SessionPolicyDraft {
    let (description, revision) = (String::new(), 0);
    SessionPolicyDraft { name: name.into(), description, for_users: true, for_items: true, rules, revision }
}

fn make(site: &Site, draft: &SessionPolicyDraft) -> Result<SessionPolicy> {
    site.admin.post("/api/session-policies", draft)?.ok()
}

fn change(site: &Site, policy: &SessionPolicy, change: impl FnOnce(&mut SessionPolicyDraft)) -> Result<SessionPolicy> {
    let mut draft = policy.definition.clone();
    change(&mut draft);
    site.admin.put(&format!("/api/session-policies/{}", policy.id), &draft)?.ok()
}

fn set_global(site: &Site, rules: SessionRules) -> Result<()> {
    let now: GlobalSessionPolicy = site.admin.get("/api/session-policies/global")?;
    site.admin.put("/api/session-policies/global", &GlobalSessionPolicy { rules, ..now })?.success()
}

fn give_item(site: &Site, item: &JumpItem, policy: Option<SessionPolicyId>) -> Result<()> {
    let path = format!("/api/jump-items/{}", item.id);
    let now: JumpItem = site.admin.get(&path)?;
    site.admin.put(&path, &TunnelJumpDraft { session_policy_id: policy, ..now.definition })?.success()
}

fn give_user(site: &Site, user: UserId, policy: Option<SessionPolicyId>) -> Result<()> {
    let change = UserChange { session_policy_id: Some(policy), ..UserChange::default() };
    site.admin.patch(&format!("/api/users/{user}"), &change)?.success()
}

/// A technician with their id.
fn technician(site: &Site) -> Result<(UserId, ApiClient)> {
    let client = site.technician("tom")?;
    let users: Vec<User> = site.admin.get("/api/users")?;
    let user = users.into_iter().find(|it| it.user_name == "tom").context("there is no tom")?;
    Ok((user.id, client))
}

fn effective(site: &Site, user: UserId, item: &JumpItem) -> Result<SessionPolicyAnswer> {
    site.admin.get(&format!("/api/session-policies/effective?user_id={user}&item_id={}", item.id))
}

#[test]
fn the_item_goes_before_the_user_and_that_before_the_global_policy() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (user, tom) = technician(site)?;
        let answer = effective(site, user, &item)?;
        ensure!(answer.policy.allows(TUNNELS) && answer.policy.idle_minutes.is_none(), "{answer:?}");

        // Each step overrides the one before, and the page says by what.
        set_global(site, rules(ToolRule::Disabled, IdleRule::After(60)))?;
        let refusal = tom.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "session_policy" && refusal.message.contains("global"), "{refusal:?}");
        let lenient = make(site, &draft("Lenient", rules(ToolRule::Enabled, IdleRule::NotDefined)))?;
        give_user(site, user, Some(lenient.id))?;
        let answer = effective(site, user, &item)?.policy;
        ensure!(answer.tools[0].source == PolicySource::User("Lenient".into()), "{answer:?}");
        ensure!((answer.idle_minutes, answer.idle_source) == (Some(60), PolicySource::Global));
        let session: wire::api::Session = tom.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        ensure!(session.policy.context("no policy is kept")?.idle_minutes == Some(60));
        let locked = make(site, &draft("Locked", rules(ToolRule::Disabled, IdleRule::Never)))?;
        give_item(site, &item, Some(locked.id))?;
        let refusal = tom.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.message.contains("item's session policy Locked"), "{refusal:?}");
        let answer = effective(site, user, &item)?.policy;
        ensure!(answer.idle_source == PolicySource::Item("Locked".into()) && answer.idle_minutes.is_none());
        Ok(())
    })
}

#[test]
fn a_running_session_follows_its_policies() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let policy = make(site, &draft("For it", rules(ToolRule::NotDefined, IdleRule::After(30))))?;
        give_item(site, &item, Some(policy.id))?;
        let mut helper = site.start_helper()?;
        let session = site.open(&mut helper, &item)?;
        let mut client = TcpStream::connect(session.address(0)?)?;
        client.set_read_timeout(Some(Duration::from_secs(5)))?;
        client.write_all(b"one")?;
        client.read_exact(&mut [0; 3])?;
        let policy = change(site, &policy, |it| it.rules.idle = IdleRule::After(45))?;
        site.wait_for_session(session.id, "it follows", |it| {
            it.session.policy.as_ref().and_then(|it| it.idle_minutes) == Some(45)
        })?;
        // What is taken away ends it at once, at both ends.
        change(site, &policy, |it| it.rules = rules(ToolRule::Disabled, IdleRule::NotDefined))?;
        let is_over = |it: &SessionDetails| it.session.end == Some(SessionEnd::NotAllowed);
        let ended = site.wait_for_session(session.id, "it ends", is_over)?;
        ensure!(ended.session.end_message.as_ref().is_some_and(|it| it.contains("session policy")), "{ended:?}");
        let end = client.read(&mut [0; 3]);
        ensure!(!matches!(end, Ok(1..)), "the connection goes on: {end:?}");
        Ok(())
    })
}

#[test]
fn an_idle_session_is_warned_and_ends_and_bytes_keep_it() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        const MINUTE: Duration = Duration::from_secs(60);
        let echo = Echo::start()?;
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        set_global(site, rules(ToolRule::Enabled, IdleRule::After(10)))?;
        let mut helper = site.start_helper()?;
        let session = site.open(&mut helper, &item)?;
        let mut client = TcpStream::connect(session.address(0)?)?;
        client.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut say = |word: &[u8]| -> Result<()> {
            client.write_all(word)?;
            let mut answer = vec![0; word.len()];
            client.read_exact(&mut answer)?;
            ensure!(answer == word);
            // The appliance looks more often than this.
            std::thread::sleep(MINUTE / 60);
            Ok(())
        };
        say(b"hello")?;
        let warnings = |it: &SessionDetails| it.events.iter().filter(|event| event.kind == "ends_soon").count();
        clock.pass(8 * MINUTE)?;
        say(b"still here")?;
        clock.pass(8 * MINUTE)?;
        ensure!(warnings(&site.session(session.id)?) == 0, "warned too early");
        clock.pass(MINUTE + MINUTE / 10)?;
        site.wait_for_session(session.id, "the warning", |it| warnings(it) == 1)?;
        say(b"and again")?;
        clock.pass(9 * MINUTE + MINUTE / 6)?;
        let warned = site.wait_for_session(session.id, "another warning", |it| warnings(it) == 2)?;
        ensure!(warned.session.end.is_none(), "bytes did not keep it: {:?}", warned.session);
        clock.pass(MINUTE)?;
        let ended = site.wait_for_session(session.id, "the end", |it| it.session.end == Some(SessionEnd::Idle))?;
        let message = ended.session.end_message.unwrap_or_default();
        ensure!(message.contains("10 minutes") && message.contains("global session policy"), "{message}");
        Ok(())
    })
}

#[test]
fn policies_are_made_changed_given_and_removed() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (user, tom) = technician(site)?;
        let none: Vec<SessionPolicy> = site.admin.get("/api/session-policies")?;
        ensure!(none.is_empty(), "{none:?}");
        let wrong = SessionPolicyDraft { for_users: false, for_items: false, ..draft(" ", SessionRules::default()) };
        let refusal = site.admin.post("/api/session-policies", &wrong)?.refused(422)?;
        field_message(&refusal, "name")?;
        field_message(&refusal, "for_items")?;
        let policy = make(site, &draft("Short", rules(ToolRule::NotDefined, IdleRule::After(5))))?;
        field_message(&site.admin.post("/api/session-policies", &policy.definition)?.refused(422)?, "name")?;
        let names: Vec<SessionPolicyName> = tom.get("/api/session-policies/names")?;
        ensure!(names.len() == 1 && names[0].summary.contains('5'), "{names:?}");

        // The second of two administrators is told.
        let newer = change(site, &policy, |it| it.description = "for guests".into())?;
        let path = format!("/api/session-policies/{}", policy.id);
        site.admin.put(&path, &policy.definition)?.refused(409)?;
        let global: GlobalSessionPolicy = site.admin.get("/api/session-policies/global")?;
        let once = GlobalSessionPolicy { rules: rules(ToolRule::Enabled, IdleRule::After(9)), ..global.clone() };
        site.admin.put("/api/session-policies/global", &once)?.success()?;
        site.admin.put("/api/session-policies/global", &once)?.refused(409)?;
        let open = GlobalSessionPolicy { rules: SessionRules::default(), revision: global.revision + 1 };
        let refusal = site.admin.put("/api/session-policies/global", &open)?.refused(422)?;
        field_message(&refusal, "idle")?;

        // Only those for whom it is get it, and it stays available to them.
        let only_items = change(site, &newer, |it| it.for_users = false)?;
        let to_user = UserChange { session_policy_id: Some(Some(policy.id)), ..UserChange::default() };
        let refusal = site.admin.patch(&format!("/api/users/{user}"), &to_user)?.refused(422)?;
        field_message(&refusal, "session_policy_id")?;
        let many = JumpItemsChange {
            item_ids: vec![item.id],
            jumpoint_id: None,
            group_id: None,
            hostname: None,
            local_address: None,
            tag: None,
            comments: None,
            jump_policy: None,
            session_policy: Some(SessionPolicyChoice::Policy(policy.id)),
            credentials: None,
        };
        site.admin.patch("/api/jump-items", &many)?.success()?;
        let mut for_users = only_items.definition.clone();
        (for_users.for_users, for_users.for_items) = (true, false);
        field_message(&site.admin.put(&path, &for_users)?.refused(422)?, "for_items")?;
        let refusal = site.admin.delete(&path)?.refused(409)?;
        ensure!(refusal.message.contains("named by 1 item (db)."), "{refusal:?}");
        // The global one has an address of its own, and no item or user is given it.
        let global = format!("/api/session-policies/{}", SessionPolicyId::GLOBAL);
        site.admin.put(&global, &only_items.definition)?.refused(404)?;
        site.admin.delete(&global)?.refused(404)?;
        let item_path = format!("/api/jump-items/{}", item.id);
        let now: JumpItem = site.admin.get(&item_path)?;
        let given = TunnelJumpDraft { session_policy_id: Some(SessionPolicyId::GLOBAL), ..now.definition };
        let refusal = site.admin.put(&item_path, &given)?.refused(422)?;
        field_message(&refusal, "session_policy_id")?;

        let none = JumpItemsChange { session_policy: Some(SessionPolicyChoice::Nothing), ..many };
        site.admin.patch("/api/jump-items", &none)?.success()?;
        site.admin.delete(&path)?.success()?;
        site.admin.delete(&path)?.refused(404)?;
        Ok(())
    })
}

#[test]
fn a_role_decides_who_may_choose_an_items_session_policy() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let policy = make(site, &draft("Short", rules(ToolRule::NotDefined, IdleRule::After(5))))?;
        let (user, tom) = technician(site)?;
        let role = wire::JumpItemRoleId::START_SESSIONS_ONLY;
        let change = UserChange { default_role_id: Some(Some(role)), ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{user}"), &change)?.success()?;
        let given = TunnelJumpDraft { session_policy_id: Some(policy.id), ..item.definition.clone() };
        let refusal = tom.put(&format!("/api/jump-items/{}", item.id), &given)?.refused(403)?;
        ensure!(refusal.message.contains("Change the session policy"), "{refusal:?}");
        let names: Vec<SessionPolicyName> = tom.get("/api/session-policies/names")?;
        ensure!(names.is_empty(), "{names:?}");
        wait::until_true("tom is not signed out by it", wait::SOON, || {
            Ok(tom.get::<Vec<JumpItem>>("/api/jump-items").is_ok())
        })
    })
}
