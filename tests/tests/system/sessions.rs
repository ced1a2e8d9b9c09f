//! Jump, tickets, ends, and what the rows say afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tests::api_client::{ApiClient, field_message};
use tests::servers::{Echo, Mute, free_port};
use tests::site::{Site, on_a_site, on_a_site_with_clock};
use tests::wait::SOON;
use wire::JumpItemRoleId;
use wire::api::{
    Connection, ItemStatus, JumpItem, JumpointChange, NewSession, Session, SessionDetails, SessionEnd, SessionPage,
    SessionState, User, UserChange,
};
use wire::helper_messages::{HelperError, HelperEvent, HelperReply, HelperRequest};
use wire::limits::TICKET_SECONDS;
use wire::stream::EndReason;

#[test]
fn a_session_goes_from_ready_to_ended_and_its_rows_tell() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        site.wait_for_session(open.id, "it tunnels, and the console knows where", |it| {
            it.session.state == SessionState::Tunnelling && it.session.tunnels[0].listening.is_some()
        })?;

        let mut stream = TcpStream::connect(open.address(0)?)?;
        stream.write_all(b"twelve bytes")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        ensure!(&answer == b"twelve bytes");
        site.wait_for_session(open.id, "it is known who connected", |it| {
            it.connections.first().is_some_and(|connection| connection.client_address.is_some())
        })?;
        drop(stream);

        let details = site.wait_for_session(open.id, "the connection ended", |it| {
            it.connections.first().is_some_and(|connection| connection.closed_at.is_some())
        })?;
        let connection = &details.connections[0];
        ensure!(connection.bytes_sent == 12 && connection.bytes_received == 12, "{connection:?}");
        ensure!(connection.end == Some(EndReason::Finished) && connection.established, "{connection:?}");
        ensure!(connection.client_address.is_some(), "{connection:?}");

        let ended: Session = site.admin.send("POST", &format!("/api/sessions/{}/end", open.id), None)?.ok()?;
        ensure!(ended.state == SessionState::Ended, "{ended:?}");
        ensure!(ended.end == Some(SessionEnd::ByUser), "{ended:?}");
        ensure!(ended.bytes_sent == 12 && ended.bytes_received == 12 && ended.connections_total == 1, "{ended:?}");
        helper.wait_for_event(SOON, |event| match event {
            HelperEvent::SessionEnded { session_id, message } if *session_id == open.id => Some(message.clone()),
            _ => None,
        })?;
        ensure!(TcpStream::connect(open.address(0)?).is_err(), "the listener outlived its session");
        let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
        let past: SessionPage = site.admin.get("/api/sessions?live=false")?;
        ensure!(live.sessions.is_empty() && past.sessions.len() == 1);
        ensure!(!site.session(open.id)?.events.is_empty(), "a session has events");
        Ok(())
    })
}

#[test]
fn the_three_ways_a_target_fails_read_differently() -> Result<()> {
    on_a_site(|site| {
        let (refusing, mute) = (free_port()?, Mute::start()?);
        let mut helper = site.start_helper()?;
        let cases = [
            ("refuses", "127.0.0.1", refusing, EndReason::Refused),
            ("does not resolve", "no-such-host.invalid", 80, EndReason::NameNotFound),
            ("does not answer", "127.0.0.1", mute.port(), EndReason::NoAnswer),
        ];
        let mut said = Vec::new();
        for (name, host, port, reason) in cases {
            let item = site.item(name, host, "127.0.0.1", &[(0, port.into())])?;
            let open = site.open(&mut helper, &item)?;
            let mut stream = TcpStream::connect(open.address(0)?)?;
            stream.set_read_timeout(Some(SOON))?;
            match stream.read(&mut [0; 1]) {
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
                other => bail!("{name}: the local program should see a reset but got {other:?}"),
            }
            let connection = ended_connection(site, &open)?;
            ensure!(connection.end == Some(reason), "{name}: {connection:?}");
            ensure!(connection.fault.is_some() && !connection.established, "{name}: {connection:?}");
            ensure!(connection.end_message.contains(host), "{name}: {}", connection.end_message);
            said.push(connection.end_message);
        }
        said.sort();
        said.dedup();
        ensure!(said.len() == 3, "not three messages: {said:?}");
        Ok(())
    })
}

fn ended_connection(site: &Site, open: &tests::site::OpenSession) -> Result<Connection> {
    let details = site.wait_for_session(open.id, "the connection ended", |it| {
        it.connections.first().is_some_and(|connection| connection.closed_at.is_some())
    })?;
    Ok(details.connections[0].clone())
}

