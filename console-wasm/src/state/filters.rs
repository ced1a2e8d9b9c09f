//! Filters by category: what can be chosen, and which items they let through.

use std::collections::{BTreeMap, BTreeSet};

use wire::api::{ItemStatus, JumpGroup, JumpItem, Jumpoint};
use wire::{JumpGroupId, JumpointId, Timestamp};

use super::catalogue::{Catalogue, Field};
use super::items::KIND;
use super::natural::natural;
use super::view::{Place, View};
use super::words;

/// Items that *Recently used* shows.
pub(super) const RECENT: usize = 20;
/// Status under which an item is found that has a session of the user's, or one that they may see.
const IN_USE: &str = "in_use";

/// Policy under which items are found that have none.
const NO_POLICY: &str = "(none)";

/// What is filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    /// Text in the name.
    Name,
    /// The group.
    Group,
    /// The tag.
    Tag,
    /// The kind.
    Kind,
    /// The jumpoint.
    Jumpoint,
    /// Text in the host name or address.
    Host,
    /// Whether it can be used.
    Status,
    /// The jump policy that holds.
    Policy,
    /// Text in the comments.
    Comments,
    /// When anybody last used it.
    LastUsed,
}

impl Category {
    /// Every category, as the menu lists them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Name,
        Self::Group,
        Self::Tag,
        Self::Kind,
        Self::Jumpoint,
        Self::Host,
        Self::Status,
        Self::Policy,
        Self::Comments,
        Self::LastUsed,
    ];

    /// What it is called.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Group => "Group",
            Self::Tag => "Tag",
            Self::Kind => "Kind",
            Self::Jumpoint => "Jumpoint",
            Self::Host => "Host name",
            Self::Status => "Status",
            Self::Policy => "Jump policy",
            Self::Comments => "Comments",
            Self::LastUsed => "Last used",
        }
    }

    /// Its name in addresses.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::Kind => "kind",
            Self::Jumpoint => "jumpoint",
            Self::Host => "host",
            Self::Status => "status",
            Self::Policy => "policy",
            Self::Comments => "comments",
            Self::LastUsed => "used",
        }
    }

    /// The category of this name in addresses.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.key() == key)
    }

    /// The field whose text is looked at, where a person types what to filter by.
    pub(crate) fn field(self) -> Option<Field> {
        match self {
            Self::Name => Some(Field::Name),
            Self::Host => Some(Field::Host),
            Self::Comments => Some(Field::Comments),
            Self::Group | Self::Tag | Self::Kind | Self::Jumpoint | Self::Status | Self::Policy | Self::LastUsed => {
                None
            }
        }
    }
}

/// One filter. Those of one category let through what any of them does; those of different ones, what all do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// By what.
    pub(crate) category: Category,
    /// The text, the id or the key of the choice.
    pub(crate) value: String,
}

impl Filter {
    /// As it stands in an address: `status:ready`.
    pub(crate) fn to_text(&self) -> String {
        format!("{}:{}", self.category.key(), self.value)
    }

    /// From an address.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (key, value) = text.split_once(':')?;
        let value = value.trim();
        let category = Category::from_key(key).filter(|_| !value.is_empty())?;
        Some(Self { category, value: value.to_owned() })
    }

    /// What its chip says after the category.
    pub(crate) fn words(&self, groups: &[JumpGroup], jumpoints: &[Jumpoint]) -> String {
        let value = &self.value;
        let gone = || format!("{value} (gone)");
        match self.category {
            Category::Name | Category::Host | Category::Comments => format!("contains “{value}”"),
            Category::Policy if value == NO_POLICY => "none".into(),
            Category::Tag | Category::Policy => value.clone(),
            Category::Kind => {
                KINDS.iter().find(|(key, _)| key == value).map_or_else(gone, |(_, words)| (*words).into())
            }
            Category::Group => groups
                .iter()
                .find(|group| group.id.to_string() == *value)
                .map_or_else(|| "a group that is gone".into(), |group| group.name.clone()),
            Category::Jumpoint => jumpoints
                .iter()
                .find(|jumpoint| jumpoint.id.to_string() == *value)
                .map_or_else(|| "a jumpoint that is gone".into(), |jumpoint| jumpoint.name.clone()),
            Category::Status if value == IN_USE => "in use".into(),
            Category::Status => status(value).map_or_else(gone, |status| words::item_status(status).0.into()),
            Category::LastUsed => Used::from_key(value).map_or_else(gone, |used| used.words().into()),
        }
    }
}

