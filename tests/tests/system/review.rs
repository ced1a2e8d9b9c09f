//! Sessions for those who review them: who may, what is found by which filter, files, one session with everything that is known of it,
//! notes and the mark, reports, and auditors, who look at everything and change nothing.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{ApiClient, field_message};
use tests::audit_trail::{events, events_after, last};
use tests::servers::Echo;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site, on_a_site_with_clock};
use tests::wait::{self, SOON};
use wire::api::{
    JumpItem, JumpPolicyDraft, LastUseRow, Me, NewSession, NewUser, Principal, ReachRow, ReviewChoices, ReviewPage,
    ReviewedSession, Role, Session, SessionConnectionsPage, SessionEnd, SessionEventsPage, SessionNote, SessionReview,
    UsageRow, User, UserAccess, UserChange,
};
use wire::audit::Action;
use wire::{JumpItemRoleId, SecretText, SessionId, UserId};

use crate::authorization::{class, filled, table};
use crate::policies::{approval_by, ask, draft, guard, make};
use crate::recordings::{announce, recorded_item, send_from};
use crate::roles::{group, newcomer, set_members};

/// A user who may look at everything.
fn auditor(site: &Site, user_name: &str) -> Result<(UserId, ApiClient)> {
    let new = NewUser {
        user_name: user_name.into(),
        email: None,
        display_name: "Olga Auditor".into(),
        role: Role::Auditor,
        password: SecretText::new(TECHNICIAN_PASSWORD.into()),
        methods: None,
        // Whatever roles somebody gave them: none counts.
        default_role_id: Some(JumpItemRoleId::ADMINISTRATOR),
        personal_role_id: None,
        session_policy_id: None,
    };
    let user: User = site.admin.post("/api/users", &new)?.ok()?;
    let client = site.admin.stranger();
    client.sign_in(user_name, TECHNICIAN_PASSWORD)?;
    Ok((user.id, client))
}

/// Somebody who may read the reports of the site's group, and nothing else.
fn reviewer(site: &Site, user_name: &str) -> Result<(UserId, ApiClient)> {
    let (id, client) = newcomer(site, user_name)?;
    set_members(site, site.group, &[(Principal::User(id), JumpItemRoleId::AUDITOR)])?;
    Ok((id, client))
}

fn jump(who: &ApiClient, item: &JumpItem) -> Result<Session> {
    who.post("/api/sessions", &NewSession::of(item.id))?.ok()
}

fn end(who: &ApiClient, id: SessionId) -> Result<()> {
    who.post(&format!("/api/sessions/{id}/end"), &json!({}))?.success()
}

fn list(who: &ApiClient, query: &str) -> Result<Vec<ReviewedSession>> {
    Ok(who.get::<ReviewPage>(&format!("/api/review/sessions?{query}"))?.sessions)
}

/// Names of items in the list, in its order.
fn found(who: &ApiClient, query: &str) -> Result<Vec<String>> {
    Ok(list(who, query)?.into_iter().map(|it| it.session.item_name).collect())
}

fn review(who: &ApiClient, id: SessionId) -> Result<SessionReview> {
    who.get(&format!("/api/review/sessions/{id}"))
}

