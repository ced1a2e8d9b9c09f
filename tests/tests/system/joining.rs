//! Several people in one session: each with a helper of their own, through the same tunnels.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{ApiClient, field_message};
use tests::helper::HelperByHand;
use tests::servers::Echo;
use tests::site::{Site, on_a_site};
use tests::wait;
use wire::api::{
    CopyJumpItems, JumpGroup, JumpGroupDraft, JumpItem, JumpPolicyDraft, NewSession, Session, SessionDetails,
    SessionEnd, SessionPage, SessionState, Simultaneous, StartTerms, TunnelTicket, UserChange,
};
use wire::helper_messages::HelperEvent;
use wire::{SessionId, UserId};

use crate::policies::{draft, ended, guard, jump, make, somebody};

/// How long people wait at most until those are cut who may not go on.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Somebody with a workstation.
struct Person {
    id: UserId,
    client: ApiClient,
    helper: HelperByHand,
}

impl Person {
    fn new(site: &Site, name: &str) -> Result<Self> {
        let (id, client) = somebody(site, name)?;
        let helper = site.install_helper(name)?.start(site.folder())?;
        Ok(Self { id, client, helper })
    }

    /// *Jump* and *Protocol Tunneling*: the session, and a connection through its first tunnel.
    fn enter(&mut self, item: &JumpItem) -> Result<(Session, TcpStream)> {
        let session = jump(&self.client, item)?;
        let ticket: TunnelTicket =
            self.client.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
        let local = self.helper.open_tunnels(&ticket)?;
        let tunnel = local.tunnels.first().context("no tunnel")?;
        let listening = tunnel.listening.as_ref().with_context(|| format!("it does not listen: {tunnel:?}"))?;
        let stream = connect((listening.address, listening.port).into())?;
        Ok((session, stream))
    }

    fn session(&self, id: SessionId) -> Result<SessionDetails> {
        self.client.get(&format!("/api/sessions/{id}"))
    }

    /// What the helper is told when its session ends.
    fn told(&mut self, id: SessionId) -> Result<String> {
        self.helper.wait_for_event(Duration::from_secs(5), |event| match event {
            HelperEvent::SessionEnded { session_id, message } if *session_id == id => Some(message.clone()),
            _ => None,
        })
    }
}

fn connect(to: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// Sends a word and gets it back.
fn speak(stream: &mut TcpStream, word: &str) -> Result<()> {
    stream.write_all(word.as_bytes())?;
    let mut back = vec![0; word.len()];
    stream.read_exact(&mut back).with_context(|| format!("{word} did not come back"))?;
    ensure!(back == word.as_bytes());
    Ok(())
}

/// How long a connection still lasts.
fn lasts(stream: &mut TcpStream) -> Result<Duration> {
    let began = Instant::now();
    let mut byte = [0];
    // A reset is an end as well.
    let read = stream.read(&mut byte).unwrap_or(0);
    ensure!(read == 0, "it goes on");
    Ok(began.elapsed())
}

/// An item whose policy says what a Jump does while somebody uses it.
fn shared_item(site: &Site, port: u16, simultaneous: Simultaneous) -> Result<JumpItem> {
    let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, port.into())])?;
    let policy = make(site, &JumpPolicyDraft { simultaneous, ..draft("Together") })?;
    guard(site, &item, Some(policy.id))?;
    Ok(item)
}

