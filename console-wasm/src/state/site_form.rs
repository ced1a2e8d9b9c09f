//! The form for banner and limits.

use wire::api::{Banner, FieldError, RecordingQuality, SiteRules, SiteSettings};
use wire::validate;

use super::capture_view::CaptureForm;

/// What stands in it; numbers as they were typed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SiteForm {
    /// Whether there is a banner.
    pub(crate) has_banner: bool,
    /// What it says.
    pub(crate) banner: String,
    /// Whether people have to agree.
    pub(crate) must_agree: bool,
    /// Minutes of nobody there after which a sign-in ends; empty: as configured.
    pub(crate) idle_minutes: String,
    /// Hours after which a sign-in ends; empty: as configured.
    pub(crate) hours: String,
    /// Sessions of one user.
    pub(crate) sessions_per_user: String,
    /// Days for which sessions are kept; empty: for ever.
    pub(crate) keep_sessions_days: String,
    /// Whether desktops are recorded where no policy says otherwise.
    pub(crate) records_desktops: bool,
    /// How finely, where they are.
    pub(crate) recording_quality: RecordingQuality,
    /// Whether traffic is captured where no policy says otherwise.
    pub(crate) captures_traffic: bool,
    /// How, where it is.
    pub(crate) traffic_capture: CaptureForm,
    configured: (u64, u64),
    revision: i64,
}

impl SiteForm {
    /// With what is kept.
    pub(crate) fn new(settings: &SiteSettings) -> Self {
        let rules = &settings.rules;
        let typed = |number: Option<u32>| number.map_or_else(String::new, |it| it.to_string());
        Self {
            has_banner: rules.banner.is_some(),
            banner: rules.banner.as_ref().map_or_else(String::new, |it| it.text.clone()),
            must_agree: rules.banner.as_ref().is_some_and(|it| it.must_agree),
            idle_minutes: typed(rules.sign_in_idle_minutes),
            hours: typed(rules.sign_in_hours),
            sessions_per_user: rules.sessions_per_user.to_string(),
            keep_sessions_days: typed(rules.keep_sessions_days),
            records_desktops: rules.record_desktops.is_some(),
            recording_quality: rules.record_desktops.unwrap_or_default(),
            captures_traffic: rules.capture_traffic.is_some(),
            traffic_capture: CaptureForm::of(rules.capture_traffic.unwrap_or_default()),
            configured: (settings.configured_idle_minutes, settings.configured_hours),
            revision: rules.revision,
        }
    }

    /// Minutes and hours as the appliance is configured.
    pub(crate) fn configured(&self) -> (u64, u64) {
        self.configured
    }

    /// What is sent. A number that is none becomes 0, which nothing allows.
    pub(crate) fn rules(&self) -> SiteRules {
        let number = |text: &str| text.trim().parse::<u32>().unwrap_or(0);
        let optional = |text: &str| (!text.trim().is_empty()).then(|| number(text));
        let banner = Banner { text: self.banner.trim().to_owned(), must_agree: self.must_agree };
        SiteRules {
            banner: self.has_banner.then_some(banner),
            sign_in_idle_minutes: optional(&self.idle_minutes),
            sign_in_hours: optional(&self.hours),
            sessions_per_user: number(&self.sessions_per_user),
            keep_sessions_days: optional(&self.keep_sessions_days),
            record_desktops: self.records_desktops.then_some(self.recording_quality),
            capture_traffic: self.captures_traffic.then(|| self.traffic_capture.capture()),
            revision: self.revision,
        }
    }

    /// What is wrong with it.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        validate::site_rules(&self.rules())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(rules: SiteRules) -> SiteForm {
        SiteForm::new(&SiteSettings { rules, configured_idle_minutes: 60, configured_hours: 12 })
    }

    #[test]
    fn what_was_loaded_is_sent_again() {
        let banner = Some(Banner { text: "Only for staff.".into(), must_agree: true });
        let rules = SiteRules { banner, sign_in_hours: Some(8), revision: 3, ..SiteRules::default() };
        assert_eq!(form(rules.clone()).rules(), rules);
        assert_eq!(form(SiteRules::default()).rules(), SiteRules::default());
    }

    #[test]
    fn a_banner_that_is_switched_off_is_not_sent() {
        let banner = Some(Banner { text: "Only for staff.".into(), must_agree: false });
        let off = SiteForm { has_banner: false, ..form(SiteRules { banner, ..SiteRules::default() }) };
        assert_eq!(off.rules().banner, None);
        assert!(off.errors().is_empty());
    }

    #[test]
    fn what_is_no_number_is_told() {
        let form = SiteForm { hours: "soon".into(), sessions_per_user: String::new(), ..form(SiteRules::default()) };
        let fields: Vec<_> = form.errors().into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["sign_in_hours", "sessions_per_user"]);
    }
}
