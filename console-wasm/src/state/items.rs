//! The Jump interface's table: which items it shows, in which order, and what the group list counts.

use std::cmp::Ordering;

use wire::JumpGroupId;
use wire::api::{JumpGroup, JumpItem};

/// A column the table can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Column {
    /// Its name.
    #[default]
    Name,
    /// Its kind; all are Protocol Tunnel Jumps by now.
    Kind,
    /// Its jumpoint.
    Jumpoint,
    /// The target's host.
    Host,
    /// Local address and ports.
    Local,
    /// Its group.
    Group,
    /// Its tag.
    Tag,
    /// Whether it can be used.
    Status,
    /// When it was last used.
    LastUsed,
}

impl Column {
    /// Every column, from left to right, with its heading.
    pub(crate) const ALL: [(Self, &'static str); 9] = [
        (Self::Name, "Name"),
        (Self::Kind, "Kind"),
        (Self::Jumpoint, "Jumpoint"),
        (Self::Host, "Host"),
        (Self::Local, "Local address"),
        (Self::Group, "Group"),
        (Self::Tag, "Tag"),
        (Self::Status, "Status"),
        (Self::LastUsed, "Last used"),
    ];

    /// Its name in addresses and preferences.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Jumpoint => "jumpoint",
            Self::Host => "host",
            Self::Local => "local",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::Status => "status",
            Self::LastUsed => "used",
        }
    }
}

/// The order of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sort {
    /// By which column.
    pub(crate) column: Column,
    /// Whether from last to first.
    pub(crate) descending: bool,
}

impl Sort {
    /// A click on a heading: sorts by it, or turns the order round. Times begin with the newest.
    pub(crate) fn click(self, column: Column) -> Self {
        if self.column == column {
            Self { column, descending: !self.descending }
        } else {
            Self { column, descending: column == Column::LastUsed }
        }
    }

    /// As kept in addresses: `name`, or `-used` for a descending order.
    pub(crate) fn to_key(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.column.key())
    }

    /// From an address; what is not understood gives the default.
    pub(crate) fn from_key(key: &str) -> Self {
        let (descending, name) = key.strip_prefix('-').map_or((false, key), |name| (true, name));
        Column::ALL
            .iter()
            .find(|(column, _)| column.key() == name)
            .map_or_else(Self::default, |(column, _)| Self { column: *column, descending })
    }
}

/// Which items are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Words that all have to occur.
    pub(crate) search: String,
    /// Only this group's.
    pub(crate) group: Option<JumpGroupId>,
    /// Only those with this tag.
    pub(crate) tag: Option<String>,
}

impl Filter {
    fn admits(&self, item: &JumpItem) -> bool {
        if self.group.is_some_and(|group| group != item.definition.group_id) {
            return false;
        }
        if self.tag.as_ref().is_some_and(|tag| item.definition.tag.as_ref() != Some(tag)) {
            return false;
        }
        let text = searchable(item);
        self.search.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    }
}