#[test]
fn a_second_jump_leads_into_the_running_session() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = shared_item(site, echo.port(), Simultaneous::Join)?;
        let (mut eva, mut bob) = (Person::new(site, "eva")?, Person::new(site, "bob")?);
        let terms: StartTerms = bob.client.get(&format!("/api/jump-items/{}/start", item.id))?;
        ensure!(terms.joins.is_none(), "{terms:?}");
        let (owned, mut hers) = eva.enter(&item)?;
        ensure!(owned.joined.is_none() && owned.participants.is_empty(), "{owned:?}");
        let terms: StartTerms = bob.client.get(&format!("/api/jump-items/{}/start", item.id))?;
        ensure!(terms.joins.as_deref() == Some("eva"), "{terms:?}");
        let (joined, mut his) = bob.enter(&item)?;
        let into = joined.joined.as_ref().context("it began a session of its own")?;
        ensure!(into.session_id == owned.id && into.owner_name == "eva", "{joined:?}");
        speak(&mut hers, "hers")?;
        speak(&mut his, "from his workstation")?;

        // Whoever is in gets the same place again, owner or not.
        for (person, place) in [(&eva, owned.id), (&bob, joined.id)] {
            let again = person.client.post("/api/sessions", &NewSession::of(item.id))?;
            ensure!(again.status == 200 && again.ok::<Session>()?.id == place);
        }

        // Both see who is in, and since when; the owner was told.
        for (person, id) in [(&eva, owned.id), (&bob, joined.id)] {
            let it = wait::until("both tunnel", wait::SOON, || {
                let it = person.session(id)?;
                let tunnel = |all: &[wire::api::Participant]| {
                    all.len() == 2 && all.iter().all(|it| it.state == SessionState::Tunnelling)
                };
                Ok(tunnel(&it.session.participants).then_some(it))
            })?;
            let seen: Vec<_> = it.session.participants.iter().map(|it| (it.user_id, it.since)).collect();
            ensure!(seen == [(eva.id, owned.created_at), (bob.id, joined.created_at)], "{seen:?}");
        }
        // Notes and connections are written beside the session, and may come a moment later.
        let noted = |kind: &str, message: &str| {
            wait::until(message, wait::SOON, || {
                let events = eva.session(owned.id)?.events;
                Ok(events.iter().any(|it| it.kind == kind && it.message == message).then_some(()))
            })
        };
        noted("joined", "bob joined the session.")?;
        // What belongs to the other stays the other's.
        bob.client.send("GET", &format!("/api/sessions/{}", owned.id), None)?.refused(404)?;
        eva.client.send("POST", &format!("/api/sessions/{}/end", joined.id), None)?.refused(404)?;
        for (person, id) in [(&eva, owned.id), (&bob, joined.id)] {
            wait::until("a connection is listed", wait::SOON, || {
                Ok((!person.session(id)?.connections.is_empty()).then_some(()))
            })?;
            ensure!(person.session(id)?.connections.len() == 1, "those of others are listed, too");
        }

        // A participant leaves and comes back; the session goes on.
        bob.client.send("POST", &format!("/api/sessions/{}/end", joined.id), None)?.success()?;
        lasts(&mut his)?;
        ensure!(bob.told(joined.id)? == "bob left the session.");
        speak(&mut hers, "still here")?;
        let after = eva.session(owned.id)?;
        ensure!(after.session.participants.is_empty(), "{:?}", after.session);
        noted("left", "bob left the session.")?;
        let (joined, mut his) = bob.enter(&item)?;
        speak(&mut his, "back again")?;

        // The owner ends it for everybody, who are told why.
        let began = Instant::now();
        eva.client.send("POST", &format!("/api/sessions/{}/end", owned.id), None)?.success()?;
        lasts(&mut hers)?;
        lasts(&mut his)?;
        ensure!(began.elapsed() < AT_ONCE * 2, "it took {:?}", began.elapsed());
        let told = bob.told(joined.id)?;
        ensure!(told.contains("session of eva") && told.ends_with("eva ended the session."), "{told}");
        let record = ended(&bob.client, joined.id, AT_ONCE)?;
        ensure!(record.end == Some(SessionEnd::JoinedSessionOver) && record.end_message == Some(told), "{record:?}");
        let were_in = eva.session(owned.id)?.session.participants;
        let names: Vec<_> = were_in.iter().map(|it| (it.user_name.as_str(), it.until.is_some())).collect();
        ensure!(names == [("eva", true), ("bob", true), ("bob", true)], "{were_in:?}");
        // And the next Jump begins anew.
        ensure!(jump(&bob.client, &item)?.joined.is_none());
        Ok(())
    })
}

