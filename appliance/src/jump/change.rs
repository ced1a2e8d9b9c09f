//! One change of many items, and copies of them. Pure: what is to be written comes out, or why nothing is.

use std::collections::HashSet;
use std::hash::Hash;

use wire::JumpGroupId;
use wire::api::{CopyJumpItems, JumpItemsChange, PolicyChoice, SessionPolicyChoice, TunnelJumpDraft};
use wire::limits::ITEMS_PER_CHANGE;

/// Why ids are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdsRefused {
    /// There are none.
    #[error("Choose at least one.")]
    None,
    /// There are too many.
    #[error("At most {ITEMS_PER_CHANGE} can be changed, copied or removed at once.")]
    TooMany,
    /// One is named twice.
    #[error("One of them is named twice.")]
    Twice,
}

/// Checks ids of one request: some, not too many, each once.
///
/// # Errors
/// What is wrong with them.
pub fn check_ids<T: Copy + Eq + Hash>(ids: &[T]) -> Result<(), IdsRefused> {
    if ids.is_empty() {
        return Err(IdsRefused::None);
    }
    if ids.len() > ITEMS_PER_CHANGE {
        return Err(IdsRefused::TooMany);
    }
    let distinct: HashSet<T> = ids.iter().copied().collect();
    if distinct.len() == ids.len() { Ok(()) } else { Err(IdsRefused::Twice) }
}

/// What an item is after the change; what the change does not name stays.
#[must_use]
pub fn changed(before: &TunnelJumpDraft, change: &JumpItemsChange) -> TunnelJumpDraft {
    let mut after = before.clone();
    if let Some(id) = change.jumpoint_id {
        after.jumpoint_id = id;
    }
    if let Some(id) = change.group_id {
        after.group_id = id;
    }
    if let Some(hostname) = &change.hostname {
        after.hostname.clone_from(hostname);
    }
    if let Some(address) = &change.local_address {
        after.local_address.clone_from(address);
    }
    if let Some(tag) = &change.tag {
        after.tag = Some(tag.clone());
    }
    if let Some(comments) = &change.comments {
        after.comments.clone_from(comments);
    }
    choose(&mut after, change.jump_policy, change.session_policy);
    // What a change does not speak of is not said anew: others may have changed it meanwhile.
    after.credentials.clone_from(&change.credentials);
    super::item::tidy(after)
}

/// Gives an item the policies that were chosen for it.
fn choose(it: &mut TunnelJumpDraft, jump: Option<PolicyChoice>, session: Option<SessionPolicyChoice>) {
    if let Some(choice) = jump {
        it.jump_policy_id = match choice {
            PolicyChoice::Nothing => None,
            PolicyChoice::Policy(id) => Some(id),
        };
    }
    if let Some(choice) = session {
        it.session_policy_id = match choice {
            SessionPolicyChoice::Nothing => None,
            SessionPolicyChoice::Policy(id) => Some(id),
        };
    }
}

