//! What the appliance counts of itself, against what the clients know.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tests::helper::InstalledHelper;
use tests::metrics::Metrics;
use tests::servers::{BreakingNetwork, Gauge, find_program, free_port};
use tests::site::{Site, on_a_site};
use tests::wait;
use wire::api::{JumpointChange, NewSession, SessionState};
use wire::helper_messages::HelperRequest;

const UP: u64 = 3_000_000;
const DOWN: u64 = 5_000_000;

fn token(site: &Site) -> Result<String> {
    Ok(std::fs::read_to_string(site.folder().join("appliance/metrics-token"))?.trim().to_owned())
}

fn text(site: &Site) -> Result<String> {
    let bearer = format!("Bearer {}", token(site)?);
    let answer = site.admin.stranger().send_with("GET", "/metrics", None, &[("authorization", &bearer)])?;
    answer.success()?;
    ensure!(answer.header("content-type").starts_with("text/plain; version=0.0.4"), "{answer:?}");
    Ok(answer.text())
}

pub(crate) fn scrape(site: &Site) -> Result<Metrics> {
    let text = text(site)?;
    Metrics::parse(&text).context(text)
}

#[test]
fn only_whoever_has_the_token_reads_the_metrics() -> Result<()> {
    on_a_site(|site| {
        let file = site.folder().join("appliance/metrics-token");
        ensure!(file.metadata()?.permissions().mode() & 0o777 == 0o600);
        scrape(site)?;
        let refused = |headers: &[(&str, &str)]| -> Result<()> {
            // Neither a sign-in nor an address of this machine is enough: a reverse proxy has both.
            let refusal = site.admin.send_with("GET", "/metrics", None, headers)?.refused(401)?;
            ensure!(refusal.code == "no_metrics_token" && !refusal.next_step.is_empty(), "{refusal:?}");
            Ok(())
        };
        refused(&[])?;
        refused(&[("authorization", "Bearer guess")])?;
        refused(&[("authorization", &format!("Basic {}", token(site)?))])?;
        refused(&[("x-forwarded-for", "127.0.0.1")])
    })
}

