//! Programs that break the protocol: a helper that wants more than its session, frames and messages that make no sense.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bytes::BufMut;
use tests::raw_link::{RawLink, Received};
use tests::servers::{Echo, Silent};
use tests::site::{Site, on_a_site, on_a_site_with};
use wire::agent_messages::Challenge;
use wire::api::{SessionEnd, SessionState, TunnelTicket};
use wire::limits::{CONNECTIONS_PER_SESSION, CONTROL_MESSAGE_BYTES};
use wire::link_messages::{
    AGENT_CONTROL_PATH, AGENT_SESSION_PATH, ApplianceToHelper, ENROL_PATH, HELPER_LINK_PATH, HelperHello, Refusal,
    Versions,
};
use wire::stream::EndReason;
use wire::stream::frame::{self, Kind, MAX_MESSAGE, StreamId};

/// A session on an item with one tunnel to `port`, and a link spoken by hand in the helper's place.
fn rogue_helper(site: &Site, port: u16) -> Result<(TunnelTicket, RawLink)> {
    let item = site.item("item", "127.0.0.1", "127.0.0.1", &[(0, port.into())])?;
    let ticket = site.ticket(site.jump(&item)?.id)?;
    let (mut link, answer) = RawLink::dial_as_helper(&site.appliance.ready, &ticket)?;
    match answer {
        ApplianceToHelper::Welcome { tunnels, .. } if tunnels.len() == 1 => link.greet()?,
        other => bail!("no welcome: {other:?}"),
    }
    Ok((ticket, link))
}

#[test]
fn a_target_outside_the_definition_is_refused() -> Result<()> {
    on_a_site(|site| {
        let (never, echo) = (Silent::start()?, Echo::start()?);
        let (ticket, mut link) = rogue_helper(site, echo.port())?;
        for (stream, tunnel) in [(1, 1), (2, 7), (3, u16::MAX)] {
            link.say_frames(|out| frame::put_open(out, StreamId(stream), tunnel, b"let me in"))?;
            let reset =
                link.wait_for_frame(|it| it.header.kind == Kind::Reset && it.header.stream == StreamId(stream))?;
            ensure!(reset.reset_reason() == EndReason::NotAllowed, "{reset:?}");
        }
        ensure!(never.open() == 0);
        let details = site.wait_for_session(ticket.session_id, "the refusals are told", |it| {
            it.connections.iter().filter(|row| row.end == Some(EndReason::NotAllowed)).count() == 3
        })?;
        ensure!(details.connections.iter().all(|row| !row.established), "{:?}", details.connections);
        // The tunnel that is defined still works.
        link.say_frames(|out| frame::put_open(out, StreamId(4), 0, b"hello"))?;
        let data = link.wait_for_frame(|it| it.header.kind == Kind::Data && it.header.stream == StreamId(4))?;
        ensure!(data.payload.as_ref() == b"hello");
        Ok(())
    })
}

#[test]
fn the_appliance_itself_refuses_connection_257() -> Result<()> {
    on_a_site(|site| {
        let silent = Silent::start()?;
        let (_, mut link) = rogue_helper(site, silent.port())?;
        let last = u32::try_from(CONNECTIONS_PER_SESSION)? + 1;
        link.say_frames(|out| {
            for stream in 1..=last {
                frame::put_open(out, StreamId(stream), 0, b"");
            }
        })?;
        let reset = link.wait_for_frame(|it| it.header.kind == Kind::Reset)?;
        ensure!(reset.header.stream == StreamId(last), "{reset:?}");
        ensure!(reset.reset_reason() == EndReason::Limit, "{reset:?}");
        tests::wait::until_true("the target has 256 connections", tests::wait::SOON, || {
            Ok(silent.open() == CONNECTIONS_PER_SESSION)
        })
    })
}

#[test]
fn frames_that_make_no_sense_end_the_session_and_nothing_else() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let bystander = {
            let mut helper = site.start_helper()?;
            let open = site.open_to(&mut helper, "bystander", echo.port())?;
            (helper, open)
        };
        let mut unknown_kind = bytes::BytesMut::new();
        frame::put_ping(&mut unknown_kind, 1, false);
        unknown_kind[0] = 200;
        let mut cut = bytes::BytesMut::new();
        frame::put_open(&mut cut, StreamId(1), 0, b"0123456789");
        cut.truncate(25);
        let mut lying = bytes::BytesMut::new();
        frame::put_open(&mut lying, StreamId(1), 0, b"");
        lying[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
        for bytes in [unknown_kind, cut, lying] {
            let (ticket, mut link) = rogue_helper(site, echo.port())?;
            link.say_bytes(bytes)?;
            link.wait_for_close()?;
            site.wait_for_session(ticket.session_id, "the session ended", |it| {
                it.session.state == SessionState::Ended && it.session.end_message.is_some()
            })?;
        }
        let state = site.session(bystander.1.id)?.session.state;
        ensure!(state == SessionState::Tunnelling, "another session was harmed: {state:?}");
        Ok(())
    })
}