#[test]
fn every_filter_finds_what_it_is_for() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let lab = group(site, "Lab")?.id;
        let short = site.item("short", "10.0.0.1", "127.0.0.1", &[(0, 22)])?;
        let long = site.item("long", "10.0.0.2", "127.0.0.1", &[(0, 22)])?;
        let elsewhere = {
            let mut draft = site.draft("elsewhere", "other.example", "127.0.0.1", &[(0, 22)]);
            draft.group_id = lab;
            site.admin.post("/api/jump-items", &draft)?.ok::<JumpItem>()?
        };
        let recorded = recorded_item(site, "recorded", 5432)?;
        let tom = site.technician("tom")?;
        let one = jump(&tom, &short)?;
        clock.pass(Duration::from_secs(5))?;
        end(&tom, one.id)?;
        let two = jump(&site.admin, &long)?;
        clock.pass(Duration::from_secs(300))?;
        end(&site.admin, two.id)?;
        let three = jump(&tom, &elsewhere)?;
        clock.pass(Duration::from_secs(60))?;
        end(&site.admin, three.id)?;
        let four = jump(&tom, &recorded)?;
        let recording = announce(&tom, four.id)?;
        send_from(&tom, recording.id, 0)?;
        clock.pass(Duration::from_secs(1))?;

        let admin = &site.admin;
        ensure!(found(admin, "")? == ["recorded", "elsewhere", "long", "short"], "{:?}", found(admin, "")?);
        let me: Me = tom.get("/api/me")?;
        let since = two.created_at.0;
        for (query, expected) in [
            (format!("user={}", me.user.id), vec!["recorded", "elsewhere", "short"]),
            (format!("item={}", long.id), vec!["long"]),
            (format!("item={},{}", long.id, short.id), vec!["long", "short"]),
            (format!("group={lab}"), vec!["elsewhere"]),
            (format!("from={since}"), vec!["recorded", "elsewhere", "long"]),
            (format!("until={since}"), vec!["short"]),
            ("longer=60".into(), vec!["elsewhere", "long"]),
            ("shorter=59".into(), vec!["recorded", "short"]),
            ("longer=60&shorter=100".into(), vec!["elsewhere"]),
            ("ended=by_administrator".into(), vec!["elsewhere"]),
            ("ended=by_administrator,by_user".into(), vec!["elsewhere", "long", "short"]),
            ("live=true".into(), vec!["recorded"]),
            ("live=false&longer=61".into(), vec!["long"]),
            ("recorded=true".into(), vec!["recorded"]),
            ("recorded=false".into(), vec!["elsewhere", "long", "short"]),
            ("address=127.0.0".into(), vec!["recorded", "elsewhere", "long", "short"]),
            ("address=10.9".into(), vec![]),
            ("text=OTHER.ex".into(), vec!["elsewhere"]),
            ("text=%25".into(), vec![]),
            ("sort=item".into(), vec!["elsewhere", "long", "recorded", "short"]),
            ("sort=item&order=desc".into(), vec!["short", "recorded", "long", "elsewhere"]),
            ("sort=lasted&live=false".into(), vec!["long", "elsewhere", "short"]),
            ("sort=user&order=desc&live=false".into(), vec!["elsewhere", "short", "long"]),
        ] {
            ensure!(found(admin, &query)? == expected, "{query}: {:?}", found(admin, &query)?);
        }
        for (query, field) in [
            ("user=x", "user"),
            ("ended=x", "ended"),
            ("sort=x", "sort"),
            ("order=x", "order"),
            ("after=x", "after"),
            (&*format!("text={}", "x".repeat(201)), "text"),
        ] {
            let answer = admin.send("GET", &format!("/api/review/sessions?{query}"), None)?;
            field_message(&answer.refused(422)?, field)?;
        }
        // Page by page, whatever it is sorted by, each comes once.
        for sort in ["started", "lasted", "user", "item", "bytes"] {
            for order in ["asc", "desc"] {
                let whole = found(admin, &format!("sort={sort}&order={order}"))?;
                let (mut paged, mut after) = (Vec::new(), String::new());
                loop {
                    let query = format!("/api/review/sessions?sort={sort}&order={order}&limit=1&after={after}");
                    let page: ReviewPage = admin.get(&query)?;
                    paged.extend(page.sessions.into_iter().map(|it| it.session.item_name));
                    match page.next {
                        Some(next) => after = next.replace(' ', "%20"),
                        None => break,
                    }
                }
                ensure!(paged == whole && whole.len() == 4, "{sort} {order}: {paged:?} {whole:?}");
            }
        }
        let choices: ReviewChoices = admin.get("/api/review/choices")?;
        let names = |all: &[wire::api::ReviewChoice]| all.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        ensure!(names(&choices.items) == ["elsewhere", "long", "recorded", "short"], "{choices:?}");
        ensure!(names(&choices.groups) == ["Lab", "Production"] && choices.users.len() == 2, "{choices:?}");

        // Whoever reviews one group finds its sessions alone, and their own are not theirs to review.
        let (_, rita) = reviewer(site, "rita")?;
        ensure!(found(&rita, "")? == ["recorded", "long", "short"], "{:?}", found(&rita, "")?);
        ensure!(found(&rita, &format!("group={lab}"))?.is_empty());
        let choices: ReviewChoices = rita.get("/api/review/choices")?;
        ensure!(names(&choices.groups) == ["Production"] && names(&choices.items).len() == 3, "{choices:?}");
        let (_, nina) = newcomer(site, "nina")?;
        ensure!(found(&nina, "")?.is_empty() && !nina.get::<Me>("/api/me")?.reviews);
        ensure!(rita.get::<Me>("/api/me")?.reviews);
        Ok(())
    })
}

