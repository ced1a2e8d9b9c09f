//! Jump policies: schedules, approvals, the second factor at the start, one session at a time; and what ends with them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{ApiClient, field_message};
use tests::servers::{MAIL_PASSWORD, MAIL_USER, MailSecurity, MailServer, Reply, TicketDesk};
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site, on_a_site_with_clock};
use wire::api::{
    Approval, ApprovalDecision, ApprovalRule, ApprovalScope, ApprovalState, Approvals, ItemStatus, JumpItem,
    JumpPolicy, JumpPolicyDraft, JumpPolicyName, Membership, Memberships, NewApproval, NewSession, NewUser, Notices,
    Principal, Role, Schedule, ScheduleEntry, Session, SessionDetails, SessionEnd, ShownAtStart, ShownFactor,
    Simultaneous, StartTerms, TunnelJumpDraft, User, Weekday,
};
use wire::{JumpItemId, JumpItemRoleId, JumpPolicyId, SecretText, SessionId, UserId};

use crate::second_factor::enrol;

pub(crate) fn somebody(site: &Site, user_name: &str) -> Result<(UserId, ApiClient)> {
    let new = NewUser {
        user_name: user_name.into(),
        email: None,
        display_name: user_name.into(),
        role: Role::Technician,
        password: SecretText::new(TECHNICIAN_PASSWORD.into()),
        methods: None,
        default_role_id: Some(JumpItemRoleId::START_SESSIONS_ONLY),
        personal_role_id: None,
        session_policy_id: None,
    };
    let user: User = site.admin.post("/api/users", &new)?.ok()?;
    let client = site.admin.stranger();
    client.sign_in(user_name, TECHNICIAN_PASSWORD)?;
    Ok((user.id, client))
}

pub(crate) fn draft(name: &str) -> JumpPolicyDraft {
    JumpPolicyDraft {
        name: name.into(),
        description: String::new(),
        schedule: None,
        approval: None,
        ticket: false,
        second_factor: false,
        notices: Notices::default(),
        simultaneous: Simultaneous::StartNew,
        covers_copies: false,
        link_grace_seconds: None,
        recording: wire::api::RecordingRule::AsSettings,
        recording_quality: wire::api::RecordingQuality::default(),
        traffic: wire::api::RecordingRule::AsSettings,
        traffic_capture: wire::api::TrafficCapture::default(),
        revision: 0,
    }
}

pub(crate) fn make(site: &Site, draft: &JumpPolicyDraft) -> Result<JumpPolicy> {
    site.admin.post("/api/jump-policies", draft)?.ok()
}

pub(crate) fn change(
    site: &Site,
    policy: &JumpPolicy,
    change: impl FnOnce(&mut JumpPolicyDraft),
) -> Result<JumpPolicy> {
    let mut draft = policy.definition.clone();
    change(&mut draft);
    site.admin.put(&format!("/api/jump-policies/{}", policy.id), &draft)?.ok()
}

/// Gives the item this policy.
pub(crate) fn guard(site: &Site, item: &JumpItem, policy: Option<JumpPolicyId>) -> Result<()> {
    let path = format!("/api/jump-items/{}", item.id);
    let now: JumpItem = site.admin.get(&path)?;
    site.admin.put(&path, &TunnelJumpDraft { jump_policy_id: policy, ..now.definition })?.success()
}

pub(crate) fn jump(client: &ApiClient, item: &JumpItem) -> Result<Session> {
    client.post("/api/sessions", &NewSession::of(item.id))?.ok()
}

fn status(client: &ApiClient, item: JumpItemId) -> Result<ItemStatus> {
    Ok(client.get::<JumpItem>(&format!("/api/jump-items/{item}"))?.status)
}

/// A schedule by UTC that is open for the ten minutes that begin now, or at all times but those.
pub(crate) fn schedule(strict: bool, open: bool) -> Schedule {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let (day, _) = Weekday::ALL[usize::try_from(now.weekday().to_monday_zero_offset()).unwrap_or(0)];
    let minute = u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).unwrap_or(0);
    // The whole week but the ten minutes that begin now, or nothing but those.
    let from = (day, minute);
    let later = u32::from(minute) + 10;
    let (after, _) = Weekday::ALL[(day as usize + usize::from(later >= 1440)) % 7];
    let to = (after, u16::try_from(later % 1440).unwrap_or(0));
    let (from, to) = if open { (from, to) } else { (to, from) };
    let entry = ScheduleEntry { from_day: from.0, from_minute: from.1, to_day: to.0, to_minute: to.1 };
    Schedule { time_zone: "UTC".into(), strict, entries: vec![entry] }
}

