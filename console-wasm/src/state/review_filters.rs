//! Which sessions a reviewer looks for: filters and the order, which stand in the address.

use wire::Timestamp;
use wire::api::{ReviewSort, SessionEnd};

use super::audit::encoded;

/// What a session may be looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// Who used it.
    User,
    /// The item.
    Item,
    /// The group that the item was in.
    Group,
    /// How long ago it began, in days.
    Days,
    /// From when on it began, in milliseconds since 1970.
    From,
    /// Before when it began.
    Until,
    /// How long it lasted at least, in seconds.
    Longer,
    /// How long it lasted at most, in seconds.
    Shorter,
    /// Why it ended.
    Ended,
    /// Whether it runs.
    Live,
    /// Whether there is a recording.
    Recorded,
    /// Whether somebody has reviewed it.
    Reviewed,
    /// Where its user came from.
    Address,
    /// A text in it.
    Text,
}

impl By {
    /// Each, with its name in addresses and for people.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 14] = [
        (Self::User, "user", "Who"),
        (Self::Item, "item", "Item"),
        (Self::Group, "group", "Group"),
        (Self::Days, "days", "When"),
        (Self::From, "from", "From"),
        (Self::Until, "until", "Until"),
        (Self::Longer, "longer", "At least"),
        (Self::Shorter, "shorter", "At most"),
        (Self::Ended, "ended", "Why it ended"),
        (Self::Live, "live", "State"),
        (Self::Recorded, "recorded", "Recording"),
        (Self::Reviewed, "reviewed", "Review"),
        (Self::Address, "address", "Address"),
        (Self::Text, "text", "Text"),
    ];

    /// Its name in addresses.
    pub(crate) fn key(self) -> &'static str {
        Self::ALL.iter().find(|(it, ..)| *it == self).map_or("", |(_, key, _)| key)
    }

    /// For people.
    pub(crate) fn words(self) -> &'static str {
        Self::ALL.iter().find(|(it, ..)| *it == self).map_or("", |(.., words)| words)
    }

    /// Whether there may be several, any of which is enough.
    fn is_many(self) -> bool {
        matches!(self, Self::User | Self::Item | Self::Group | Self::Ended)
    }

    /// Whether its value is an id with a name behind it.
    fn is_named(self) -> bool {
        matches!(self, Self::User | Self::Item | Self::Group)
    }

    /// What there is to choose from; nothing where something is entered, or depends on the sessions.
    pub(crate) fn choices(self) -> Vec<(&'static str, &'static str)> {
        let all: &[(&str, &str)] = match self {
            Self::Days => &PERIODS,
            Self::Longer | Self::Shorter => &LENGTHS,
            Self::Live => &[("true", "runs now"), ("false", "is over")],
            Self::Recorded => &[("true", "has a recording"), ("false", "has none")],
            Self::Reviewed => &[("true", "reviewed"), ("false", "not reviewed yet")],
            Self::Ended => return SessionEnd::ALL.iter().map(|(_, key, words)| (*key, *words)).collect(),
            Self::User | Self::Item | Self::Group | Self::From | Self::Until | Self::Address | Self::Text => &[],
        };
        all.to_vec()
    }
}

/// Periods to choose from, in days.
const PERIODS: [(&str, &str); 5] = [
    ("1", "last 24 hours"),
    ("7", "last 7 days"),
    ("30", "last 30 days"),
    ("90", "last 90 days"),
    ("365", "last year"),
];
/// Lengths to choose from, in seconds.
const LENGTHS: [(&str, &str); 6] = [
    ("60", "a minute"),
    ("600", "10 minutes"),
    ("3600", "an hour"),
    ("14400", "4 hours"),
    ("28800", "8 hours"),
    ("86400", "a day"),
];
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// By what.
    pub(crate) by: By,
    /// The value, as the appliance knows it.
    pub(crate) value: String,
    /// The value for people; empty where that takes a clock and a zone.
    pub(crate) words: String,
}

