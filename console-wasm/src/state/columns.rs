//! The columns of the table of items: their order, which are shown, how wide they are, and what the table is sorted by.
//! Remembered per user, so that another workstation has them at the next sign-in.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Under which name the appliance keeps the layout among a user's preferences.
pub(crate) const PREFERENCE: &str = "jump-table";
/// Version of the format that is kept. Another one is not read: the table begins as it does for a new user.
const VERSION: u32 = 1;
/// Widths a column can have, in CSS pixels.
const WIDTHS: std::ops::RangeInclusive<u16> = 56..=900;
/// Columns the table is sorted by, at most.
const SORTED_BY: usize = 4;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    /// Its name.
    Name,
    /// Its kind.
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
    /// Comments.
    Comments,
    /// The jump policies that hold.
    Policy,
}

impl Column {
    /// Every column, in the order a new user finds.
    pub(crate) const ALL: [Self; 11] = [
        Self::Name,
        Self::Kind,
        Self::Jumpoint,
        Self::Host,
        Self::Local,
        Self::Group,
        Self::Tag,
        Self::Status,
        Self::LastUsed,
        Self::Comments,
        Self::Policy,
    ];

    /// Its heading.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Kind => "Kind",
            Self::Jumpoint => "Jumpoint",
            Self::Host => "Host",
            Self::Local => "Local address",
            Self::Group => "Group",
            Self::Tag => "Tag",
            Self::Status => "Status",
            Self::LastUsed => "Last used",
            Self::Comments => "Comments",
            Self::Policy => "Jump policy",
        }
    }

    /// Its name in preferences and in the page.
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
            Self::Comments => "comments",
            Self::Policy => "policy",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.key() == key)
    }

    /// How wide it is until somebody drags it.
    fn usual_width(self) -> u16 {
        match self {
            Self::Name => 140,
            Self::Local => 180,
            Self::Kind => 90,
            Self::Jumpoint => 98,
            Self::LastUsed => 108,
            Self::Host => 135,
            Self::Status => 115,
            Self::Group | Self::Tag => 110,
            Self::Comments => 260,
            Self::Policy => 130,
        }
    }

    fn hidden_at_first(self) -> bool {
        matches!(self, Self::Kind | Self::Group | Self::Tag | Self::Comments | Self::Policy)
    }
}

/// One column that the table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SortKey {
    /// Which.
    pub(crate) column: Column,
    /// Whether from last to first.
    pub(crate) descending: bool,
}

impl SortKey {
    fn first(column: Column) -> Self {
        // Times begin with the newest.
        Self { column, descending: column == Column::LastUsed }
    }

    fn to_text(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.column.key())
    }

    fn from_text(text: &str) -> Option<Self> {
        let (descending, key) = text.strip_prefix('-').map_or((false, text), |key| (true, key));
        Column::from_key(key).map(|column| Self { column, descending })
    }
}

/// How the table is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    order: Vec<Column>,
    hidden: BTreeSet<Column>,
    widths: BTreeMap<Column, u16>,
    sort: Vec<SortKey>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            order: Column::ALL.to_vec(),
            hidden: Column::ALL.into_iter().filter(|column| column.hidden_at_first()).collect(),
            widths: BTreeMap::new(),
            sort: vec![SortKey::first(Column::Name)],
        }
    }
}

impl Layout {
    /// All columns in their order, shown or not.
    pub(crate) fn order(&self) -> &[Column] {
        &self.order
    }

    /// The columns that are shown, from left to right.
    pub(crate) fn shown(&self) -> Vec<Column> {
        self.order.iter().copied().filter(|column| self.shows(*column)).collect()
    }

    /// Whether a column is shown.
    pub(crate) fn shows(&self, column: Column) -> bool {
        !self.hidden.contains(&column)
    }

    /// Shows a column, or hides it. The name stays: a row has to be told from others.
    pub(crate) fn toggle(&mut self, column: Column) {
        if !self.hidden.remove(&column) && column != Column::Name {
            self.hidden.insert(column);
        }
    }

