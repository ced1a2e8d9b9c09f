//! The form for how long recordings are kept.

use wire::api::{FieldError, RecordingKind, Retention, RetentionRule, RetentionSettings, StoredOfKind};
use wire::validate;

use super::format;

/// What stands in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RetentionForm {
    /// Each kind, in their order.
    pub(crate) kinds: Vec<KindForm>,
    revision: i64,
}

/// One kind; numbers as they were typed, empty for none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KindForm {
    /// Which.
    pub(crate) kind: RecordingKind,
    /// Days after which they go.
    pub(crate) days: String,
    /// GiB that they may take.
    pub(crate) gib: String,
    /// What there is, in words.
    pub(crate) stored: String,
}

impl RetentionForm {
    /// With what is kept.
    pub(crate) fn new(settings: &RetentionSettings) -> Self {
        let typed = |number: Option<u32>| number.map_or_else(String::new, |it| it.to_string());
        let kinds = RecordingKind::ALL.iter().map(|&kind| {
            let rule = settings.retention.rules.iter().find(|it| it.kind == kind);
            let stored = settings.stored.iter().find(|it| it.kind == kind);
            KindForm {
                kind,
                days: typed(rule.and_then(|it| it.days)),
                gib: typed(rule.and_then(|it| it.gib)),
                stored: stored.map_or_else(String::new, stored_words),
            }
        });
        Self { kinds: kinds.collect(), revision: settings.retention.revision }
    }

    /// What is sent. A number that is none becomes 0, which nothing allows.
    pub(crate) fn retention(&self) -> Retention {
        let number = |text: &str| (!text.trim().is_empty()).then(|| text.trim().parse().unwrap_or(0));
        let rule = |it: &KindForm| RetentionRule { kind: it.kind, days: number(&it.days), gib: number(&it.gib) };
        let rules = self.kinds.iter().map(rule).filter(|it| it.days.is_some() || it.gib.is_some());
        Retention { rules: rules.collect(), revision: self.revision }
    }

    /// What is wrong with it: the kind, the field (`days` or `gib`), and why.
    pub(crate) fn errors(&self) -> Vec<(RecordingKind, FieldError)> {
        let retention = self.retention();
        let of_rule = |error: FieldError| {
            let (index, field) = error.field.strip_prefix("rules[")?.split_once("].")?;
            let rule = retention.rules.get(index.parse::<usize>().ok()?)?;
            Some((rule.kind, FieldError::new(field, &error.message)))
        };
        validate::retention(&retention).into_iter().filter_map(of_rule).collect()
    }

    /// Whether something is deleted that was not before, as far as the form can tell.
    pub(crate) fn is_stricter_than(&self, before: &Self) -> bool {
        let stricter = |now: &str, before: &str| {
            let number = |text: &str| text.trim().parse::<u32>().ok();
            number(now).is_some_and(|now| number(before).is_none_or(|before| now < before))
        };
        self.kinds
            .iter()
            .zip(&before.kinds)
            .any(|(now, before)| stricter(&now.days, &before.days) || stricter(&now.gib, &before.gib))
    }
}

fn stored_words(it: &StoredOfKind) -> String {
    let protected = match it.protected {
        0 => String::new(),
        1 => ", one of them under a legal hold or of a session that runs".to_owned(),
        many => format!(", {many} of them under a legal hold or of sessions that run"),
    };
    format!("{} stored, {}{protected}", it.count, format::bytes(it.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(days: Option<u32>, gib: Option<u32>) -> RetentionForm {
        let rules = vec![RetentionRule { kind: RecordingKind::Desktop, days, gib }];
        let stored = vec![StoredOfKind { kind: RecordingKind::Desktop, count: 3, bytes: 2048, protected: 1 }];
        let retention = Retention { rules, revision: 4 };
        RetentionForm::new(&RetentionSettings { retention, stored, key_since: None, older_keys: 0 })
    }

    #[test]
    fn what_was_loaded_is_sent_again() {
        let it = form(Some(90), None);
        let rules = vec![RetentionRule { kind: RecordingKind::Desktop, days: Some(90), gib: None }];
        assert_eq!(it.retention(), Retention { rules, revision: 4 });
        assert!(it.errors().is_empty() && it.kinds[0].stored.starts_with("3 stored"), "{:?}", it.kinds);
        assert!(form(None, None).retention().rules.is_empty());
    }

    #[test]
    fn what_is_no_number_is_told_at_its_kind() {
        let mut it = form(Some(90), None);
        it.kinds[0].gib = "much".into();
        let errors = it.errors();
        assert_eq!((errors[0].0, errors[0].1.field.as_str()), (RecordingKind::Desktop, "gib"));
    }

    #[test]
    fn whoever_deletes_more_than_before_is_warned() {
        let before = form(Some(90), None);
        assert!(!before.is_stricter_than(&before) && !form(Some(91), None).is_stricter_than(&before));
        assert!(!form(None, None).is_stricter_than(&before));
        assert!(form(Some(89), None).is_stricter_than(&before) && form(Some(90), Some(5)).is_stricter_than(&before));
    }
}
