//! What the console says of bytes and connections, against what the clients counted.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use socket2::SockRef;
use tests::helper::InstalledHelper;
use tests::servers::{BreakingNetwork, Echo, Silent};
use tests::site::on_a_site;
use wire::api::{Connection, Session, SessionDetails};
use wire::stream::EndReason;

/// What one client knows of its connection.
#[derive(Debug, PartialEq)]
struct Counted {
    from: String,
    tunnel: u16,
    sent: u64,
    received: u64,
    end: Option<EndReason>,
}

/// Sends so many bytes to an echo, finishes its direction, and reads to the end.
fn echoed(to: SocketAddr, bytes: u64) -> Result<Counted> {
    let mut stream = TcpStream::connect(to)?;
    let from = stream.local_addr()?.to_string();
    let mut writer = stream.try_clone()?;
    let writing = thread::spawn(move || -> std::io::Result<u64> {
        let sent = std::io::copy(&mut std::io::repeat(7).take(bytes), &mut writer)?;
        writer.shutdown(Shutdown::Write)?;
        Ok(sent)
    });
    let received = std::io::copy(&mut stream, &mut std::io::sink())?;
    let sent = writing.join().map_err(|_| anyhow!("the writer panicked"))??;
    ensure!(sent == bytes && received == bytes, "{sent} bytes were sent and {received} came back");
    Ok(Counted { from, tunnel: 0, sent, received, end: Some(EndReason::Finished) })
}

fn seen(row: &Connection) -> Counted {
    Counted {
        from: row.client_address.clone().unwrap_or_default(),
        tunnel: row.tunnel,
        sent: row.bytes_sent,
        received: row.bytes_received,
        end: row.end,
    }
}

fn check(session: &Session, clients: &[Counted]) -> Result<()> {
    for tunnel in &session.tunnels {
        let of_it = || clients.iter().filter(|it| it.tunnel == tunnel.index);
        let sums = (of_it().map(|it| it.sent).sum::<u64>(), of_it().map(|it| it.received).sum::<u64>());
        ensure!((tunnel.bytes_sent, tunnel.bytes_received) == sums, "{tunnel:?} instead of {sums:?}");
    }
    let sums = (clients.iter().map(|it| it.sent).sum::<u64>(), clients.iter().map(|it| it.received).sum::<u64>());
    ensure!((session.bytes_sent, session.bytes_received) == sums, "{session:?} instead of {sums:?}");
    ensure!(session.connections_total == clients.len() as u64, "{session:?}");
    Ok(())
}

fn check_rows(details: &SessionDetails, clients: &[Counted]) -> Result<()> {
    for client in clients {
        let row = details.connections.iter().map(seen).find(|row| row.from == client.from);
        ensure!(row.as_ref() == Some(client), "{client:?} is shown as {row:?}");
    }
    ensure!(details.connections.len() == clients.len(), "{:?}", details.connections);
    Ok(())
}

#[test]
fn the_console_counts_what_the_clients_count() -> Result<()> {
    on_a_site(|site| {
        let (echo, silent) = (Echo::start()?, Silent::start()?);
        let to = ("127.0.0.1", site.appliance.port()?).to_socket_addrs()?.next().context("no address")?;
        let network = BreakingNetwork::to(to)?;
        let home = site.folder().join("behind");
        let through = network.address().to_string();
        let installed =
            InstalledHelper::install(&site.appliance.ready, &home, &home.join("manifests"), Some(&through))?;
        let mut helper = installed.start(site.folder())?;
        let ports = [(0, echo.port().into()), (0, silent.port().into())];
        let item = site.item("both", "127.0.0.1", "127.0.0.1", &ports)?;
        let open = site.open(&mut helper, &item)?;
        let (to_echo, to_silent) = (open.address(0)?, open.address(1)?);

        // Several at once, each way to its end, while the link breaks in the middle.
        let mut clients = thread::scope(|scope| -> Result<Vec<Counted>> {
            let running: Vec<_> = [1, 1_000, 70_001, 5_000_003, 40_000_000]
                .map(|bytes| scope.spawn(move || echoed(to_echo, bytes)))
                .into();
            for _ in 0..3 {
                thread::sleep(Duration::from_millis(60));
                network.cut();
            }
            running.into_iter().map(|it| it.join().map_err(|_| anyhow!("a client panicked"))?).collect()
        })?;

        // One that is reset by the client, behind bytes that arrived.
        let mut reset = TcpStream::connect(to_silent)?;
        let from = reset.local_addr()?.to_string();
        reset.write_all(&[7; 4_321])?;
        let has_arrived = |it: &SessionDetails| it.connections.iter().map(seen).any(|row| row.sent == 4_321);
        site.wait_for_session(open.id, "the bytes are counted", has_arrived)?;
        SockRef::from(&reset).set_linger(Some(Duration::ZERO))?;
        drop(reset);
        let end = Some(EndReason::ResetByClient);
        clients.push(Counted { from, tunnel: 1, sent: 4_321, received: 0, end });

        // One that stays open over another break, and says more behind it.
        let mut staying = TcpStream::connect(to_silent)?;
        staying.write_all(&[7; 10_000])?;
        network.cut();
        staying.write_all(&[7; 10_000])?;
        let from = staying.local_addr()?.to_string();
        clients.push(Counted { from, tunnel: 1, sent: 20_000, received: 0, end: None });

        let details = site.wait_for_session(open.id, "everything is counted", |it| {
            it.session.reconnecting.is_none()
                && it.session.connections_open == 1
                && it.session.bytes_sent >= clients.iter().map(|client| client.sent).sum()
                && it.connections.iter().all(|row| row.client_address.is_some())
        })?;
        check(&details.session, &clients)?;
        check_rows(&details, &clients)?;
        let opens: Vec<u32> = details.session.tunnels.iter().map(|tunnel| tunnel.connections_open).collect();
        ensure!(opens == [0, 1], "{opens:?}");
        ensure!(details.events.iter().filter(|event| event.kind == "resumed").count() >= 2, "{:?}", details.events);

        // The points of the chart never fall, end where the session stands, and their round trips are those of one machine.
        let measured = site.wait_for_session(open.id, "round trips are measured", |it| {
            let last = it.statistics.last();
            last.is_some_and(|last| {
                last.bytes_sent == it.session.bytes_sent
                    && last.helper_round_trip_micros.is_some()
                    && last.jumpoint_round_trip_micros.is_some()
            })
        })?;
        ensure!(measured.statistics.is_sorted_by_key(|point| (point.bytes_sent, point.bytes_received)));
        ensure!(measured.statistics.is_sorted_by_key(|point| point.at));
        for point in &measured.statistics {
            for micros in [point.helper_round_trip_micros, point.jumpoint_round_trip_micros].into_iter().flatten() {
                ensure!((1..2_000_000).contains(&micros), "{point:?}");
            }
        }

        // What is written down is the same.
        if let Some(last) = clients.last_mut() {
            last.end = Some(EndReason::SessionEnded);
        }
        site.admin.send("POST", &format!("/api/sessions/{}/end", open.id), None)?.success()?;
        ensure!(staying.read(&mut [0; 1]).is_err(), "it ends with a reset");
        let kept = site.session(open.id)?;
        check(&kept.session, &clients)?;
        check_rows(&kept, &clients)
    })
}
