//! Which stored credentials an item has after a change: what hangs on roles in two groups, the item's and the credential's.

use wire::CredentialId;
use wire::api::{ItemCredential, ItemPermission, TunnelJumpDraft};

use super::access::grants::Permissions;

/// Whether somebody with these permissions in an item's group learns which credentials it has: who uses it or changes them.
#[must_use]
pub fn are_shown_to(permissions: Permissions) -> bool {
    permissions.has(ItemPermission::Start) || permissions.has(ItemPermission::EditCredentials)
}

/// Credentials that an item would have and did not have before: whoever wants that has to manage them.
#[must_use]
pub fn added(before: Option<&TunnelJumpDraft>, asked: &TunnelJumpDraft) -> Vec<CredentialId> {
    let had = |id| before.is_some_and(|it| all(it).iter().any(|kept| kept.credential_id == id));
    distinct(all(asked).iter().filter(|it| !had(it.credential_id)))
}

/// An item as it is written, and the credentials that stay behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The item.
    pub definition: TunnelJumpDraft,
    /// What it does not have any more although nobody asked for that, each once.
    pub left: Vec<CredentialId>,
}

/// What an item is after somebody asked to make it so. Where nothing is said of its credentials it keeps them, as far as their
/// tunnels are still there. Into another group, and to another system, only those come along that whoever leads it there manages:
/// others would get them, or would be sent them.
#[must_use]
pub fn settle(
    before: Option<&TunnelJumpDraft>,
    asked: TunnelJumpDraft,
    manages: impl Fn(CredentialId) -> bool,
) -> Settled {
    let is_said = asked.credentials.is_some();
    let source = if is_said { Some(&asked) } else { before };
    let wanted = source.map(|it| all(it).to_vec()).unwrap_or_default();
    let place = |it: &TunnelJumpDraft| (it.group_id, it.jumpoint_id, it.hostname.clone());
    let is_elsewhere = before.is_some_and(|it| place(it) != place(&asked));
    let has = |port: u32| asked.tunnels.iter().any(|it| it.remote_port == port);
    let stays = |it: &ItemCredential| it.remote_port.is_none_or(has) && (!is_elsewhere || manages(it.credential_id));
    let (kept, left): (Vec<_>, Vec<_>) = wanted.into_iter().partition(stays);
    Settled { left: distinct(left.iter()), definition: TunnelJumpDraft { credentials: Some(kept), ..asked } }
}

fn all(it: &TunnelJumpDraft) -> &[ItemCredential] {
    it.credentials.as_deref().unwrap_or_default()
}

fn distinct<'a>(of: impl Iterator<Item = &'a ItemCredential>) -> Vec<CredentialId> {
    let mut ids: Vec<CredentialId> = Vec::new();
    for it in of {
        if !ids.contains(&it.credential_id) {
            ids.push(it.credential_id);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wire::api::TunnelDefinition;
    use wire::{JumpGroupId, JumpointId};

    const MINE: CredentialId = CredentialId(Uuid::from_u128(1));
    const THEIRS: CredentialId = CredentialId(Uuid::from_u128(2));

    fn of(credential_id: CredentialId, remote_port: Option<u32>) -> ItemCredential {
        ItemCredential { credential_id, remote_port }
    }

    fn item(group: u128, ports: &[u32], credentials: Option<Vec<ItemCredential>>) -> TunnelJumpDraft {
        let pair = |port: &u32| TunnelDefinition { local_port: 0, remote_port: *port, label: String::new() };
        TunnelJumpDraft {
            name: "db".into(),
            jumpoint_id: JumpointId(Uuid::nil()),
            group_id: JumpGroupId(Uuid::from_u128(group)),
            hostname: "db".into(),
            local_address: "127.0.0.1".into(),
            tunnels: ports.iter().map(pair).collect(),
            tag: None,
            comments: String::new(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials,
            revision: 0,
        }
    }

    #[test]
    fn what_an_item_keeps() {
        let had = || vec![of(MINE, Some(22)), of(THEIRS, None), of(THEIRS, Some(5432))];
        let before = item(1, &[22, 5432], Some(had()));
        type Row = (&'static str, TunnelJumpDraft, Vec<ItemCredential>, Vec<CredentialId>);
        let to = |hostname: &str| TunnelJumpDraft { hostname: hostname.into(), ..item(1, &[22, 5432], None) };
        let through = TunnelJumpDraft { jumpoint_id: JumpointId(Uuid::from_u128(9)), ..item(1, &[22, 5432], None) };
        let table: [Row; 9] = [
            ("nothing is said", item(1, &[22, 5432], None), had(), vec![]),
            ("a tunnel is gone", item(1, &[5432], None), vec![of(THEIRS, None), of(THEIRS, Some(5432))], vec![MINE]),
            ("it is moved", item(2, &[22, 5432], None), vec![of(MINE, Some(22))], vec![THEIRS]),
            ("it reaches another system", to("evil"), vec![of(MINE, Some(22))], vec![THEIRS]),
            ("it goes through another jumpoint", through, vec![of(MINE, Some(22))], vec![THEIRS]),
            ("they are taken away", item(1, &[22], Some(vec![])), vec![], vec![]),
            ("others are given", item(1, &[22], Some(vec![of(MINE, None)])), vec![of(MINE, None)], vec![]),
            ("others, and it is moved", item(2, &[22], Some(vec![of(THEIRS, None)])), vec![], vec![THEIRS]),
            ("moved with its own", item(2, &[22], Some(vec![of(MINE, None)])), vec![of(MINE, None)], vec![]),
        ];
        for (what, asked, kept, left) in table {
            let settled = settle(Some(&before), asked, |id| id == MINE);
            assert_eq!((settled.definition.credentials, settled.left), (Some(kept), left), "{what}");
        }
        let made = settle(None, item(1, &[22], None), |_| false);
        assert_eq!((made.definition.credentials, made.left), (Some(vec![]), vec![]), "a new one");
    }

    #[test]
    fn only_what_it_did_not_have_is_added() {
        let before = item(1, &[22], Some(vec![of(MINE, None)]));
        let asked = item(1, &[22], Some(vec![of(MINE, Some(22)), of(THEIRS, None), of(THEIRS, Some(22))]));
        assert_eq!(added(Some(&before), &asked), [THEIRS]);
        assert_eq!(added(None, &asked), [MINE, THEIRS]);
        assert_eq!(added(Some(&before), &item(1, &[22], None)), []);
    }

    #[test]
    fn who_only_tidies_up_does_not_learn_of_them() {
        for (permission, _) in ItemPermission::ALL {
            let expected = matches!(permission, ItemPermission::Start | ItemPermission::EditCredentials);
            assert_eq!(are_shown_to(permission.into()), expected, "{permission:?}");
        }
    }
}
