//! What the appliance counts of itself, in the text format of Prometheus.
//!
//! - here: counters that are raised where something happens, never for each byte.
//! - `scrape`: what is only looked at when somebody asks, and the text.
//! - `token`: who may ask.
//!
//! No label ever holds what a user or a stranger sent: reasons are those of the program, names those of jumpoints.

pub mod scrape;
pub mod token;

use std::sync::Arc;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use serde::Serialize;
use wire::api::SessionEnd;
use wire::link_messages::Refusal;

use crate::relay::connections::From;
use crate::services::VERSION;

/// The counters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Families>);

/// All families; those from `bytes` on are filled when somebody asks.
#[derive(Debug)]
struct Families {
    registry: Registry,
    sessions_started: IntCounter,
    sessions_ended: IntCounterVec,
    links_lost: IntCounterVec,
    resumes: IntCounter,
    resume_failures: IntCounterVec,
    nodes_passed_over: IntCounter,
    refusals: IntCounterVec,
    sign_in_failures: IntCounterVec,
    round_trip: HistogramVec,
    bytes: IntCounterVec,
    connections_opened: IntCounter,
    connections_ended: IntCounterVec,
    connections_open: IntGauge,
    sessions: IntGaugeVec,
    sessions_reconnecting: IntGauge,
    relay_waiting_messages: IntGaugeVec,
    relay_waiting_bytes: IntGaugeVec,
    unwritten_rows: IntGauge,
    nodes_online: IntGaugeVec,
    audit_findings: IntGauge,
    database_failures: IntCounterVec,
    /// One scrape at a time.
    turn: std::sync::Mutex<()>,
}

/// Upper bounds of round trips in seconds: from a machine of one's own to a satellite.
const ROUND_TRIPS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Who refuses what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A Jump, or a ticket for one.
    Jump,
    /// A helper's link.
    Helper,
    /// An agent's link.
    Agent,
    /// An agent that wants to enrol.
    Enrolment,
}

impl Refused {
    fn label(self) -> &'static str {
        match self {
            Self::Jump => "jump",
            Self::Helper => "helper",
            Self::Agent => "agent",
            Self::Enrolment => "enrolment",
        }
    }
}

/// Whose link a round trip is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// A session's, to the helper.
    Helper,
    /// A session's, to the jumpoint.
    Jumpoint,
    /// A node's control link.
    Control,
}

