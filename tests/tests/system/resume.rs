//! Links break, the appliance dies, and connections go on where they were.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::Signal;
use tests::helper::{HelperByHand, InstalledHelper};
use tests::jumpoint::JumpointNode;
use tests::servers::{BreakingNetwork, Echo, Gauge};
use tests::site::{Site, on_a_site, on_a_site_with};
use tests::wait;
use wire::api::{JumpPolicyDraft, LinkSide, SessionDetails, SessionEnd, SessionState, TunnelJumpDraft};

use crate::policies::{draft, make};

/// Enough that a transfer is under way for a while.
const VOLUME: u64 = 512 << 20;

pub(crate) fn appliance(site: &Site) -> Result<SocketAddr> {
    ("127.0.0.1", site.appliance.port()?).to_socket_addrs()?.next().context("no address")
}

/// A helper that reaches the appliance through `network`.
pub(crate) fn helper_behind(site: &Site, network: &BreakingNetwork) -> Result<HelperByHand> {
    let home = site.folder().join("behind");
    let through = network.address().to_string();
    InstalledHelper::install(&site.appliance.ready, &home, &home.join("manifests"), Some(&through))?
        .start(site.folder())
}

/// A transfer each way at once.
fn transfers(to: SocketAddr, volume: u64) -> [JoinHandle<Result<()>>; 2] {
    [thread::spawn(move || Gauge::send_to(to, volume)), thread::spawn(move || Gauge::fetch_from(to, volume))]
}

fn end_of(transfers: [JoinHandle<Result<()>>; 2]) -> Result<()> {
    transfers.into_iter().try_for_each(|it| it.join().map_err(|_| anyhow!("a transfer panicked"))?)
}

#[test]
fn transfers_outlive_both_links() -> Result<()> {
    on_a_site(|site| {
        let (near, far) = (BreakingNetwork::to(appliance(site)?)?, BreakingNetwork::to(appliance(site)?)?);
        let through = far.address().to_string();
        let node = JumpointNode::enrol(&site.admin, "behind", Some(&through), site.folder())?;
        site.jumpoint.program.stop()?;
        site.jumpoint.wait_until_offline(&site.admin)?;
        let gauge = Gauge::start()?;
        let mut helper = helper_behind(site, &near)?;
        let mut draft = site.draft("gauge", "127.0.0.1", "127.22.0.1", &[(0, gauge.port().into())]);
        draft.jumpoint_id = node.id;
        let item = site.admin.post("/api/jump-items", &draft)?.ok()?;
        let open = site.open(&mut helper, &item)?;
        let transfers = transfers(open.address(0)?, VOLUME);
        let mut cuts = 0;
        while !transfers.iter().all(JoinHandle::is_finished) && cuts < 24 {
            thread::sleep(Duration::from_millis(170));
            cuts += if cuts % 3 == 0 {
                near.cut() + far.cut()
            } else if cuts % 2 == 0 {
                near.cut()
            } else {
                far.cut()
            };
        }
        end_of(transfers)?;
        ensure!(cuts > 3, "the transfers were over after {cuts} cuts");
        let details = site.wait_for_session(open.id, "both are counted", |it| {
            it.connections.len() == 2 && it.connections.iter().all(|row| row.closed_at.is_some())
        })?;
        let counted = |count: fn(&wire::api::Connection) -> u64| details.connections.iter().map(count).sum::<u64>();
        // One byte says which way, eight say how much; the answer to an upload has a count and a hash.
        ensure!(counted(|row| row.bytes_sent) == VOLUME + 1 + 9, "{details:?}");
        ensure!(counted(|row| row.bytes_received) == VOLUME + 40, "{details:?}");
        ensure!(details.events.iter().any(|event| event.kind == "resumed"), "{:?}", details.events);
        Ok(())
    })
}

