//! What states are called. Every state has a word and a shape, so that none is told by colour alone.

use wire::Timestamp;
use wire::api::{
    Connection, ItemPermission, ItemStatus, JumpItem, Node, RecordingPhase, Role, Session, SessionState, TokenScope,
};

/// How serious a state is: decides shape and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Working, in use.
    Good,
    /// Possible, waiting for a person.
    Calm,
    /// On its way.
    Busy,
    /// Works, but somebody should look.
    Warning,
    /// Does not work.
    Bad,
    /// Over, or switched off.
    Over,
}

/// A word with its tone.
pub(crate) type Word = (&'static str, Tone);

/// Where a session stands.
pub(crate) fn session_state(session: &Session) -> Word {
    match session.state {
        SessionState::Ready => ("ready", Tone::Calm),
        SessionState::Connecting => ("connecting", Tone::Busy),
        SessionState::Tunnelling if session.reconnecting.is_some() => ("reconnecting", Tone::Warning),
        SessionState::Tunnelling if is_paused(session) => ("paused: not recorded", Tone::Bad),
        SessionState::Tunnelling => ("tunnelling", Tone::Good),
        SessionState::Ended => ("ended", Tone::Over),
    }
}

/// Whether nothing goes through its tunnels for want of a recording.
fn is_paused(session: &Session) -> bool {
    session.recording.is_some_and(|it| it.phase == RecordingPhase::Paused)
}

/// Whether an item can be jumped to; a running session says more than that another one could be started.
pub(crate) fn item_state(item: &JumpItem) -> Word {
    if item.running_sessions.is_empty() { item_status(item.status) } else { ("in use", Tone::Calm) }
}

/// Whether items of this status can be jumped to.
pub(crate) fn item_status(status: ItemStatus) -> Word {
    match status {
        ItemStatus::Ready => ("ready", Tone::Good),
        ItemStatus::JumpointOffline => ("jumpoint offline", Tone::Bad),
        ItemStatus::JumpointDraining => ("jumpoint draining", Tone::Warning),
        ItemStatus::JumpointDisabled => ("jumpoint disabled", Tone::Over),
        ItemStatus::MethodOff => ("tunnelling is off", Tone::Over),
        ItemStatus::NotPermitted => ("not permitted", Tone::Over),
        ItemStatus::OutsideSchedule => ("closed now", Tone::Over),
        ItemStatus::NeedsApproval => ("needs approval", Tone::Calm),
    }
}

/// Why an item cannot be jumped to and what to do; none when it can.
pub(crate) fn item_obstacle(status: ItemStatus, jumpoint: &str) -> Option<String> {
    match status {
        // Jump says when it opens, or asks for what is missing.
        ItemStatus::Ready | ItemStatus::OutsideSchedule | ItemStatus::NeedsApproval => None,
        ItemStatus::JumpointOffline => Some(format!(
            "No node of the jumpoint {jumpoint} is connected to the appliance. Start sallyport-jumpoint on its host, or see the Agents page."
        )),
        ItemStatus::JumpointDraining => Some(format!(
            "Every node of the jumpoint {jumpoint} that is online is being drained and takes no new sessions. An administrator can let one take sessions again on the Agents page."
        )),
        ItemStatus::JumpointDisabled => Some(format!(
            "An administrator disabled the jumpoint {jumpoint}. Ask them to enable it on the Agents page, or choose another jumpoint in the item's properties."
        )),
        ItemStatus::NotPermitted => {
            Some("Your account or your role in this item's group does not let you start sessions. Ask an administrator for a role that does.".into())
        }
        ItemStatus::MethodOff => Some(format!(
            "An administrator switched the Protocol Tunnel Jump method off for the jumpoint {jumpoint}. Ask them to switch it on, or choose another jumpoint in the item's properties."
        )),
    }
}

/// Where a connection stands.
pub(crate) fn connection_state(connection: &Connection) -> Word {
    match (connection.closed_at, connection.fault, connection.established) {
        (Some(_), Some(_), _) => ("failed", Tone::Bad),
        (Some(_), None, _) => ("closed", Tone::Over),
        (None, _, true) => ("open", Tone::Good),
        (None, _, false) => ("opening", Tone::Busy),
    }
}

/// Whether a node of a jumpoint serves.
pub(crate) fn node_state(node: &Node) -> Word {
    match (node.online, node.draining) {
        (true, false) => ("online", Tone::Good),
        (true, true) => ("draining", Tone::Warning),
        (false, false) => ("offline", Tone::Bad),
        (false, true) => ("offline, drained", Tone::Over),
    }
}

/// Why what items belong to (`what`, such as a group) cannot be removed yet; empty when it can.
pub(crate) fn removal_obstacle(items: u32, what: &str) -> String {
    match items {
        0 => String::new(),
        1 => format!("1 item is in the way: give it another {what} first."),
        items => format!("{items} items are in the way: give them another {what} first."),
    }
}

/// What an API token may.
pub(crate) fn token_scope(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "look",
        TokenScope::Jump => "look and jump",
        TokenScope::Administer => "everything you may",
    }
}