pub(crate) fn ended(client: &ApiClient, id: SessionId, within: Duration) -> Result<Session> {
    let until = Instant::now() + within;
    loop {
        let session = client.get::<SessionDetails>(&format!("/api/sessions/{id}"))?.session;
        if session.end.is_some() {
            return Ok(session);
        }
        ensure!(Instant::now() < until, "the session still runs: {session:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn approval_by(users: &[UserId]) -> ApprovalRule {
    ApprovalRule {
        users: users.to_vec(),
        teams: Vec::new(),
        emails: Vec::new(),
        max_minutes: 60,
        scope: ApprovalScope::Requester,
        own_requests: false,
    }
}

pub(crate) fn ask(client: &ApiClient, item: &JumpItem, minutes: u32) -> Result<Approval> {
    let new = NewApproval { item_id: item.id, reason: "Ticket 7".into(), starts_at: None, minutes };
    let made: Vec<Approval> = client.post("/api/approvals", &new)?.ok()?;
    made.into_iter().next().context("no request was made")
}

pub(crate) fn decide(client: &ApiClient, id: wire::ApprovalId, grant: bool) -> Result<Approval> {
    let decision = ApprovalDecision { grant, note: "Be careful.".into() };
    client.post(&format!("/api/approvals/{id}/decide"), &decision)?.ok()
}

#[test]
fn policies_are_made_changed_named_and_removed() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (id, eva) = somebody(site, "eva")?;
        let both = JumpPolicyDraft {
            schedule: Some(schedule(true, true)),
            approval: Some(approval_by(&[id])),
            ..draft("Both")
        };
        let refusal = site.admin.post("/api/jump-policies", &both)?.refused(422)?;
        ensure!(field_message(&refusal, "approval")?.contains("not both"), "{refusal:?}");
        let mut nowhere = JumpPolicyDraft { schedule: Some(schedule(true, true)), ..draft("Mars") };
        if let Some(schedule) = &mut nowhere.schedule {
            schedule.time_zone = "Mars/Olympus".into();
        }
        let refusal = site.admin.post("/api/jump-policies", &nowhere)?.refused(422)?;
        ensure!(field_message(&refusal, "schedule.time_zone")?.contains("Europe/Amsterdam"), "{refusal:?}");
        let unknown = UserId(uuid::Uuid::nil());
        let by_nobody = JumpPolicyDraft { approval: Some(approval_by(&[unknown])), ..draft("Nobody") };
        site.admin.post("/api/jump-policies", &by_nobody)?.refused(422)?;

        let long = |chars| draft(&"x".repeat(chars));
        let policy = make(site, &long(255))?;
        ensure!(policy.definition.name.len() == 255);
        site.admin.delete(&format!("/api/jump-policies/{}", policy.id))?.success()?;
        field_message(&site.admin.post("/api/jump-policies", &long(256))?.refused(422)?, "name")?;

        let policy = make(site, &draft("Careful"))?;
        field_message(&site.admin.post("/api/jump-policies", &draft("Careful"))?.refused(422)?, "name")?;
        guard(site, &item, Some(policy.id))?;
        ensure!(eva.get::<JumpItem>(&format!("/api/jump-items/{}", item.id))?.policies == ["Careful"]);
        ensure!(
            eva.get::<Vec<JumpPolicyName>>("/api/jump-policies/names")?.is_empty(),
            "who may not choose is offered"
        );
        let path = format!("/api/jump-policies/{}", policy.id);
        let refusal = site.admin.delete(&path)?.refused(409)?;
        ensure!(refusal.code == "in_use" && refusal.message.contains("named by 1 item (db)."), "{refusal:?}");

        let renamed = change(site, &policy, |it| it.name = "Very careful".into())?;
        ensure!(renamed.items == 1 && renamed.definition.revision == policy.definition.revision + 1);
        let refusal = site.admin.put(&path, &policy.definition)?.refused(409)?;
        ensure!(refusal.code == "changed_meanwhile", "{refusal:?}");
        guard(site, &item, None)?;
        site.admin.delete(&path)?.success()?;
        ensure!(site.admin.get::<Vec<JumpPolicy>>("/api/jump-policies")?.is_empty());

        // A policy that is gone cannot be named.
        let item_path = format!("/api/jump-items/{}", item.id);
        let now: JumpItem = site.admin.get(&item_path)?;
        let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..now.definition };
        let refusal = site.admin.put(&item_path, &draft)?.refused(422)?;
        field_message(&refusal, "jump_policy_id")?;
        let members = Membership {
            principal: Principal::User(id),
            role_id: JumpItemRoleId::START_SESSIONS_ONLY,
            jump_policy_id: Some(policy.id),
        };
        let group = format!("/api/jump-groups/{}/members", site.group);
        site.admin.put(&group, &Memberships { members: vec![members], revision: 0 })?.refused(422)?;
        Ok(())
    })
}