#[test]
fn transfers_outlive_the_appliance() -> Result<()> {
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        let transfers = transfers(open.address(0)?, 2 * VOLUME);
        for turn in 0..3 {
            thread::sleep(Duration::from_millis(400));
            if turn == 1 {
                let status = site.appliance.program.stop()?;
                ensure!(status.success(), "{status}");
            } else {
                site.appliance.program.kill()?;
            }
            site.appliance.start_again()?;
            site.wait_for_session(open.id, "the session goes on", |it| it.session.reconnecting.is_none())?;
        }
        ensure!(!transfers.iter().any(JoinHandle::is_finished), "a transfer was over before the appliance was");
        end_of(transfers)?;
        let details = site.wait_for_session(open.id, "both are counted", |it| {
            it.connections.len() == 2 && it.connections.iter().all(|row| row.closed_at.is_some())
        })?;
        ensure!(details.connections.iter().map(|row| row.bytes_sent).sum::<u64>() == 2 * VOLUME + 1 + 9, "{details:?}");
        Ok(())
    })
}

#[test]
fn a_session_waits_no_longer_than_it_may() -> Result<()> {
    on_a_site_with("[sessions]\nresume_grace_seconds = 4\n", |site| {
        let network = BreakingNetwork::to(appliance(site)?)?;
        let echo = Echo::start()?;
        let mut helper = helper_behind(site, &network)?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        let mut client = TcpStream::connect(open.address(0)?)?;
        client.write_all(b"x")?;
        client.read_exact(&mut [0; 1])?;
        site.wait_for_session(open.id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
        network.set_down(true);
        network.cut();
        let lost = site.wait_for_session(open.id, "it waits", |it| it.session.reconnecting.is_some())?;
        ensure!(lost.session.reconnecting.is_some_and(|it| it.waits_for == LinkSide::Helper), "{:?}", lost.session);
        ensure!(lost.session.state == SessionState::Tunnelling);
        let began = Instant::now();
        let ended = site.wait_for_session(open.id, "it ends", |it| it.session.state == SessionState::Ended)?;
        ensure!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
        ensure!(ended.session.end == Some(SessionEnd::HelperGone), "{:?}", ended.session);
        ensure!(client.read(&mut [0; 1]).is_err(), "the client does not know");
        wait::until_true("nobody listens any more", wait::SOON, || Ok(TcpStream::connect(open.address(0)?).is_err()))
    })
}

#[test]
fn whoever_is_missing_is_named_when_the_other_one_is_back() -> Result<()> {
    on_a_site(|site| {
        let (near, far) = (BreakingNetwork::to(appliance(site)?)?, BreakingNetwork::to(appliance(site)?)?);
        let through = far.address().to_string();
        let node = JumpointNode::enrol(&site.admin, "behind", Some(&through), site.folder())?;
        let echo = Echo::start()?;
        let mut helper = helper_behind(site, &near)?;
        let mut draft = site.draft("echo", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())]);
        draft.jumpoint_id = node.id;
        let open = site.open(&mut helper, &site.admin.post("/api/jump-items", &draft)?.ok()?)?;
        let mut client = TcpStream::connect(open.address(0)?)?;
        client.set_read_timeout(Some(wait::SOON))?;
        let mut there_and_back = || -> Result<()> {
            client.write_all(b"x")?;
            Ok(client.read_exact(&mut [0; 1])?)
        };
        there_and_back()?;
        for (first, first_back, missing) in
            [(&near, &near, LinkSide::Jumpoint), (&far, &near, LinkSide::Jumpoint), (&near, &far, LinkSide::Helper)]
        {
            let second = if std::ptr::eq(first, &near) { &far } else { &near };
            for network in [first, second] {
                network.set_down(true);
                network.cut();
                site.wait_for_session(open.id, "it waits", |it| it.session.reconnecting.is_some())?;
            }
            first_back.set_down(false);
            site.wait_for_session(open.id, "who is missing is named", |it| {
                it.session.reconnecting.is_some_and(|it| it.waits_for == missing)
            })?;
            near.set_down(false);
            far.set_down(false);
            site.wait_for_session(open.id, "it goes on", |it| it.session.reconnecting.is_none())?;
            there_and_back()?;
        }
        Ok(())
    })
}