    /// How wide a column is, in CSS pixels.
    pub(crate) fn width(&self, column: Column) -> u16 {
        self.widths.get(&column).copied().unwrap_or_else(|| column.usual_width())
    }

    /// How wide the columns are together.
    pub(crate) fn total_width(&self) -> u32 {
        self.shown().into_iter().map(|column| u32::from(self.width(column))).sum()
    }

    /// Makes a column as wide as that, within bounds.
    pub(crate) fn set_width(&mut self, column: Column, width: i32) {
        let width = u16::try_from(width.max(0)).unwrap_or(u16::MAX).clamp(*WIDTHS.start(), *WIDTHS.end());
        self.widths.insert(column, width);
    }

    /// Puts a column where another one is shown; that one, and what is between them, makes room.
    pub(crate) fn put_at(&mut self, column: Column, place: Column) {
        let position = |of: Column| self.order.iter().position(|it| *it == of);
        if let (Some(from), Some(to)) = (position(column), position(place)) {
            let column = self.order.remove(from);
            self.order.insert(to, column);
        }
    }

    /// Moves a column by one to the left or to the right, past columns that are not shown.
    pub(crate) fn shift(&mut self, column: Column, right: bool) {
        let shown = self.shown();
        let Some(at) = shown.iter().position(|it| *it == column) else { return };
        let neighbour = if right { shown.get(at + 1) } else { at.checked_sub(1).and_then(|at| shown.get(at)) };
        if let Some(neighbour) = neighbour {
            self.put_at(column, *neighbour);
        }
    }

    /// What the table is sorted by, what counts most first.
    pub(crate) fn sort(&self) -> &[SortKey] {
        &self.sort
    }

    /// A click on a heading: sorts by it alone, or turns its order round. With Shift it is added to what the table is
    /// sorted by already; a third click with Shift takes it away again.
    pub(crate) fn click(&mut self, column: Column, extend: bool) {
        let at = self.sort.iter().position(|key| key.column == column);
        let first = SortKey::first(column);
        match (at, extend) {
            (Some(0), false) if self.sort.len() == 1 => self.sort[0].descending = !self.sort[0].descending,
            (_, false) => self.sort = vec![first],
            (Some(at), true) if self.sort[at] == first => self.sort[at].descending = !first.descending,
            (Some(at), true) if self.sort.len() > 1 => {
                self.sort.remove(at);
            }
            (Some(at), true) => self.sort[at] = first,
            (None, true) => {
                self.sort.truncate(SORTED_BY - 1);
                self.sort.push(first);
            }
        }
    }

