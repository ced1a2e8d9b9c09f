//! What is looked at when somebody asks, and the text.

use std::sync::PoisonError;

use prometheus::{Encoder, TextEncoder};
use wire::api::SessionState;
use wire::stream::EndReason;

use super::{Metrics, name, side};
use crate::relay::connections::From;
use crate::services::Services;
use crate::session::totals::Totals;
use crate::store::{self, JumpointRecord};

/// Media type of the text, <https://prometheus.io/docs/instrumenting/exposition_formats/>.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Metrics {
    /// Everything that is counted, as it is now.
    ///
    /// # Errors
    /// When they cannot be written as text.
    pub async fn text(&self, services: &Services) -> Result<Vec<u8>, prometheus::Error> {
        // What there is to say of a database that is away must not wait for it: the nodes stay as they were seen last.
        let jumpoints = services.store.jumpoints().await.ok();
        let _turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&services.sessions.totals());
        self.0.audit_findings.set(gauge(services.audit.findings().len()));
        if let Some(jumpoints) = jumpoints {
            let online = services.presence.online_by_jumpoint();
            let nodes = &self.0.nodes_online;
            nodes.reset();
            for JumpointRecord { id, name, .. } in jumpoints {
                nodes.with_label_values(&[name]).set(gauge(online.get(&id).copied().unwrap_or(0)));
            }
        }
        for (reason, count) in store::failures() {
            set(&self.0.database_failures.with_label_values(&[reason]), count);
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.0.registry.gather(), &mut text)?;
        Ok(text)
    }

    fn look(&self, totals: &Totals) {
        let families = &*self.0;
        set(&families.bytes.with_label_values(&["workstation"]), totals.counted.sent);
        set(&families.bytes.with_label_values(&["target"]), totals.counted.received);
        set(&families.connections_opened, totals.counted.opened);
        for (reason, count) in EndReason::ALL.iter().zip(totals.counted.ended) {
            set(&families.connections_ended.with_label_values(&[name(reason)]), count);
        }
        families.connections_open.set(gauge(totals.connections_open));
        for state in [SessionState::Ready, SessionState::Connecting, SessionState::Tunnelling] {
            let count = totals.states.get(&state).copied().unwrap_or(0);
            families.sessions.with_label_values(&[name(&state)]).set(gauge(count));
        }
        families.sessions_reconnecting.set(gauge(totals.reconnecting));
        families.unwritten_rows.set(gauge(totals.unwritten));
        for (from, waiting) in [(From::Helper, totals.from_helper), (From::Jumpoint, totals.from_jumpoint)] {
            families.relay_waiting_messages.with_label_values(&[side(from)]).set(gauge(waiting.messages));
            families.relay_waiting_bytes.with_label_values(&[side(from)]).set(gauge(waiting.bytes));
        }
    }
}

/// A counter that is counted elsewhere.
fn set(counter: &prometheus::IntCounter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