#[test]
fn a_ticket_works_once_and_for_its_own_session() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let session = site.jump(&item)?;
        let ticket = site.ticket(session.id)?;
        helper.open_tunnels(&ticket)?;

        let mut second = site.install_helper("second")?.start(site.folder())?;
        let request = |session_id, ticket: &wire::api::TunnelTicket| HelperRequest::OpenTunnels {
            session_id,
            ticket: ticket.ticket.clone(),
        };
        ensure!(refusal(second.request(request(session.id, &ticket))?)? == "ticket_used");

        let (first, other) = (site.jump(&item)?, site.jump(&item)?);
        let ticket = site.ticket(first.id)?;
        ensure!(refusal(second.request(request(other.id, &ticket))?)? == "ticket_for_another_session");

        let made_up = wire::api::TunnelTicket { ticket: wire::SecretText::new("made up".into()), ..ticket };
        ensure!(refusal(second.request(request(first.id, &made_up))?)? == "ticket_unknown");
        Ok(())
    })
}

#[test]
fn a_ticket_expires() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let session = site.jump(&item)?;
        let ticket = site.ticket(session.id)?;
        clock.pass(Duration::from_secs(TICKET_SECONDS + 1))?;
        let reply =
            helper.request(HelperRequest::OpenTunnels { session_id: session.id, ticket: ticket.ticket.clone() })?;
        ensure!(refusal(reply)? == "ticket_expired");
        // A fresh one works.
        helper.open_tunnels(&site.ticket(session.id)?)?;
        Ok(())
    })
}

fn refusal(reply: HelperReply) -> Result<String> {
    match reply {
        HelperReply::Failed { error: HelperError::Refused { reason, message } } => {
            ensure!(!message.is_empty(), "{reason} comes without a sentence");
            Ok(reason)
        }
        other => bail!("should be refused but got {other:?}"),
    }
}

#[test]
fn jump_is_refused_while_the_jumpoint_cannot_serve() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let jumpoint = format!("/api/jumpoints/{}", site.jumpoint.id);
        let new = NewSession::of(item.id);
        let status = |site: &Site| -> Result<ItemStatus> {
            Ok(site.admin.get::<JumpItem>(&format!("/api/jump-items/{}", item.id))?.status)
        };

        let off = JumpointChange { protocol_tunnel_enabled: Some(false), ..JumpointChange::default() };
        site.admin.patch(&jumpoint, &off)?.success()?;
        ensure!(status(site)? == ItemStatus::MethodOff);
        let method = site.admin.post("/api/sessions", &new)?.refused(403)?;

        let disabled =
            JumpointChange { enabled: Some(false), protocol_tunnel_enabled: Some(true), ..JumpointChange::default() };
        site.admin.patch(&jumpoint, &disabled)?.success()?;
        ensure!(status(site)? == ItemStatus::JumpointDisabled);
        let off = site.admin.post("/api/sessions", &new)?.refused(403)?;

        let enabled = JumpointChange { enabled: Some(true), ..JumpointChange::default() };
        site.admin.patch(&jumpoint, &enabled)?.success()?;
        site.jumpoint.program.stop()?;
        site.jumpoint.wait_until_offline(&site.admin)?;
        ensure!(status(site)? == ItemStatus::JumpointOffline);
        let offline = site.admin.post("/api/sessions", &new)?.refused(409)?;

        let mut codes = [method, off, offline]
            .map(|refusal| (refusal.code, refusal.message.is_empty() || refusal.next_step.is_empty()));
        ensure!(codes.iter().all(|(_, silent)| !silent), "a refusal says what to do: {codes:?}");
        codes.sort();
        ensure!(codes[0].0 != codes[1].0 && codes[1].0 != codes[2].0, "three reasons, three codes: {codes:?}");

        site.jumpoint.start_again()?;
        site.jumpoint.wait_until_online(&site.admin)?;
        site.jump(&item)?;
        Ok(())
    })
}

#[test]
fn disabling_a_user_ends_their_sessions_and_signs_them_out() -> Result<()> {
    on_a_site(|site| {
        let technician = site.technician("tom")?;
        let echo = Echo::start()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let mut helper = site.start_helper()?;
        let session: Session = technician.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        let ticket = technician.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
        helper.open_tunnels(&ticket)?;

        let users: Vec<User> = site.admin.get("/api/users")?;
        let tom = users.iter().find(|user| user.user_name == "tom").map(|user| user.id);
        let Some(tom) = tom else { bail!("there is no tom in {users:?}") };
        let change = UserChange { enabled: Some(false), ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{tom}"), &change)?.success()?;

        let ended =
            site.wait_for_session(session.id, "the session ended", |it| it.session.state == SessionState::Ended)?;
        ensure!(ended.session.end == Some(SessionEnd::UserDisabled), "{:?}", ended.session.end);
        technician.send("GET", "/api/me", None)?.refused(401)?;
        Ok(())
    })
}

#[test]
fn a_technician_neither_sees_nor_ends_the_sessions_of_others() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let session = site.jump(&item)?;
        let technician = site.technician_with("tom", JumpItemRoleId::START_SESSIONS_ONLY)?;
        let path = format!("/api/sessions/{}", session.id);
        for (method, path) in
            [("GET", path.clone()), ("POST", format!("{path}/ticket")), ("POST", format!("{path}/end"))]
        {
            let answer = technician.send(method, &path, None)?;
            ensure!([403, 404].contains(&answer.status), "{method} {path}: {answer:?}");
        }
        let page: SessionPage = technician.get("/api/sessions?live=true")?;
        ensure!(page.sessions.is_empty(), "{page:?}");
        ensure!(site.session(session.id)?.session.state == SessionState::Ready);
        Ok(())
    })
}