#[test]
fn the_figures_are_what_the_clients_counted() -> Result<()> {
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let to = ("127.0.0.1", site.appliance.port()?).to_socket_addrs()?.next().context("no address")?;
        let network = BreakingNetwork::to(to)?;
        let home = site.folder().join("behind");
        let through = network.address().to_string();
        let installed =
            InstalledHelper::install(&site.appliance.ready, &home, &home.join("manifests"), Some(&through))?;
        let mut helper = installed.start(site.folder())?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        let refusing = site.open_to(&mut helper, "refusing", free_port()?)?;
        for address in [open.address(0)?, open.address(0)?] {
            Gauge::send_to(address, UP)?;
            Gauge::fetch_from(address, DOWN)?;
        }
        network.cut();
        let resumed = |it: &wire::api::SessionDetails| it.events.iter().any(|event| event.kind == "resumed");
        for id in [open.id, refusing.id] {
            site.wait_for_session(id, "it goes on", resumed)?;
        }
        Gauge::fetch_from(open.address(0)?, DOWN)?;
        let mut refused = TcpStream::connect(refusing.address(0)?)?;
        ensure!(refused.read(&mut [0; 1]).is_err(), "nobody listens there");
        let mut silent = TcpStream::connect(open.address(0)?)?;
        silent.write_all(b"u")?;
        // A letter says which way, eight bytes say how much; the answer to an upload has a count and a hash.
        let (sent, received) = (2 * (UP + 1) + 3 * 9 + 1, 3 * DOWN + 2 * 40);
        let is_counted = |seen: &Metrics| {
            seen.value("sallyport_bytes_total", &[("from", "workstation")]) == sent as f64
                && seen.sum("sallyport_connections_ended_total") == 6.0
        };
        let seen = wait::until("the last byte is counted", wait::SOON, || Ok(Some(scrape(site)?).filter(&is_counted)))
            .with_context(|| format!("{:?}", scrape(site)))?;
        ensure!(seen.value("sallyport_bytes_total", &[("from", "target")]) == received as f64, "{seen:?}");
        ensure!(seen.value("sallyport_connections_opened_total", &[]) == 7.0, "{seen:?}");
        let ended = |reason| seen.value("sallyport_connections_ended_total", &[("reason", reason)]);
        ensure!(ended("finished") == 5.0 && ended("refused") == 1.0, "{seen:?}");
        ensure!(seen.value("sallyport_connections_open", &[]) == 1.0, "{seen:?}");
        ensure!(seen.value("sallyport_sessions", &[("state", "tunnelling")]) == 2.0, "{seen:?}");
        ensure!(seen.value("sallyport_sessions_started_total", &[]) == 2.0, "{seen:?}");
        ensure!(seen.value("sallyport_links_lost_total", &[("side", "helper")]) == 2.0, "{seen:?}");
        ensure!(seen.value("sallyport_resumes_total", &[]) == 2.0, "{seen:?}");
        ensure!(seen.value("sallyport_nodes_online", &[("jumpoint", "ams-1")]) == 1.0, "{seen:?}");
        for link in ["helper", "jumpoint", "control"] {
            ensure!(
                seen.value("sallyport_link_round_trip_seconds_count", &[("link", link)]) >= 1.0,
                "{link}: {seen:?}"
            );
        }
        ensure!(seen.sum("sallyport_build_info") == 1.0 && seen.sum("sallyport_relay_waiting_messages") <= 4.0);

        // What is over stays counted.
        for id in [open.id, refusing.id] {
            site.admin.send("POST", &format!("/api/sessions/{id}/end"), None)?.success()?;
        }
        let after = scrape(site)?;
        ensure!(after.value("sallyport_bytes_total", &[("from", "target")]) == received as f64, "{after:?}");
        ensure!(after.value("sallyport_sessions_ended_total", &[("reason", "by_user")]) == 2.0, "{after:?}");
        ensure!(after.value("sallyport_connections_ended_total", &[("reason", "session_ended")]) == 1.0, "{after:?}");
        ensure!(after.sum("sallyport_sessions") == 0.0 && after.sum("sallyport_connections_open") == 0.0, "{after:?}");
        Ok(())
    })
}

#[test]
fn refusals_are_counted_by_reason_and_name_nobody() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("gauge", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let mut helper = site.start_helper()?;
        let session = site.jump(&item)?;
        let ticket = wire::SecretText::new("made up".into());
        helper.request(HelperRequest::OpenTunnels { session_id: session.id, ticket })?;
        site.admin.stranger().try_sign_in("mallory-was-here", "not the password at all")?.refused(401)?;
        let off = JumpointChange { enabled: Some(false), ..JumpointChange::default() };
        site.admin.patch(&format!("/api/jumpoints/{}", site.jumpoint.id), &off)?.success()?;
        site.wait_for_session(session.id, "it ends", |it| it.session.state == SessionState::Ended)?;
        site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        ensure!(tests::jumpoint::enrol("sp1.bm90IGEga2V5", None, &site.folder().join("x")).is_err());

        let seen = scrape(site)?;
        let refused = |what, reason| seen.value("sallyport_refusals_total", &[("reason", reason), ("what", what)]);
        ensure!(refused("helper", "ticket_unknown") == 1.0, "{seen:?}");
        ensure!(refused("jump", "jumpoint_disabled") == 1.0, "{seen:?}");
        ensure!(seen.value("sallyport_sign_in_failures_total", &[("reason", "wrong_password")]) == 1.0, "{seen:?}");
        ensure!(seen.value("sallyport_sessions_ended_total", &[("reason", "jumpoint_disabled")]) == 1.0, "{seen:?}");
        ensure!(!seen.label_values().any(|value| value.contains("mallory") || value.contains("made up")), "{seen:?}");
        by_prometheus_itself(&text(site)?)
    })
}

/// Where Prometheus is installed, its own program says whether the text is right.
fn by_prometheus_itself(text: &str) -> Result<()> {
    let Ok(promtool) = find_program("promtool", &[]) else { return Ok(()) };
    let mut child =
        Command::new(promtool).args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("no stdin")?.write_all(text.as_bytes())?;
    let checked = child.wait_with_output()?;
    ensure!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    Ok(())
}
