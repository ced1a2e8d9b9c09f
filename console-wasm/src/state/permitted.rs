//! What the signed-in user's roles let them do with items, as their groups tell. The appliance decides again.

use wire::api::{ItemPermission, JumpGroup, JumpItem};

/// Whether there is a group where the user may do this.
pub(crate) fn anywhere(groups: &[JumpGroup], permission: ItemPermission) -> bool {
    groups.iter().any(|group| group.permissions.contains(&permission))
}

/// Why the user may not do this with all of these items; empty when they may, as far as is known here.
pub(crate) fn obstacle(groups: &[JumpGroup], items: &[JumpItem], permission: ItemPermission) -> String {
    let is_in = |group: &JumpGroup| items.iter().any(|item| item.definition.group_id == group.id);
    let forbids = |group: &&JumpGroup| !group.permissions.contains(&permission) && is_in(group);
    groups.iter().find(forbids).map_or_else(String::new, |group| {
        format!(
            "Your role in the group {} does not allow it: it takes “{}”. Ask an administrator.",
            group.name,
            permission.words()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::item;
    use super::*;
    use wire::JumpGroupId;

    fn group(id: JumpGroupId, name: &str, permissions: &[ItemPermission]) -> JumpGroup {
        JumpGroup {
            id,
            name: name.into(),
            comments: String::new(),
            owner: None,
            item_count: 1,
            permissions: permissions.to_vec(),
            revision: 0,
        }
    }

    #[test]
    fn the_group_that_forbids_it_is_named() {
        let items = [item("a")];
        let here = items[0].definition.group_id;
        let elsewhere = JumpGroupId(uuid::Uuid::from_u128(99));
        let groups =
            [group(here, "Production", &[ItemPermission::Start]), group(elsewhere, "Lab", &[ItemPermission::Remove])];
        assert_eq!(obstacle(&groups, &items, ItemPermission::Start), "");
        let said = obstacle(&groups, &items, ItemPermission::Remove);
        assert!(said.contains("Production") && said.contains("Remove items"), "{said}");
        assert_eq!(obstacle(&[], &items, ItemPermission::Remove), "", "what is not known yet forbids nothing");
        assert!(anywhere(&groups, ItemPermission::Remove) && !anywhere(&groups, ItemPermission::Add));
    }
}