#[test]
fn bytes_that_nobody_would_count_do_not_pass() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let (ticket, mut link) = rogue_helper(site, echo.port())?;
        link.say_frames(|out| {
            frame::put_open(out, StreamId(1), 0, b"counted");
            frame::put_reset(out, StreamId(1), EndReason::ResetByClient, 7, "");
            frame::put_credit(out, StreamId(1), 0, 1 << 40, false);
            frame::put_data(out, StreamId(1), 7, b"behind its own end");
            frame::put_open(out, StreamId(1), 0, b"once more under the same number");
            frame::put_open(out, StreamId(2), 0, b"still here");
        })?;
        let answer = link.wait_for_frame(|it| it.header.kind == Kind::Data && it.header.stream == StreamId(2))?;
        ensure!(answer.payload.as_ref() == b"still here");
        let details = site.wait_for_session(ticket.session_id, "both are told", |it| it.connections.len() == 2)?;
        ensure!(details.connections.iter().map(|row| row.bytes_sent).sum::<u64>() == 7 + 10, "{details:?}");
        // Bytes with a gap before them: the count would be a lie.
        link.say_frames(|out| frame::put_data(out, StreamId(2), 1 << 61, b"x"))?;
        link.wait_for_close()
    })
}

#[test]
fn links_that_break_off_end_their_sessions() -> Result<()> {
    on_a_site_with("[sessions]\nresume_grace_seconds = 0\n", |site| {
        let echo = Echo::start()?;
        let mut sessions = Vec::new();
        for _ in 0..12 {
            let (ticket, mut link) = rogue_helper(site, echo.port())?;
            link.say_frames(|out| frame::put_open(out, StreamId(1), 0, b"and gone"))?;
            sessions.push(ticket.session_id);
        }
        for id in sessions {
            let ended = site.wait_for_session(id, "the session ended", |it| it.session.state == SessionState::Ended)?;
            ensure!(ended.session.end == Some(SessionEnd::HelperGone), "{:?}", ended.session);
        }
        Ok(())
    })
}

#[test]
fn oversized_messages_close_the_link() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let (_, mut link) = rogue_helper(site, echo.port())?;
        // The appliance closes at the header: the rest of the message may or may not leave.
        let _ = link.say_text("x".repeat(CONTROL_MESSAGE_BYTES.max(MAX_MESSAGE) + 1));
        link.wait_for_close()?;
        let (_, mut link) = rogue_helper(site, echo.port())?;
        let mut large = bytes::BytesMut::new();
        large.put_bytes(7, MAX_MESSAGE + 1);
        let _ = link.say_bytes(large);
        link.wait_for_close()
    })
}

#[test]
fn links_that_never_introduce_themselves_are_closed() -> Result<()> {
    on_a_site(|site| {
        let mut silent = Vec::new();
        for path in [HELPER_LINK_PATH, AGENT_CONTROL_PATH, AGENT_SESSION_PATH, ENROL_PATH] {
            let mut link = RawLink::dial(&site.appliance.ready, path)?;
            link.say_text("garbage".into())?;
            link.wait_for_close()?;
            silent.push(RawLink::dial(&site.appliance.ready, path)?);
        }
        for mut link in silent {
            link.wait_for_close()?;
        }
        Ok(())
    })
}

#[test]
fn a_program_that_is_too_old_is_told_so() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("item", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let ticket = site.ticket(site.jump(&item)?.id)?;
        let mut link = RawLink::dial(&site.appliance.ready, HELPER_LINK_PATH)?;
        link.say(&HelperHello {
            versions: Versions { min: 0, max: 0 },
            version: "0.0.1".into(),
            os: "linux".into(),
            session_id: ticket.session_id,
            ticket: ticket.ticket,
            resume: None,
        })?;
        match link.hear()? {
            ApplianceToHelper::Refused { refusal: Refusal::ProgramTooOld, message } => {
                ensure!(message.to_lowercase().contains("helper"), "{message}");
                Ok(())
            }
            other => bail!("{other:?}"),
        }
    })
}

#[test]
fn an_agent_with_a_made_up_proof_is_refused() -> Result<()> {
    on_a_site(|site| {
        let jumpoint = tests::jumpoint::jumpoint(&site.admin, site.jumpoint.id)?;
        let mut link = RawLink::dial(&site.appliance.ready, AGENT_CONTROL_PATH)?;
        let _: Challenge = link.hear()?;
        link.say(&serde_json::json!({
            "versions": Versions::OURS,
            "agent_id": jumpoint.nodes[0].id,
            "signature": "00".repeat(64),
            "facts": { "version": "0", "hostname": "evil", "os": "", "addresses": [] },
            "session_id": null,
        }))?;
        match link.receive(Duration::from_secs(10)) {
            Received::Text(text) => ensure!(text.contains("bad_proof"), "{text}"),
            other => bail!("{other:?}"),
        }
        let node = tests::jumpoint::jumpoint(&site.admin, site.jumpoint.id)?.nodes.remove(0);
        ensure!(node.online && node.hostname != "evil", "{node:?}");
        Ok(())
    })
}