#[test]
fn who_loses_a_permission_is_cut_alone_and_the_owner_takes_all_along() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = shared_item(site, echo.port(), Simultaneous::Join)?;
        let (mut eva, mut bob, mut max) =
            (Person::new(site, "eva")?, Person::new(site, "bob")?, Person::new(site, "max")?);
        let (owned, mut hers) = eva.enter(&item)?;
        let (joined, mut his) = bob.enter(&item)?;
        let (third, mut its) = max.enter(&item)?;
        ensure!(third.joined.as_ref().is_some_and(|it| it.session_id == owned.id));
        speak(&mut his, "before")?;
        let path = |person: &Person| format!("/api/users/{}", person.id);
        let no_role = UserChange { default_role_id: Some(None), ..UserChange::default() };
        let began = Instant::now();
        site.admin.patch(&path(&bob), &no_role)?.success()?;
        lasts(&mut his)?;
        ensure!(began.elapsed() < AT_ONCE, "cut after {:?}", began.elapsed());
        let told = bob.told(joined.id)?;
        ensure!(told == "Ana Administrator took away the permission to use the item.", "{told}");
        ensure!(ended(&bob.client, joined.id, AT_ONCE)?.end == Some(SessionEnd::AccessRemoved));
        speak(&mut hers, "the owner goes on")?;
        speak(&mut its, "and the others")?;
        let events = eva.session(owned.id)?.events;
        let out = events.iter().find(|it| it.kind == "left").context("the owner was not told")?;
        ensure!(out.message == format!("bob is out of the session. {told}"), "{out:?}");

        // An administrator takes one out, and the owner's end is everybody's.
        let (end, reason) = (format!("/api/sessions/{}/end", third.id), json!({ "reason": "Lunch is over." }));
        site.admin.post(&end, &reason)?.success()?;
        lasts(&mut its)?;
        ensure!(
            max.told(third.id)? == "The administrator Ana Administrator took max out of the session: Lunch is over."
        );
        let (again, mut its) = max.enter(&item)?;
        site.admin.patch(&path(&eva), &UserChange { enabled: Some(false), ..UserChange::default() })?.success()?;
        lasts(&mut hers)?;
        lasts(&mut its)?;
        let told = max.told(again.id)?;
        ensure!(told.contains("session of eva") && told.contains("disabled"), "{told}");
        Ok(())
    })
}

#[test]
fn a_restart_of_the_appliance_keeps_everybody_in() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = shared_item(site, echo.port(), Simultaneous::Join)?;
        let (mut eva, mut bob) = (Person::new(site, "eva")?, Person::new(site, "bob")?);
        let (owned, mut hers) = eva.enter(&item)?;
        let (joined, mut his) = bob.enter(&item)?;
        for hard in [false, true] {
            speak(&mut hers, "before")?;
            speak(&mut his, "before")?;
            if hard {
                site.appliance.program.kill()?;
            } else {
                site.appliance.program.stop()?;
            }
            site.appliance.start_again()?;
            speak(&mut hers, "after")?;
            speak(&mut his, "after")?;
        }
        let it = bob.session(joined.id)?.session;
        ensure!(it.joined.is_some_and(|it| it.session_id == owned.id) && it.participants.len() == 2);
        // Still one session: it ends for both.
        eva.client.send("POST", &format!("/api/sessions/{}/end", owned.id), None)?.success()?;
        ensure!(bob.told(joined.id)?.ends_with("eva ended the session."));
        lasts(&mut his)?;
        Ok(())
    })
}

#[test]
fn whoever_joins_shows_what_whoever_begins_shows() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = shared_item(site, echo.port(), Simultaneous::Join)?;
        let (eva, bob) = (somebody(site, "eva")?.1, somebody(site, "bob")?.1);
        let owned = jump(&eva, &item)?;
        let strict = make(
            site,
            &JumpPolicyDraft { simultaneous: Simultaneous::Join, second_factor: true, ..draft("Both hands") },
        )?;
        guard(site, &item, Some(strict.id))?;
        let refusal = bob.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(refusal.code == "no_second_factor", "{refusal:?}");
        // Several at once: one begins, the others join.
        let open = make(site, &JumpPolicyDraft { simultaneous: Simultaneous::Join, ..draft("Open") })?;
        guard(site, &item, Some(open.id))?;
        eva.send("POST", &format!("/api/sessions/{}/end", owned.id), None)?.success()?;
        let sessions = std::thread::scope(|scope| {
            let both = [&eva, &bob, &site.admin].map(|client| {
                let item = &item;
                scope.spawn(move || jump(client, item))
            });
            both.into_iter()
                .map(|it| it.join().unwrap_or_else(|_| anyhow::bail!("panicked")))
                .collect::<Result<Vec<_>>>()
        })?;
        ensure!(sessions.iter().filter(|it| it.joined.is_none()).count() == 1, "{sessions:#?}");
        Ok(())
    })
}