#[test]
fn the_list_is_taken_out_as_a_file_in_which_nothing_is_calculated() -> Result<()> {
    on_a_site(|site| {
        let evil = "=HYPERLINK(\"https://evil.example\")";
        let item = site.item(evil, "10.0.0.1", "127.0.0.1", &[(0, 22)])?;
        for _ in 0..3 {
            end(&site.admin, jump(&site.admin, &item)?.id)?;
        }
        let before = last(&site.admin)?;
        let csv = site.admin.send("GET", "/api/review/sessions/export?recorded=false", None)?;
        csv.success()?;
        let header = |name: &str| csv.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        ensure!(
            header("content-type").starts_with("text/csv") && header("content-disposition").contains("sessions.csv")
        );
        let text = String::from_utf8(csv.body.clone())?;
        ensure!(text.starts_with("\u{feff}session_id,started_at,") && text.lines().count() == 4, "{text}");
        ensure!(text.matches("\"'=HYPERLINK(").count() == 3 && !text.contains(",=HYPERLINK"), "{text}");
        ensure!(text.contains("Z,") && text.contains(",by_user,") && text.contains(",Production,"), "{text}");
        let lines = site.admin.send("GET", "/api/review/sessions/export?format=jsonl&sort=started&order=asc", None)?;
        let read: Vec<ReviewedSession> =
            String::from_utf8(lines.body.clone())?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        ensure!(read.len() == 3 && read.iter().all(|it| it.session.item_name == evil));
        ensure!(read.windows(2).all(|two| two[0].session.id < two[1].session.id));
        let told = events_after(&site.admin, before)?;
        let exports: Vec<_> = told.iter().filter(|it| it.action == Action::SessionsExported).collect();
        ensure!(exports.len() == 2 && exports[0].after["recorded"] == json!(false), "{told:#?}");
        ensure!(exports[1].after["format"] == json!("jsonl"), "{told:#?}");
        let (_, nina) = newcomer(site, "nina")?;
        let nothing = nina.send("GET", "/api/review/sessions/export?format=jsonl", None)?;
        ensure!(nothing.status == 200 && nothing.body.is_empty(), "{nothing:?}");
        site.admin.send("GET", "/api/review/sessions/export?format=xls", None)?.refused(422)?;
        Ok(())
    })
}