#[test]
fn a_schedule_lets_in_and_a_strict_one_ends_sessions_within_a_second() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (_, eva) = somebody(site, "eva")?;
        let policy = make(site, &JumpPolicyDraft { schedule: Some(schedule(false, false)), ..draft("Office") })?;
        guard(site, &item, Some(policy.id))?;
        ensure!(status(&eva, item.id)? == ItemStatus::OutsideSchedule);
        let refusal = eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "outside_schedule" && refusal.message.contains("policy Office"), "{refusal:?}");
        ensure!(refusal.message.contains("(UTC)"), "it does not say when it opens: {refusal:?}");

        let policy = change(site, &policy, |it| it.schedule = Some(schedule(false, true)))?;
        ensure!(status(&eva, item.id)? == ItemStatus::Ready);
        let session = jump(&eva, &item)?;
        ensure!(session.ends_at.is_none(), "a schedule that is not strict ends sessions");
        // Not strict: the session goes on past its end, another one does not begin.
        let policy = change(site, &policy, |it| it.schedule = Some(schedule(false, false)))?;
        eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(eva.get::<SessionDetails>(&format!("/api/sessions/{}", session.id))?.session.end.is_none());

        // Strict and open: it has an end; ten minutes before it, its people are warned.
        let policy = change(site, &policy, |it| it.schedule = Some(schedule(true, true)))?;
        let warned = tests::wait::until("the warning", Duration::from_secs(5), || {
            let it: SessionDetails = eva.get(&format!("/api/sessions/{}", session.id))?;
            let is_warned = it.events.iter().any(|event| event.kind == "ends_soon");
            Ok((is_warned && it.session.ends_at.is_some()).then_some(it))
        })?;
        ensure!(warned.session.ends_because.is_some_and(|why| why.contains("Office")));
        change(site, &policy, |it| it.schedule = Some(schedule(true, false)))?;
        let session = ended(&eva, session.id, Duration::from_secs(1))?;
        ensure!(session.end == Some(SessionEnd::ScheduleClosed), "{session:?}");
        Ok(())
    })
}