/// The kinds of items: name in addresses, and what they are called.
const KINDS: [(&str, &str); 1] = [("tunnel", KIND)];

/// What a person chooses from: value and words. Nothing for a category whose text is typed.
pub(crate) fn choices(
    category: Category,
    items: &[JumpItem],
    groups: &[JumpGroup],
    jumpoints: &[Jumpoint],
) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = match category {
        Category::Name | Category::Host | Category::Comments => Vec::new(),
        Category::Kind => KINDS.iter().map(|(key, words)| ((*key).into(), (*words).into())).collect(),
        Category::LastUsed => return Used::ALL.iter().map(|used| (used.key().into(), used.words().into())).collect(),
        Category::Group => groups.iter().map(|group| (group.id.to_string(), group.name.clone())).collect(),
        Category::Jumpoint => {
            jumpoints.iter().map(|jumpoint| (jumpoint.id.to_string(), jumpoint.name.clone())).collect()
        }
        Category::Policy => {
            let found: BTreeSet<&String> = items.iter().flat_map(|item| &item.policies).collect();
            let mut all: Vec<_> = found.into_iter().map(|name| (name.clone(), name.clone())).collect();
            all.sort_by(|a, b| natural(&a.1, &b.1));
            all.push((NO_POLICY.into(), "none".into()));
            return all;
        }
        Category::Tag => super::items::tags(items).into_iter().map(|tag| (tag.clone(), tag)).collect(),
        Category::Status => {
            let mut found: BTreeMap<ItemStatus, ()> = items.iter().map(|item| (item.status, ())).collect();
            found.insert(ItemStatus::Ready, ());
            let mut all: Vec<_> =
                found.into_keys().map(|status| (status_key(status), words::item_status(status).0.to_owned())).collect();
            all.insert(1, (IN_USE.into(), "in use".into()));
            return all;
        }
    };
    all.sort_by(|a, b| natural(&a.1, &b.1));
    all
}

/// When an item was last used, in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Used {
    Within(i64),
    NotWithin(i64),
    Never,
}

impl Used {
    const ALL: [Self; 6] =
        [Self::Within(1), Self::Within(7), Self::Within(30), Self::NotWithin(30), Self::NotWithin(180), Self::Never];

    fn key(self) -> &'static str {
        match self {
            Self::Within(1) => "1d",
            Self::Within(7) => "7d",
            Self::Within(_) => "30d",
            Self::NotWithin(30) => "not-30d",
            Self::NotWithin(_) => "not-180d",
            Self::Never => "never",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Within(1) => "in the last 24 hours",
            Self::Within(7) => "in the last 7 days",
            Self::Within(_) => "in the last 30 days",
            Self::NotWithin(30) => "not in the last 30 days",
            Self::NotWithin(_) => "not in the last 180 days",
            Self::Never => "never",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|used| used.key() == key)
    }

    fn admits(self, at: Option<Timestamp>, now: Timestamp) -> bool {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let within = |days: i64| at.is_some_and(|at| at.0 >= now.0 - days * DAY);
        match self {
            Self::Within(days) => within(days),
            Self::NotWithin(days) => !within(days),
            Self::Never => at.is_none(),
        }
    }
}

