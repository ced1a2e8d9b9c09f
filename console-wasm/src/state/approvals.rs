//! What changed in the requests for approval that concern the user, as notices say it.

use wire::UserId;
use wire::api::{Approval, ApprovalState, Approvals};

use super::toasts::ToastKind;
use super::words::{Tone, Word};

/// Where a request stands.
pub(crate) fn state(it: &Approval) -> Word {
    match it.state {
        ApprovalState::Waiting => ("waiting", Tone::Busy),
        ApprovalState::Granted => ("approved", Tone::Good),
        ApprovalState::Refused => ("refused", Tone::Bad),
        ApprovalState::Revoked => ("taken back", Tone::Bad),
        ApprovalState::Withdrawn => ("withdrawn", Tone::Over),
        ApprovalState::Expired => ("over", Tone::Over),
    }
}

/// A notice: kind, title, text.
pub(crate) type Notice = (ToastKind, String, String);

/// What to tell the user who had seen `before` and sees `after` now. Nothing of the first look.
pub(crate) fn news(before: Option<&Approvals>, after: &Approvals, user: UserId) -> Vec<Notice> {
    let Some(before) = before else { return Vec::new() };
    let mut notices = Vec::new();
    for it in &after.to_decide {
        if it.requester_id != user && !before.to_decide.iter().any(|known| known.id == it.id) {
            let title = format!("{} asks to use {}", it.requester_name, it.item_name);
            notices.push((ToastKind::Info, title, it.reason.clone()));
        }
    }
    for it in after.recent.iter().filter(|it| it.requester_id == user) {
        let was =
            before.recent.iter().chain(&before.to_decide).find(|known| known.id == it.id).map(|known| known.state);
        if was == Some(it.state) || was.is_none() {
            continue;
        }
        let by = it.decided_by.as_deref().unwrap_or("Somebody");
        let notice = match it.state {
            ApprovalState::Granted => (ToastKind::Success, format!("{by} approved your use of {}", it.item_name)),
            ApprovalState::Refused => (ToastKind::Info, format!("{by} refused your use of {}", it.item_name)),
            ApprovalState::Revoked => (ToastKind::Info, format!("{by} took back the approval of {}", it.item_name)),
            _ => continue,
        };
        notices.push((notice.0, notice.1, it.note.clone()));
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::super::samples::number;
    use super::*;
    use wire::api::ApprovalScope;
    use wire::{ApprovalId, Timestamp};

    fn approval(id: u128, requester: u128, state: ApprovalState) -> Approval {
        Approval {
            id: ApprovalId(number(id)),
            item_id: None,
            item_name: "db".into(),
            policy_id: None,
            policy_name: "Careful".into(),
            requester_id: UserId(number(requester)),
            requester_name: "Ana".into(),
            reason: "Ticket 7".into(),
            requested_at: Timestamp(0),
            starts_at: Timestamp(0),
            ends_at: Timestamp(1),
            scope: ApprovalScope::Requester,
            state,
            decided_by: Some("Bob".into()),
            decided_at: None,
            note: String::new(),
            may_decide: false,
        }
    }

    fn titles(before: &Approvals, after: &Approvals, user: u128) -> Vec<String> {
        news(Some(before), after, UserId(number(user))).into_iter().map(|it| it.1).collect()
    }

    #[test]
    fn approvers_hear_of_requests_and_requesters_of_decisions() {
        let nothing = Approvals { to_decide: vec![], recent: vec![] };
        let asked = Approvals { to_decide: vec![approval(1, 5, ApprovalState::Waiting)], ..nothing.clone() };
        assert_eq!(titles(&nothing, &asked, 6), ["Ana asks to use db"]);
        assert_eq!(titles(&asked, &asked, 6), [""; 0]);
        assert_eq!(titles(&nothing, &asked, 5), [""; 0], "one's own request is no news");
        assert_eq!(news(None, &asked, UserId(number(6))), [], "nor is the first look");
        let waits = Approvals { recent: vec![approval(1, 5, ApprovalState::Waiting)], ..nothing.clone() };
        for (state, expected) in [
            (ApprovalState::Granted, vec!["Bob approved your use of db"]),
            (ApprovalState::Refused, vec!["Bob refused your use of db"]),
            (ApprovalState::Expired, vec![]),
            (ApprovalState::Waiting, vec![]),
        ] {
            let decided = Approvals { recent: vec![approval(1, 5, state)], ..nothing.clone() };
            assert_eq!(titles(&waits, &decided, 5), expected);
            assert_eq!(titles(&waits, &decided, 6), [""; 0], "others hear nothing of it");
        }
    }
}