#[test]
fn an_approval_is_asked_for_given_used_and_taken_back() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let ((eva_id, eva), (bob_id, bob), (_, max)) =
            (somebody(site, "eva")?, somebody(site, "bob")?, somebody(site, "max")?);
        let rule = approval_by(&[bob_id, eva_id]);
        let policy = make(site, &JumpPolicyDraft { approval: Some(rule), ..draft("Four eyes") })?;
        guard(site, &item, Some(policy.id))?;
        ensure!(status(&eva, item.id)? == ItemStatus::NeedsApproval);
        let refusal = eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "needs_approval" && refusal.message.contains("Four eyes"), "{refusal:?}");
        let terms: StartTerms = eva.get(&format!("/api/jump-items/{}/start", item.id))?;
        ensure!(terms.approvals.len() == 1 && terms.approvals[0].approvers == ["bob", "eva"], "{terms:?}");

        let too_long = NewApproval { item_id: item.id, reason: "x".into(), starts_at: None, minutes: 61 };
        field_message(&eva.post("/api/approvals", &too_long)?.refused(422)?, "minutes")?;
        let no_reason = NewApproval { reason: " ".into(), minutes: 60, ..too_long };
        field_message(&eva.post("/api/approvals", &no_reason)?.refused(422)?, "reason")?;
        let request = ask(&eva, &item, 60)?;
        ensure!(request.state == ApprovalState::Waiting && !request.may_decide);

        // Whoever asked does not decide, though named; who is not named does not see it, not even an administrator decides.
        let path = format!("/api/approvals/{}/decide", request.id);
        let yes = json!({ "grant": true });
        eva.post(&path, &yes)?.refused(403)?;
        max.post(&path, &yes)?.refused(404)?;
        site.admin.post(&path, &yes)?.refused(403)?;
        ensure!(max.get::<Approvals>("/api/approvals")?.recent.is_empty());
        ensure!(eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?.code == "needs_approval");

        let to_decide = bob.get::<Approvals>("/api/approvals")?.to_decide;
        ensure!(to_decide.len() == 1 && to_decide[0].reason == "Ticket 7", "{to_decide:?}");
        let granted = decide(&bob, request.id, true)?;
        ensure!(granted.state == ApprovalState::Granted && granted.decided_by.as_deref() == Some("bob"));
        bob.post(&path, &yes)?.refused(409)?;
        ensure!(status(&eva, item.id)? == ItemStatus::Ready && status(&max, item.id)? == ItemStatus::NeedsApproval);
        max.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        let session = jump(&eva, &item)?;
        ensure!(session.ends_at == Some(granted.ends_at), "{session:?}");

        // Taken back, it ends the session at once.
        let revoke = format!("/api/approvals/{}/revoke", request.id);
        eva.post(&revoke, &json!({}))?.refused(403)?;
        max.post(&revoke, &json!({}))?.refused(404)?;
        bob.send("POST", &revoke, None)?.success()?;
        let session = ended(&eva, session.id, Duration::from_secs(1))?;
        ensure!(session.end == Some(SessionEnd::ApprovalRevoked), "{session:?}");
        ensure!(session.end_message.is_some_and(|it| it.contains("bob")));
        eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;

        // Refused, and withdrawn.
        let request = ask(&eva, &item, 5)?;
        ensure!(decide(&bob, request.id, false)?.state == ApprovalState::Refused);
        let request = ask(&eva, &item, 5)?;
        bob.send("POST", &format!("/api/approvals/{}/withdraw", request.id), None)?.refused(403)?;
        eva.send("POST", &format!("/api/approvals/{}/withdraw", request.id), None)?.success()?;
        bob.post(&format!("/api/approvals/{}/decide", request.id), &yes)?.refused(409)?;

        // An administrator takes back what others gave.
        let request = ask(&eva, &item, 5)?;
        decide(&bob, request.id, true)?;
        let session = jump(&eva, &item)?;
        site.admin.send("POST", &format!("/api/approvals/{}/revoke", request.id), None)?.success()?;
        ended(&eva, session.id, Duration::from_secs(1))?;
        Ok(())
    })
}

#[test]
fn an_approval_runs_out_and_nobody_decides_too_late() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        const MINUTE: Duration = Duration::from_secs(60);
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let ((_, eva), (bob_id, bob)) = (somebody(site, "eva")?, somebody(site, "bob")?);
        let rule = ApprovalRule { scope: ApprovalScope::Anyone, ..approval_by(&[bob_id]) };
        let policy = make(site, &JumpPolicyDraft { approval: Some(rule), ..draft("Four eyes") })?;
        guard(site, &item, Some(policy.id))?;
        let request = ask(&eva, &item, 25)?;
        decide(&bob, request.id, true)?;
        // Good for everybody who may start the item.
        let (session, other) = (jump(&eva, &item)?, jump(&bob, &item)?);
        let warnings = |id: SessionId| -> Result<usize> {
            let it: SessionDetails = eva.get(&format!("/api/sessions/{id}"))?;
            Ok(it.events.iter().filter(|event| event.kind == "ends_soon").count())
        };
        ensure!(warnings(session.id)? == 0, "warned long before the end");
        clock.pass(11 * MINUTE)?;
        tests::wait::until("the warning", Duration::from_secs(5), || Ok((warnings(session.id)? == 1).then_some(())))?;
        clock.pass(10 * MINUTE)?;
        tests::wait::until("another one", Duration::from_secs(5), || Ok((warnings(session.id)? == 2).then_some(())))?;
        clock.pass(5 * MINUTE)?;
        for (client, id) in [(&eva, session.id), (&bob, other.id)] {
            let session = ended(client, id, Duration::from_secs(2))?;
            ensure!(session.end == Some(SessionEnd::ApprovalEnded), "{session:?}");
        }
        eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;

        // From later on.
        let ahead = i64::try_from(clock.ahead().as_millis())? + 20 * 60_000;
        let at = wire::Timestamp(jiff::Timestamp::now().as_millisecond() + ahead);
        let later = NewApproval { item_id: item.id, reason: "Tonight".into(), starts_at: Some(at), minutes: 30 };
        let made: Vec<Approval> = eva.post("/api/approvals", &later)?.ok()?;
        decide(&bob, made[0].id, true)?;
        let refusal = eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.message.contains("time has not come"), "{refusal:?}");
        clock.pass(21 * MINUTE)?;
        jump(&eva, &item)?;

        // What nobody decided in time nobody decides any more.
        clock.pass(31 * MINUTE)?;
        let request = ask(&eva, &item, 5)?;
        clock.pass(6 * MINUTE)?;
        let refusal = bob.post(&format!("/api/approvals/{}/decide", request.id), &json!({ "grant": true }))?;
        ensure!(refusal.refused(409)?.message.contains("time"), "{}", refusal.text());
        Ok(())
    })
}