fn status_key(status: ItemStatus) -> String {
    serde_json::to_value(status).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn status(key: &str) -> Option<ItemStatus> {
    serde_json::from_value(serde_json::Value::String(key.to_owned())).ok()
}

/// A filter as it is compared with each item.
enum Test {
    Text(Field, String),
    Group(JumpGroupId),
    Jumpoint(JumpointId),
    Tag(String),
    Policy(Option<String>),
    Kind(bool),
    Status(ItemStatus),
    InUse,
    Used(Used),
    /// Names something that is not there: lets nothing through.
    Nothing,
}

impl Test {
    fn of(filter: &Filter) -> Self {
        let value = &filter.value;
        let test = match filter.category {
            Category::Name => Some(Self::Text(Field::Name, value.to_lowercase())),
            Category::Host => Some(Self::Text(Field::Host, value.to_lowercase())),
            Category::Comments => Some(Self::Text(Field::Comments, value.to_lowercase())),
            Category::Group => value.parse().ok().map(Self::Group),
            Category::Jumpoint => value.parse().ok().map(Self::Jumpoint),
            Category::Policy => Some(Self::Policy(Some(value.clone()).filter(|value| value != NO_POLICY))),
            Category::Tag => Some(Self::Tag(value.clone())),
            Category::Kind => Some(Self::Kind(KINDS.iter().any(|(key, _)| key == value))),
            Category::Status if value == IN_USE => Some(Self::InUse),
            Category::Status => status(value).map(Self::Status),
            Category::LastUsed => Used::from_key(value).map(Self::Used),
        };
        test.unwrap_or(Self::Nothing)
    }

    fn admits(&self, catalogue: &Catalogue, at: u32, item: &JumpItem, now: Timestamp) -> bool {
        let definition = &item.definition;
        match self {
            Self::Text(field, text) => catalogue.field_has(at, *field, text),
            Self::Group(id) => definition.group_id == *id,
            Self::Jumpoint(id) => definition.jumpoint_id == *id,
            Self::Tag(tag) => definition.tag.as_ref() == Some(tag),
            Self::Policy(Some(name)) => item.policies.contains(name),
            Self::Policy(None) => item.policies.is_empty(),
            Self::Kind(is_one) => *is_one,
            Self::Status(status) => item.status == *status,
            Self::InUse => !item.running_sessions.is_empty(),
            Self::Used(used) => used.admits(item.last_used_at, now),
            Self::Nothing => false,
        }
    }
}

/// The items that a view shows, by number, in the order given.
pub(crate) fn shown(catalogue: &Catalogue, order: &[u32], view: &View, now: Timestamp) -> Vec<u32> {
    let words = view.words();
    let tests: Vec<Vec<Test>> =
        Category::ALL.into_iter().map(|category| view.of(category).map(Test::of).collect()).collect();
    let tests: Vec<Vec<Test>> = tests.into_iter().filter(|tests| !tests.is_empty()).collect();
    let since = match view.place {
        Place::Recent => recent_since(catalogue.items()),
        Place::All | Place::Favourites | Place::Group(..) => None,
    };
    let here = |item: &JumpItem| match &view.place {
        Place::All => true,
        Place::Favourites => item.favourite,
        Place::Recent => item.used_by_you_at.is_some() && item.used_by_you_at >= since,
        Place::Group(id, tag) => item.definition.group_id == *id && (tag.is_none() || item.definition.tag == *tag),
    };
    let admits = |at: u32, item: &JumpItem| {
        here(item)
            && tests.iter().all(|any| any.iter().any(|test| test.admits(catalogue, at, item, now)))
            && catalogue.has_words(at, &words, &view.fields)
    };
    order.iter().copied().filter(|at| catalogue.item(*at).is_some_and(|item| admits(*at, item))).collect()
}

/// Since when an item has to have been used by the user to be among the last ones; none when they used no more than those.
fn recent_since(items: &[JumpItem]) -> Option<Timestamp> {
    let mut used: Vec<Timestamp> = items.iter().filter_map(|item| item.used_by_you_at).collect();
    used.sort_unstable_by(|a, b| b.cmp(a));
    used.get(RECENT - 1).copied()
}

/// How many items *Recently used* has.
pub(crate) fn recent_count(items: &[JumpItem]) -> usize {
    items.iter().filter(|item| item.used_by_you_at.is_some()).count().min(RECENT)
}