#[test]
fn an_administrator_watches_and_ends_with_a_reason() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = shared_item(site, echo.port(), Simultaneous::StartNew)?;
        let mut eva = Person::new(site, "eva")?;
        let (session, mut hers) = eva.enter(&item)?;
        speak(&mut hers, "watch me")?;
        let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
        ensure!(live.sessions.iter().any(|it| it.id == session.id));
        let path = format!("/api/sessions/{}", session.id);
        let seen: SessionDetails = site.admin.get(&path)?;
        ensure!(seen.connections.len() == 1 && seen.session.tunnels[0].listening.is_some(), "{seen:?}");
        let _: SessionDetails = site.admin.get(&path)?;
        let watched: Vec<_> = eva.session(session.id)?.events.into_iter().filter(|it| it.kind == "watched").collect();
        ensure!(watched.len() == 1 && watched[0].message.contains("Ana Administrator watches"), "{watched:?}");
        // Looking is all: the tunnels stay the technician's.
        site.admin.send("POST", &format!("{path}/ticket"), None)?.refused(403)?;
        let end = format!("{path}/end");
        let too_long = json!({ "reason": "x".repeat(301) });
        field_message(&site.admin.post(&end, &too_long)?.refused(422)?, "reason")?;
        let began = Instant::now();
        site.admin.post(&end, &json!({ "reason": "The database moves." }))?.success()?;
        lasts(&mut hers)?;
        ensure!(began.elapsed() < AT_ONCE, "cut after {:?}", began.elapsed());
        let words = "The administrator Ana Administrator ended the session: The database moves.";
        ensure!(eva.told(session.id)? == words);
        ensure!(ended(&eva.client, session.id, AT_ONCE)?.end_message.as_deref() == Some(words));
        Ok(())
    })
}

#[test]
fn a_session_on_a_copy_counts_where_the_policy_says_so() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let rule = JumpPolicyDraft { simultaneous: Simultaneous::Disallow, covers_copies: true, ..draft("Alone") };
        let policy = make(site, &rule)?;
        guard(site, &item, Some(policy.id))?;
        let group = |name: &str| -> Result<wire::JumpGroupId> {
            let draft = JumpGroupDraft { name: name.into(), comments: String::new(), revision: 0 };
            Ok(site.admin.post("/api/jump-groups", &draft)?.ok::<JumpGroup>()?.id)
        };
        let copy_of = |it: &JumpItem, group| -> Result<JumpItem> {
            let wanted = CopyJumpItems { item_ids: vec![it.id], group_ids: vec![group], ..CopyJumpItems::default() };
            let copies: Vec<JumpItem> = site.admin.post("/api/jump-items/copy", &wanted)?.ok()?;
            copies.into_iter().next().context("no copy")
        };
        // A copy of a copy is one of the first, too.
        let copy = copy_of(&item, group("Lab")?)?;
        let again = copy_of(&copy, group("Store")?)?;
        let (mut eva, bob) = (Person::new(site, "eva")?, Person::new(site, "bob")?);
        let (running, _hers) = eva.enter(&again)?;
        for it in [&item, &copy] {
            let refusal = bob.client.post("/api/sessions", &NewSession::of(it.id))?.refused(409)?;
            ensure!(refusal.code == "copy_in_use" && refusal.message.contains("Alone"), "{refusal:?}");
        }
        let terms: StartTerms = bob.client.get(&format!("/api/jump-items/{}/start", item.id))?;
        ensure!(terms.refused.is_some_and(|it| it.contains("copy")), "the dialog does not say so");
        // When it is over the next one may.
        site.admin.send("POST", &format!("/api/sessions/{}/end", running.id), None)?.success()?;
        wait::until_true("the copies are free", wait::SOON, || {
            Ok(bob.client.post("/api/sessions", &NewSession::of(item.id))?.success().is_ok())
        })?;
        // A rule that does not count them does not.
        let apart = JumpPolicyDraft { covers_copies: false, revision: policy.definition.revision, ..rule };
        site.admin.put(&format!("/api/jump-policies/{}", policy.id), &apart)?.success()?;
        eva.client.post("/api/sessions", &NewSession::of(again.id))?.success()
    })
}
