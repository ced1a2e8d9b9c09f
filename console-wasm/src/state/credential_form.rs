//! The form for a stored credential. The secret that is stored never comes into it.

use wire::api::{Credential, CredentialDraft, CredentialFacts, CredentialKind, FieldError, Giving, NewSecret};
use wire::{CredentialId, JumpGroupId, SecretText, validate};

/// What stands in the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CredentialForm {
    /// The credential that is edited; none for a new one.
    pub(crate) id: Option<CredentialId>,
    /// Its name.
    pub(crate) name: String,
    /// Its group.
    pub(crate) group: Option<JumpGroupId>,
    /// What its secret is.
    pub(crate) kind: CredentialKind,
    /// Whom to sign in as.
    pub(crate) user_name: String,
    /// A secret in the place of the one that is stored; empty: that stays.
    pub(crate) secret: String,
    /// The passphrase of a key.
    pub(crate) passphrase: String,
    /// How its secret is given out.
    pub(crate) giving: Giving,
    /// Free text.
    pub(crate) comments: String,
    revision: i64,
    stored: Option<CredentialKind>,
}

impl CredentialForm {
    /// An empty form, in the only group there is, if it is the only one.
    pub(crate) fn new(groups: &[JumpGroupId]) -> Self {
        Self {
            id: None,
            name: String::new(),
            group: groups.first().copied().filter(|_| groups.len() == 1),
            kind: CredentialKind::default(),
            user_name: String::new(),
            secret: String::new(),
            passphrase: String::new(),
            giving: Giving::default(),
            comments: String::new(),
            revision: 0,
            stored: None,
        }
    }

    /// The form with a credential.
    pub(crate) fn of(it: &Credential) -> Self {
        let facts = it.facts.clone();
        Self {
            id: Some(it.id),
            name: facts.name,
            group: Some(facts.group_id),
            kind: facts.kind,
            user_name: facts.user_name,
            secret: String::new(),
            passphrase: String::new(),
            giving: facts.giving,
            comments: facts.comments,
            revision: it.revision,
            stored: Some(facts.kind),
        }
    }

    /// Whether the stored secret stays while nothing is entered: not where it would be of another kind.
    pub(crate) fn keeps_secret(&self) -> bool {
        self.stored == Some(self.kind)
    }

    fn errors(&self, draft: &CredentialDraft) -> Vec<FieldError> {
        let mut errors = validate::credential(draft, !self.keeps_secret());
        if self.group.is_none() {
            errors.push(FieldError::new("group_id", "Choose the group whose roles say who manages it."));
        }
        if draft.secret.is_none() && !self.passphrase.is_empty() {
            errors.push(FieldError::new("secret", "Enter the key that this passphrase belongs to."));
        }
        errors
    }

    fn entered(&self) -> CredentialDraft {
        let text = |it: &str| SecretText::new(it.to_owned());
        // What is left from another kind is not meant.
        let passphrase =
            Some(self.passphrase.as_str()).filter(|it| !it.is_empty() && self.kind == CredentialKind::SshKey);
        let secret = NewSecret { text: text(&self.secret), passphrase: passphrase.map(text) };
        CredentialDraft {
            facts: CredentialFacts {
                name: self.name.trim().into(),
                group_id: self.group.unwrap_or(JumpGroupId(uuid::Uuid::nil())),
                kind: self.kind,
                user_name: self.user_name.trim().into(),
                comments: self.comments.clone(),
                giving: self.giving,
            },
            secret: Some(secret).filter(|_| !self.secret.is_empty()),
            revision: self.revision,
        }
    }

    /// What is wrong with a field.
    pub(crate) fn wrong(&self, field: &str) -> Option<String> {
        self.errors(&self.entered()).into_iter().find(|it| it.field == field).map(|it| it.message)
    }

    /// What the appliance gets, or what is wrong.
    pub(crate) fn draft(&self) -> Result<CredentialDraft, Vec<FieldError>> {
        let draft = self.entered();
        let errors = self.errors(&draft);
        if errors.is_empty() { Ok(draft) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::number;
    use super::*;
    use wire::Timestamp;

    fn stored() -> Credential {
        Credential {
            id: CredentialId(number(1)),
            facts: CredentialFacts {
                name: "db".into(),
                group_id: JumpGroupId(number(2)),
                kind: CredentialKind::Password,
                user_name: "app".into(),
                comments: String::new(),
                giving: Giving::CopiedOnly,
            },
            group_name: "Production".into(),
            has_passphrase: false,
            secret_at: Timestamp(0),
            items: Vec::new(),
            other_items: 0,
            revision: 4,
        }
    }

    #[test]
    fn a_stored_secret_stays_unless_another_is_entered_or_the_kind_changes() {
        let form = CredentialForm::of(&stored());
        let draft = form.draft().unwrap();
        assert_eq!((draft.facts, draft.secret, draft.revision), (stored().facts, None, 4));
        let entered = CredentialForm { secret: "hunter2".into(), ..form.clone() }.draft().unwrap();
        assert_eq!(entered.secret.unwrap().text.expose(), "hunter2");
        let other = CredentialForm { kind: CredentialKind::Token, ..form };
        assert!(!other.keeps_secret() && other.wrong("secret").is_some());
    }

    #[test]
    fn a_new_one_says_what_is_missing() {
        let groups = [JumpGroupId(number(2)), JumpGroupId(number(3))];
        assert_eq!(CredentialForm::new(&groups[..1]).group, Some(groups[0]));
        let form = CredentialForm::new(&groups);
        let mut fields: Vec<String> = form.draft().unwrap_err().into_iter().map(|it| it.field).collect();
        fields.sort();
        assert_eq!(fields, ["group_id", "name", "secret"]);
    }

    #[test]
    fn a_passphrase_goes_with_a_key_alone() {
        let form = CredentialForm { secret: "x".into(), passphrase: "words".into(), ..CredentialForm::of(&stored()) };
        assert_eq!(form.draft().unwrap().secret.unwrap().passphrase, None);
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----";
        let form = CredentialForm { kind: CredentialKind::SshKey, secret: key.into(), ..form };
        assert!(form.draft().unwrap().secret.unwrap().passphrase.is_some());
        let alone = CredentialForm { secret: String::new(), ..form };
        assert!(alone.wrong("secret").is_some());
    }
}
