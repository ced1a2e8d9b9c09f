//! The names of what is counted, and what they mean.

use std::time::SystemTime;

use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, Result,
};
use wire::stream::EndReason;

use super::{Program, name_of};

/// Upper bounds of round trips in seconds: from a machine of one's own to a satellite, as in the appliance.
const ROUND_TRIPS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

#[derive(Debug)]
pub(super) struct Families {
    pub(super) registry: Registry,
    pub(super) sessions: IntGauge,
    pub(super) sessions_started: IntCounter,
    pub(super) sessions_reconnecting: IntGauge,
    pub(super) links_lost: IntCounter,
    pub(super) resumes: IntCounter,
    pub(super) resume_failures: IntCounter,
    pub(super) round_trip: Histogram,
    pub(super) connections_open: IntGauge,
    pub(super) connections_opened: IntCounter,
    /// By the number of their reason.
    pub(super) connections_ended: Vec<IntCounter>,
    pub(super) from_socket: IntCounter,
    pub(super) to_socket: IntCounter,
    pub(super) unacknowledged: IntGauge,
    pub(super) unwritten: IntGauge,
    pub(super) refusals: IntCounterVec,
    /// Control links that were made; told as reconnects alone.
    pub(super) control_links: IntCounter,
    pub(super) control_link_up: IntGauge,
    pub(super) control_reconnects: IntCounter,
    pub(super) tunnels: IntGauge,
}

impl Families {
    /// Those of a program. What another kind of program has is not told.
    pub(super) fn new(program: Program, version: &str, began: SystemTime) -> Result<Self> {
        let registry = Registry::new();
        let all = Maker { registry: &registry, is_told: true };
        let of_helper = Maker { registry: &registry, is_told: program == Program::Helper };
        let of_jumpoint = Maker { registry: &registry, is_told: program == Program::Jumpoint };

        let build = all.gauges("build_info", "Version of the program; always 1.", &["program", "version"])?;
        build.with_label_values(&[program.label(), version]).set(1);
        let start =
            Gauge::new("process_start_time_seconds", "When the program began, in seconds since 1970-01-01 UTC.")?;
        start.set(began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64());
        registry.register(Box::new(start))?;
        let (from_socket, to_socket) = program.ends();
        let bytes = all.counters("bytes_total", program.help_of_bytes(), &["from"])?;
        let kept = all.gauges(
            "kept_bytes",
            "Bytes of connections that this program keeps: for the link, until the other end has them; for a socket, until it takes them.",
            &["for"],
        )?;
        let ended = all.counters("connections_ended_total", "Connections that ended, by reason.", &["reason"])?;
        let families = Self {
            sessions: all.gauge("sessions", "Sessions that run, those included that wait for a link.")?,
            sessions_started: all.counter("sessions_started_total", "Sessions that got their first link.")?,
            sessions_reconnecting: all.gauge("sessions_reconnecting", "Sessions that wait for a link.")?,
            links_lost: all.counter("links_lost_total", "Links of running sessions that were lost at this end.")?,
            resumes: all.counter("resumes_total", "Sessions that went on over another link of this end.")?,
            resume_failures: all
                .counter("resume_failures_total", "Sessions that got no other link in time, or were refused one.")?,
            round_trip: {
                let help = "Round trips between helper and jumpoint, smoothed, each time they are measured: about once a second while bytes flow.";
                let options = HistogramOpts::new("sallyport_session_round_trip_seconds", help);
                let made = Histogram::with_opts(options.buckets(ROUND_TRIPS.to_vec()))?;
                registry.register(Box::new(made.clone()))?;
                made
            },
            connections_open: all.gauge("connections_open", "Connections that are open.")?,
            connections_opened: all.counter("connections_opened_total", "Connections that were opened.")?,
            connections_ended: EndReason::ALL.iter().map(|it| ended.with_label_values(&[name_of(it)])).collect(),
            from_socket: bytes.with_label_values(&[from_socket]),
            to_socket: bytes.with_label_values(&[to_socket]),
            unacknowledged: kept.with_label_values(&["link"]),
            unwritten: kept.with_label_values(&["socket"]),
            refusals: all.counters(
                "refusals_total",
                "What was refused or could not be reached, and why.",
                &["what", "reason"],
            )?,
            control_links: IntCounter::new("control_links", "Not told.")?,
            control_link_up: of_jumpoint.gauge("control_link_up", "Whether the control link stands: 1 or 0.")?,
            control_reconnects: of_jumpoint
                .counter("control_link_reconnects_total", "Times the control link was made again after it was lost.")?,
            tunnels: of_helper.gauge("tunnels_listening", "Tunnels that listen on this workstation.")?,
            registry: registry.clone(),
        };
        Ok(families)
    }
}

impl Program {
    fn label(self) -> &'static str {
        match self {
            Self::Helper => "helper",
            Self::Jumpoint => "jumpoint",
        }
    }

    /// The end that its sockets belong to, and the other one, called as the appliance calls them.
    fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::Helper => ("workstation", "target"),
            Self::Jumpoint => ("target", "workstation"),
        }
    }

    fn help_of_bytes(self) -> &'static str {
        match self {
            Self::Helper => {
                "Bytes of connections, by the end they came from: read from local programs, and written to them."
            }
            Self::Jumpoint => {
                "Bytes of connections, by the end they came from: read from remote systems, and written to them."
            }
        }
    }
}

/// Makes families, and registers those that are told.
struct Maker<'a> {
    registry: &'a Registry,
    is_told: bool,
}

impl Maker<'_> {
    fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.tell(IntCounter::with_opts(options(name, help))?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.tell(IntCounterVec::new(options(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.tell(IntGauge::with_opts(options(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.tell(IntGaugeVec::new(options(name, help), labels)?)
    }

    fn tell<F: Collector + Clone + 'static>(&self, family: F) -> Result<F> {
        if self.is_told {
            self.registry.register(Box::new(family.clone()))?;
        }
        Ok(family)
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(format!("sallyport_{name}"), help)
}
