//! Several nodes under one jumpoint: which one gets a session, drain, and what happens when one dies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rustix::process::Signal;
use tests::helper::HelperByHand;
use tests::jumpoint::{JumpointNode, enrol, jumpoint, new_key};
use tests::servers::Echo;
use tests::site::{OpenSession, Site, on_a_site, on_a_site_with};
use tests::wait;
use tests::way::Way;
use wire::api::{ItemStatus, JumpItem, NewSession, SessionDetails, SessionEnd, SessionState};

/// What the issue of a dead node may take.
const ELSEWHERE_WITHIN: Duration = Duration::from_secs(20);

fn second_node(site: &Site) -> Result<JumpointNode> {
    JumpointNode::join(&site.admin, site.jumpoint.id, "second", &Way::default(), site.folder())
}

/// Opens a session and waits until both its links stand.
fn tunnelling(site: &Site, helper: &mut HelperByHand, item: &JumpItem) -> Result<OpenSession> {
    let open = site.open(helper, item)?;
    site.wait_for_session(open.id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
    Ok(open)
}

fn echoes(open: &OpenSession) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(open.address(0)?)?;
    stream.set_read_timeout(Some(wait::SOON))?;
    again(&mut stream)?;
    Ok(stream)
}

fn again(stream: &mut TcpStream) -> Result<()> {
    stream.write_all(b"hello")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"hello");
    Ok(())
}

fn sessions_on(site: &Site, node: &JumpointNode) -> Result<u32> {
    Ok(node.seen(&site.admin)?.sessions)
}

fn has_ended(it: &SessionDetails) -> bool {
    it.session.state == SessionState::Ended
}

#[test]
fn ten_nodes_enrol_and_an_eleventh_is_refused() -> Result<()> {
    on_a_site(|site| {
        for number in 2..=10 {
            enrol(&new_key(&site.admin, site.jumpoint.id)?, None, &site.folder().join(format!("node-{number}")))?;
        }
        let key = new_key(&site.admin, site.jumpoint.id)?;
        let Err(error) = enrol(&key, None, &site.folder().join("node-11")) else { bail!("eleven nodes enrolled") };
        let said = format!("{error:#}");
        ensure!(said.contains("has 10 nodes, as many as it may") && said.contains("remove one"), "{said}");
        let nodes = jumpoint(&site.admin, site.jumpoint.id)?.nodes;
        ensure!(nodes.len() == 10, "{nodes:?}");
        let path = format!("/api/jumpoints/{}/nodes/{}", site.jumpoint.id, nodes[9].id);
        site.admin.delete(&path)?.success()?;
        enrol(&key, None, &site.folder().join("node-11"))?;
        Ok(())
    })
}

#[test]
fn sessions_are_spread_over_the_nodes() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let second = second_node(site)?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let mut streams = Vec::new();
        for _ in 0..6 {
            streams.push(echoes(&tunnelling(site, &mut helper, &item)?)?);
        }
        let (first, other) = (site.jumpoint.seen(&site.admin)?, second.seen(&site.admin)?);
        ensure!((first.sessions, other.sessions) == (3, 3), "{first:?} {other:?}");
        ensure!((first.connections, other.connections) == (3, 3), "{first:?} {other:?}");
        ensure!(first.round_trip_micros.is_some() && other.round_trip_micros.is_some(), "{first:?} {other:?}");
        Ok(())
    })
}

#[test]
fn a_drained_node_keeps_its_sessions_and_takes_no_new_ones() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let running = tunnelling(site, &mut helper, &item)?;
        let mut stream = echoes(&running)?;
        let mut second = second_node(site)?;
        site.jumpoint.set_draining(&site.admin, true)?;
        for _ in 0..3 {
            tunnelling(site, &mut helper, &item)?;
        }
        ensure!(sessions_on(site, &site.jumpoint)? == 1 && sessions_on(site, &second)? == 3);
        again(&mut stream)?;

        // When no node is left, Jump says so; what was decided outlives the programs.
        second.set_draining(&site.admin, true)?;
        site.appliance.program.stop()?;
        site.appliance.start_again()?;
        second.program.kill()?;
        second.start_again()?;
        for node in [&site.jumpoint, &second] {
            wait::until_true("the node is online and drained", wait::SOON * 2, || {
                let seen = node.seen(&site.admin)?;
                Ok(seen.online && seen.draining)
            })?;
        }
        let refusal = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(409)?;
        ensure!(refusal.code == "jumpoint_draining" && refusal.next_step.contains("Agents"), "{refusal:?}");
        let listed: JumpItem = site.admin.get(&format!("/api/jump-items/{}", item.id))?;
        ensure!(listed.status == ItemStatus::JumpointDraining, "{:?}", listed.status);
        again(&mut stream)?;

        second.set_draining(&site.admin, false)?;
        // What was seen online may have been the link of the run before.
        wait::until_true("it is online again", wait::SOON, || Ok(second.seen(&site.admin)?.online))?;
        tunnelling(site, &mut helper, &item)?;
        ensure!(sessions_on(site, &site.jumpoint)? == 1, "a drained node got a session");
        Ok(())
    })
}

