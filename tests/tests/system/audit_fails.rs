//! The audit trail cannot be written while sessions run: those that are captured end, the others go on, and none begins.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::appliance::Options;
use tests::servers::{Echo, Postgres};
use tests::site::{Site, on_a_site_started};
use tests::wait::{self, SOON};
use wire::api::{NewSession, Session, SessionEnd, SessionState};

use crate::captures::{capture, completed, downloaded, followed};
use crate::recordings_disk_full::Mount;

fn echoed(connection: &mut TcpStream) -> Result<()> {
    connection.set_read_timeout(Some(SOON))?;
    connection.write_all(b"x")?;
    connection.read_exact(&mut [0])?;
    Ok(())
}

/// `fails` makes that nothing can be written, `mends` that it can again.
fn captured_ends_and_others_go_on(
    site: &Site,
    fails: impl FnOnce() -> Result<()>,
    mends: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let echo = Echo::start()?;
    let plain = site.item("plain", "127.0.0.1", "127.0.0.1", &[(0, echo.port().into())])?;
    let captured = site.item("captured", "127.0.0.1", "127.0.0.2", &[(0, echo.port().into())])?;
    let captured = capture(site, captured, json!({ "max_mebibytes": 100 }))?;
    let mut helper = site.start_helper()?;
    let begins = NewSession::of(plain.id);
    let (plain, captured) = (site.open(&mut helper, &plain)?, site.open(&mut helper, &captured)?);
    let (mut of_plain, mut of_captured) =
        (TcpStream::connect(plain.address(0)?)?, TcpStream::connect(captured.address(0)?)?);
    echoed(&mut of_plain)?;
    echoed(&mut of_captured)?;

    fails()?;
    wait::until_true("the captured connection is cut", SOON * 3, || Ok(echoed(&mut of_captured).is_err()))?;
    echoed(&mut of_plain).context("the session that needs nothing is cut")?;
    site.admin.post("/api/sessions", &begins)?.refused(503)?;

    mends()?;
    wait::until_true("sessions begin again", SOON, || Ok(site.admin.post("/api/sessions", &begins)?.status < 300))?;
    // Each connection to the database sees what is new.
    for _ in 0..20 {
        let session: Session = site.admin.post("/api/sessions", &begins)?.ok()?;
        site.admin.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
        ensure!(site.session(session.id)?.session.state == SessionState::Ended);
    }
    let over =
        site.wait_for_session(captured.id, "its end is written", |it| it.session.state == SessionState::Ended)?;
    ensure!(over.session.end == Some(SessionEnd::NotAudited), "{:?}", over.session);
    ensure!(over.session.end_message.is_some_and(|it| it.contains("audit trail")));
    ensure!(site.session(plain.id)?.session.state == SessionState::Tunnelling);
    echoed(&mut of_plain)?;
    // All that went through is there.
    let (client, target) = followed(&downloaded(site, &completed(site, captured.id)?)?, 0)?;
    ensure!(!client.is_empty() && client == target, "{} and {} bytes", client.len(), target.len());
    Ok(())
}

#[test]
fn a_full_disk_below_the_database_ends_what_is_captured() -> Result<()> {
    if tests::database::is_on_a_server()? {
        eprintln!("not run: this is about the files of the embedded database");
        return Ok(());
    }
    // The database alone has no room: recordings have disks of their own.
    let mounted = std::cell::RefCell::new(None);
    let prepare = |options: Options| {
        *mounted.borrow_mut() = Some((|| {
            let data = Mount::with(&options.data, 32)?;
            let others =
                [Mount::on(&options.data.join("recordings-incoming"))?, Mount::on(&options.data.join("recordings"))?];
            Ok::<_, anyhow::Error>((others, data))
        })());
        options
    };
    on_a_site_started(prepare, |site| {
        let (_others, data) = mounted.take().context("it was not mounted")??;
        let filler = std::cell::OnceCell::new();
        let fill = || {
            let _ = filler.set(data.fill()?);
            Ok(())
        };
        let empty = || Ok(std::fs::remove_file(filler.get().context("it is full")?)?);
        captured_ends_and_others_go_on(site, fill, empty)?;
        site.appliance.program.stop()?;
        Ok(())
    })
}

#[test]
fn a_database_server_that_is_away_ends_what_is_captured() -> Result<()> {
    let server = std::cell::RefCell::new(Postgres::start()?);
    let url = server.borrow().url("app");
    on_a_site_started(
        |options| Options { database: Some(url), ..options },
        |site| {
            captured_ends_and_others_go_on(site, || server.borrow_mut().stop(), || server.borrow_mut().start_again())
        },
    )
}
