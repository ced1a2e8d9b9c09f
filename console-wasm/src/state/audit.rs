//! The audit trail as its page shows it: filters that stand in the address, what changed, and what verifying came to.

use serde_json::Value;
use wire::Timestamp;
use wire::audit::{AuditEvent, Broken, Category, Changed, Outcome, Verified};

use super::words::{Tone, Word};

/// What an event may be looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// What it belongs to.
    Category,
    /// Who did it.
    Actor,
    /// To what.
    Object,
    /// What came of it.
    Outcome,
    /// How long ago, in days.
    Days,
    /// A text in it.
    Text,
}

impl By {
    const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Category, "category", "Category"),
        (Self::Actor, "actor", "Who"),
        (Self::Object, "object", "Object"),
        (Self::Outcome, "outcome", "Outcome"),
        (Self::Days, "days", "Period"),
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
}

/// A filter. There is one of each kind at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// By what.
    pub(crate) by: By,
    /// The value, as the appliance knows it.
    pub(crate) value: String,
    /// The value for people.
    pub(crate) words: String,
}

impl Filter {
    /// A filter whose words follow from its value.
    pub(crate) fn new(by: By, value: &str) -> Option<Self> {
        let words = match by {
            By::Category => Category::named(value)?.words().to_owned(),
            By::Outcome => OUTCOMES.iter().find(|(key, _)| *key == value)?.1.to_owned(),
            By::Days => PERIODS.iter().find(|(days, _)| *days == value)?.1.to_owned(),
            By::Text => Some(value.trim()).filter(|it| !it.is_empty())?.to_owned(),
            By::Actor | By::Object => return None,
        };
        Some(Self { by, value: value.trim().to_owned(), words })
    }

    /// A filter by somebody or something with this id and name.
    pub(crate) fn named(by: By, id: uuid::Uuid, name: &str) -> Self {
        Self { by, value: id.to_string(), words: name.to_owned() }
    }
}

/// Outcomes to choose from.
pub(crate) const OUTCOMES: [(&str, &str); 3] =
    [("succeeded", "Succeeded"), ("refused", "Refused"), ("failed", "Failed")];
/// Periods to choose from, in days.
pub(crate) const PERIODS: [(&str, &str); 4] =
    [("1", "Last 24 hours"), ("7", "Last 7 days"), ("30", "Last 30 days"), ("365", "Last year")];
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The filters of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters(pub(crate) Vec<Filter>);

impl Filters {
    /// From the pairs of an address. What is not understood is left out.
    pub(crate) fn from_pairs(pairs: &[(String, String)]) -> Self {
        let mut all = Self::default();
        for (name, value) in pairs {
            let Some((by, ..)) = By::ALL.iter().find(|(_, key, _)| key == name) else { continue };
            let filter = match by {
                By::Actor | By::Object => value
                    .split_once(' ')
                    .and_then(|(id, name)| Some(Filter::named(*by, uuid::Uuid::parse_str(id).ok()?, name))),
                other => Filter::new(*other, value),
            };
            if let Some(filter) = filter {
                all = all.with(filter);
            }
        }
        all
    }

    /// As the pairs of an address.
    pub(crate) fn to_pairs(&self) -> Vec<(String, String)> {
        let value = |it: &Filter| match it.by {
            By::Actor | By::Object => format!("{} {}", it.value, it.words),
            _ => it.value.clone(),
        };
        self.0.iter().map(|it| (it.by.key().to_owned(), value(it))).collect()
    }

    /// With this filter instead of another one of its kind.
    pub(crate) fn with(&self, filter: Filter) -> Self {
        let mut all = self.without(filter.by);
        all.0.push(filter);
        all
    }

    /// Without the filter of this kind.
    pub(crate) fn without(&self, by: By) -> Self {
        Self(self.0.iter().filter(|it| it.by != by).cloned().collect())
    }

    /// What the appliance is asked, behind the question mark.
    pub(crate) fn query(&self, now: Timestamp, before: Option<u64>) -> String {
        let mut asked: Vec<String> = self
            .0
            .iter()
            .map(|it| match it.by {
                By::Days => {
                    let days: i64 = it.value.parse().unwrap_or(1);
                    format!("from={}", now.plus_millis(-days * DAY_MILLIS).0)
                }
                by => format!("{}={}", by.key(), encoded(&it.value)),
            })
            .collect();
        asked.extend(before.map(|it| format!("before={it}")));
        asked.join("&")
    }
}

/// As it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// What came of an event, where that is worth a word.
pub(crate) fn outcome(event: &AuditEvent) -> Option<Word> {
    match event.outcome {
        Outcome::Succeeded => None,
        Outcome::Refused => Some(("refused", Tone::Warning)),
        Outcome::Failed => Some(("failed", Tone::Bad)),
    }
}

/// A field that changed, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChangedField {
    /// Its name.
    pub(crate) name: String,
    /// What it was; none: it was not there.
    pub(crate) before: Option<String>,
    /// What it is; none: it is not there any more.
    pub(crate) after: Option<String>,
}

