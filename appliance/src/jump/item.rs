//! What a Protocol Tunnel Jump means for a session: its tunnels, and the targets the jumpoint may open.

use std::net::Ipv4Addr;

use wire::agent_messages::TunnelTarget;
use wire::api::{ItemPermission, Tunnel, TunnelJumpDraft};
use wire::limits::DEFAULT_LOCAL_ADDRESS;

use super::access::grants::Permissions;

/// What was entered, as it is kept: without blanks around it, without an empty tag, with an address.
#[must_use]
pub fn tidy(mut draft: TunnelJumpDraft) -> TunnelJumpDraft {
    draft.name = draft.name.trim().to_owned();
    draft.hostname = draft.hostname.trim().to_owned();
    draft.local_address = draft.local_address.trim().to_owned();
    if draft.local_address.is_empty() {
        draft.local_address = DEFAULT_LOCAL_ADDRESS.to_string();
    }
    draft.tag = draft.tag.map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty());
    for tunnel in &mut draft.tunnels {
        let label: String = tunnel.label.trim().chars().take(wire::limits::TAG_CHARS).collect();
        tunnel.label = label.trim_end().to_owned();
    }
    draft
}

/// The tunnels of a new session on this item. None when the definition was never validated.
#[must_use]
pub fn tunnels(definition: &TunnelJumpDraft) -> Option<Vec<Tunnel>> {
    let address: Ipv4Addr = definition.local_address.parse().ok().filter(Ipv4Addr::is_loopback)?;
    let tunnel = |(index, it): (usize, &wire::api::TunnelDefinition)| {
        Some(Tunnel {
            index: u16::try_from(index).ok()?,
            label: it.label.clone(),
            wanted_address: address,
            wanted_port: u16::try_from(it.local_port).ok()?,
            listening: None,
            problem: None,
            remote_port: u16::try_from(it.remote_port).ok().filter(|port| *port != 0)?,
            connections_open: 0,
            bytes_sent: 0,
            bytes_received: 0,
        })
    };
    definition.tunnels.iter().enumerate().map(tunnel).collect()
}

/// The only targets of a session on these tunnels (row 0.25).
#[must_use]
pub fn targets(hostname: &str, tunnels: &[Tunnel]) -> Vec<TunnelTarget> {
    tunnels
        .iter()
        .map(|tunnel| TunnelTarget { index: tunnel.index, host: hostname.to_owned(), port: tunnel.remote_port })
        .collect()
}

