//! All items as the table searches and sorts them: what is compared is made once when they arrive, not at each key pressed.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use wire::JumpItemId;
use wire::api::JumpItem;

use super::columns::{Column, SortKey};
use super::items::{KIND, local_addresses};
use super::natural::natural_key;

/// A field that the search looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    /// Its name.
    Name,
    /// The target's host.
    Host,
    /// Local address and ports.
    Local,
    /// What speaks at its ports.
    Services,
    /// Its jumpoint.
    Jumpoint,
    /// Its group.
    Group,
    /// Its tag.
    Tag,
    /// Comments.
    Comments,
}

impl Field {
    /// Every field, as the menu of the search lists them.
    pub(crate) const ALL: [Self; 8] =
        [Self::Name, Self::Host, Self::Local, Self::Services, Self::Jumpoint, Self::Group, Self::Tag, Self::Comments];

    /// What it is called.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Host => "Host name or address",
            Self::Local => "Local address and ports",
            Self::Services => "Services",
            Self::Jumpoint => "Jumpoint",
            Self::Group => "Group",
            Self::Tag => "Tag",
            Self::Comments => "Comments",
        }
    }

    /// Its name in addresses.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Host => "host",
            Self::Local => "local",
            Self::Services => "services",
            Self::Jumpoint => "jumpoint",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::Comments => "comments",
        }
    }
}

/// The searched fields of an item in small letters, one after the other.
#[derive(Debug)]
struct Text {
    all: String,
    ends: [usize; Field::ALL.len()],
}

impl Text {
    fn of(item: &JumpItem) -> Self {
        let definition = &item.definition;
        let mut it = Self { all: String::new(), ends: [0; Field::ALL.len()] };
        for (end, field) in it.ends.iter_mut().zip(Field::ALL) {
            match field {
                Field::Name => push_small(&mut it.all, &definition.name),
                Field::Host => push_small(&mut it.all, &definition.hostname),
                Field::Local => push_small(&mut it.all, &local_addresses(item)),
                Field::Services => {
                    for tunnel in &definition.tunnels {
                        push_small(&mut it.all, &tunnel.label);
                        it.all.push('\n');
                    }
                }
                Field::Jumpoint => push_small(&mut it.all, &item.jumpoint_name),
                Field::Group => push_small(&mut it.all, &item.group_name),
                Field::Tag => push_small(&mut it.all, definition.tag.as_deref().unwrap_or_default()),
                Field::Comments => push_small(&mut it.all, &definition.comments),
            }
            // No word of a search has a line's end in it, so none is found across two fields.
            it.all.push('\n');
            *end = it.all.len();
        }
        it
    }

    fn field(&self, field: Field) -> &str {
        let at = field as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[at]]
    }
}

fn push_small(all: &mut String, text: &str) {
    if text.is_ascii() {
        all.extend(text.chars().map(|sign| sign.to_ascii_lowercase()));
    } else {
        all.push_str(&text.to_lowercase());
    }
}

/// The items, with what they are searched by. Two are equal when they are the same one.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    items: Rc<Vec<JumpItem>>,
    texts: Vec<Text>,
    positions: HashMap<JumpItemId, u32>,
}

impl Catalogue {
    /// Of these items.
    pub(crate) fn new(items: Rc<Vec<JumpItem>>) -> Self {
        let texts = items.iter().map(Text::of).collect();
        let positions = (0u32..).zip(items.iter()).map(|(at, item)| (item.id, at)).collect();
        Self { items, texts, positions }
    }

    /// The items, in no order.
    pub(crate) fn items(&self) -> &[JumpItem] {
        &self.items
    }

    /// An item by its number.
    pub(crate) fn item(&self, at: u32) -> Option<&JumpItem> {
        self.items.get(at as usize)
    }

    /// An item by its id.
    pub(crate) fn by_id(&self, id: JumpItemId) -> Option<&JumpItem> {
        self.positions.get(&id).and_then(|at| self.item(*at))
    }

    /// Whether every word occurs in one of these fields of an item; with no fields named, in any. Words are in small letters.
    pub(crate) fn has_words(&self, at: u32, words: &[String], fields: &[Field]) -> bool {
        let Some(text) = self.texts.get(at as usize) else { return false };
        let has = |word: &String| match fields {
            [] => text.all.contains(word.as_str()),
            some => some.iter().any(|field| text.field(*field).contains(word.as_str())),
        };
        words.iter().all(has)
    }

    /// Whether a text in small letters occurs in a field of an item.
    pub(crate) fn field_has(&self, at: u32, field: Field, text: &str) -> bool {
        self.texts.get(at as usize).is_some_and(|it| it.field(field).contains(text))
    }

    /// The numbers of all items in order. Equal ones stand by name.
    pub(crate) fn sorted(&self, keys: &[SortKey]) -> Vec<u32> {
        let mut order: Vec<u32> = (0u32..).take(self.items.len()).collect();
        let by_name = SortKey { column: Column::Name, descending: false };
        let named = keys.iter().any(|key| key.column == Column::Name);
        // From what counts least to what counts most: each sort keeps the order of equal ones.
        for key in (!named).then_some(&by_name).into_iter().chain(keys.iter().rev()) {
            self.sort_by(&mut order, *key);
        }
        order
    }