#[test]
fn a_killed_node_leaves_new_sessions_to_another_and_its_own_end_with_the_reason() -> Result<()> {
    on_a_site_with("[sessions]\nresume_grace_seconds = 3\n", |site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let old = tunnelling(site, &mut helper, &item)?;
        let mut stream = echoes(&old)?;
        let second = second_node(site)?;
        site.jumpoint.program.kill()?;
        let died = Instant::now();
        let new = tunnelling(site, &mut helper, &item)?;
        ensure!(died.elapsed() < ELSEWHERE_WITHIN, "{:?}", died.elapsed());
        echoes(&new)?;
        ensure!(sessions_on(site, &second)? == 1);
        let ended = site.wait_for_session(old.id, "it ends after the grace time", has_ended)?.session;
        ensure!(ended.end == Some(SessionEnd::JumpointGone), "{ended:?}");
        let message = ended.end_message.unwrap_or_default();
        ensure!(message.contains("went away") && message.contains("Press Jump again: the node"), "{message}");
        ensure!(stream.read(&mut [0; 1]).is_err(), "the client does not know");
        Ok(())
    })
}

#[test]
fn a_node_that_is_stopped_in_order_ends_its_sessions_at_once() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let old = tunnelling(site, &mut helper, &item)?;
        let _second = second_node(site)?;
        site.jumpoint.program.stop()?;
        let ended = wait::until("the session ends at once", Duration::from_secs(5), || {
            Ok(Some(site.session(old.id)?).filter(has_ended))
        })?;
        let message = ended.session.end_message.unwrap_or_default();
        ensure!(message.contains("its program was stopped") && message.contains("Press Jump again"), "{message}");
        echoes(&tunnelling(site, &mut helper, &item)?)?;
        Ok(())
    })
}

#[test]
fn a_node_that_hangs_is_passed_over_and_soon_offline() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
        let second = second_node(site)?;
        // The node that will hang has nothing to do, so that it is the one to be asked.
        site.jumpoint.set_draining(&site.admin, true)?;
        for _ in 0..2 {
            tunnelling(site, &mut helper, &item)?;
        }
        site.jumpoint.set_draining(&site.admin, false)?;
        site.jumpoint.program.signal(Signal::STOP);
        let hung = Instant::now();
        let mut passed_over = || -> Result<OpenSession> {
            let open = tunnelling(site, &mut helper, &item)?;
            ensure!(hung.elapsed() < Duration::from_secs(12), "another node was asked late: {:?}", hung.elapsed());
            let events = site.session(open.id)?.events;
            ensure!(events.iter().any(|it| it.kind == "node_asked"), "{events:?}");
            ensure!(sessions_on(site, &second)? == 3);
            wait::until_true("the node that hangs is offline", ELSEWHERE_WITHIN, || {
                Ok(!site.jumpoint.seen(&site.admin)?.online)
            })?;
            ensure!(hung.elapsed() < ELSEWHERE_WITHIN, "{:?}", hung.elapsed());
            Ok(open)
        };
        let open = passed_over();
        site.jumpoint.program.signal(Signal::CONT);
        let open = open?;
        // It wakes up and does what it was asked to, too late: the session stays where it is.
        wait::until_true("the node is back", wait::SOON, || Ok(site.jumpoint.seen(&site.admin)?.online))?;
        let mut stream = echoes(&open)?;
        std::thread::sleep(Duration::from_secs(2));
        again(&mut stream)?;
        ensure!(site.session(open.id)?.session.reconnecting.is_none());
        ensure!(sessions_on(site, &second)? == 3 && sessions_on(site, &site.jumpoint)? == 0);
        Ok(())
    })
}
