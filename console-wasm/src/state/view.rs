//! Which items the table shows: the place chosen at the left, the search, and the filters. All of it stands in the page's
//! address, so that it can be shared, and back and forward work.

use wire::JumpGroupId;

use super::catalogue::Field;
use super::filters::{Category, Filter};

/// Which part of the items is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// All of them.
    #[default]
    All,
    /// The user's favourites.
    Favourites,
    /// Those that the user used last.
    Recent,
    /// Those of a group, or those of one of its tags.
    Group(JumpGroupId, Option<String>),
}

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// Where.
    pub(crate) place: Place,
    /// Words that all have to occur.
    pub(crate) search: String,
    /// The fields that are searched, each once, in their order; none for all.
    pub(crate) fields: Vec<Field>,
    /// Filters.
    pub(crate) filters: Vec<Filter>,
}

impl View {
    /// From the pairs of an address. What is not understood is left out.
    pub(crate) fn from_pairs(pairs: &[(String, String)]) -> Self {
        let mut it = Self::default();
        let mut tag = None;
        for (name, value) in pairs {
            match name.as_str() {
                "q" => it.search.clone_from(value),
                "in" => {
                    let named = |field: &Field| value.split(',').any(|key| key == field.key());
                    it.fields = Field::ALL.into_iter().filter(named).collect();
                }
                "list" if value == "favourites" => it.place = Place::Favourites,
                "list" if value == "recent" => it.place = Place::Recent,
                "group" => {
                    if let Ok(id) = value.parse() {
                        it.place = Place::Group(id, None);
                    }
                }
                "tag" => tag = Some(value.clone()).filter(|tag| !tag.is_empty()),
                "filter" => {
                    if let Some(filter) = Filter::from_text(value) {
                        it.add(filter);
                    }
                }
                _ => {}
            }
        }
        if let Place::Group(_, of) = &mut it.place {
            *of = tag;
        }
        it
    }

    /// As the pairs of an address.
    pub(crate) fn to_pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut push = |name: &str, value: String| pairs.push((name.to_owned(), value));
        match &self.place {
            Place::All => {}
            Place::Favourites => push("list", "favourites".into()),
            Place::Recent => push("list", "recent".into()),
            Place::Group(id, tag) => {
                push("group", id.to_string());
                if let Some(tag) = tag {
                    push("tag", tag.clone());
                }
            }
        }
        if !self.search.trim().is_empty() {
            push("q", self.search.clone());
        }
        if !self.fields.is_empty() {
            let keys: Vec<&str> = self.fields.iter().map(|field| field.key()).collect();
            push("in", keys.join(","));
        }
        for filter in &self.filters {
            push("filter", filter.to_text());
        }
        pairs
    }

    /// Adds a filter, unless it is there.
    pub(crate) fn add(&mut self, filter: Filter) {
        if !self.filters.contains(&filter) {
            self.filters.push(filter);
        }
    }

    /// Adds a field to those that are searched, or takes it away. All of them are the same as none.
    pub(crate) fn toggle_field(&mut self, field: Field) {
        match self.fields.iter().position(|it| *it == field) {
            Some(at) => drop(self.fields.remove(at)),
            None => self.fields.push(field),
        }
        self.fields.sort_unstable();
        if self.fields.len() == Field::ALL.len() {
            self.fields.clear();
        }
    }

    /// Whether anything narrows what is shown, apart from the place.
    pub(crate) fn narrows(&self) -> bool {
        !self.filters.is_empty() || !self.search.trim().is_empty()
    }

    /// The same place with nothing that narrows it.
    pub(crate) fn cleared(&self) -> Self {
        Self { place: self.place.clone(), ..Self::default() }
    }

    /// The words of the search in small letters.
    pub(crate) fn words(&self) -> Vec<String> {
        self.search.split_whitespace().map(str::to_lowercase).collect()
    }

    /// The filters of a category.
    pub(crate) fn of(&self, category: Category) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(move |filter| filter.category == category)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::number;
    use super::*;

    fn pairs(text: &[(&str, &str)]) -> Vec<(String, String)> {
        text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn everything_stands_in_the_address_and_comes_back() {
        let group = number(7).to_string();
        let address = pairs(&[
            ("group", &group),
            ("tag", "billing & more"),
            ("q", "old  db"),
            ("in", "name,comments"),
            ("filter", "status:ready"),
            ("filter", "host:10.0:5"),
        ]);
        let view = View::from_pairs(&address);
        assert_eq!(view.place, Place::Group(JumpGroupId(number(7)), Some("billing & more".into())));
        assert_eq!((view.fields.len(), view.filters.len()), (2, 2));
        assert_eq!(view.to_pairs(), address);
        assert_eq!(View::from_pairs(&view.cleared().to_pairs()), view.cleared());
        assert!(view.narrows() && !view.cleared().narrows());
        for place in [Place::All, Place::Favourites, Place::Recent] {
            let view = View { place, ..View::default() };
            assert_eq!(View::from_pairs(&view.to_pairs()), view);
        }
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        let address = pairs(&[
            ("group", "none"),
            ("tag", "lost"),
            ("in", "colour,name,name"),
            ("filter", "colour:red"),
            ("filter", "status"),
            ("filter", "tag:a"),
            ("filter", "tag:a"),
            ("list", "other"),
            ("x", "y"),
        ]);
        let view = View::from_pairs(&address);
        assert_eq!(view.place, Place::All);
        assert_eq!(view.fields, [Field::Name]);
        assert_eq!(view.filters.len(), 1);
    }

    #[test]
    fn all_fields_are_the_same_as_none_chosen() {
        let mut view = View::default();
        for field in Field::ALL.into_iter().rev() {
            view.toggle_field(field);
        }
        assert_eq!(view.fields, []);
        view.toggle_field(Field::Tag);
        view.toggle_field(Field::Name);
        assert_eq!(view.fields, [Field::Name, Field::Tag]);
        view.toggle_field(Field::Tag);
        assert_eq!(view.fields, [Field::Name]);
    }
}
