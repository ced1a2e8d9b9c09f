//! What the appliance has written down, and what it makes of it when it starts again.

use std::collections::BTreeMap;

use appliance::relay::connections::{ConnectionTable, ENDED_REMEMBERED, Row, TunnelCount, WrittenDown};
use wire::ConnectionId;

/// Ports of the session's tunnels.
pub(crate) const PORTS: [u16; 2] = [5432, 22];

/// The rows of one session.
#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) rows: BTreeMap<ConnectionId, Row>,
}

impl Database {
    /// Writes rows, new ones and changed ones.
    pub(crate) fn save(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.rows.insert(row.connection.id, row);
        }
    }

    /// The table of an appliance that starts.
    pub(crate) fn restored(&self) -> ConnectionTable {
        let mut written = WrittenDown {
            counts: vec![TunnelCount::default(); PORTS.len()],
            total: self.rows.len() as u64,
            ..WrittenDown::default()
        };
        for Row { stream, connection } in self.rows.values() {
            if let Some(count) = written.counts.get_mut(usize::from(connection.tunnel)) {
                count.sent += connection.bytes_sent;
                count.received += connection.bytes_received;
            }
            if let Some(stream) = *stream {
                let rows = if connection.closed_at.is_some() { &mut written.ended } else { &mut written.open };
                rows.push((stream, connection.clone()));
            }
        }
        written.ended.sort_by_key(|(_, it)| it.closed_at);
        let behind = written.ended.len().saturating_sub(ENDED_REMEMBERED);
        written.ended.drain(..behind);
        ConnectionTable::new("db.example".into(), PORTS.to_vec()).restored(written)
    }
}