/// The copies of these items that are wanted, each with what it is of; of their credentials nothing is said. A tag goes with an item: it is made in the other group.
#[must_use]
pub fn copies<'a>(items: &'a [TunnelJumpDraft], wanted: &CopyJumpItems) -> Vec<(&'a TunnelJumpDraft, TunnelJumpDraft)> {
    let copy = |item: &'a TunnelJumpDraft, group: JumpGroupId| {
        let mut copy = TunnelJumpDraft { group_id: group, credentials: None, revision: 0, ..item.clone() };
        choose(&mut copy, wanted.jump_policy, wanted.session_policy);
        (item, copy)
    };
    items.iter().flat_map(|item| wanted.group_ids.iter().map(move |group| copy(item, *group))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wire::api::TunnelDefinition;
    use wire::{JumpItemId, JumpPolicyId, JumpointId, SessionPolicyId};

    fn draft() -> TunnelJumpDraft {
        TunnelJumpDraft {
            name: "db".into(),
            jumpoint_id: JumpointId(Uuid::from_u128(1)),
            group_id: JumpGroupId(Uuid::from_u128(1)),
            hostname: "10.0.0.5".into(),
            local_address: "127.0.0.1".into(),
            tunnels: vec![TunnelDefinition { local_port: 0, remote_port: 22, label: "ssh".into() }],
            tag: Some("billing".into()),
            comments: "old".into(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials: None,
            revision: 0,
        }
    }

    fn nothing() -> JumpItemsChange {
        JumpItemsChange {
            item_ids: Vec::new(),
            jumpoint_id: None,
            group_id: None,
            hostname: None,
            local_address: None,
            tag: None,
            comments: None,
            jump_policy: None,
            session_policy: None,
            credentials: None,
        }
    }

    #[test]
    fn only_what_is_named_changes() {
        assert_eq!(changed(&draft(), &nothing()), draft());
        let group = JumpGroupId(Uuid::from_u128(7));
        let it =
            changed(&draft(), &JumpItemsChange { group_id: Some(group), comments: Some("new".into()), ..nothing() });
        assert_eq!(it, TunnelJumpDraft { group_id: group, comments: "new".into(), ..draft() });
        let it = changed(&draft(), &JumpItemsChange { tag: Some(" ".into()), ..nothing() });
        assert_eq!(it, TunnelJumpDraft { tag: None, ..draft() });
        let jumpoint = JumpointId(Uuid::from_u128(9));
        let all = JumpItemsChange {
            jumpoint_id: Some(jumpoint),
            hostname: Some(" web ".into()),
            local_address: Some("127.1.2.3".into()),
            tag: Some("shop".into()),
            ..nothing()
        };
        let it = changed(&draft(), &all);
        assert_eq!((it.jumpoint_id, it.hostname.as_str(), it.local_address.as_str()), (jumpoint, "web", "127.1.2.3"));
        assert_eq!((it.tag.as_deref(), it.name.as_str(), it.tunnels), (Some("shop"), "db", draft().tunnels));
    }

    #[test]
    fn every_item_is_copied_into_every_group() {
        let groups = [JumpGroupId(Uuid::from_u128(2)), JumpGroupId(Uuid::from_u128(3))];
        let other = TunnelJumpDraft { name: "web".into(), ..draft() };
        let items = [draft(), other];
        let wanted = CopyJumpItems { group_ids: groups.to_vec(), ..CopyJumpItems::default() };
        let made: Vec<_> = copies(&items, &wanted).into_iter().map(|(_, copy)| copy).collect();
        let told: Vec<_> = made.iter().map(|it| (it.name.as_str(), it.group_id)).collect();
        assert_eq!(told, [("db", groups[0]), ("db", groups[1]), ("web", groups[0]), ("web", groups[1])]);
        assert_eq!(TunnelJumpDraft { group_id: draft().group_id, ..made[0].clone() }, draft());

        let (jump, session) = (JumpPolicyId(Uuid::from_u128(5)), SessionPolicyId(Uuid::from_u128(6)));
        let guarded = TunnelJumpDraft { jump_policy_id: Some(jump), session_policy_id: Some(session), ..draft() };
        let policies = |jump_policy, session_policy| {
            let wanted = CopyJumpItems { jump_policy, session_policy, ..wanted.clone() };
            let made = copies(std::slice::from_ref(&guarded), &wanted);
            made.first().map(|(_, copy)| (copy.jump_policy_id, copy.session_policy_id))
        };
        let other = JumpPolicyId(Uuid::from_u128(7));
        assert_eq!(policies(None, None), Some((Some(jump), Some(session))));
        assert_eq!(policies(Some(PolicyChoice::Policy(other)), None), Some((Some(other), Some(session))));
        let nothing = policies(Some(PolicyChoice::Nothing), Some(SessionPolicyChoice::Nothing));
        assert_eq!(nothing, Some((None, None)));
    }

    #[test]
    fn ids_are_some_not_too_many_and_each_once() {
        let ids: Vec<_> = (0..=ITEMS_PER_CHANGE as u128).map(|id| JumpItemId(Uuid::from_u128(id))).collect();
        assert_eq!(check_ids(&ids[1..]), Ok(()));
        assert_eq!(check_ids(&ids), Err(IdsRefused::TooMany));
        assert_eq!(check_ids::<JumpItemId>(&[]), Err(IdsRefused::None));
        assert_eq!(check_ids(&[ids[0], ids[1], ids[0]]), Err(IdsRefused::Twice));
    }
}