/// The same in a sentence.
pub(crate) fn token_scope_help(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "See items, jumpoints and sessions as you see them. It changes nothing.",
        TokenScope::Jump => "Also start sessions, use them and end them.",
        TokenScope::Administer => {
            "Also change what you may change, such as items; never users, rules of signing in, or your account."
        }
    }
}

/// For how long a token works.
pub(crate) fn token_days(days: u32) -> String {
    match days {
        365 => "a year".into(),
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}

/// When a token stops working, seen from now.
pub(crate) fn token_end(expires_at: Timestamp, now: Timestamp) -> String {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    if expires_at <= now {
        return "expired".into();
    }
    match expires_at.millis_since(now).div_ceil(DAY) {
        0 | 1 => "within a day".into(),
        days => format!("in {days} days"),
    }
}

/// What stands in place of the present password where there is none.
pub(crate) const JUST_SIGNED_IN: &str =
    "You have no password here to show, so this takes that you signed in within the last 10 minutes.";

/// Something that is switched on.
pub(crate) const ON: Word = ("on", Tone::Good);

/// How many recovery codes are left.
pub(crate) fn recovery_codes(left: u32) -> String {
    match left {
        0 => "no recovery code left: make new ones".into(),
        1 => "1 recovery code left: make new ones".into(),
        left => format!("{left} recovery codes left"),
    }
}

/// What a user may do, as a word.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Administrator",
        Role::Technician => "Technician",
        Role::Auditor => "Auditor",
    }
}

/// What a role allows, in a line.
pub(crate) fn permissions(permissions: &[ItemPermission]) -> String {
    if permissions.len() == ItemPermission::ALL.len() {
        return "Everything".into();
    }
    let words = permissions.iter().map(|it| it.words());
    let line = words.collect::<Vec<_>>().join(", ");
    if line.is_empty() { "Nothing".into() } else { line }
}

#[cfg(test)]
mod tests {
    use super::super::samples::connection;
    use super::*;
    use wire::api::Fault;

    #[test]
    fn only_what_jump_itself_can_mend_has_no_obstacle() {
        for status in [
            ItemStatus::Ready,
            ItemStatus::JumpointOffline,
            ItemStatus::JumpointDraining,
            ItemStatus::JumpointDisabled,
            ItemStatus::MethodOff,
            ItemStatus::NotPermitted,
            ItemStatus::OutsideSchedule,
            ItemStatus::NeedsApproval,
        ] {
            let can_be_pressed =
                [ItemStatus::Ready, ItemStatus::OutsideSchedule, ItemStatus::NeedsApproval].contains(&status);
            assert_eq!(item_obstacle(status, "ams-1").is_none(), can_be_pressed);
        }
    }

    #[test]
    fn what_is_in_the_way_of_a_removal_is_counted() {
        assert_eq!(removal_obstacle(0, "group"), "");
        assert_eq!(removal_obstacle(1, "group"), "1 item is in the way: give it another group first.");
        assert_eq!(removal_obstacle(7, "jumpoint"), "7 items are in the way: give them another jumpoint first.");
    }

    #[test]
    fn a_refused_connection_reads_differently_from_a_closed_one() {
        let mut it = connection(1, 0);
        it.closed_at = Some(Timestamp(1));
        assert_eq!(connection_state(&it).0, "closed");
        it.fault = Some(Fault::Target);
        assert_eq!(connection_state(&it).0, "failed");
    }

    #[test]
    fn a_token_says_when_it_ends() {
        let hours = |hours: i64| Timestamp(hours * 60 * 60 * 1000);
        for (expires, said) in [
            (0, "expired"),
            (-1, "expired"),
            (1, "within a day"),
            (24, "within a day"),
            (25, "in 2 days"),
            (90 * 24, "in 90 days"),
        ] {
            assert_eq!(token_end(hours(expires), Timestamp(0)), said, "{expires} h");
        }
    }

    #[test]
    fn few_recovery_codes_say_what_to_do() {
        assert_eq!(recovery_codes(10), "10 recovery codes left");
        assert!(recovery_codes(1).starts_with("1 recovery code left") && recovery_codes(0).contains("make new"));
    }
}
