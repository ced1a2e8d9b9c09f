//! What an administrator enters for the whole appliance.

use super::{check, longer_than};
use crate::api::{FieldError, SiteRules};
use crate::limits::{BANNER_CHARS, KEEP_SESSIONS_DAYS, SESSIONS_PER_USER, SIGN_IN_HOURS, SIGN_IN_IDLE_MINUTES};

/// Fewest minutes of nobody there after which a sign-in may end: a page that is read looks like nobody there.
const IDLE_LEAST: u32 = 2;

/// Every field.
#[must_use]
pub fn site_rules(it: &SiteRules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(banner) = &it.banner {
        let is_empty = banner.text.trim().is_empty();
        check(&mut errors, "banner", is_empty.then(|| "Write what people are to read, or switch it off.".into()));
        let has_control = banner.text.chars().any(|sign| sign.is_control() && sign != '\n');
        check(&mut errors, "banner", has_control.then(|| "The text cannot hold control characters.".into()));
        check(&mut errors, "banner", longer_than(&banner.text, BANNER_CHARS, "text"));
    }
    let mut within = |field: &str, value: Option<u32>, least: u32, most: u32| {
        let is_out = value.is_some_and(|it| !(least..=most).contains(&it));
        check(&mut errors, field, is_out.then(|| format!("Give a whole number from {least} to {most}.")));
    };
    within("sign_in_idle_minutes", it.sign_in_idle_minutes, IDLE_LEAST, SIGN_IN_IDLE_MINUTES);
    within("sign_in_hours", it.sign_in_hours, 1, SIGN_IN_HOURS);
    within("sessions_per_user", Some(it.sessions_per_user), 1, SESSIONS_PER_USER);
    within("keep_sessions_days", it.keep_sessions_days, 1, KEEP_SESSIONS_DAYS);
    errors.extend(it.record_desktops.and_then(|it| super::recording_quality("record_desktops", it)));
    errors.extend(it.capture_traffic.and_then(|it| super::traffic_capture("capture_traffic", it)));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Banner;

    fn wrong(change: impl FnOnce(&mut SiteRules)) -> Vec<String> {
        let mut rules = SiteRules::default();
        change(&mut rules);
        site_rules(&rules).into_iter().map(|it| it.field).collect()
    }

    fn banner(text: &str) -> Option<Banner> {
        Some(Banner { text: text.into(), must_agree: true })
    }

    #[test]
    fn numbers_have_bounds() {
        assert!(wrong(|_| {}).is_empty(), "what an appliance begins with");
        assert!(wrong(|it| (it.sign_in_idle_minutes, it.sign_in_hours) = (Some(2), Some(1))).is_empty());
        assert_eq!(wrong(|it| it.sign_in_idle_minutes = Some(1)), ["sign_in_idle_minutes"]);
        assert_eq!(wrong(|it| it.sign_in_idle_minutes = Some(SIGN_IN_IDLE_MINUTES + 1)), ["sign_in_idle_minutes"]);
        assert_eq!(wrong(|it| it.sign_in_hours = Some(0)), ["sign_in_hours"]);
        assert_eq!(wrong(|it| it.sessions_per_user = 0), ["sessions_per_user"]);
        assert_eq!(wrong(|it| it.sessions_per_user = SESSIONS_PER_USER + 1), ["sessions_per_user"]);
        assert_eq!(wrong(|it| it.keep_sessions_days = Some(0)), ["keep_sessions_days"]);
        assert!(wrong(|it| it.keep_sessions_days = Some(KEEP_SESSIONS_DAYS)).is_empty());
    }

    #[test]
    fn a_banner_says_something_that_can_be_shown() {
        assert!(wrong(|it| it.banner = banner("Only for staff.\nEverything is recorded.")).is_empty());
        assert_eq!(wrong(|it| it.banner = banner(" \n")), ["banner"]);
        assert_eq!(wrong(|it| it.banner = banner("a\u{7}b")), ["banner"]);
        assert_eq!(wrong(|it| it.banner = banner(&"a".repeat(BANNER_CHARS + 1))), ["banner"]);
    }
}
