//! What helper and jumpoint count of themselves, against what the clients and the appliance know.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tests::helper::{HelperByHand, InstalledHelper};
use tests::jumpoint::JumpointNode;
use tests::metrics::{Metrics, read_from};
use tests::program::run_to_end;
use tests::servers::{BreakingNetwork, Gauge, free_port};
use tests::site::{OpenSession, Site, on_a_site};
use tests::way::Way;
use tests::{wait, workspace};
use wire::api::SessionState;
use wire::helper_messages::HelperRequest;

use crate::metrics::scrape;

const UP: u64 = 3_000_000;
const DOWN: u64 = 5_000_000;

/// A helper and a jumpoint with metrics, each behind a network of its own that breaks.
struct Stage {
    node: JumpointNode,
    helper: HelperByHand,
    networks: [BreakingNetwork; 2],
    at_helper: SocketAddr,
    at_jumpoint: SocketAddr,
}

impl Stage {
    fn begin(site: &Site) -> Result<Self> {
        let to = ("127.0.0.1", site.appliance.port()?).to_socket_addrs()?.next().context("no address")?;
        let networks = [BreakingNetwork::to(to)?, BreakingNetwork::to(to)?];
        let [at_helper, at_jumpoint] =
            [free_port()?, free_port()?].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let installed = install(site, "measured", &networks[0], at_helper)?;
        let way = Way {
            dial: Some(networks[1].address().to_string()),
            environment: vec![("SALLYPORT_METRICS", at_jumpoint.to_string())],
            ..Way::default()
        };
        let node = JumpointNode::enrol_by(&site.admin, "measured", &way, site.folder())?;
        let helper = installed.start(site.folder())?;
        Ok(Self { node, helper, networks, at_helper, at_jumpoint })
    }

    fn open_to(&mut self, site: &Site, name: &str, port: u16) -> Result<OpenSession> {
        let mut draft = site.draft(name, "127.0.0.1", "127.0.0.1", &[(0, port.into())]);
        draft.jumpoint_id = self.node.id;
        let item = site.admin.post("/api/jump-items", &draft)?.ok()?;
        site.open(&mut self.helper, &item)
    }

    /// What both say.
    fn scrape(&self) -> Result<[Metrics; 2]> {
        Ok([read_from(self.at_helper)?, read_from(self.at_jumpoint)?])
    }

    /// Waits until both say what is wanted.
    fn wait_until(&self, what: &str, wanted: impl Fn(&Metrics) -> bool) -> Result<[Metrics; 2]> {
        wait::until(what, wait::SOON, || Ok(Some(self.scrape()?).filter(|both| both.iter().all(&wanted))))
            .with_context(|| format!("{:?}", self.scrape().ok()))
    }
}

/// Installs a helper whose configuration names an address for its metrics.
fn install(site: &Site, name: &str, network: &BreakingNetwork, metrics: SocketAddr) -> Result<InstalledHelper> {
    let home = site.folder().join(name);
    let through = network.address().to_string();
    let installed = InstalledHelper::install(&site.appliance.ready, &home, &home.join("manifests"), Some(&through))?;
    let config = std::fs::read_to_string(installed.config_file())?;
    std::fs::write(installed.config_file(), format!("metrics = \"{metrics}\"\n{config}"))?;
    Ok(installed)
}

