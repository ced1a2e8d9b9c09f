//! The database on a PostgreSQL server: starts that fail, its restart, one appliance at a time, TLS.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use tests::appliance::{Appliance, Options};
use tests::certificates::Certificates;
use tests::program::Program;
use tests::servers::{BreakingNetwork, Echo, Postgres, find_program, free_port, postgres_folders};
use tests::site::{Site, on_a_site_started};
use tests::{database, wait, workspace};
use wire::api::{JumpItem, SessionState};

use crate::metrics::scrape;
use crate::resume;

/// The lock by which an appliance claims its database, as others see it.
const CLAIM: &str = "1398893676, 0";

fn on(url: &str, data: &Path) -> Options {
    Options { database: Some(url.to_owned()), ..Options::new(data) }
}

/// What an appliance says that does not start on this database. No password may be in it.
fn refusal(url: &str, password: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let started = Appliance::start(on(url, &folder.path().join("data")), folder.path());
    let said = format!("{:#}", started.err().context("it starts")?);
    ensure!(!said.contains(password), "the password is in it: {said}");
    Ok(said)
}

#[test]
fn a_database_that_cannot_be_used_is_told_with_what_to_do() -> Result<()> {
    let server = database::server()?;
    let (guest, secret) = (format!("guest_{}", std::process::id()), "geheim");
    server.ask(&format!("create role {guest} login password '{secret}'"))?;
    let closed = server.fresh_database()?.rsplit_once('/').context("a URL")?.1.to_owned();
    let latin = format!("latin_{}", std::process::id());
    server.ask(&format!(
        "create database {latin} template template0 encoding 'LATIN1' locale_provider libc locale 'C'"
    ))?;
    let nobody = format!("postgres://app:{secret}@127.0.0.1:{}/app", free_port()?);
    for (url, told) in [
        (nobody.as_str(), "cannot be reached"),
        (&server.url_of("app", secret, "app"), "does not let app in"),
        (&server.url_of(&guest, secret, "nowhere"), "createdb --owner"),
        (&server.url_of(&guest, secret, &closed), "may not make tables"),
        (&server.url(&latin), "--encoding UTF8"),
        (&format!("postgres://app:{secret}@db.example.org/app?sslmode=require"), "verify-full"),
        (&format!("{}?sslmode=verify-full", server.url("app")), "ssl = on"),
        (&format!("mysql://app:{secret}@127.0.0.1/app"), "postgres://NAME:PASSWORD@HOST"),
    ] {
        let said = refusal(url, secret)?;
        ensure!(said.contains(told), "{told}: {said}");
    }
    server.ask(&format!("alter database {closed} owner to {guest}"))?;
    let folder = tempfile::tempdir()?;
    Appliance::start(on(&server.url_of(&guest, secret, &closed), &folder.path().join("data")), folder.path())?;
    Ok(())
}

#[test]
fn the_url_comes_from_a_file_that_is_closed_to_others() -> Result<()> {
    let url = database::server()?.fresh_database()?;
    let folder = tempfile::tempdir()?;
    let (config, file) = (folder.path().join("sallyport.toml"), folder.path().join("database-url"));
    std::fs::write(&file, format!("{url}\n"))?;
    std::fs::write(&config, format!("[database]\nurl_file = \"{}\"\n", file.display()))?;
    let start = |mode: u32| -> Result<Program> {
        std::fs::set_permissions(&file, Permissions::from_mode(mode))?;
        let mut command = Command::new(workspace::program("sallyport")?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(&config);
        command.arg("--data-dir").arg(folder.path().join("data")).arg("--ready-file").arg(folder.path().join("ready"));
        Program::start("appliance", command.stdin(Stdio::null()), folder.path())
    };
    let mut refused = start(0o644)?;
    ensure!(!refused.wait(wait::SOON)?.success() && refused.log().contains("chmod o="), "{}", refused.log());
    let mut appliance = start(0o600)?;
    tests::appliance::wait_until_ready(&mut appliance, &folder.path().join("ready"), wait::SOON * 3)?;
    ensure!(!folder.path().join("data/sallyport.db").exists(), "there is an embedded database too");
    ensure!(!appliance.log().contains("password%20of"), "the log holds the password");
    Ok(())
}

/// Sends a byte there and back, again and again, until `over`; counts in `turns`. The longest turn comes out.
fn to_and_fro(to: SocketAddr, turns: &AtomicUsize, over: &AtomicBool) -> Result<Duration> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(wait::SOON))?;
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        stream.write_all(b"x")?;
        stream.read_exact(&mut [0])?;
        longest = longest.max(began.elapsed());
        turns.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(longest)
}