#[test]
fn one_session_tells_who_why_and_when_what_went_on() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let me: Me = site.admin.get("/api/me")?;
        let policy = make(site, &JumpPolicyDraft { approval: Some(approval_by(&[me.user.id])), ..draft("Four eyes") })?;
        guard(site, &item, Some(policy.id))?;
        let tom = site.technician("tom")?;
        let asked = ask(&tom, &item, 10)?;
        let yes = json!({ "grant": true, "note": "Be quick." });
        site.admin.post(&format!("/api/approvals/{}/decide", asked.id), &yes)?.success()?;
        let session = jump(&tom, &item)?;
        let ticket = tom.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
        let mut helper = site.start_helper()?;
        let local = helper.open_tunnels(&ticket)?;
        let listening = local.tunnels[0].listening.clone().context("it listens")?;
        for _ in 0..3 {
            let mut connection = TcpStream::connect((listening.address, listening.port))?;
            connection.set_read_timeout(Some(SOON))?;
            connection.write_all(&[7; 1000])?;
            connection.read_exact(&mut [0; 1000])?;
        }
        let (_, rita) = reviewer(site, "rita")?;
        let id = session.id;
        let before = last(&site.admin)?;
        let running = review(&rita, id)?;
        ensure!(running.may_note && !running.may_end && running.session.ended_at.is_none(), "{running:?}");
        ensure!(review(&site.admin, id)?.may_end);
        end(&site.admin, id)?;
        let it = wait::until("everything is written down", SOON, || {
            let it = review(&rita, id)?;
            Ok((it.session.bytes_sent == 3000 && it.connections == 3).then_some(it))
        })?;
        ensure!(it.group_name.as_deref() == Some("Production") && it.approvals.len() == 1, "{it:#?}");
        let approval = &it.approvals[0];
        ensure!(approval.policy_name == "Four eyes" && approval.note == "Be quick.", "{approval:?}");
        ensure!(it.session.policy.is_some() && it.session.user_address == "127.0.0.1", "{:?}", it.session);
        ensure!(it.session.end == Some(SessionEnd::ByAdministrator) && !it.may_end, "{:?}", it.session);
        let activity = &it.activity;
        ensure!(activity.sent.iter().sum::<u64>() == 3000 && activity.received.iter().sum::<u64>() == 3000);
        ensure!(activity.events.iter().sum::<u64>() == it.events && it.events > 3, "{activity:?}");

        let path = format!("/api/review/sessions/{id}");
        let page: SessionEventsPage = rita.get(&format!("{path}/events?first=1&limit=2"))?;
        ensure!(page.first == 1 && page.events.len() == 2 && page.total == it.events, "{page:?}");
        let whole: SessionEventsPage = rita.get(&format!("{path}/events"))?;
        ensure!(whole.events.windows(2).all(|two| two[0].at <= two[1].at) && whole.events[1..3] == page.events);
        ensure!(whole.events.iter().any(|it| it.kind == "watched" && it.message.contains("The reviewer rita")));
        let end_at = it.session.ended_at.context("it ended")?;
        let at: SessionEventsPage = rita.get(&format!("{path}/events?at={}&limit=1", end_at.0 + 60_000))?;
        ensure!(at.up_to == Some(it.events), "{at:?}");
        let at: SessionEventsPage = rita.get(&format!("{path}/events?at={}&limit=1", session.created_at.0 - 1))?;
        ensure!(at.up_to == Some(0) && at.first == 0, "{at:?}");
        let searched: SessionEventsPage = rita.get(&format!("{path}/events?text=WATCHES"))?;
        ensure!(searched.total == 2 && searched.events.len() == 2, "{searched:?}");
        let connections: SessionConnectionsPage = rita.get(&format!("{path}/connections?limit=2"))?;
        ensure!(connections.total == 3 && connections.connections.len() == 2, "{connections:?}");
        ensure!(connections.connections[0].opened_at <= connections.connections[1].opened_at);

        // Looking is an event, once for as long as somebody goes on.
        let told = events_after(&site.admin, before)?;
        let looks: Vec<_> = told.iter().filter(|it| it.action == Action::SessionViewed).collect();
        let names: BTreeSet<_> = looks.iter().map(|it| it.actor.name.as_str()).collect();
        ensure!(looks.len() == 2 && names == BTreeSet::from(["ana", "rita"]), "{told:#?}");

        // Whose it is does not study it, and others learn nothing.
        let (_, nina) = newcomer(site, "nina")?;
        for path in [path.clone(), format!("{path}/events"), format!("{path}/connections")] {
            nina.send("GET", &path, None)?.refused(404)?;
        }
        Ok(())
    })
}