impl Filter {
    /// A filter whose words follow from its value.
    pub(crate) fn new(by: By, value: &str) -> Option<Self> {
        let value = value.trim();
        let words = match by {
            By::User | By::Item | By::Group => return None,
            By::From | By::Until => value.parse::<i64>().ok().map(|_| String::new())?,
            By::Address | By::Text => Some(value).filter(|it| !it.is_empty())?.to_owned(),
            _ => by.choices().into_iter().find(|(key, _)| *key == value)?.1.to_owned(),
        };
        Some(Self { by, value: value.to_owned(), words })
    }

    /// A filter by somebody or something with this id and name.
    pub(crate) fn named(by: By, id: &str, name: &str) -> Self {
        Self { by, value: id.to_owned(), words: name.to_owned() }
    }

    /// The moment, where it is one.
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        matches!(self.by, By::From | By::Until).then(|| self.value.parse().ok().map(Timestamp)).flatten()
    }

    /// The same name in its address, so that two of a kind are told apart.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.by.key(), self.value)
    }
}

/// What of the list stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sought {
    /// The filters that hold, all of them.
    pub(crate) filters: Vec<Filter>,
    /// What it is sorted by.
    pub(crate) sort: ReviewSort,
    /// In the other direction than usual.
    pub(crate) turned: bool,
}

/// What a list may be sorted by, with its name in addresses.
const SORTS: [(ReviewSort, &str); 5] = [
    (ReviewSort::Started, "started"),
    (ReviewSort::Lasted, "lasted"),
    (ReviewSort::User, "user"),
    (ReviewSort::Item, "item"),
    (ReviewSort::Bytes, "bytes"),
];

fn sort_key(sort: ReviewSort) -> &'static str {
    SORTS.iter().find(|(it, _)| *it == sort).map_or("", |(_, key)| key)
}