#[test]
fn tunnels_go_on_while_the_database_is_away_and_what_happened_is_written_down_then() -> Result<()> {
    let mut server = Postgres::start()?;
    let url = server.url("app");
    on_a_site_started(
        |options| Options { database: Some(url), ..options },
        |site| {
            let echo = Echo::start()?;
            let mut helper = site.start_helper()?;
            let open = site.open_to(&mut helper, "echo", echo.port())?;
            site.wait_for_session(open.id, "it tunnels", |it| it.session.state == SessionState::Tunnelling)?;
            let to = open.address(0)?;
            let (turns, over) = (AtomicUsize::new(0), AtomicBool::new(false));
            let longest = std::thread::scope(|scope| {
                let moving = scope.spawn(|| to_and_fro(to, &turns, &over));
                let away = while_it_is_away(site, &mut server, to, &turns);
                over.store(true, Ordering::Relaxed);
                away.and(moving.join().map_err(|_| anyhow!("it panicked"))?)
            })?;
            ensure!(longest < Duration::from_millis(500), "a byte waited {longest:?}");
            // The connection of the time without a database, and the one that lasted.
            let written = site.wait_for_session(open.id, "both connections are written down", |it| {
                it.connections.len() == 2 && it.connections.iter().all(|it| it.closed_at.is_some())
            })?;
            ensure!(written.session.state == SessionState::Tunnelling, "{written:?}");
            site.admin.send("POST", &format!("/api/sessions/{}/end", open.id), None)?.success()?;
            site.wait_for_session(open.id, "it is over", |it| it.session.state == SessionState::Ended)?;
            wait::until_true("the database is claimed again", wait::SOON, || {
                Ok(site.appliance.program.log().contains("claimed again"))
            })
        },
    )
}

fn while_it_is_away(site: &Site, server: &mut Postgres, tunnel: SocketAddr, turns: &AtomicUsize) -> Result<()> {
    let stranger = site.admin.stranger();
    server.stop()?;
    let before = turns.load(Ordering::Relaxed);
    let sick = stranger.send("GET", "/healthz", None)?.refused(503)?;
    ensure!(sick.code == "database_unreachable" && !sick.next_step.is_empty(), "{sick:?}");
    site.admin.send("GET", "/api/jump-items", None)?.refused(503)?;
    let mut late = TcpStream::connect(tunnel)?;
    late.set_read_timeout(Some(wait::SOON))?;
    late.write_all(b"late")?;
    late.read_exact(&mut [0; 4])?;
    drop(late);
    wait::until_true("bytes go on", wait::SOON, || Ok(turns.load(Ordering::Relaxed) > before + 300))?;
    stranger.send("GET", "/healthz", None)?.refused(503)?;
    let failures = scrape(site)?.value("sallyport_database_failures_total", &[("reason", "unreachable")]);
    ensure!(failures >= 2.0, "{failures}");
    server.start_again()?;
    wait::until_true("the appliance is well again", wait::SOON, || {
        Ok(stranger.send("GET", "/healthz", None)?.status == 200)
    })?;
    let items: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
    ensure!(items.len() == 1, "{items:?}");
    Ok(())
}