#[test]
fn a_recording_is_watched_while_it_runs() -> Result<()> {
    on_a_site(|site| {
        let item = recorded_item(site, "db", 5432)?;
        let tom = site.technician_with("tom", JumpItemRoleId::START_SESSIONS_ONLY)?;
        let session = jump(&tom, &item)?;
        let recording = announce(&tom, session.id)?;
        let look = |who: &ApiClient, number: u32, range: &str| {
            let path = format!("/api/recordings/{}/so-far?look={number}", recording.id);
            who.send_with("GET", &path, None, &[("range", range)])
        };
        ensure!(look(&site.admin, 1, "bytes=0-")?.status == 404, "nothing came yet");
        let chunks = crate::recordings::DESKTOP.chunks(crate::recordings::CHUNK).count();
        crate::recordings::send_some(&tom, recording.id, 0..chunks - 2)?;
        let (_, rita) = reviewer(site, "rita")?;
        let first = look(&rita, 1, "bytes=0-")?;
        ensure!(first.status == 206 && first.body.len() > 1_000, "{}", first.status);
        let tail = format!("bytes=-{}", 64);
        ensure!(look(&rita, 1, &tail)?.body[..] == first.body[first.body.len() - 64..]);
        crate::recordings::send_some(&tom, recording.id, chunks - 2..chunks)?;
        ensure!(look(&rita, 1, "bytes=0-")?.body == first.body, "the same look is the same file");
        let second = look(&rita, 2, "bytes=0-")?;
        ensure!(second.body.len() > first.body.len(), "another look shows what came since");
        // Who is recorded does not look, nor does anybody else.
        ensure!(look(&tom, 3, "bytes=0-")?.status == 404);
        let (_, nina) = newcomer(site, "nina")?;
        ensure!(look(&nina, 3, "bytes=0-")?.status == 404);
        let viewed = events(&site.admin, "category=recording.viewed")?;
        let by_rita = viewed.iter().filter(|it| it.actor.name == "rita").count();
        ensure!(by_rita == 1, "{viewed:#?}");
        end(&site.admin, session.id)?;
        wait::until_true("it is complete", SOON, || Ok(look(&rita, 4, "bytes=0-")?.status == 404))?;
        Ok(())
    })
}

#[test]
fn notes_are_each_reviewers_own_and_the_mark_is_everybodys() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "10.0.0.1", "127.0.0.1", &[(0, 22)])?;
        let tom = site.technician_with("tom", JumpItemRoleId::START_SESSIONS_ONLY)?;
        let session = jump(&tom, &item)?;
        let (_, rita) = reviewer(site, "rita")?;
        let path = format!("/api/review/sessions/{}", session.id);
        let notes = format!("{path}/notes");
        let at = session.created_at;
        let note = |text: &str| json!({ "at": at, "text": text });
        let made: SessionNote = rita.post(&notes, &note("  He looks around. "))?.ok()?;
        ensure!(made.text == "He looks around." && made.author_name.starts_with("rita"), "{made:?}");
        for (draft, field) in [
            (note(" "), "text"),
            (note(&"x".repeat(4_001)), "text"),
            (json!({ "at": at.0 - 1, "text": "before" }), "at"),
            (json!({ "at": at.0 + 3_600_000, "text": "later" }), "at"),
        ] {
            field_message(&rita.post(&notes, &draft)?.refused(422)?, field)?;
        }
        let one = format!("{notes}/{}", made.id);
        // Nobody else changes it, an administrator neither.
        ensure!(site.admin.put(&one, &note("mine"))?.refused(403)?.code == "not_your_note");
        ensure!(site.admin.delete(&one)?.refused(403)?.code == "not_your_note");
        tom.post(&notes, &note("mine"))?.refused(404)?;
        let changed: SessionNote = rita.put(&one, &note("He reads the ledger."))?.ok()?;
        ensure!(changed.edited_at.is_some() && changed.written_at == made.written_at);
        // A note belongs to its session.
        let other = jump(&site.admin, &item)?;
        rita.put(
            &format!("/api/review/sessions/{}/notes/{}", other.id, made.id),
            &json!({ "at": other.created_at, "text": "x" }),
        )?
        .refused(404)?;
        site.admin.post(&notes, &note("And why?"))?.success()?;
        ensure!(
            review(&rita, session.id)?.notes.iter().map(|it| it.text.as_str()).collect::<Vec<_>>()
                == ["He reads the ledger.", "And why?"]
        );
        rita.delete(&one)?.success()?;
        rita.delete(&one)?.refused(404)?;

        let mark = format!("{path}/reviewed");
        ensure!(rita.post(&mark, &json!({}))?.refused(409)?.code == "not_over");
        end(&tom, session.id)?;
        rita.delete(&mark)?.refused(404)?;
        rita.post(&mark, &json!({}))?.success()?;
        ensure!(found(&site.admin, "reviewed=true")? == ["db"]);
        let listed = list(&rita, "reviewed=true")?;
        let by = listed[0].reviewed.as_ref().map(|it| it.user_name.as_str());
        ensure!(by.is_some_and(|it| it.starts_with("rita")) && listed[0].notes == 1, "{listed:?}");
        site.admin.delete(&mark)?.success()?;
        ensure!(found(&site.admin, "reviewed=true")?.is_empty() && found(&site.admin, "reviewed=false")?.len() == 2);
        let told = events(&site.admin, "category=session&limit=100")?;
        let did: Vec<_> = told.iter().rev().map(|it| it.action).collect();
        for action in [
            Action::SessionNoteAdded,
            Action::SessionNoteChanged,
            Action::SessionNoteRemoved,
            Action::SessionReviewed,
            Action::SessionReviewTakenBack,
        ] {
            ensure!(did.contains(&action), "{action} is missing in {did:?}");
        }
        Ok(())
    })
}

