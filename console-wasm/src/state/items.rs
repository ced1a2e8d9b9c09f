//! What the Jump interface says of items: their groups and tags with counts, and their addresses.

use std::collections::{BTreeMap, HashMap};

use wire::JumpGroupId;
use wire::api::{JumpGroup, JumpItem};

use super::natural::natural;

/// What the only kind of item there is by now is called in a table.
pub(crate) const KIND: &str = "Tunnel";

/// A group of the list at the left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupEntry {
    /// Its id.
    pub(crate) id: JumpGroupId,
    /// Its name.
    pub(crate) name: String,
    /// Its items.
    pub(crate) count: usize,
    /// Its tags, sorted, with how many items each has.
    pub(crate) tags: Vec<(String, usize)>,
}

/// The list at the left: every group with its tags, sorted by name.
pub(crate) fn group_list(groups: &[JumpGroup], items: &[JumpItem]) -> Vec<GroupEntry> {
    let mut found: HashMap<JumpGroupId, (usize, BTreeMap<&str, usize>)> = HashMap::new();
    for item in items {
        let (count, tags) = found.entry(item.definition.group_id).or_default();
        *count += 1;
        if let Some(tag) = &item.definition.tag {
            *tags.entry(tag).or_default() += 1;
        }
    }
    let mut list: Vec<GroupEntry> = groups
        .iter()
        .map(|group| {
            let (count, tags) = found.remove(&group.id).unwrap_or_default();
            let tags = tags.into_iter().map(|(tag, count)| (tag.to_owned(), count)).collect();
            GroupEntry { id: group.id, name: group.name.clone(), count, tags }
        })
        .collect();
    list.sort_by(|a, b| natural(&a.name, &b.name));
    list
}

/// Every tag of the items, sorted, each once.
pub(crate) fn tags(items: &[JumpItem]) -> Vec<String> {
    let tags: std::collections::BTreeSet<&String> =
        items.iter().filter_map(|item| item.definition.tag.as_ref()).collect();
    tags.into_iter().cloned().collect()
}

/// The local addresses of an item: `127.0.0.1:5432, 2022`, with `automatic` for port 0.
pub(crate) fn local_addresses(item: &JumpItem) -> String {
    let ports: Vec<String> = item
        .definition
        .tunnels
        .iter()
        .map(|tunnel| if tunnel.local_port == 0 { "automatic".into() } else { tunnel.local_port.to_string() })
        .collect();
    format!("{}:{}", item.definition.local_address, ports.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{item, number};
    use super::*;

    #[test]
    fn groups_count_items_and_tags() {
        let group = |id: u128, name: &str| JumpGroup {
            permissions: Vec::new(),
            id: JumpGroupId(number(id)),
            name: name.into(),
            comments: String::new(),
            owner: None,
            item_count: 0,
            revision: 0,
        };
        let mut items = [item("a"), item("b")];
        items[0].definition.tag = Some("billing".into());
        let list = group_list(&[group(2, "Production"), group(1, "Lab")], &items);
        assert_eq!(list[0].name, "Lab");
        assert_eq!((list[0].count, list[1].count), (2, 0));
        assert_eq!(list[0].tags, [("billing".to_owned(), 1)]);
        assert_eq!(tags(&items), ["billing"]);
    }

    #[test]
    fn local_addresses_name_every_port() {
        let mut it = item("a");
        it.definition.tunnels[0].local_port = 0;
        it.definition.tunnels.push(it.definition.tunnels[0].clone());
        it.definition.tunnels[1].local_port = 2022;
        assert_eq!(local_addresses(&it), "127.0.0.1:automatic, 2022");
    }
}