#[test]
fn the_figures_of_the_programs_are_what_clients_and_appliance_counted() -> Result<()> {
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let mut stage = Stage::begin(site)?;
        let open = stage.open_to(site, "gauge", gauge.port())?;
        let refusing = stage.open_to(site, "refusing", free_port()?)?;
        for _ in 0..2 {
            Gauge::send_to(open.address(0)?, UP)?;
            Gauge::fetch_from(open.address(0)?, DOWN)?;
        }
        // Both legs of both sessions, and the jumpoint's control link. Connections may just be ending.
        for network in &stage.networks {
            network.cut();
        }
        stage.wait_until("both sessions go on at both ends", |it| {
            it.value("sallyport_resumes_total", &[]) == 2.0 && it.value("sallyport_sessions_reconnecting", &[]) == 0.0
        })?;
        Gauge::fetch_from(open.address(0)?, DOWN)?;
        let mut refused = TcpStream::connect(refusing.address(0)?)?;
        ensure!(refused.read(&mut [0; 1]).is_err(), "nobody listens there");
        let mut silent = TcpStream::connect(open.address(0)?)?;
        silent.write_all(b"u")?;

        // A letter says which way, eight bytes say how much; the answer to an upload has a count and a hash.
        let (sent, received) = (2 * (UP + 1) + 3 * 9 + 1, 3 * DOWN + 2 * 40);
        let both = stage.wait_until("the last byte and the last end are counted", |it| {
            it.value("sallyport_bytes_total", &[("from", "workstation")]) == sent as f64
                && it.sum("sallyport_connections_ended_total") == 6.0
                && it.sum("sallyport_kept_bytes") == 0.0
        })?;
        let appliance = wait::until("the appliance has counted them too", wait::SOON, || {
            Ok(Some(scrape(site)?).filter(|it| it.sum("sallyport_connections_ended_total") == 6.0))
        })
        .with_context(|| format!("{:?}", scrape(site).ok()))?;
        for (seen, program) in both.iter().zip(["helper", "jumpoint"]) {
            let says = |name: &str, labels: &[(&str, &str)], expected: f64| -> Result<()> {
                let said = seen.value(name, labels);
                ensure!(said == expected, "{program}: {name} {labels:?} is {said}, not {expected}: {seen:?}");
                Ok(())
            };
            says("sallyport_build_info", &[("program", program), ("version", env!("CARGO_PKG_VERSION"))], 1.0)?;
            says("sallyport_bytes_total", &[("from", "target")], received as f64)?;
            says("sallyport_sessions", &[], 2.0)?;
            says("sallyport_sessions_started_total", &[], 2.0)?;
            says("sallyport_connections_open", &[], 1.0)?;
            says("sallyport_links_lost_total", &[], 2.0)?;
            says("sallyport_resume_failures_total", &[], 0.0)?;
            // The same names mean the same in the appliance.
            for from in ["workstation", "target"] {
                let labels = [("from", from)];
                says("sallyport_bytes_total", &labels, appliance.value("sallyport_bytes_total", &labels))?;
            }
            for reason in ["finished", "refused", "session_ended", "link_lost"] {
                let labels = [("reason", reason)];
                let known = appliance.value("sallyport_connections_ended_total", &labels);
                says("sallyport_connections_ended_total", &labels, known)?;
            }
            let opened = appliance.value("sallyport_connections_opened_total", &[]);
            ensure!(opened == 7.0, "{appliance:?}");
            says("sallyport_connections_opened_total", &[], opened)?;
            ensure!(seen.value("process_start_time_seconds", &[]) > 1.7e9, "{program}: {seen:?}");
        }
        // There a session that waits for one link already loses nothing with the other, and may go on in between.
        ensure!(appliance.sum("sallyport_links_lost_total") >= 2.0, "{appliance:?}");
        ensure!(appliance.value("sallyport_resumes_total", &[]) >= 2.0, "{appliance:?}");
        let [helper, _] = &both;
        // It dials again after a wait of its own, whatever the sessions do.
        let jumpoint = wait::until("the control link is back", wait::SOON, || {
            let is_up = |it: &Metrics| it.value("sallyport_control_link_up", &[]) == 1.0;
            Ok(Some(read_from(stage.at_jumpoint)?).filter(is_up))
        })?;
        ensure!(helper.value("sallyport_tunnels_listening", &[]) == 2.0, "{helper:?}");
        ensure!(jumpoint.value("sallyport_control_link_reconnects_total", &[]) == 1.0, "{jumpoint:?}");
        let refused = [("reason", "refused"), ("what", "target")];
        ensure!(jumpoint.value("sallyport_refusals_total", &refused) == 1.0, "{jumpoint:?}");

        // It is measured about once a second, while bytes flow.
        let mut fetched = 0;
        wait::until("the round trip is measured at both ends", wait::SOON, || {
            Gauge::fetch_from(open.address(0)?, 1_000)?;
            fetched += 1_000;
            let is_measured = |it: &Metrics| it.value("sallyport_session_round_trip_seconds_count", &[]) >= 1.0;
            Ok(Some(()).filter(|()| stage.scrape().is_ok_and(|both| both.iter().all(is_measured))))
        })?;
        let received = received + fetched;

        // What is over stays counted, and nothing is lost by an orderly end.
        for id in [open.id, refusing.id] {
            site.admin.send("POST", &format!("/api/sessions/{id}/end"), None)?.success()?;
            site.wait_for_session(id, "it is over", |it| it.session.state == SessionState::Ended)?;
        }
        let after = stage.wait_until("no session is left", |it| {
            it.value("sallyport_sessions", &[]) == 0.0 && it.value("sallyport_connections_open", &[]) == 0.0
        })?;
        for seen in &after {
            ensure!(seen.value("sallyport_bytes_total", &[("from", "target")]) == received as f64, "{seen:?}");
            let cut = [("reason", "session_ended")];
            ensure!(seen.value("sallyport_connections_ended_total", &cut) == 1.0, "{seen:?}");
            ensure!(seen.value("sallyport_links_lost_total", &[]) == 2.0, "{seen:?}");
            ensure!(seen.value("sallyport_resume_failures_total", &[]) == 0.0, "{seen:?}");
            ensure!(seen.value("sallyport_tunnels_listening", &[]) == 0.0, "{seen:?}");
        }
        Ok(())
    })
}