#[test]
fn reports_tell_what_was_used_what_was_not_and_who_may_reach_what() -> Result<()> {
    on_a_site(|site| {
        let lab = group(site, "Lab")?.id;
        let db = site.item("db", "10.0.0.1", "127.0.0.1", &[(0, 22)])?;
        site.item("never", "10.0.0.2", "127.0.0.1", &[(0, 22)])?;
        let mut elsewhere = site.draft("elsewhere", "10.0.0.3", "127.0.0.1", &[(0, 22)]);
        elsewhere.group_id = lab;
        let elsewhere: JumpItem = site.admin.post("/api/jump-items", &elsewhere)?.ok()?;
        let tom = site.technician("tom")?;
        for (who, item) in [(&tom, &db), (&tom, &db), (&site.admin, &db), (&tom, &elsewhere)] {
            end(who, jump(who, item)?.id)?;
        }
        let (rita_id, rita) = reviewer(site, "rita")?;
        let usage = |who: &ApiClient, query: &str| -> Result<Vec<(String, u64)>> {
            let rows: Vec<UsageRow> = who.get(&format!("/api/reports/usage?{query}"))?;
            Ok(rows.into_iter().map(|it| (it.name, it.sessions)).collect())
        };
        let own = |name: &str, sessions| (name.to_owned(), sessions);
        let by_user = usage(&site.admin, "by=user")?;
        ensure!(by_user.len() == 2 && by_user[0] == own("Tom Technician", 3), "{by_user:?}");
        ensure!(usage(&site.admin, "by=item")? == [own("db", 3), own("elsewhere", 1)]);
        ensure!(usage(&site.admin, "by=group")? == [own("Production", 3), own("Lab", 1)]);
        ensure!(usage(&rita, "by=group")? == [own("Production", 3)], "{:?}", usage(&rita, "by=group")?);
        ensure!(usage(&site.admin, "by=user&until=1")?.is_empty());
        site.admin.send("GET", "/api/reports/usage?by=x", None)?.refused(422)?;

        let last_use = |who: &ApiClient| -> Result<Vec<(String, Option<String>)>> {
            let rows: Vec<LastUseRow> = who.get("/api/reports/last-use")?;
            Ok(rows.into_iter().map(|it| (it.item_name, it.last_used_by)).collect())
        };
        let used = last_use(&site.admin)?;
        ensure!(used[0] == ("never".to_owned(), None), "{used:?}");
        ensure!(used.contains(&("elsewhere".to_owned(), Some("Tom Technician".to_owned()))), "{used:?}");
        ensure!(last_use(&rita)?.iter().map(|it| it.0.as_str()).collect::<Vec<_>>() == ["never", "db"]);

        let reach = |who: &ApiClient| -> Result<Vec<ReachRow>> { who.get("/api/reports/reach") };
        let of_rita = reach(&rita)?;
        ensure!(of_rita.iter().all(|it| it.group_name == "Production"), "{of_rita:?}");
        let starts: BTreeSet<_> = of_rita.iter().filter(|it| it.may_start).map(|it| it.user_name.as_str()).collect();
        ensure!(starts == BTreeSet::from(["ana", "tom"]), "{of_rita:?}");
        let of_her = of_rita.iter().find(|it| it.user_id == rita_id).context("she may read the reports")?;
        ensure!(!of_her.may_start && of_her.items == 2 && of_her.because.contains("Auditor"), "{of_her:?}");
        let change = UserChange { enabled: Some(false), ..UserChange::default() };
        let toms: Me = tom.get("/api/me")?;
        site.admin.patch(&format!("/api/users/{}", toms.user.id), &change)?.success()?;
        let all = reach(&site.admin)?;
        let of_tom = all.iter().find(|it| it.user_name == "tom" && it.group_name == "Lab").context("he may")?;
        ensure!(of_tom.barred.as_deref() == Some("The account is disabled."), "{of_tom:?}");

        let before = last(&site.admin)?;
        for report in ["usage", "last-use", "reach"] {
            let file = rita.send("GET", &format!("/api/reports/{report}?format=csv"), None)?;
            file.success()?;
            ensure!(file.body.starts_with("\u{feff}".as_bytes()) && file.body.len() > 50, "{report}");
            let lines = rita.send("GET", &format!("/api/reports/{report}?format=jsonl"), None)?;
            ensure!(String::from_utf8(lines.body)?.lines().all(|it| serde_json::from_str::<Value>(it).is_ok()));
        }
        let told = events_after(&site.admin, before)?;
        ensure!(told.iter().filter(|it| it.action == Action::ReportViewed).count() == 6, "{told:#?}");
        let (_, nina) = newcomer(site, "nina")?;
        ensure!(usage(&nina, "")?.is_empty() && last_use(&nina)?.is_empty() && reach(&nina)?.is_empty());
        Ok(())
    })
}