impl Sought {
    /// From the pairs of an address. What is not understood is left out.
    pub(crate) fn from_pairs(pairs: &[(String, String)]) -> Self {
        let mut all = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "sort" => all.sort = SORTS.iter().find(|(_, key)| key == value).map_or(all.sort, |(it, _)| *it),
                "turned" => all.turned = value == "true",
                _ => {}
            }
            let Some((by, ..)) = By::ALL.iter().find(|(_, key, _)| key == name) else { continue };
            let filter = if by.is_named() {
                value.split_once(' ').map(|(id, name)| Filter::named(*by, id, name))
            } else {
                Filter::new(*by, value)
            };
            if let Some(filter) = filter {
                all = all.with(filter);
            }
        }
        all
    }

    /// As the pairs of an address.
    pub(crate) fn to_pairs(&self) -> Vec<(String, String)> {
        let value =
            |it: &Filter| if it.by.is_named() { format!("{} {}", it.value, it.words) } else { it.value.clone() };
        let mut pairs: Vec<_> = self.filters.iter().map(|it| (it.by.key().to_owned(), value(it))).collect();
        if self.sort != ReviewSort::default() {
            pairs.push(("sort".into(), sort_key(self.sort).into()));
        }
        if self.turned {
            pairs.push(("turned".into(), "true".into()));
        }
        pairs
    }

    /// With this filter too; where there is one of its kind at most, instead of that one.
    #[must_use]
    pub(crate) fn with(&self, filter: Filter) -> Self {
        let mut all = self.clone();
        all.filters.retain(|it| if filter.by.is_many() { *it != filter } else { it.by != filter.by });
        if matches!(filter.by, By::From | By::Until) {
            all.filters.retain(|it| it.by != By::Days);
        }
        if filter.by == By::Days {
            all.filters.retain(|it| !matches!(it.by, By::From | By::Until));
        }
        all.filters.push(filter);
        all
    }

    /// Without this filter.
    #[must_use]
    pub(crate) fn without(&self, filter: &Filter) -> Self {
        let mut all = self.clone();
        all.filters.retain(|it| it != filter);
        all
    }

    /// Without any filter, in the same order.
    #[must_use]
    pub(crate) fn cleared(&self) -> Self {
        Self { filters: Vec::new(), ..self.clone() }
    }

    /// Sorted by this; once more: in the other direction.
    #[must_use]
    pub(crate) fn sorted(&self, sort: ReviewSort) -> Self {
        let turned = if self.sort == sort { !self.turned } else { false };
        Self { sort, turned, ..self.clone() }
    }

    /// Whether the greatest come first.
    pub(crate) fn descends(&self) -> bool {
        matches!(self.sort, ReviewSort::User | ReviewSort::Item) == self.turned
    }

    /// What the appliance is asked, behind the question mark.
    pub(crate) fn query(&self, now: Timestamp) -> String {
        let mut asked = Vec::new();
        for (by, key, _) in By::ALL {
            let values: Vec<&str> = self.filters.iter().filter(|it| it.by == by).map(|it| it.value.as_str()).collect();
            if values.is_empty() {
                continue;
            }
            asked.push(match (by, values.first().and_then(|it| it.parse::<i64>().ok())) {
                (By::Days, Some(days)) => format!("from={}", now.plus_millis(-days * DAY_MILLIS).0),
                _ => format!("{key}={}", encoded(&values.join(","))),
            });
        }
        asked.push(format!("sort={}", sort_key(self.sort)));
        asked.push(format!("order={}", if self.descends() { "desc" } else { "asc" }));
        asked.join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn filters_and_order_stand_in_the_address_and_come_back() {
        let sought = Sought::default()
            .with(Filter::named(By::User, "7", "Ana & Tom"))
            .with(Filter::named(By::User, "8", "Tim"))
            .with(Filter::new(By::Ended, "by_user").unwrap())
            .with(Filter::new(By::Text, " a b ").unwrap())
            .with(Filter::new(By::Recorded, "true").unwrap())
            .with(Filter::new(By::Recorded, "false").unwrap())
            .sorted(ReviewSort::Lasted);
        assert_eq!(sought.filters.len(), 5, "several people, one word about the recording");
        assert_eq!(Sought::from_pairs(&sought.to_pairs()), sought);
        let turned = sought.sorted(ReviewSort::Lasted);
        assert!(sought.descends() && !turned.descends() && !turned.sorted(ReviewSort::User).descends());
        assert_eq!(Sought::from_pairs(&turned.to_pairs()), turned);
        let wrong = pairs(&[("user", "x"), ("days", "2"), ("ended", "x"), ("from", "y"), ("sort", "z"), ("x", "y")]);
        assert_eq!(Sought::from_pairs(&wrong), Sought::default());
    }

    #[test]
    fn the_appliance_is_asked_in_its_own_words() {
        let sought = Sought::from_pairs(&pairs(&[
            ("user", "7 Ana"),
            ("user", "8 Tim"),
            ("days", "1"),
            ("address", "10.0."),
            ("longer", "60"),
        ]));
        let asked = sought.query(Timestamp(DAY_MILLIS + 5));
        assert_eq!(asked, "user=7%2C8&from=5&longer=60&address=10.0.&sort=started&order=desc");
        assert_eq!(Sought::default().sorted(ReviewSort::User).query(Timestamp(0)), "sort=user&order=asc");
    }

    #[test]
    fn a_period_and_moments_exclude_each_other() {
        let sought = Sought::default().with(Filter::new(By::Days, "7").unwrap());
        let sought = sought.with(Filter::new(By::From, "1000").unwrap()).with(Filter::new(By::Until, "2000").unwrap());
        assert_eq!(sought.filters.iter().map(|it| it.by).collect::<Vec<_>>(), [By::From, By::Until]);
        assert_eq!(sought.filters[0].moment(), Some(Timestamp(1000)));
        let sought = sought.with(Filter::new(By::Days, "7").unwrap());
        assert_eq!(sought.filters.len(), 1);
        assert_eq!(sought.without(&sought.filters[0]), Sought::default());
    }
}