#[test]
fn a_second_factor_is_asked_for_at_the_start() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (_, eva) = somebody(site, "eva")?;
        let policy = make(site, &JumpPolicyDraft { second_factor: true, ..draft("Both hands") })?;
        guard(site, &item, Some(policy.id))?;
        let refusal = eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "no_second_factor" && refusal.next_step.contains("authenticator"), "{refusal:?}");
        let (app, _) = enrol(&eva, Some(TECHNICIAN_PASSWORD), clock)?;
        let refusal = eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "needs_second_factor", "{refusal:?}");
        let with = |code: &str| NewSession {
            item_id: item.id,
            shown: ShownAtStart { ticket: None, second_factor: Some(ShownFactor::code(SecretText::new(code.into()))) },
        };
        field_message(&eva.post("/api/sessions", &with("000000"))?.refused(422)?, "code")?;
        let code = app.code(clock)?;
        let _: Session = eva.post("/api/sessions", &with(&code))?.ok()?;
        field_message(&eva.post("/api/sessions", &with(&code))?.refused(422)?, "code")
            .context("a code was good twice")?;
        // Guesses lock, as at sign-in.
        let locked = (0..10).map(|_| eva.post("/api/sessions", &with("000000"))).find_map(|answer| match answer {
            Ok(answer) if answer.status == 429 => Some(()),
            _ => None,
        });
        ensure!(locked.is_some(), "codes can be guessed for ever");
        Ok(())
    })
}

#[test]
fn a_ticket_is_asked_for_and_checked_at_the_start() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (_, eva) = somebody(site, "eva")?;
        let policy = make(site, &JumpPolicyDraft { ticket: true, ..draft("Change") })?;
        guard(site, &item, Some(policy.id))?;
        let with = |ticket: &str, code: Option<&str>| NewSession {
            item_id: item.id,
            shown: ShownAtStart {
                ticket: Some(ticket.into()),
                second_factor: code.map(|code| ShownFactor::code(SecretText::new(code.into()))),
            },
        };
        let refusal = eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "needs_ticket", "{refusal:?}");
        // Without a ticket system no ticket is good.
        let refusal = eva.post("/api/sessions", &with("4711", None))?.refused(503)?;
        ensure!(refusal.code == "ticket_not_checked" && !refusal.next_step.is_empty(), "{refusal:?}");

        let desk = TicketDesk::start(|asked| match asked.line.contains("/4711 ") {
            true => Reply::new(200, r#"{"state":"open"}"#),
            false => Reply::new(404, r#"{"text":"There is no such ticket."}"#),
        })?;
        let settings = json!({
            "url": format!("{}/api/tickets/{{ticket}}", desk.url()), "ca_pem": desk.authority, "time_out_seconds": 2,
            "condition": { "pointer": "/state", "equals": "open" }, "message_pointer": "/text", "revision": 0,
        });
        site.admin.put("/api/settings/ticket-system", &settings)?.success()?;
        let refusal = eva.post("/api/sessions", &with("4712", None))?.refused(422)?;
        ensure!(field_message(&refusal, "ticket")?.contains("no such ticket"), "{refusal:?}");
        let session: Session = eva.post("/api/sessions", &with(" 4711 ", None))?.ok()?;
        ensure!(session.ticket.as_deref() == Some("4711"), "{session:?}");

        // Nobody is asked about a ticket as long as something else is missing.
        change(site, &policy, |it| it.second_factor = true)?;
        let (app, _) = enrol(&eva, Some(TECHNICIAN_PASSWORD), clock)?;
        let before = desk.asked().len();
        let refusal = eva.post("/api/sessions", &with("4711", None))?.refused(403)?;
        ensure!(refusal.code == "needs_second_factor" && desk.asked().len() == before, "{refusal:?}");
        // A ticket that is not good uses no code up.
        let code = app.code(clock)?;
        eva.post("/api/sessions", &with("4712", Some(&code)))?.refused(422)?;
        let _: Session = eva.post("/api/sessions", &with("4711", Some(&code)))?.ok()?;
        Ok(())
    })
}

