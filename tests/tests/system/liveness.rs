//! A peer that vanishes while bytes flow: nothing closes, nothing answers, the link is full.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::Signal;
use tests::servers::Gauge;
use tests::site::{Site, on_a_site_with};
use tests::wait;
use wire::SessionId;
use wire::api::{SessionDetails, SessionEnd, SessionState};

/// Silence for 15 s is an end. The rest is for a busy machine.
const SILENCE_NOTICED: Duration = Duration::from_secs(40);
/// Enough to fill the kernel's buffers on the way.
const CLIENTS: usize = 24;

#[test]
fn a_helper_that_falls_silent_under_load_is_noticed() -> Result<()> {
    on_a_site_with("[sessions]\nresume_grace_seconds = 1\n", |site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        let clients = keep_fetching(open.address(0)?);
        wait_for_bytes(site, open.id)?;
        helper.program.signal(Signal::STOP);
        let ended = wait_for_end(site, open.id);
        helper.program.signal(Signal::CONT);
        let ended = ended?;
        ensure!(ended.session.end == Some(SessionEnd::HelperGone), "{:?}", ended.session);
        end_of(clients)
    })
}

#[test]
fn a_jumpoint_that_falls_silent_under_load_is_noticed() -> Result<()> {
    on_a_site_with("[sessions]\nresume_grace_seconds = 1\n", |site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        let clients = keep_sending(open.address(0)?);
        wait_for_bytes(site, open.id)?;
        site.jumpoint.program.signal(Signal::STOP);
        let ended = wait_for_end(site, open.id);
        site.jumpoint.program.signal(Signal::CONT);
        let ended = ended?;
        ensure!(ended.session.end == Some(SessionEnd::JumpointGone), "{:?}", ended.session);
        end_of(clients)
    })
}

/// Clients that read as fast as they can, until their connections end.
fn keep_fetching(from: SocketAddr) -> Vec<JoinHandle<()>> {
    keep(move || {
        let mut stream = TcpStream::connect(from)?;
        stream.write_all(b"d")?;
        stream.write_all(&u64::MAX.to_be_bytes())?;
        std::io::copy(&mut stream, &mut std::io::sink())
    })
}

/// Clients that write as fast as they can, until their connections end.
fn keep_sending(to: SocketAddr) -> Vec<JoinHandle<()>> {
    keep(move || {
        let mut stream = TcpStream::connect(to)?;
        stream.write_all(b"u")?;
        std::io::copy(&mut std::io::repeat(7), &mut stream)
    })
}

fn keep(client: impl Fn() -> std::io::Result<u64> + Clone + Send + 'static) -> Vec<JoinHandle<()>> {
    let clients = (0..CLIENTS).map(|_| {
        let client = client.clone();
        // It is the end of the connection that ends it.
        thread::spawn(move || drop(client()))
    });
    clients.collect()
}

fn end_of(clients: Vec<JoinHandle<()>>) -> Result<()> {
    clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow!("a client panicked")))
}

fn wait_for_bytes(site: &Site, id: SessionId) -> Result<()> {
    site.wait_for_session(id, "bytes flow", |it| it.session.bytes_sent + it.session.bytes_received > 16 << 20)?;
    Ok(())
}

fn wait_for_end(site: &Site, id: SessionId) -> Result<SessionDetails> {
    let is_over = |it: &SessionDetails| it.session.state == SessionState::Ended;
    wait::until("the silence is noticed", SILENCE_NOTICED, || Ok(Some(site.session(id)?).filter(is_over)))
        .with_context(|| format!("the session is {:#?}", site.session(id).ok()))
}