#[test]
fn removing_the_item_ends_its_session_and_keeps_its_rows() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let open = site.open(&mut helper, &item)?;
        site.admin.delete(&format!("/api/jump-items/{}", item.id))?.success()?;
        let ended = site.wait_for_session(open.id, "the session ended and has no item any more", |it| {
            it.session.state == SessionState::Ended && it.session.item_id.is_none()
        })?;
        ensure!(ended.session.end == Some(SessionEnd::ItemRemoved), "{:?}", ended.session.end);
        ensure!(ended.session.item_name == "echo");
        Ok(())
    })
}

/// The end comes in the middle of what is being written down of the beginning, and is written last all the same.
#[test]
fn sessions_that_end_while_they_begin_stay_ended() -> Result<()> {
    const SESSIONS: u32 = 40;
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let mut over = Vec::new();
        for round in 0..SESSIONS {
            let item = site.item(&format!("echo {round}"), "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
            let open = site.open(&mut helper, &item)?;
            std::thread::sleep(Duration::from_micros(u64::from(round % 20) * 500));
            site.admin.delete(&format!("/api/jump-items/{}", item.id))?.success()?;
            let is_over = |it: &SessionDetails| it.session.state == SessionState::Ended;
            let ended = site.wait_for_session(open.id, "it is over", is_over)?.session;
            ensure!(
                ended.end == Some(SessionEnd::ItemRemoved) && ended.item_id.is_none() && ended.ended_at.is_some(),
                "round {round}: {ended:?}"
            );
            over.push(open.id);
        }
        for id in over {
            let session = site.session(id)?.session;
            ensure!(session.end == Some(SessionEnd::ItemRemoved), "it did not stay ended: {session:?}");
        }
        Ok(())
    })
}

#[test]
fn the_helper_that_hangs_up_ends_its_sessions() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        helper.hang_up();
        let status = helper.program.wait(Duration::from_millis(1900))?;
        ensure!(status.success(), "the helper ended with {status}");
        let ended =
            site.wait_for_session(open.id, "the session ended", |it| it.session.state == SessionState::Ended)?;
        ensure!(ended.session.end == Some(SessionEnd::HelperGone), "{:?}", ended.session.end);
        ensure!(TcpStream::connect(open.address(0)?).is_err());
        Ok(())
    })
}

#[test]
fn the_sessions_of_one_item_are_listed_to_whom_they_belong() -> Result<()> {
    on_a_site(|site| {
        let (db, web) = (
            site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?,
            site.item("web", "127.0.0.1", "127.0.0.1", &[(0, 80)])?,
        );
        let tom = site.technician_with("tom", JumpItemRoleId::START_SESSIONS_ONLY)?;
        let mut begun = Vec::new();
        for (client, item) in [(&site.admin, &db), (&tom, &db), (&tom, &web), (&site.admin, &db)] {
            begun.push(client.post("/api/sessions", &NewSession::of(item.id))?.ok::<Session>()?.id);
        }
        let listed = |client: &ApiClient, filter: &str| -> Result<Vec<_>> {
            let page: SessionPage = client.get(&format!("/api/sessions?item_id={filter}"))?;
            Ok(page.sessions.into_iter().map(|it| it.id).collect())
        };
        ensure!(listed(&site.admin, &db.id.to_string())? == [begun[3], begun[1], begun[0]]);
        ensure!(listed(&site.admin, &format!("{}&limit=2", db.id))? == [begun[3], begun[1]]);
        ensure!(listed(&site.admin, &format!("{}&before={}", db.id, begun[1]))? == [begun[0]]);
        ensure!(listed(&site.admin, &format!("{}&live=false", db.id))?.is_empty());
        ensure!(listed(&tom, &db.id.to_string())? == [begun[1]], "somebody else's are shown");
        ensure!(listed(&site.admin, "00000000-0000-0000-0000-000000000000")?.is_empty());
        field_message(&site.admin.send("GET", "/api/sessions?item_id=db", None)?.refused(422)?, "item_id")?;
        Ok(())
    })
}
