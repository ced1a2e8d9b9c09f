//! What the audit trail tells of a session.

use serde_json::{Value, json};
use wire::audit::{Action, ObjectKind};

use crate::audit::Entry;
use crate::store::SessionRecord;

fn entry(action: Action, it: &SessionRecord, fields: &Value) -> Entry {
    Entry::of(action, ObjectKind::Session, it.id.0, &it.item_name).made(fields)
}

/// A Jump was let through.
pub(super) fn allowed(it: &SessionRecord) -> Entry {
    let fields = json!({
        "item_id": it.item_id, "user": it.user_name, "hostname": it.hostname, "jumpoint": it.jumpoint_name,
        "approvals": it.approvals, "ticket": it.ticket,
    });
    entry(Action::JumpAllowed, it, &fields)
}

/// Its tunnels opened.
pub(super) fn started(it: &SessionRecord) -> Entry {
    let fields = json!({ "user": it.user_name, "node": it.node_hostname });
    entry(Action::SessionStarted, it, &fields)
}

/// It ended.
pub(super) fn ended(it: &SessionRecord) -> Entry {
    let fields = json!({
        "reason": it.end, "user": it.user_name, "bytes_sent": it.bytes_sent, "bytes_received": it.bytes_received,
        "connections": it.connections_total,
    });
    entry(Action::SessionEnded, it, &fields).saying(it.end_message.clone().unwrap_or_default())
}
