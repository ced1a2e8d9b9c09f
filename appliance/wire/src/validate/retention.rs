//! How long recordings are kept.

use super::check;
use crate::api::{FieldError, Retention};
use crate::limits::{KEEP_RECORDINGS_DAYS, KEEP_RECORDINGS_GIB};

/// Why something was done that stays on record.
#[must_use]
pub fn reason_on_record(text: &str) -> Option<String> {
    if text.trim().is_empty() { Some("Say why, for the record.".into()) } else { super::reason(text) }
}

/// Every rule. A rule's fields are `rules[0].days` and so on.
#[must_use]
pub fn retention(it: &Retention) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, rule) in it.rules.iter().enumerate() {
        let mut within = |field: &str, value: Option<u32>, most: u32| {
            let is_out = value.is_some_and(|it| !(1..=most).contains(&it));
            let field = format!("rules[{index}].{field}");
            check(&mut errors, &field, is_out.then(|| format!("Give a whole number from 1 to {most}.")));
        };
        within("days", rule.days, KEEP_RECORDINGS_DAYS);
        within("gib", rule.gib, KEEP_RECORDINGS_GIB);
        if it.rules.iter().take(index).any(|other| other.kind == rule.kind) {
            errors.push(FieldError::new(&format!("rules[{index}].kind"), "There is a rule for this kind already."));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{RecordingKind, RetentionRule};

    #[test]
    fn bounds_are_numbers_and_each_kind_has_one_rule() {
        let fields = |rules: &[(Option<u32>, Option<u32>)]| {
            let rules = rules.iter().map(|&(days, gib)| RetentionRule { kind: RecordingKind::Desktop, days, gib });
            let errors = retention(&Retention { rules: rules.collect(), revision: 0 });
            errors.into_iter().map(|it| it.field).collect::<Vec<_>>()
        };
        assert!(fields(&[]).is_empty() && fields(&[(None, None)]).is_empty());
        assert!(fields(&[(Some(1), Some(KEEP_RECORDINGS_GIB))]).is_empty());
        assert_eq!(fields(&[(Some(0), Some(0))]), ["rules[0].days", "rules[0].gib"]);
        assert_eq!(fields(&[(Some(KEEP_RECORDINGS_DAYS + 1), None)]), ["rules[0].days"]);
        assert_eq!(fields(&[(None, None), (None, None)]), ["rules[1].kind"]);
    }
}