    /// As it is kept.
    pub(crate) fn to_text(&self) -> String {
        let column = |column: &Column| KeptColumn {
            column: column.key().into(),
            width: self.widths.get(column).copied(),
            hidden: self.hidden.contains(column),
        };
        let kept = Kept {
            version: VERSION,
            columns: self.order.iter().map(column).collect(),
            sort: self.sort.iter().map(|key| key.to_text()).collect(),
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// From what was kept. Columns that it does not know of take their usual place at the end; what is not understood is
    /// left out.
    pub(crate) fn from_text(text: &str) -> Self {
        let Ok(kept) = serde_json::from_str::<Kept>(text) else { return Self::default() };
        if kept.version != VERSION {
            return Self::default();
        }
        let mut it = Self { order: Vec::new(), ..Self::default() };
        for kept in &kept.columns {
            let Some(column) = Column::from_key(&kept.column).filter(|column| !it.order.contains(column)) else {
                continue;
            };
            it.order.push(column);
            if kept.hidden && column != Column::Name {
                it.hidden.insert(column);
            } else {
                it.hidden.remove(&column);
            }
            if let Some(width) = kept.width {
                it.set_width(column, width.into());
            }
        }
        let missing: Vec<Column> = Column::ALL.into_iter().filter(|column| !it.order.contains(column)).collect();
        it.order.extend(missing);
        let mut sort: Vec<SortKey> = Vec::new();
        for key in kept.sort.iter().filter_map(|text| SortKey::from_text(text)) {
            if sort.len() < SORTED_BY && sort.iter().all(|it| it.column != key.column) {
                sort.push(key);
            }
        }
        if !sort.is_empty() {
            it.sort = sort;
        }
        it
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    columns: Vec<KeptColumn>,
    #[serde(default)]
    sort: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptColumn {
    column: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u16>,
    #[serde(default)]
    hidden: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(layout: &Layout) -> Vec<String> {
        layout.sort().iter().map(|key| key.to_text()).collect()
    }

    #[test]
    fn clicks_sort_by_one_and_with_shift_by_several() {
        let mut it = Layout::default();
        assert_eq!(sorted(&it), ["name"]);
        it.click(Column::Name, false);
        assert_eq!(sorted(&it), ["-name"]);
        it.click(Column::LastUsed, false);
        assert_eq!(sorted(&it), ["-used"], "times begin with the newest");
        it.click(Column::Group, true);
        it.click(Column::Host, true);
        assert_eq!(sorted(&it), ["-used", "group", "host"]);
        it.click(Column::Group, true);
        assert_eq!(sorted(&it), ["-used", "-group", "host"]);
        it.click(Column::Group, true);
        assert_eq!(sorted(&it), ["-used", "host"]);
        it.click(Column::Host, false);
        assert_eq!(sorted(&it), ["host"], "a plain click sorts by that column alone");
        it.click(Column::Host, true);
        it.click(Column::Host, true);
        assert_eq!(sorted(&it), ["host"], "something always is");
    }

    #[test]
    fn no_more_columns_than_the_limit_sort() {
        let mut it = Layout::default();
        for column in Column::ALL {
            it.click(column, true);
        }
        assert_eq!(it.sort().len(), SORTED_BY);
    }

    #[test]
    fn columns_move_past_hidden_ones() {
        let mut it = Layout::default();
        assert_eq!(it.shown()[..3], [Column::Name, Column::Jumpoint, Column::Host]);
        it.shift(Column::Jumpoint, false);
        assert_eq!(it.shown()[..3], [Column::Jumpoint, Column::Name, Column::Host]);
        it.shift(Column::Jumpoint, false);
        assert_eq!(it.shown()[0], Column::Jumpoint, "there is nothing left of the first");
        it.put_at(Column::LastUsed, Column::Name);
        assert_eq!(it.shown()[..3], [Column::Jumpoint, Column::LastUsed, Column::Name]);
        it.put_at(Column::Jumpoint, Column::Name);
        assert_eq!(it.shown()[..3], [Column::LastUsed, Column::Name, Column::Jumpoint]);
    }

    #[test]
    fn the_name_is_always_shown() {
        let mut it = Layout::default();
        it.toggle(Column::Name);
        it.toggle(Column::Tag);
        it.toggle(Column::Host);
        assert!(it.shows(Column::Name) && it.shows(Column::Tag) && !it.shows(Column::Host));
    }

    #[test]
    fn what_is_kept_comes_back() {
        let mut it = Layout::default();
        it.put_at(Column::Status, Column::Name);
        it.toggle(Column::Tag);
        it.set_width(Column::Host, 333);
        it.set_width(Column::Tag, -5);
        it.click(Column::Tag, true);
        assert_eq!(it.width(Column::Tag), *WIDTHS.start());
        assert_eq!(Layout::from_text(&it.to_text()), it);
    }

    #[test]
    fn what_is_not_understood_does_no_harm() {
        for text in ["", "{}", "[]", r#"{"version":2,"columns":[]}"#] {
            assert_eq!(Layout::from_text(text), Layout::default(), "{text}");
        }
        let text = r#"{"version":1,"columns":[{"column":"host","width":65535},{"column":"colour"},{"column":"host"},
            {"column":"name","hidden":true}],"sort":["colour","-host","host"]}"#;
        let it = Layout::from_text(text);
        assert_eq!(it.order().len(), Column::ALL.len());
        assert_eq!(it.shown()[..2], [Column::Host, Column::Name]);
        assert_eq!((it.width(Column::Host), sorted(&it)), (*WIDTHS.end(), vec!["-host".to_owned()]));
    }
}
