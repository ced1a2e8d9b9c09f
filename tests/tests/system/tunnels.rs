//! Bytes through a tunnel: volume, many connections at once, half close.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use tests::servers::{Echo, Gauge, Silent};
use tests::site::on_a_site;
use tests::wait::{self, SOON};
use wire::limits::CONNECTIONS_PER_SESSION;
use wire::stream::EndReason;

/// Enough to fill every window many times; the whole GiB each way is an end-to-end test.
const VOLUME: u64 = 64 << 20;

/// How long a volume may take on a busy machine.
const VOLUME_LIMIT: Duration = Duration::from_secs(300);

#[test]
fn volume_arrives_whole_each_way() -> Result<()> {
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        Gauge::send_to(open.address(0)?, VOLUME)?;
        Gauge::fetch_from(open.address(0)?, VOLUME)?;
        Ok(())
    })
}

fn connect(to: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(to).with_context(|| format!("connecting to {to}"))?;
    stream.set_read_timeout(Some(VOLUME_LIMIT))?;
    stream.set_write_timeout(Some(VOLUME_LIMIT))?;
    Ok(stream)
}

#[test]
fn as_many_connections_as_allowed_at_once_and_not_one_more() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        let address = open.address(0)?;

        let mut streams = Vec::new();
        for number in 0..CONNECTIONS_PER_SESSION {
            let mut stream = connect(address)?;
            stream.write_all(&(number as u64).to_be_bytes())?;
            streams.push(stream);
        }
        // All of them work at the same time, each with its own bytes.
        let talks: Vec<_> = streams
            .into_iter()
            .enumerate()
            .map(|(number, stream)| thread::spawn(move || talk(stream, number as u64)))
            .collect();
        let streams: Vec<TcpStream> = talks
            .into_iter()
            .map(|talk| talk.join().map_err(|_| anyhow!("a connection's thread panicked"))?)
            .collect::<Result<_>>()?;
        site.wait_for_session(open.id, "all are open", |it| {
            it.session.connections_open as usize == CONNECTIONS_PER_SESSION
        })?;

        let mut refused = connect(address)?;
        refused.set_read_timeout(Some(SOON))?;
        ensure!(!matches!(refused.read(&mut [0; 1]), Ok(1..)), "connection 257 got an answer");
        let details = site.wait_for_session(open.id, "the refusal is told", |it| {
            it.connections.iter().any(|connection| connection.end == Some(EndReason::Limit))
        })?;
        let row = details.connections.iter().find(|connection| connection.end == Some(EndReason::Limit));
        ensure!(row.is_some_and(|row| row.end_message.contains("256")), "{row:?}");

        // One ends, one more fits.
        let mut streams = streams.into_iter();
        drop(streams.next());
        site.wait_for_session(open.id, "one has ended", |it| {
            (it.session.connections_open as usize) < CONNECTIONS_PER_SESSION
        })?;
        talk(with_number(connect(address)?, 999)?, 999)?;
        Ok(())
    })
}

fn with_number(mut stream: TcpStream, number: u64) -> Result<TcpStream> {
    stream.write_all(&number.to_be_bytes())?;
    Ok(stream)
}

/// Expects its number back, then sends 100 KiB of its own and expects them back.
fn talk(mut stream: TcpStream, number: u64) -> Result<TcpStream> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).with_context(|| format!("connection {number}"))?;
    ensure!(u64::from_be_bytes(answer) == number, "connection {number} got the bytes of another");
    let bytes: Vec<u8> = number.to_le_bytes().iter().copied().cycle().take(100 * 1024).collect();
    let mut writer = stream.try_clone()?;
    let sent = bytes.clone();
    let writing = thread::spawn(move || writer.write_all(&sent));
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).with_context(|| format!("connection {number}"))?;
    writing.join().map_err(|_| anyhow!("the writer panicked"))??;
    ensure!(answer == bytes, "connection {number} got other bytes than it sent");
    Ok(stream)
}

#[test]
fn a_half_closed_connection_gets_its_answer() -> Result<()> {
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        // The gauge answers only once the client has finished.
        for count in [0, 1, 100_000] {
            Gauge::send_to(open.address(0)?, count)?;
        }
        Ok(())
    })
}

#[test]
fn a_client_that_goes_away_frees_its_target() -> Result<()> {
    on_a_site(|site| {
        let silent = Silent::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "silent", silent.port())?;
        let streams: Vec<TcpStream> = (0..10).map(|_| connect(open.address(0)?)).collect::<Result<_>>()?;
        wait::until_true("the target has ten connections", SOON, || Ok(silent.open() == 10))?;
        drop(streams);
        wait::until_true("the target has none", SOON, || Ok(silent.open() == 0))
    })
}

#[test]
fn a_reader_that_stalls_holds_up_nobody_else() -> Result<()> {
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        let mut stalled = connect(open.address(0)?)?;
        stalled.write_all(b"d")?;
        stalled.write_all(&VOLUME.to_be_bytes())?;
        // It never reads; the others do not notice.
        for _ in 0..3 {
            Gauge::fetch_from(open.address(0)?, 8 << 20)?;
            Gauge::send_to(open.address(0)?, 8 << 20)?;
        }
        // When it reads at last, nothing is missing.
        let (received, _) = Gauge::hash(&mut stalled)?;
        ensure!(received == VOLUME, "{received} of {VOLUME}");
        Ok(())
    })
}

#[test]
fn two_items_use_the_same_remote_port_at_two_local_addresses() -> Result<()> {
    on_a_site(|site| {
        let (first, second) = (Echo::start()?, Gauge::start()?);
        let port = tests::servers::free_port()?;
        let mut helper = site.start_helper()?;
        let a = site.item("a", "127.0.0.1", "127.20.0.1", &[(port.into(), first.port().into())])?;
        let b = site.item("b", "127.0.0.1", "127.20.0.2", &[(port.into(), second.port().into())])?;
        let (a, b) = (site.open(&mut helper, &a)?, site.open(&mut helper, &b)?);
        ensure!(a.address(0)? != b.address(0)? && a.address(0)?.port() == b.address(0)?.port());
        talk(with_number(connect(a.address(0)?)?, 1)?, 1)?;
        Gauge::send_to(b.address(0)?, 1000)
    })
}