    fn sort_by(&self, order: &mut [u32], key: SortKey) {
        let keys: Vec<Cell> = self.items.iter().map(|item| Cell::of(item, key.column)).collect();
        let compare = |a: &u32, b: &u32| match (keys.get(*a as usize), keys.get(*b as usize)) {
            (Some(a), Some(b)) if key.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        order.sort_by(compare);
    }
}

/// What stands in a column, as it is compared.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Text(String),
    Number(i64),
}

impl Cell {
    fn of(item: &JumpItem, column: Column) -> Self {
        let definition = &item.definition;
        match column {
            Column::Name => Self::Text(natural_key(&definition.name)),
            Column::Kind => Self::Text(KIND.to_owned()),
            Column::Jumpoint => Self::Text(natural_key(&item.jumpoint_name)),
            Column::Host => Self::Text(natural_key(&definition.hostname)),
            Column::Local => Self::Text(natural_key(&local_addresses(item))),
            Column::Group => Self::Text(natural_key(&item.group_name)),
            Column::Tag => Self::Text(natural_key(definition.tag.as_deref().unwrap_or_default())),
            Column::Status => Self::Number(item.status as i64),
            Column::LastUsed => Self::Number(item.last_used_at.map_or(i64::MIN, |at| at.0)),
            Column::Comments => Self::Text(natural_key(&definition.comments)),
            Column::Policy => Self::Text(natural_key(&item.policies.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Layout;
    use super::super::samples::item;
    use super::*;
    use wire::Timestamp;
    use wire::api::TunnelDefinition;

    fn catalogue(items: Vec<JumpItem>) -> Catalogue {
        Catalogue::new(Rc::new(items))
    }

    fn names(it: &Catalogue, layout: &Layout) -> Vec<String> {
        it.sorted(layout.sort()).iter().filter_map(|at| Some(it.item(*at)?.definition.name.clone())).collect()
    }

    #[test]
    fn last_used_begins_with_the_newest_and_turns_round() {
        let mut items = vec![item("a"), item("b"), item("c")];
        items[1].last_used_at = Some(Timestamp(5));
        items[2].last_used_at = Some(Timestamp(9));
        let it = catalogue(items);
        let mut layout = Layout::default();
        layout.click(Column::LastUsed, false);
        assert_eq!(names(&it, &layout), ["c", "b", "a"]);
        layout.click(Column::LastUsed, false);
        assert_eq!(names(&it, &layout), ["a", "b", "c"]);
    }

    #[test]
    fn several_columns_sort_each_in_its_direction() {
        let mut items = vec![item("a-1"), item("a-2"), item("b-1"), item("b-10"), item("b-9")];
        for (item, (group, host)) in
            items.iter_mut().zip([("x", "h2"), ("y", "h1"), ("x", "h1"), ("x", "h1"), ("x", "h10")])
        {
            item.group_name = group.into();
            item.definition.hostname = host.into();
        }
        let it = catalogue(items);
        let mut layout = Layout::default();
        layout.click(Column::Group, false);
        layout.click(Column::Host, true);
        layout.click(Column::Host, true);
        assert_eq!(names(&it, &layout), ["b-9", "a-1", "b-1", "b-10", "a-2"]);
        layout.click(Column::Name, true);
        layout.click(Column::Name, true);
        assert_eq!(names(&it, &layout), ["b-9", "a-1", "b-10", "b-1", "a-2"], "the name can be the last of them");
    }

    #[test]
    fn words_are_found_in_the_fields_that_are_searched() {
        let mut one = item("Billing");
        one.definition.comments = "The OLD one, Straße".into();
        one.definition.tunnels.push(TunnelDefinition { local_port: 1, remote_port: 22, label: "SSH".into() });
        let it = catalogue(vec![one]);
        let has = |words: &str, fields: &[Field]| {
            let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
            it.has_words(0, &words, fields)
        };
        assert!(has("old BILL 10.0.0.5 5432 ssh ams-1 production", &[]));
        assert!(!has("old billy", &[]));
        assert!(has("bill", &[Field::Name]) && !has("old", &[Field::Name]));
        assert!(has("old bill", &[Field::Name, Field::Comments]));
        assert!(has("STRASSE", &[]) || has("straße", &[Field::Comments]));
        assert!(!has("billing10.0.0.5", &[]), "no word is found across two fields");
        assert!(it.field_has(0, Field::Services, "ssh") && !it.field_has(0, Field::Tag, "ssh"));
    }

    #[test]
    fn an_item_is_found_by_its_id() {
        let it = catalogue(vec![item("a"), item("b")]);
        assert_eq!(it.by_id(item("b").id).map(|it| it.definition.name.as_str()), Some("b"));
        assert!(it.by_id(item("c").id).is_none());
    }
}