/// What changed with an event.
pub(crate) fn changed(event: &AuditEvent) -> Vec<ChangedField> {
    let mut names: Vec<&String> = event.before.keys().chain(event.after.keys()).collect();
    names.sort();
    names.dedup();
    let text = |of: &Changed, name: &String| of.get(name).map(words_of);
    let field = |name: &String| ChangedField {
        name: heading(name),
        before: text(&event.before, name),
        after: text(&event.after, name),
    };
    names.into_iter().map(field).collect()
}

fn heading(name: &str) -> String {
    let mut letters = name.replace('_', " ").chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        *first = first.to_ascii_uppercase();
    }
    letters.into_iter().collect()
}

fn words_of(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) if text.is_empty() => "(empty)".into(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "(none)".into(),
        Value::Array(values) if values.iter().all(|it| !it.is_object() && !it.is_array()) => {
            values.iter().map(words_of).collect::<Vec<_>>().join("\n")
        }
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// What verifying came to, in a sentence and what to do.
pub(crate) fn verdict(outcome: &Result<Verified, Broken>) -> (String, String) {
    match outcome {
        Ok(Verified { events: 0, .. }) => ("There are no events yet".into(), String::new()),
        Ok(it) => {
            let title = format!("The trail is whole: {} events, each in its place and unaltered", it.events);
            let signed = it.signed.as_ref().map_or(0, |head| head.sequence);
            let heads =
                if it.heads == 1 { "1 signed head fits".into() } else { format!("{} signed heads fit", it.heads) };
            (title, format!("{heads}; the last one covers everything up to event {signed}."))
        }
        Err(broken) => {
            let text = broken.to_string();
            let mut letters = text.chars();
            let first = letters.next().map(|it| it.to_ascii_uppercase()).unwrap_or_default();
            let title = format!("The trail is broken: {first}{}", letters.as_str());
            let next = "Keep the database and the data folder as they are, and compare with an earlier export. Events before this link are in order.";
            (title, next.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wire::audit::{Action, Actor, Break};

    fn event(before: Value, after: Value) -> AuditEvent {
        let fields = |value: Value| value.as_object().unwrap().clone().into_iter().collect();
        AuditEvent {
            sequence: 1,
            at: Timestamp(0),
            actor: Actor::appliance(),
            address: None,
            action: Action::UserChanged,
            object: None,
            outcome: Outcome::Succeeded,
            message: String::new(),
            before: fields(before),
            after: fields(after),
        }
    }

    #[test]
    fn filters_stand_in_the_address_and_come_back() {
        let id = uuid::Uuid::from_u128(7);
        let filters = Filters::default()
            .with(Filter::new(By::Category, "user").unwrap())
            .with(Filter::named(By::Actor, id, "Ana & Tom"))
            .with(Filter::new(By::Text, " a b ").unwrap())
            .with(Filter::new(By::Category, "item").unwrap());
        assert_eq!(filters.0.len(), 3, "one of each kind");
        assert_eq!(Filters::from_pairs(&filters.to_pairs()), filters);
        let wrong = [("category", "x"), ("actor", "x y"), ("days", "2"), ("outcome", ""), ("text", " "), ("x", "y")];
        let wrong = wrong.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(Filters::from_pairs(&wrong), Filters::default());
    }

    #[test]
    fn the_appliance_is_asked_in_its_own_words() {
        let filters =
            Filters::default().with(Filter::new(By::Text, "a&b ä").unwrap()).with(Filter::new(By::Days, "1").unwrap());
        let now = Timestamp(DAY_MILLIS + 5);
        assert_eq!(filters.query(now, Some(9)), "text=a%26b%20%C3%A4&from=5&before=9");
        assert_eq!(Filters::default().query(now, None), "");
    }

    #[test]
    fn what_changed_is_told_field_by_field() {
        let changed = changed(&event(
            json!({ "display_name": "Tom", "methods": ["a", "b"] }),
            json!({ "display_name": "", "methods": [], "tunnels": [{ "port": 1 }], "enabled": false }),
        ));
        let told: Vec<_> =
            changed.iter().map(|it| (it.name.as_str(), it.before.as_deref(), it.after.as_deref())).collect();
        assert_eq!(told[0], ("Display name", Some("Tom"), Some("(empty)")));
        assert_eq!(told[1], ("Enabled", None, Some("no")));
        assert_eq!(told[2], ("Methods", Some("a\nb"), Some("(none)")));
        assert!(told[3].2.unwrap().contains("\"port\": 1"));
    }

    #[test]
    fn the_first_broken_link_is_told() {
        let broken = Broken { sequence: 4, what: Break::Altered, line: None };
        assert!(verdict(&Err(broken)).0.contains("Event 4 was altered"));
        let whole = Verified { events: 3, last: 3, heads: 1, signed: None };
        assert!(verdict(&Ok(whole)).0.contains("3 events"));
    }
}