#[test]
fn a_link_that_stays_away_and_a_refusal_are_counted_and_name_nobody() -> Result<()> {
    on_a_site(|site| {
        let mut stage = Stage::begin(site)?;
        let open = stage.open_to(site, "gauge", Gauge::start()?.port())?;
        let ticket = wire::SecretText::new("made up".into());
        let item = site.item("other", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let other = site.jump(&item)?;
        stage.helper.request(HelperRequest::OpenTunnels { session_id: other.id, ticket })?;
        let origin = std::mem::replace(&mut stage.helper.origin, "https://mallory.example".into());
        stage.helper.hello()?;
        stage.helper.origin = origin;
        let seen = read_from(stage.at_helper)?;
        let refused = |what, reason| seen.value("sallyport_refusals_total", &[("reason", reason), ("what", what)]);
        ensure!(refused("session_link", "ticket_unknown") == 1.0, "{seen:?}");
        ensure!(refused("page", "origin_not_served") == 1.0, "{seen:?}");
        ensure!(!seen.label_values().any(|it| it.contains("mallory") || it.contains("made up")), "{seen:?}");

        for network in &stage.networks {
            network.set_down(true);
            network.cut();
        }
        stage.wait_until("both notice that their session's link is away", |it| {
            it.value("sallyport_sessions_reconnecting", &[]) == 1.0
                && it.value("sallyport_links_lost_total", &[]) == 1.0
                && it.sum("sallyport_refusals_total") >= 1.0
        })?;
        let jumpoint = wait::until("the jumpoint notices that its control link is away", wait::SOON, || {
            let seen = read_from(stage.at_jumpoint)?;
            Ok(Some(seen).filter(|it| it.value("sallyport_control_link_up", &[]) == 0.0))
        })?;
        ensure!(jumpoint.value("sallyport_resumes_total", &[]) == 0.0, "{jumpoint:?}");
        site.admin.send("POST", &format!("/api/sessions/{}/end", open.id), None)?.success()?;
        for network in &stage.networks {
            network.set_down(false);
        }
        stage.wait_until("the session does not go on", |it| {
            it.value("sallyport_resume_failures_total", &[]) == 1.0
                && it.value("sallyport_sessions", &[]) == 0.0
                && it.value("sallyport_sessions_reconnecting", &[]) == 0.0
        })?;
        Ok(())
    })
}

#[test]
fn a_helper_whose_port_is_taken_says_so_and_works() -> Result<()> {
    on_a_site(|site| {
        let mut stage = Stage::begin(site)?;
        let mut second = install(site, "second", &stage.networks[0], stage.at_helper)?.start(site.folder())?;
        let gauge = Gauge::start()?;
        let item = site.item("gauge", "127.0.0.1", "127.0.0.1", &[(0, gauge.port().into())])?;
        let open = site.open(&mut second, &item)?;
        Gauge::send_to(open.address(0)?, 1_000)?;
        let said = second.program.log();
        ensure!(
            said.contains("the metrics cannot be served on") && said.contains(&stage.at_helper.to_string()),
            "{said}"
        );
        // What answers there is the first one, which has done nothing.
        stage.helper.hello()?;
        ensure!(read_from(stage.at_helper)?.value("sallyport_sessions_started_total", &[]) == 0.0);
        Ok(())
    })
}

#[test]
fn a_jumpoint_does_not_start_with_metrics_for_others() -> Result<()> {
    let mut command = Command::new(workspace::program("sallyport-jumpoint")?);
    command
        .args(["run", "--metrics", "0.0.0.0:9465"])
        .arg("--state-dir")
        .arg(Path::new("/nowhere"))
        .stdin(Stdio::null());
    let finished = run_to_end(&mut command, wait::SOON)?;
    ensure!(!finished.status.success());
    ensure!(
        finished.stderr.contains("no password") && finished.stderr.contains("127.0.0.1:9465"),
        "{}",
        finished.stderr
    );
    Ok(())
}
