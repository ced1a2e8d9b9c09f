use super::{SignInAnswer, api_type};
use crate::{JumpItemRoleId, SecretText, SignOnProviderId, TeamId};

/// Who is asked for a second factor when somebody signs in by way of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignOnSecondFactor {
    /// This appliance asks for its own, as after a password.
    #[default]
    Here,
    /// The provider's own is enough.
    Provider,
}

/// How the user of this appliance is found who signs in by way of a provider for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignOnLink {
    /// Not at all: nobody who was made here can sign in by way of the provider.
    #[default]
    Never,
    /// By the user name.
    UserName,
    /// By a mail address that the provider has verified.
    Email,
}

api_type! {
    /// A provider of single sign-on (OpenID Connect).
    #[derive(Eq)]
    pub struct SignOnProvider {
        /// What the button at sign-in calls it.
        pub name: String,
        /// Whether anybody can sign in by way of it.
        #[serde(default = "yes")]
        pub enabled: bool,
        /// Its issuer, as its configuration names it; begins with `https://`.
        pub issuer: String,
        /// By what it knows this appliance.
        pub client_id: String,
        /// What is asked for besides `openid`.
        #[serde(default = "default_scopes")]
        pub scopes: Vec<String>,
        /// PEM with the authority of its certificate; empty: those that the appliance's machine believes.
        #[serde(default)]
        pub ca_pem: String,
        /// The claim with the user name.
        #[serde(default = "default_user_name_claim")]
        pub user_name_claim: String,
        /// The claim with the groups, or a JSON pointer (RFC 6901) to them; empty: groups count for nothing.
        #[serde(default)]
        pub groups_claim: String,
        /// Who may sign in: members of any of these groups; empty: everybody.
        #[serde(default)]
        pub allowed_groups: Vec<String>,
        /// Which teams the members of which groups are in.
        #[serde(default)]
        pub teams: Vec<SignOnTeams>,
        /// Whether a user is made for who signs in for the first time.
        #[serde(default)]
        pub creates_users: bool,
        /// The jump item role of such a user where no membership speaks of them.
        #[serde(default)]
        pub default_role_id: Option<JumpItemRoleId>,
        /// How a user who was made here is found at their first sign-in by way of it.
        #[serde(default)]
        pub link: SignOnLink,
        /// Who asks for a second factor.
        #[serde(default)]
        pub second_factor: SignOnSecondFactor,
        /// What `amr` or `acr` has to hold, one of them, for the provider's second factor to be enough; empty: nothing. Where it does
        /// not, this appliance asks.
        #[serde(default)]
        pub factor_marks: Vec<String>,
    }

    /// Members of a group of the provider are in these teams.
    #[derive(Eq)]
    pub struct SignOnTeams {
        /// The group's name in the claim.
        pub group: String,
        /// The teams.
        pub teams: Vec<TeamId>,
    }

    /// `GET /api/settings/sign-on`.
    pub struct SignOnSettings {
        /// Every provider, by name.
        pub providers: Vec<SignOnProviderSettings>,
        /// Where providers send people back to: to be registered with each.
        pub redirect_url: String,
    }

    /// A provider as it is kept.
    pub struct SignOnProviderSettings {
        /// Its id.
        pub id: SignOnProviderId,
        /// The provider.
        #[serde(flatten)]
        pub provider: SignOnProvider,
        /// Whether a client secret is kept; it never comes back.
        pub has_secret: bool,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `POST /api/settings/sign-on` and `PUT /api/settings/sign-on/{id}`.
    pub struct SignOnProviderDraft {
        /// The provider.
        #[serde(flatten)]
        pub provider: SignOnProvider,
        /// The client secret; absent: as before, which only holds for the same issuer and authority. An empty one takes it away.
        #[serde(default)]
        pub client_secret: Option<SecretText>,
        /// The revision that was looked at; a change to another one is refused.
        #[serde(default)]
        pub revision: i64,
    }

    /// `GET /api/sign-on`: one button at sign-in.
    #[derive(Eq)]
    pub struct SignOnButton {
        /// The provider.
        pub id: SignOnProviderId,
        /// What it is called.
        pub name: String,
    }

    /// `POST /api/sign-on/begin`.
    pub struct BeginSignOn {
        /// By way of which provider.
        pub provider_id: SignOnProviderId,
        /// Where in the console to go on afterwards: a path with its query.
        #[serde(default)]
        pub return_to: String,
    }

    /// Where the browser has to go now.
    pub struct SignOnBegun {
        /// The provider's page.
        pub address: String,
    }

    /// `POST /api/sign-on/finish`: what the provider sent the browser back with.
    #[derive(Default)]
    pub struct FinishSignOn {
        /// What it was sent there with.
        #[serde(default)]
        pub state: String,
        /// What the appliance gets the person's claims for.
        #[serde(default)]
        pub code: Option<SecretText>,
        /// Why the provider refused.
        #[serde(default)]
        pub error: Option<String>,
        /// The same in its own words.
        #[serde(default)]
        pub error_description: Option<String>,
        /// Which provider says so (RFC 9207).
        #[serde(default)]
        pub iss: Option<String>,
    }

    /// Signed in, or a second factor is asked for.
    pub struct SignOnFinished {
        /// The same as after a password.
        pub answer: SignInAnswer,
        /// Where in the console to go on.
        pub return_to: String,
    }
}

/// The page of the console where providers send people back to.
pub const SIGN_ON_RETURN: &str = "/sign-on/return";

fn yes() -> bool {
    true
}

fn default_scopes() -> Vec<String> {
    ["profile", "email"].map(str::to_owned).to_vec()
}

fn default_user_name_claim() -> String {
    "preferred_username".into()
}

impl Default for SignOnProvider {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            issuer: String::new(),
            client_id: String::new(),
            scopes: default_scopes(),
            ca_pem: String::new(),
            user_name_claim: default_user_name_claim(),
            groups_claim: String::new(),
            allowed_groups: Vec::new(),
            teams: Vec::new(),
            creates_users: false,
            default_role_id: None,
            link: SignOnLink::Never,
            second_factor: SignOnSecondFactor::Here,
            factor_marks: Vec::new(),
        }
    }
}