/// Lets the appliance hand its letters over to this server.
pub(crate) fn use_mail(site: &Site, server: &MailServer) -> Result<()> {
    let settings = json!({
        "host": "localhost", "port": server.port, "security": "tls", "ca_pem": server.authority,
        "user_name": MAIL_USER, "password": MAIL_PASSWORD,
        "sender_address": "gate@example.org", "sender_name": "Gate", "revision": 0,
    });
    site.admin.put("/api/settings/mail", &settings)?.success()
}

#[test]
fn letters_tell_of_start_and_end() -> Result<()> {
    on_a_site(|site| {
        let server = MailServer::start(MailSecurity::Tls)?;
        use_mail(site, &server)?;
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (_, eva) = somebody(site, "eva")?;
        let notices = Notices { start: true, end: true, addresses: vec!["watch@example.org".into()] };
        let policy = make(site, &JumpPolicyDraft { notices, ..draft("Watched") })?;
        guard(site, &item, Some(policy.id))?;
        let session = jump(&eva, &item)?;
        eva.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
        let letters = server.wait_for_letters(2)?;
        let told =
            |words: &[&str]| letters.iter().any(|letter| words.iter().all(|word| format!("{letter:?}").contains(word)));
        ensure!(told(&["watch@example.org", "eva started a session on db"]), "{letters:?}");
        ensure!(told(&["eva ended a session on db", "eva ended the session."]), "{letters:?}");
        Ok(())
    })
}

#[test]
fn the_policies_of_item_and_membership_hold_together() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (eva_id, eva) = somebody(site, "eva")?;
        let (_, max) = somebody(site, "max")?;
        let alone = make(site, &JumpPolicyDraft { simultaneous: Simultaneous::Disallow, ..draft("Alone") })?;
        let closed = make(site, &JumpPolicyDraft { schedule: Some(schedule(false, false)), ..draft("Closed") })?;
        guard(site, &item, Some(alone.id))?;
        let member = Membership {
            principal: Principal::User(eva_id),
            role_id: JumpItemRoleId::START_SESSIONS_ONLY,
            jump_policy_id: Some(closed.id),
        };
        let path = format!("/api/jump-groups/{}/members", site.group);
        site.admin.put(&path, &Memberships { members: vec![member], revision: 0 })?.success()?;
        ensure!(eva.get::<JumpItem>(&format!("/api/jump-items/{}", item.id))?.policies == ["Alone", "Closed"]);
        ensure!(eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?.code == "outside_schedule");
        // The membership's is hers alone.
        let session = jump(&max, &item)?;
        site.admin.put(&path, &Memberships { members: vec![], revision: 1 })?.success()?;
        let refusal = eva.post("/api/sessions", &NewSession::of(item.id))?.refused(409)?;
        ensure!(refusal.code == "item_in_use" && refusal.message.contains("Alone"), "{refusal:?}");
        max.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;

        // Many at once: one gets it.
        let begun = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|at| {
                    let client = if at % 2 == 0 { &eva } else { &max };
                    let id = item.id;
                    scope.spawn(move || {
                        client.post("/api/sessions", &NewSession::of(id)).map(|it| it.ok::<Session>().is_ok())
                    })
                })
                .collect();
            tries.into_iter().map(|it| it.join().unwrap_or(Ok(false))).collect::<Result<Vec<_>>>()
        })?;
        ensure!(begun.iter().filter(|it| **it).count() == 1, "{begun:?}");
        Ok(())
    })
}
