//! Addresses and ports on the workstation.

use std::fs::File;
use std::net::TcpListener;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tests::program::run_to_end;
use tests::servers::{Echo, free_port};
use tests::site::on_a_site;
use tests::wait::SOON;
use wire::helper_messages::{HelperReply, HelperRequest, ListenProblem};
use wire::stream::EndReason;

#[test]
fn a_taken_port_is_told_with_the_program_that_has_it() -> Result<()> {
    on_a_site(|site| {
        let taken = TcpListener::bind("127.21.0.1:0")?;
        let port = taken.local_addr()?.port();
        let mut helper = site.start_helper()?;
        let item = site.item("taken", "127.0.0.1", "127.21.0.1", &[(port.into(), 7)])?;
        let open = site.open(&mut helper, &item)?;
        let problem = open.local.tunnels[0].problem.clone().context("the port is taken, yet nothing was said")?;
        let ListenProblem::PortTaken { port: said, program, pid, .. } = &problem else { bail!("{problem:?}") };
        ensure!(*said == port && *pid == Some(std::process::id()) && program.is_some(), "{problem:?}");
        ensure!(problem.message().contains(&port.to_string()));
        site.wait_for_session(open.id, "the console knows", |it| it.session.tunnels[0].problem.is_some())?;

        drop(taken);
        let reply = helper.request(HelperRequest::RetryListening { session_id: open.id })?;
        let HelperReply::Session { session } = reply else { bail!("{reply:?}") };
        ensure!(session.tunnels[0].listening.is_some(), "{session:?}");
        site.wait_for_session(open.id, "the console knows", |it| it.session.tunnels[0].listening.is_some())?;
        Ok(())
    })
}

#[test]
fn two_sessions_do_not_share_an_address_and_port() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let port = free_port()?;
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.21.0.2", &[(port.into(), echo.port().into())])?;
        let first = site.open(&mut helper, &item)?;
        first.address(0)?;
        let second = site.open(&mut helper, &item)?;
        match &second.local.tunnels[0].problem {
            Some(ListenProblem::TakenBySession { session_id, .. }) if *session_id == first.id => Ok(()),
            other => bail!("{other:?}"),
        }
    })
}

#[test]
fn automatic_ports_are_different_ones() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let pairs = [(0, echo.port().into()), (0, echo.port().into())];
        let item = site.item("echo", "127.0.0.1", "127.21.0.3", &pairs)?;
        let open = site.open(&mut helper, &item)?;
        let (first, second) = (open.address(0)?, open.address(1)?);
        ensure!(first.ip().to_string() == "127.21.0.3" && first.port() != second.port());
        ensure!(first.port() >= 1024 && second.port() >= 1024);
        Ok(())
    })
}

#[test]
fn a_port_below_1024_is_refused_in_words_and_the_others_listen() -> Result<()> {
    const LOW: u16 = 443;
    on_a_site(|site| {
        let first_free: u16 =
            std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start")?.trim().parse()?;
        let echo = Echo::start()?;
        let mut helper = site.install_helper("workstation")?.start_unprivileged(site.folder())?;
        let pairs = [(LOW.into(), echo.port().into()), (0, echo.port().into())];
        let item = site.item("web", "127.0.0.1", "127.21.0.4", &pairs)?;
        let open = site.open(&mut helper, &item)?;
        open.address(1)?;
        let told = &open.local.tunnels[0];
        if LOW >= first_free {
            ensure!(told.listening.is_some(), "this system lets everybody have port {LOW}: {told:?}");
            return Ok(());
        }
        let problem = told.problem.clone().context("nothing was said")?;
        ensure!(problem == ListenProblem::PortNeedsPrivilege { port: LOW }, "{problem:?}");
        ensure!(problem.message().contains("443") && problem.message().contains("1024"), "{}", problem.message());
        site.wait_for_session(open.id, "the console knows", |it| it.session.tunnels[0].problem.is_some())?;
        Ok(())
    })
}

#[test]
fn another_user_of_the_workstation_does_not_reach_a_tunnel() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return Ok(());
    }
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        let address = open.address(0)?;
        let say = |user: &str| -> Result<String> {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
            // It sends, and waits for the answer until the other side ends.
            command.args(["nc", "-N", "-w", "5", &address.ip().to_string(), &address.port().to_string()]);
            let words = site.folder().join("words");
            std::fs::write(&words, "hello")?;
            command.stdin(File::open(&words)?);
            Ok(run_to_end(&mut command, SOON)?.stdout)
        };
        ensure!(say("65534")?.is_empty(), "another user got an answer");
        let details = site.wait_for_session(open.id, "the record says who tried", |it| {
            it.connections.iter().any(|row| row.end == Some(EndReason::AnotherUser))
        })?;
        let row = &details.connections[0];
        let who = row.client_program.as_deref().unwrap_or_default();
        ensure!(who.contains("another user") && who.contains("65534"), "{row:?}");
        ensure!(row.bytes_sent == 0 && !row.established, "{row:?}");
        ensure!(say("0")? == "hello", "our own user got no answer");
        Ok(())
    })
}