#[test]
fn a_session_that_was_ended_meanwhile_does_not_come_back() -> Result<()> {
    on_a_site(|site| {
        let network = BreakingNetwork::to(appliance(site)?)?;
        let echo = Echo::start()?;
        let mut helper = helper_behind(site, &network)?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        let item = site.session(open.id)?.session.item_id.context("no item")?;
        site.wait_for_session(open.id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
        network.set_down(true);
        network.cut();
        site.wait_for_session(open.id, "it waits", |it| it.session.reconnecting.is_some())?;
        site.admin.delete(&format!("/api/jump-items/{item}"))?.success()?;
        network.set_down(false);
        let ended = site.wait_for_session(open.id, "it ends", |it| it.session.state == SessionState::Ended)?;
        ensure!(ended.session.end == Some(SessionEnd::ItemRemoved), "{:?}", ended.session);
        wait::until_true("nobody listens any more", wait::SOON, || Ok(TcpStream::connect(open.address(0)?).is_err()))?;
        Ok(())
    })
}

#[test]
fn a_helper_that_is_lost_before_the_jumpoint_called_is_waited_for() -> Result<()> {
    on_a_site(|site| {
        let network = BreakingNetwork::to(appliance(site)?)?;
        let echo = Echo::start()?;
        let mut helper = helper_behind(site, &network)?;
        site.jumpoint.program.signal(Signal::STOP);
        let mut lost_and_back = || -> Result<_> {
            let open = site.open_to(&mut helper, "echo", echo.port())?;
            network.set_down(true);
            network.cut();
            let waits =
                |it: &SessionDetails| it.session.reconnecting.is_some_and(|it| it.waits_for == LinkSide::Helper);
            let details = site.wait_for_session(open.id, "the console shows it", waits)?;
            ensure!(details.session.state == SessionState::Connecting, "{:?}", details.session);
            network.set_down(false);
            site.wait_for_session(open.id, "the helper is back", |it| it.session.reconnecting.is_none())?;
            Ok(open)
        };
        let open = lost_and_back();
        site.jumpoint.program.signal(Signal::CONT);
        let open = open?;
        site.wait_for_session(open.id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
        let mut client = TcpStream::connect(open.address(0)?)?;
        client.write_all(b"x")?;
        client.read_exact(&mut [0; 1])?;
        Ok(())
    })
}

#[test]
fn a_jumpoint_that_started_anew_has_lost_its_connections() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        let mut client = TcpStream::connect(open.address(0)?)?;
        client.write_all(b"x")?;
        client.read_exact(&mut [0; 1])?;
        site.jumpoint.program.kill()?;
        site.jumpoint.start_again()?;
        let ended = site.wait_for_session(open.id, "it ends", |it| it.session.state == SessionState::Ended)?;
        ensure!(ended.session.end == Some(SessionEnd::JumpointGone), "{:?}", ended.session);
        ensure!(client.read(&mut [0; 1]).is_err(), "the client does not know");
        Ok(())
    })
}

#[test]
fn a_policy_gives_a_session_less_time_for_a_lost_link() -> Result<()> {
    // Two minutes are the site's grace.
    on_a_site(|site| {
        let network = BreakingNetwork::to(appliance(site)?)?;
        let echo = Echo::start()?;
        let mut helper = helper_behind(site, &network)?;
        let policy = make(site, &JumpPolicyDraft { link_grace_seconds: Some(1), ..draft("Impatient") })?;
        let guarded = TunnelJumpDraft {
            jump_policy_id: Some(policy.id),
            ..site.draft("guarded", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])
        };
        let guarded = site.admin.post("/api/jump-items", &guarded)?.ok()?;
        let (short, long) = (site.open(&mut helper, &guarded)?.id, site.open_to(&mut helper, "plain", echo.port())?.id);
        for id in [short, long] {
            site.wait_for_session(id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
        }
        network.set_down(true);
        network.cut();
        let began = Instant::now();
        let ended = site.wait_for_session(short, "it ends", |it| it.session.state == SessionState::Ended)?;
        ensure!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        ensure!(ended.session.end == Some(SessionEnd::HelperGone), "{:?}", ended.session);
        // The other one, whose links were cut with it, still waits and comes back.
        site.wait_for_session(long, "it waits", |it| it.session.reconnecting.is_some())?;
        network.set_down(false);
        site.wait_for_session(long, "it is back", |it| it.session.reconnecting.is_none())?;
        ensure!(site.session(long)?.session.state == SessionState::Tunnelling, "{:?}", site.session(long)?.session);
        Ok(())
    })
}