/// What else than technicians may auditors see: what concerns everybody, and changes nothing.
const AUDITORS_SEE: [&str; 5] =
    ["GET /api/users", "GET /api/users/{id}/access", "GET /api/audit", "GET /api/audit/heads", "GET /api/audit/export"];

#[test]
fn an_auditor_looks_at_everything_and_changes_nothing() -> Result<()> {
    on_a_site(|site| {
        let item = recorded_item(site, "db", 5432)?;
        let plain = site.item("web", "10.0.0.1", "127.0.0.1", &[(0, 80)])?;
        let (id, olga) = auditor(site, "olga")?;
        let me: Me = site.admin.get("/api/me")?;
        let rule = approval_by(&[me.user.id, id]);
        let policy = make(site, &JumpPolicyDraft { approval: Some(rule), ..draft("Four eyes") })?;
        guard(site, &plain, Some(policy.id))?;
        let tom = site.technician("tom")?;
        let asked = ask(&tom, &plain, 10)?;
        let session = jump(&tom, &item)?;
        let recording = announce(&tom, session.id)?;
        send_from(&tom, recording.id, 0)?;
        let note: SessionNote = site
            .admin
            .post(
                &format!("/api/review/sessions/{}/notes", session.id),
                &json!({ "at": session.created_at, "text": "Hm." }),
            )?
            .ok()?;

        // Every endpoint, with ids of nothing: who may is decided before what is asked.
        let mut wrong = Vec::new();
        for (endpoint, (_, technician, _)) in table()? {
            let (method, path) = endpoint.split_once(' ').context("an endpoint is METHOD PATH")?;
            let expected = if AUDITORS_SEE.contains(&&*endpoint) { "open" } else { technician };
            if path == "/api/sign-out" {
                continue;
            }
            let body = json!({});
            let body = matches!(method, "POST" | "PUT" | "PATCH").then_some(&body);
            let got = class(&olga.send_with(method, &filled(path, &[]), body, &[("origin", olga.base())])?);
            if got != expected {
                wrong.push(format!("{endpoint}: an auditor gets {got} instead of {expected}"));
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));

        // What is there is shown …
        let review_of = format!("/api/review/sessions/{}", session.id);
        for path in [
            "/api/sessions".to_owned(),
            format!("/api/sessions/{}", session.id),
            format!("/api/sessions/{}/recordings", session.id),
            format!("/api/recordings/{}/so-far", recording.id),
            review_of.clone(),
            "/api/users".into(),
            "/api/audit".into(),
            "/api/audit/export".into(),
            "/api/reports/reach".into(),
            format!("/api/users/{id}/access"),
        ] {
            let answer = olga.send("GET", &path, None)?;
            ensure!(answer.status == 200, "{path}: {}", answer.status);
        }
        let it = review(&olga, session.id)?;
        ensure!(!it.may_note && !it.may_end && it.notes.len() == 1, "{it:?}");
        ensure!(found(&olga, "")?.len() == 1 && olga.get::<Me>("/api/me")?.reviews);
        // … and nothing of it changes by them.
        let before = last(&site.admin)?;
        let these = json!({ "item_ids": [plain.id] });
        let new = json!({ "at": session.created_at, "text": "x" });
        for (method, path, body) in [
            ("POST", "/api/sessions".to_owned(), json!({ "item_id": plain.id })),
            ("POST", format!("/api/sessions/{}/end", session.id), json!({})),
            ("POST", format!("/api/sessions/{}/ticket", session.id), json!({})),
            ("POST", format!("/api/sessions/{}/recordings", session.id), json!({ "media_type": "video/webm" })),
            ("POST", format!("{review_of}/notes"), new.clone()),
            ("PUT", format!("{review_of}/notes/{}", note.id), new.clone()),
            ("DELETE", format!("{review_of}/notes/{}", note.id), json!({})),
            ("POST", format!("{review_of}/reviewed"), json!({})),
            ("DELETE", format!("{review_of}/reviewed"), json!({})),
            ("POST", "/api/approvals".into(), json!({ "item_id": plain.id, "reason": "x", "minutes": 5 })),
            ("POST", format!("/api/approvals/{}/decide", asked.id), json!({ "grant": true, "note": "" })),
            ("POST", format!("/api/approvals/{}/revoke", asked.id), json!({})),
            ("POST", "/api/jump-items/remove".into(), these),
            ("DELETE", format!("/api/jump-items/{}", plain.id), json!({})),
            ("PATCH", format!("/api/users/{id}"), json!({ "role": "administrator" })),
            ("PUT", format!("/api/me/favourites/{}", plain.id), json!({})),
        ] {
            let answer = olga.send(method, &path, Some(&body))?;
            ensure!(matches!(answer.status, 403 | 404), "{method} {path}: {} {}", answer.status, answer.text());
        }
        ensure!(olga.get::<Vec<Value>>("/api/jump-items")?.is_empty());
        let changes: Vec<_> =
            events_after(&site.admin, before)?.into_iter().filter(|it| it.actor.name == "olga").collect();
        ensure!(changes.iter().all(|it| it.action == Action::JumpDenied), "{changes:#?}");
        // That they looked stands in the trail, and in the session.
        for action in [Action::AuditViewed, Action::SessionViewed, Action::RecordingViewed, Action::ReportViewed] {
            let told = events(&site.admin, &format!("category={}&actor={id}", action.name()))?;
            ensure!(!told.is_empty(), "{action} is not told");
        }
        let watched = site.session(session.id)?.events;
        ensure!(watched.iter().any(|it| it.message.contains("The auditor Olga")), "{watched:#?}");

        // “What can this user do?” says so, and it holds from the moment it is given.
        let access: UserAccess = site.admin.get(&format!("/api/users/{id}/access"))?;
        ensure!(access.barred.as_deref().is_some_and(|it| it.contains("auditor")), "{access:?}");
        let group = access.groups.iter().find(|it| it.group_name == "Production").context("a group")?;
        ensure!(group.because.contains("Auditors may read the reports"), "{group:?}");
        let toms: Me = tom.get("/api/me")?;
        let change = UserChange { role: Some(Role::Auditor), ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{}", toms.user.id), &change)?.success()?;
        site.wait_for_session(session.id, "his session ends", |it| it.session.end == Some(SessionEnd::AccessRemoved))?;
        tom.post("/api/sessions", &NewSession::of(item.id))?.refused(404)?;
        Ok(())
    })
}