/// The items to show, in order.
pub(crate) fn visible<'a>(items: &'a [JumpItem], filter: &Filter, sort: Sort) -> Vec<&'a JumpItem> {
    let mut shown: Vec<&JumpItem> = items.iter().filter(|item| filter.admits(item)).collect();
    shown.sort_by(|a, b| {
        let order = compare(a, b, sort.column);
        let order = if sort.descending { order.reverse() } else { order };
        order.then_with(|| natural(&a.definition.name, &b.definition.name))
    });
    shown
}

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
    let mut list: Vec<GroupEntry> = groups
        .iter()
        .map(|group| {
            let of_group: Vec<&JumpItem> = items.iter().filter(|item| item.definition.group_id == group.id).collect();
            let mut tags = std::collections::BTreeMap::new();
            for tag in of_group.iter().filter_map(|item| item.definition.tag.as_ref()) {
                *tags.entry(tag.clone()).or_insert(0) += 1;
            }
            GroupEntry {
                id: group.id,
                name: group.name.clone(),
                count: of_group.len(),
                tags: tags.into_iter().collect(),
            }
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

fn searchable(item: &JumpItem) -> String {
    let definition = &item.definition;
    let labels: Vec<&str> = definition.tunnels.iter().map(|tunnel| tunnel.label.as_str()).collect();
    [
        definition.name.as_str(),
        &definition.hostname,
        &item.jumpoint_name,
        &item.group_name,
        definition.tag.as_deref().unwrap_or_default(),
        &definition.comments,
        &local_addresses(item),
        &labels.join(" "),
    ]
    .join("\n")
    .to_lowercase()
}

fn compare(a: &JumpItem, b: &JumpItem, column: Column) -> Ordering {
    match column {
        Column::Name => natural(&a.definition.name, &b.definition.name),
        Column::Kind => Ordering::Equal,
        Column::Jumpoint => natural(&a.jumpoint_name, &b.jumpoint_name),
        Column::Host => natural(&a.definition.hostname, &b.definition.hostname),
        Column::Local => natural(&local_addresses(a), &local_addresses(b)),
        Column::Group => natural(&a.group_name, &b.group_name),
        Column::Tag => {
            natural(a.definition.tag.as_deref().unwrap_or_default(), b.definition.tag.as_deref().unwrap_or_default())
        }
        Column::Status => a.status.cmp(&b.status),
        Column::LastUsed => a.last_used_at.cmp(&b.last_used_at),
    }
}

/// Compares as people sort: without regard to case, and numbers by their value, so that `web-10` comes after `web-9`.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.chars().peekable(), b.chars().peekable());
    loop {
        match (a.peek().copied(), b.peek().copied()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let order = take_number(&mut a).cmp(&take_number(&mut b));
                if order != Ordering::Equal {
                    return order;
                }
            }
            (Some(x), Some(y)) => {
                let order = x.to_lowercase().cmp(y.to_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                a.next();
                b.next();
            }
        }
    }
}

/// Digits as (how many without leading zeros, themselves): compares like the number, however long it is.
fn take_number(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> (usize, String) {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        if !(digits.is_empty() && digit == '0') {
            digits.push(digit);
        }
    }
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{item, number};
    use super::*;
    use wire::Timestamp;

    fn names<'a>(shown: &[&'a JumpItem]) -> Vec<&'a str> {
        shown.iter().map(|item| item.definition.name.as_str()).collect()
    }

    #[test]
    fn numbers_in_names_sort_by_value() {
        let items = [item("web-10"), item("Web-9"), item("db")];
        let shown = visible(&items, &Filter::default(), Sort::default());
        assert_eq!(names(&shown), ["db", "Web-9", "web-10"]);
        let huge = "9".repeat(60);
        assert_eq!(natural(&huge, &format!("1{huge}")), Ordering::Less);
    }

    #[test]
    fn last_used_begins_with_the_newest_and_turns_round() {
        let mut items = [item("a"), item("b"), item("c")];
        items[1].last_used_at = Some(Timestamp(5));
        items[2].last_used_at = Some(Timestamp(9));
        let sort = Sort::default().click(Column::LastUsed);
        assert_eq!(names(&visible(&items, &Filter::default(), sort)), ["c", "b", "a"]);
        assert_eq!(names(&visible(&items, &Filter::default(), sort.click(Column::LastUsed))), ["a", "b", "c"]);
        assert_eq!(Sort::from_key(&sort.to_key()), sort);
        assert_eq!(Sort::from_key("nonsense"), Sort::default());
    }

    #[test]
    fn every_word_of_a_search_has_to_occur_somewhere() {
        let mut items = [item("billing"), item("other")];
        items[0].definition.comments = "The OLD one".into();
        let search = |text: &str| {
            let filter = Filter { search: text.into(), ..Filter::default() };
            names(&visible(&items, &filter, Sort::default())).len()
        };
        assert_eq!(search("old bill"), 1);
        assert_eq!(search("10.0.0.5 5432"), 2);
        assert_eq!(search("old other"), 0);
    }

    #[test]
    fn groups_count_items_and_tags() {
        let group = |id: u128, name: &str| JumpGroup {
            id: JumpGroupId(number(id)),
            name: name.into(),
            comments: String::new(),
            item_count: 0,
        };
        let mut items = [item("a"), item("b")];
        items[0].definition.tag = Some("billing".into());
        let list = group_list(&[group(2, "Production"), group(1, "Lab")], &items);
        assert_eq!(list[0].name, "Lab");
        assert_eq!((list[0].count, list[1].count), (2, 0));
        assert_eq!(list[0].tags, [("billing".to_owned(), 1)]);
        let filter = Filter { tag: Some("billing".into()), ..Filter::default() };
        assert_eq!(names(&visible(&items, &filter, Sort::default())), ["a"]);
    }
}