impl Metrics {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// When two families have one name.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let build = IntGaugeVec::new(
            Opts::new("sallyport_build_info", "Version of the program; always 1."),
            &["program", "version"],
        )?;
        registry.register(Box::new(build.clone()))?;
        build.with_label_values(&["appliance", VERSION]).set(1);
        let new = Maker(&registry);
        let families = Families {
            sessions_started: new.counter("sessions_started_total", "Sessions that began.")?,
            sessions_ended: new.counters("sessions_ended_total", "Sessions that ended, by reason.", &["reason"])?,
            links_lost: new.counters(
                "links_lost_total",
                "Links of running sessions that were lost, by side.",
                &["side"],
            )?,
            resumes: new.counter("resumes_total", "Sessions that went on over new links.")?,
            resume_failures: new.counters(
                "resume_failures_total",
                "Sessions whose link did not come back in time, by side.",
                &["side"],
            )?,
            nodes_passed_over: new.counter(
                "nodes_passed_over_total",
                "Times a jumpoint's node did not open its side and another one was asked.",
            )?,
            refusals: new.counters("refusals_total", "What was refused, and why.", &["what", "reason"])?,
            sign_in_failures: new.counters(
                "sign_in_failures_total",
                "Sign-ins that failed, by reason.",
                &["reason"],
            )?,
            round_trip: {
                let help = "Round trips between the appliance and the other end of a link, every five seconds.";
                let options =
                    HistogramOpts::new("sallyport_link_round_trip_seconds", help).buckets(ROUND_TRIPS.to_vec());
                let family = HistogramVec::new(options, &["link"])?;
                registry.register(Box::new(family.clone()))?;
                family
            },
            bytes: new.counters("bytes_total", "Bytes of connections, by the end they came from.", &["from"])?,
            connections_opened: new.counter("connections_opened_total", "Connections that local programs made.")?,
            connections_ended: new.counters(
                "connections_ended_total",
                "Connections that ended, by reason.",
                &["reason"],
            )?,
            connections_open: new.gauge("connections_open", "Connections that are open.")?,
            sessions: new.gauges("sessions", "Sessions that are not over, by state.", &["state"])?,
            sessions_reconnecting: new.gauge("sessions_reconnecting", "Sessions that wait for a link.")?,
            relay_waiting_messages: new.gauges(
                "relay_waiting_messages",
                "Messages that were read from one link and not yet taken by the other, by the end they came from.",
                &["from"],
            )?,
            relay_waiting_bytes: new.gauges(
                "relay_waiting_bytes",
                "Bytes of those messages, by the end they came from.",
                &["from"],
            )?,
            unwritten_rows: new
                .gauge("unwritten_connection_rows", "Rows of connections that wait for the database.")?,
            audit_findings: new
                .gauge("audit_findings", "What was found wrong with the audit trail; 0, as it should be.")?,
            nodes_online: new.gauges("nodes_online", "Nodes that are connected, by jumpoint.", &["jumpoint"])?,
            database_failures: new.counters(
                "database_failures_total",
                "What the database did not do, by reason.",
                &["reason"],
            )?,
            turn: std::sync::Mutex::new(()),
            registry,
        };
        Ok(Self(Arc::new(families)))
    }

    /// A session began.
    pub fn session_started(&self) {
        self.0.sessions_started.inc();
    }

    /// A session ended.
    pub fn session_ended(&self, end: Option<SessionEnd>) {
        self.0.sessions_ended.with_label_values(&[name(&end)]).inc();
    }

    /// A link of a running session was lost.
    pub fn link_lost(&self, from: From) {
        self.0.links_lost.with_label_values(&[side(from)]).inc();
    }

    /// A session went on over new links.
    pub fn resumed(&self) {
        self.0.resumes.inc();
    }

    /// A link did not come back in time.
    pub fn resume_failed(&self, from: From) {
        self.0.resume_failures.with_label_values(&[side(from)]).inc();
    }

    /// A node did not open its side of a session in time.
    pub fn node_passed_over(&self) {
        self.0.nodes_passed_over.inc();
    }

    /// A link was refused.
    pub fn refused(&self, what: Refused, refusal: Refusal) {
        self.refused_for(what, &name(&refusal));
    }

    /// Something was refused for a reason of the program.
    pub fn refused_for(&self, what: Refused, reason: &str) {
        self.0.refusals.with_label_values(&[what.label(), reason]).inc();
    }

    /// A sign-in failed for a reason of the program.
    pub fn sign_in_failed(&self, reason: &'static str) {
        self.0.sign_in_failures.with_label_values(&[reason]).inc();
    }

    /// Where round trips of a kind of link are counted.
    #[must_use]
    pub fn round_trips(&self, link: Link) -> Histogram {
        let label = match link {
            Link::Helper => "helper",
            Link::Jumpoint => "jumpoint",
            Link::Control => "control",
        };
        self.0.round_trip.with_label_values(&[label])
    }
}

/// A stable name of this program as a label.
fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => "unknown".to_owned(),
    }
}

fn side(from: From) -> &'static str {
    match from {
        From::Helper => "helper",
        From::Jumpoint => "jumpoint",
    }
}

/// Makes families and registers them.
struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn options(name: &str, help: &str) -> Opts {
        Opts::new(format!("sallyport_{name}"), help)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        let made = IntCounter::with_opts(Self::options(name, help))?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        let made = IntCounterVec::new(Self::options(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        let made = IntGauge::with_opts(Self::options(name, help))?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        let made = IntGaugeVec::new(Self::options(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }
}
