//! The form for a provider of single sign-on.

use wire::api::{
    FieldError, SignOnLink, SignOnProvider, SignOnProviderDraft, SignOnProviderSettings, SignOnSecondFactor,
    SignOnTeams,
};
use wire::validate;
use wire::{SecretText, TeamId};

/// What stands in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SignOnForm {
    /// The provider; its lists are what the fields below say.
    pub(crate) provider: SignOnProvider,
    /// Scopes, separated by spaces.
    pub(crate) scopes: String,
    /// Groups that may sign in, one a line.
    pub(crate) allowed_groups: String,
    /// Marks of a second factor that is enough, separated by spaces.
    pub(crate) factor_marks: String,
    /// Which group stands for which team.
    pub(crate) rows: Vec<TeamRow>,
    /// A new client secret; empty for the kept one.
    pub(crate) secret: String,
    /// Whether one is kept.
    pub(crate) has_secret: bool,
    revision: i64,
}

/// Members of this group are in this team.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TeamRow {
    /// The group.
    pub(crate) group: String,
    /// The team; none while none is chosen.
    pub(crate) team: Option<TeamId>,
}

impl SignOnForm {
    /// For a new provider.
    pub(crate) fn empty() -> Self {
        Self::with(SignOnProvider::default())
    }

    /// With what is kept.
    pub(crate) fn new(kept: &SignOnProviderSettings) -> Self {
        Self { has_secret: kept.has_secret, revision: kept.revision, ..Self::with(kept.provider.clone()) }
    }

    fn with(provider: SignOnProvider) -> Self {
        let row = |it: &SignOnTeams| {
            let group = it.group.clone();
            it.teams.iter().map(move |team| TeamRow { group: group.clone(), team: Some(*team) }).collect::<Vec<_>>()
        };
        Self {
            scopes: provider.scopes.join(" "),
            allowed_groups: provider.allowed_groups.join("\n"),
            factor_marks: provider.factor_marks.join(" "),
            rows: provider.teams.iter().flat_map(row).collect(),
            provider,
            ..Self::default()
        }
    }

    /// Chooses how users are found, by its name.
    pub(crate) fn choose_link(&mut self, name: &str) {
        self.provider.link = match name {
            "user_name" => SignOnLink::UserName,
            "email" => SignOnLink::Email,
            _ => SignOnLink::Never,
        };
    }

    /// The name of how users are found.
    pub(crate) fn link(&self) -> &'static str {
        match self.provider.link {
            SignOnLink::Never => "never",
            SignOnLink::UserName => "user_name",
            SignOnLink::Email => "email",
        }
    }

    /// Whether the provider's second factor is enough.
    pub(crate) fn trusts_factor(&self) -> bool {
        self.provider.second_factor == SignOnSecondFactor::Provider
    }

    /// Says whether it is.
    pub(crate) fn trust_factor(&mut self, on: bool) {
        self.provider.second_factor = if on { SignOnSecondFactor::Provider } else { SignOnSecondFactor::Here };
    }

    /// What is sent.
    pub(crate) fn draft(&self) -> SignOnProviderDraft {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let lines = self.allowed_groups.lines().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
        let mut provider = self.provider.clone();
        for text in [&mut provider.name, &mut provider.issuer, &mut provider.client_id, &mut provider.ca_pem] {
            *text = text.trim().to_owned();
        }
        for text in [&mut provider.user_name_claim, &mut provider.groups_claim] {
            *text = text.trim().to_owned();
        }
        provider.scopes = words(&self.scopes);
        provider.allowed_groups = lines.collect();
        provider.factor_marks = if self.trusts_factor() { words(&self.factor_marks) } else { Vec::new() };
        provider.teams = self.teams();
        if !provider.creates_users {
            provider.default_role_id = None;
        }
        let client_secret = (!self.secret.is_empty()).then(|| SecretText::new(self.secret.clone()));
        SignOnProviderDraft { provider, client_secret, revision: self.revision }
    }

    /// Rows of the same group are one entry.
    fn teams(&self) -> Vec<SignOnTeams> {
        let mut teams: Vec<SignOnTeams> = Vec::new();
        for row in &self.rows {
            let group = row.group.trim();
            match teams.iter_mut().find(|it| it.group == group && !group.is_empty()) {
                Some(known) => known.teams.extend(row.team.filter(|it| !known.teams.contains(it))),
                None => teams.push(SignOnTeams { group: group.to_owned(), teams: row.team.into_iter().collect() }),
            }
        }
        teams
    }

    /// What is wrong with it, as far as the form can tell. What is wrong with the table stands at `teams`.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let mut errors = validate::sign_on_provider(&self.draft().provider);
        let is_open = self.rows.iter().any(|row| row.group.trim().is_empty() || row.team.is_none());
        errors.retain(|error| !error.field.starts_with("teams["));
        if is_open {
            errors.push(FieldError::new("teams", "Give each row a group and a team, or take it away."));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wire::SignOnProviderId;

    fn team(number: u128) -> TeamId {
        TeamId(Uuid::from_u128(number))
    }

    fn kept() -> SignOnProviderSettings {
        SignOnProviderSettings {
            id: SignOnProviderId(Uuid::nil()),
            provider: SignOnProvider {
                name: "Corp".into(),
                issuer: "https://id.example".into(),
                client_id: "sallyport".into(),
                groups_claim: "groups".into(),
                allowed_groups: vec!["night shift".into(), "ops".into()],
                teams: vec![SignOnTeams { group: "ops".into(), teams: vec![team(1), team(2)] }],
                ..SignOnProvider::default()
            },
            has_secret: true,
            revision: 3,
        }
    }

    #[test]
    fn what_was_not_changed_is_sent_as_it_was() {
        let form = SignOnForm::new(&kept());
        let draft = form.draft();
        assert_eq!((draft.provider, draft.client_secret, draft.revision), (kept().provider, None, 3));
        assert_eq!((form.errors(), form.rows.len()), (vec![], 2));
        assert_eq!(SignOnForm::empty().errors().len(), 3);
    }

    #[test]
    fn rows_of_one_group_are_one_entry_and_an_open_row_is_told() {
        let mut form = SignOnForm::new(&kept());
        form.rows.push(TeamRow { group: " ops ".into(), team: Some(team(3)) });
        form.rows.push(TeamRow { group: "ops".into(), team: Some(team(1)) });
        assert_eq!(
            form.draft().provider.teams,
            [SignOnTeams { group: "ops".into(), teams: [1, 2, 3].map(team).to_vec() }]
        );
        form.rows.push(TeamRow::default());
        assert_eq!(form.errors()[0].field, "teams");
    }

    #[test]
    fn marks_count_where_the_provider_is_trusted() {
        let mut form = SignOnForm::new(&kept());
        form.factor_marks = "mfa  otp".into();
        assert!(form.draft().provider.factor_marks.is_empty());
        form.trust_factor(true);
        assert_eq!(form.draft().provider.factor_marks, ["mfa", "otp"]);
        for name in ["never", "user_name", "email"] {
            form.choose_link(name);
            assert_eq!(form.link(), name);
        }
        form.secret = "new".into();
        assert_eq!(form.draft().client_secret.unwrap().expose(), "new");
    }
}
