//! The states of a session and the reasons for its end. Pure.

use std::time::Duration;

use wire::api::{SessionEnd, SessionState};

/// How long a session may stand open before *Protocol Tunneling* is pressed.
pub const UNUSED_AFTER: Duration = Duration::from_secs(30 * 60);
/// How long the jumpoint has to dial in after it was asked.
pub const JUMPOINT_CALLS_WITHIN: Duration = Duration::from_secs(15);
/// How long one node of it has before another one is asked.
pub const NODE_CALLS_WITHIN: Duration = Duration::from_secs(4);

/// What happens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The helper showed a good ticket.
    HelperCalled,
    /// The jumpoint dialled in; both links stand.
    JumpointCalled,
    /// It is over.
    End,
}

/// The state after a step; none when the step cannot happen in this state.
#[must_use]
pub fn next(state: SessionState, step: Step) -> Option<SessionState> {
    match (state, step) {
        (SessionState::Ready, Step::HelperCalled) => Some(SessionState::Connecting),
        (SessionState::Connecting, Step::JumpointCalled) => Some(SessionState::Tunnelling),
        (SessionState::Ready | SessionState::Connecting | SessionState::Tunnelling, Step::End) => {
            Some(SessionState::Ended)
        }
        _ => None,
    }
}

/// Why it ended, in a sentence. `by` names the person for ends that a person made.
#[must_use]
pub fn end_message(end: SessionEnd, by: &str, jumpoint: &str) -> String {
    match end {
        SessionEnd::ByUser => format!("{by} ended the session."),
        SessionEnd::ByAdministrator => format!("The administrator {by} ended the session."),
        SessionEnd::UserDisabled => "The user was disabled or removed.".into(),
        SessionEnd::AccessRemoved => {
            let by = if by.is_empty() { "An administrator" } else { by };
            format!("{by} took away the permission to use the item.")
        }
        SessionEnd::ItemRemoved => {
            let by = if by.is_empty() { "Somebody" } else { by };
            format!("{by} removed the item.")
        }
        SessionEnd::ScheduleClosed => "The schedule of its policy closed.".into(),
        SessionEnd::ApprovalEnded => "The approval that it rested on ran out.".into(),
        SessionEnd::ApprovalRevoked => {
            let by = if by.is_empty() { "Somebody" } else { by };
            format!("{by} took back the approval that it rested on.")
        }
        SessionEnd::RecordingStopped => {
            "The recording of the desktop stopped, and was not begun again within a minute.".into()
        }
        SessionEnd::RecordingFailed => {
            "The appliance could not store the recording that this session needs. Tell an administrator.".into()
        }
        SessionEnd::CaptureFailed => {
            "The appliance could not capture what went through the tunnels, as this session needs. Tell an administrator."
                .into()
        }
        SessionEnd::CaptureFull => {
            "As much went through the tunnels as may be captured of one session. Press Jump again to go on.".into()
        }
        SessionEnd::JoinedSessionOver => "The session that it joined is over.".into(),
        SessionEnd::JumpointDisabled => {
            format!(
                "The jumpoint {jumpoint} was disabled or removed, or its Protocol Tunnel Jump method was switched off."
            )
        }
        SessionEnd::HelperGone => {
            "The helper on the workstation went away: the browser was closed, or the workstation left the network."
                .into()
        }
        SessionEnd::JumpointGone => format!("The connection to the jumpoint {jumpoint} was lost."),
        SessionEnd::HelperDidNotCall => "The helper did not connect to the appliance.".into(),
        SessionEnd::JumpointDidNotCall => {
            format!("The jumpoint {jumpoint} did not open its side of the session in time. Look at its log.")
        }
        SessionEnd::NotUsed => "Protocol Tunneling was not started for 30 minutes.".into(),
        SessionEnd::Idle => "Nothing went through it for as long as its session policy allows.".into(),
        SessionEnd::NotAllowed => "Its session policy does not allow Protocol Tunneling any more.".into(),
        SessionEnd::ApplianceStopped => "The appliance was stopped.".into(),
        SessionEnd::NotAudited => {
            "The appliance could not write into its audit trail, and this session may not go on without. Tell an administrator."
                .into()
        }
        SessionEnd::ProtocolError => {
            "A program broke the protocol. Update helper and jumpoint to the appliance's version.".into()
        }
    }
}

/// How a node went away that served a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeGone {
    /// Its link did not come back in time.
    NotBack,
    /// Its program was stopped in order.
    Stopped,
    /// Its program runs anew.
    StartedAnew,
}

/// Why a session ended with its node, and what to do. `other` is a node that would serve the next one.
#[must_use]
pub fn node_gone_message(gone: NodeGone, jumpoint: &str, node: &str, other: Option<&str>) -> String {
    let what = match gone {
        NodeGone::NotBack => "went away and did not come back in time",
        NodeGone::Stopped => "went away: its program was stopped",
        NodeGone::StartedAnew => "went away: its program started anew",
    };
    let next = match other {
        Some(other) => format!("Press Jump again: the node {other} serves."),
        None => {
            "No node of the jumpoint is online that takes sessions. Look after its host, then press Jump again.".into()
        }
    };
    format!("The node {node} of the jumpoint {jumpoint} {what}. {next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_loses_a_node_is_told_which_one_serves() {
        let message = node_gone_message(NodeGone::NotBack, "ams-1", "north", Some("south"));
        assert!(message.contains("The node north of the jumpoint ams-1 went away"), "{message}");
        assert!(message.ends_with("Press Jump again: the node south serves."), "{message}");
        let message = node_gone_message(NodeGone::Stopped, "ams-1", "north", None);
        assert!(message.contains("stopped") && message.contains("Look after its host"), "{message}");
    }

    #[test]
    fn a_session_goes_one_way() {
        use SessionState::{Connecting, Ended, Ready, Tunnelling};
        let allowed = [
            (Ready, Step::HelperCalled, Connecting),
            (Connecting, Step::JumpointCalled, Tunnelling),
            (Ready, Step::End, Ended),
            (Connecting, Step::End, Ended),
            (Tunnelling, Step::End, Ended),
        ];
        for state in [Ready, Connecting, Tunnelling, Ended] {
            for step in [Step::HelperCalled, Step::JumpointCalled, Step::End] {
                let expected = allowed.iter().find(|(from, by, _)| (*from, *by) == (state, step)).map(|it| it.2);
                assert_eq!(next(state, step), expected, "{state:?} {step:?}");
            }
        }
    }
}