/// What somebody needs in an item's group to make it so. Moving it needs [`ItemPermission::AssignGroup`] in both groups.
#[must_use]
pub fn needed(before: &TunnelJumpDraft, after: &TunnelJumpDraft) -> Permissions {
    let remote = |it: &TunnelJumpDraft| it.tunnels.iter().map(|tunnel| tunnel.remote_port).collect::<Vec<_>>();
    // A pair whose remote end is another is another pair, local end and all.
    let same_pairs =
        || before.tunnels.iter().zip(&after.tunnels).filter(|(one, other)| one.remote_port == other.remote_port);
    let local_ends_differ = before.local_address != after.local_address
        || same_pairs().any(|(one, other)| (one.local_port, &one.label) != (other.local_port, &other.label));
    let identity = |it: &TunnelJumpDraft| (it.name.clone(), it.hostname.clone(), it.jumpoint_id, remote(it));
    let changes = [
        (before.group_id != after.group_id, ItemPermission::AssignGroup),
        (identity(before) != identity(after), ItemPermission::EditIdentity),
        (local_ends_differ, ItemPermission::EditBehaviour),
        (before.tag != after.tag, ItemPermission::EditTag),
        (before.comments != after.comments, ItemPermission::EditComments),
        (before.jump_policy_id != after.jump_policy_id, ItemPermission::EditPolicy),
        (before.session_policy_id != after.session_policy_id, ItemPermission::EditSessionPolicy),
        // What is not said of them stays.
        (after.credentials.is_some() && before.credentials != after.credentials, ItemPermission::EditCredentials),
    ];
    changes.into_iter().filter(|(is_changed, _)| *is_changed).map(|(_, permission)| permission).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wire::api::TunnelDefinition;
    use wire::{JumpGroupId, JumpointId};

    fn draft() -> TunnelJumpDraft {
        let pair = |local_port, remote_port| TunnelDefinition { local_port, remote_port, label: " ssh ".into() };
        TunnelJumpDraft {
            name: " db ".into(),
            jumpoint_id: JumpointId(Uuid::nil()),
            group_id: JumpGroupId(Uuid::nil()),
            hostname: " 10.0.0.5 ".into(),
            local_address: String::new(),
            tunnels: vec![pair(0, 22), pair(5432, 5432)],
            tag: Some("  ".into()),
            comments: String::new(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials: None,
            revision: 0,
        }
    }

    #[test]
    fn tidying_keeps_the_meaning() {
        let it = tidy(draft());
        assert_eq!(
            (it.name.as_str(), it.hostname.as_str(), it.local_address.as_str()),
            ("db", "10.0.0.5", "127.0.0.1")
        );
        assert_eq!((it.tag, it.tunnels[0].label.as_str()), (None, "ssh"));
    }

    #[test]
    fn each_change_needs_its_permission() {
        use ItemPermission::{
            AssignGroup, EditBehaviour, EditComments, EditCredentials, EditIdentity, EditPolicy, EditTag,
        };
        type Change = fn(&mut TunnelJumpDraft);
        let table: [(Change, &[ItemPermission]); 13] = [
            (|_| {}, &[]),
            (|it| it.name.push('x'), &[EditIdentity]),
            (|it| it.hostname.push('x'), &[EditIdentity]),
            (|it| it.jumpoint_id = JumpointId(Uuid::from_u128(1)), &[EditIdentity]),
            (|it| it.tunnels[0].remote_port = 23, &[EditIdentity]),
            (|it| it.tunnels[0].local_port = 2200, &[EditBehaviour]),
            (|it| it.local_address = "127.4.0.1".into(), &[EditBehaviour]),
            (|it| it.tag = Some("x".into()), &[EditTag]),
            (|it| it.comments.push('x'), &[EditComments]),
            (|it| it.group_id = JumpGroupId(Uuid::from_u128(1)), &[AssignGroup]),
            (|it| it.jump_policy_id = Some(wire::JumpPolicyId(Uuid::from_u128(1))), &[EditPolicy]),
            (|it| it.credentials = Some(Vec::new()), &[EditCredentials]),
            (|it| it.credentials = None, &[]),
        ];
        let before = tidy(draft());
        for (index, (change, expected)) in table.into_iter().enumerate() {
            let mut after = before.clone();
            change(&mut after);
            assert_eq!(needed(&before, &after), expected.iter().copied().collect(), "change {index}");
        }
        let mut after = before.clone();
        after.tunnels.pop();
        assert_eq!(needed(&before, &after), EditIdentity.into());
    }

    #[test]
    fn targets_are_those_of_the_definition() {
        let it = tidy(draft());
        let tunnels = tunnels(&it).unwrap();
        assert_eq!(tunnels[0].wanted_port, 0);
        let targets = targets(&it.hostname, &tunnels);
        assert_eq!(targets.len(), 2);
        assert_eq!((targets[1].index, targets[1].host.as_str(), targets[1].port), (1, "10.0.0.5", 5432));
    }

    #[test]
    fn what_was_never_validated_makes_no_session() {
        for (address, port) in [("10.0.0.1", 22), ("127.0.0.1", 0), ("127.0.0.1", 65_536)] {
            let mut it = draft();
            it.local_address = address.into();
            it.tunnels[0].remote_port = port;
            assert_eq!(tunnels(&it), None, "{address} {port}");
        }
    }
}
