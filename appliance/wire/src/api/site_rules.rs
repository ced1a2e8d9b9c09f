use super::{RecordingQuality, TrafficCapture, api_type};
use crate::limits::SESSIONS_PER_USER_DEFAULT;

api_type! {
    /// What people read before they sign in.
    #[derive(Eq)]
    pub struct Banner {
        /// The text, at most [`crate::limits::BANNER_CHARS`]; line breaks stay.
        pub text: String,
        /// Whether the form for signing in comes only after they agreed.
        #[serde(default)]
        pub must_agree: bool,
    }

    /// What holds for the whole appliance; `PUT /api/settings/site`.
    #[derive(Eq)]
    pub struct SiteRules {
        /// What people read before they sign in; none: nothing.
        #[serde(default)]
        pub banner: Option<Banner>,
        /// Minutes of nobody there after which a sign-in ends, at most [`crate::limits::SIGN_IN_IDLE_MINUTES`]; none: as the appliance
        /// is configured.
        #[serde(default)]
        pub sign_in_idle_minutes: Option<u32>,
        /// Hours after which a sign-in ends in any case, at most [`crate::limits::SIGN_IN_HOURS`]; none: as the appliance is
        /// configured. For sign-ins that begin from now on.
        #[serde(default)]
        pub sign_in_hours: Option<u32>,
        /// Sessions of one user that are not over, at most [`crate::limits::SESSIONS_PER_USER`].
        #[serde(default = "sessions_per_user")]
        pub sessions_per_user: u32,
        /// Days after its end for which a session is kept, with its connections and events; at most
        /// [`crate::limits::KEEP_SESSIONS_DAYS`]; none: for ever.
        #[serde(default)]
        pub keep_sessions_days: Option<u32>,
        /// How finely the desktop is recorded of every session where no policy says otherwise; none: it is not.
        #[serde(default)]
        pub record_desktops: Option<RecordingQuality>,
        /// How traffic is captured of every session where no policy says otherwise; none: it is not.
        #[serde(default)]
        pub capture_traffic: Option<TrafficCapture>,
        /// The revision that was looked at; a change to another one is refused.
        #[serde(default)]
        pub revision: i64,
    }

    /// `GET /api/settings/site`.
    #[derive(Eq)]
    pub struct SiteSettings {
        /// What an administrator set.
        #[serde(flatten)]
        pub rules: SiteRules,
        /// Minutes of nobody there after which a sign-in ends as the appliance is configured.
        pub configured_idle_minutes: u64,
        /// Hours after which a sign-in ends as the appliance is configured.
        pub configured_hours: u64,
    }

    /// `GET /api/sign-in/banner`, without sign-in.
    #[derive(Eq)]
    pub struct SignInBanner {
        /// What people read before they sign in; none: nothing.
        pub banner: Option<Banner>,
    }
}

fn sessions_per_user() -> u32 {
    SESSIONS_PER_USER_DEFAULT
}

impl Default for SiteRules {
    fn default() -> Self {
        Self {
            banner: None,
            sign_in_idle_minutes: None,
            sign_in_hours: None,
            sessions_per_user: SESSIONS_PER_USER_DEFAULT,
            keep_sessions_days: None,
            record_desktops: None,
            capture_traffic: None,
            revision: 0,
        }
    }
}