#[test]
fn a_helper_whose_link_breaks_while_the_database_is_away_comes_back() -> Result<()> {
    let mut server = Postgres::start()?;
    let url = server.url("app");
    on_a_site_started(
        |options| Options { database: Some(url), ..options },
        |site| {
            let network = BreakingNetwork::to(resume::appliance(site)?)?;
            let echo = Echo::start()?;
            let mut helper = resume::helper_behind(site, &network)?;
            let open = site.open_to(&mut helper, "echo", echo.port())?;
            let mut client = TcpStream::connect(open.address(0)?)?;
            client.set_read_timeout(Some(wait::SOON * 2))?;
            client.write_all(b"before")?;
            client.read_exact(&mut [0; 6])?;
            server.stop()?;
            network.cut();
            wait::until_true("the appliance cannot look its user up", wait::SOON, || {
                Ok(site.appliance.program.log().contains("a user could not be looked up"))
            })?;
            server.start_again()?;
            client.write_all(b"after")?;
            client.read_exact(&mut [0; 5])?;
            let goes_on = site.wait_for_session(open.id, "it goes on", |it| it.session.reconnecting.is_none())?;
            ensure!(goes_on.session.state == SessionState::Tunnelling, "{goes_on:?}");
            Ok(())
        },
    )
}

#[test]
fn one_database_is_one_appliance_s() -> Result<()> {
    let server = database::server()?;
    let url = server.fresh_database()?;
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let options = |at: usize| on(&url, &folders[at].path().join("data"));
    let mut first = Appliance::start(options(0), folders[0].path())?;
    let refused = |what: &str| -> Result<()> {
        let second = Appliance::start(options(1), folders[1].path());
        let said = format!("{:#}", second.err().with_context(|| format!("two appliances: {what}"))?);
        ensure!(said.contains("another appliance") && said.contains("127.0.0.1"), "{said}");
        Ok(())
    };
    refused("from the beginning")?;
    // Its connection breaks, and it takes the lock again.
    let name = url.rsplit_once('/').context("a URL")?.1;
    let break_it = format!(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted \
         and (classid::int8, objid::int8) = ({CLAIM}) and database = (select oid from pg_database where datname = '{name}')"
    );
    server.ask(&break_it)?;
    wait::until_true("it is claimed again", wait::SOON, || Ok(first.program.log().contains("claimed again")))?;
    refused("after the connection broke")?;
    // It dies, and leaves nothing behind that would keep another one away.
    first.program.kill()?;
    let mut second = Appliance::start(options(1), folders[1].path())?;
    // Somebody else is faster: whoever has lost the database stops.
    let mut psql = Command::new(find_program("psql", &postgres_folders())?);
    psql.args(["-X", "-q", &url, "-c", &break_it, "-c", &format!("select pg_advisory_lock({CLAIM})"), "-c"]);
    let faster = Program::start("psql", psql.arg("select pg_sleep(60)").stdin(Stdio::null()), folders[1].path())?;
    let status = second.program.wait(wait::SOON * 2)?;
    ensure!(!status.success() && second.program.log().contains("another appliance"), "{}", second.program.log());
    drop(faster);
    Ok(())
}

#[test]
fn a_server_elsewhere_has_to_prove_who_it_is() -> Result<()> {
    let certificates = Certificates::for_name("db.example.org")?;
    let server = Postgres::start_with_tls(&certificates)?;
    let folder = tempfile::tempdir()?;
    let authority = |name: &str, pem: &str| -> Result<String> {
        let file = folder.path().join(name);
        std::fs::write(&file, pem)?;
        Ok(file.display().to_string())
    };
    let right = authority("right.pem", &certificates.authority)?;
    let wrong = authority("wrong.pem", &Certificates::for_name("db.example.org")?.authority)?;
    let url = |authority: &str| format!("{}?sslmode=verify-full&sslrootcert={authority}", server.url("app"));
    let said = refusal(&url(&wrong), &server.password)?;
    ensure!(said.contains("not issued by the certificate authority"), "{said}");
    let said = refusal(&url(&right).replace("127.0.0.1", "localhost"), &server.password)?;
    ensure!(said.contains("another host name"), "{said}");
    let appliance = Appliance::start(on(&url(&right), &folder.path().join("data")), folder.path())?;
    let secured = "select count(*) filter (where ssl), count(*) from pg_stat_ssl join pg_stat_activity using (pid) \
                   where application_name = 'sallyport'";
    let counted = server.ask(secured)?;
    let (with, all) = counted.split_once('|').context("two numbers")?;
    ensure!(with == all && with != "0", "{counted}");
    drop(appliance);
    Ok(())
}
