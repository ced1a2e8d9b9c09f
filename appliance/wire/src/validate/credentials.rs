//! Checks of stored credentials, and of those that an item names.

use super::{check, longer_than, name};
use crate::api::{CredentialDraft, CredentialKind, FieldError, NewSecret, TunnelJumpDraft};
use crate::limits::{
    COMMENTS_CHARS, CREDENTIAL_USER_CHARS, CREDENTIALS_PER_ITEM, STORED_KEY_CHARS, STORED_SECRET_CHARS,
};

/// Every field of a credential. Field names are those of [`CredentialDraft`]; the parts of a secret are `secret` and `passphrase`.
#[must_use]
pub fn credential(draft: &CredentialDraft, is_new: bool) -> Vec<FieldError> {
    let (mut errors, facts) = (Vec::new(), &draft.facts);
    check(&mut errors, "name", name(&facts.name));
    check(&mut errors, "user_name", user_name(&facts.user_name));
    check(&mut errors, "comments", longer_than(&facts.comments, COMMENTS_CHARS, "comment"));
    match &draft.secret {
        Some(NewSecret { text, passphrase }) => {
            check(&mut errors, "secret", secret(facts.kind, text.expose()));
            check(
                &mut errors,
                "passphrase",
                passphrase.as_ref().and_then(|it| its_passphrase(facts.kind, it.expose())),
            );
        }
        None if is_new => errors.push(FieldError::new("secret", "Enter the secret.")),
        None => {}
    }
    errors
}

fn user_name(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("A user name cannot hold line breaks or control characters.".into());
    }
    longer_than(text, CREDENTIAL_USER_CHARS, "user name")
}

/// What is wrong is said without a word of the secret.
fn secret(kind: CredentialKind, text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("Enter the secret.".into());
    }
    match kind {
        CredentialKind::SshKey => {
            let is_key = text.trim_start().starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----");
            if !is_key {
                return Some("Paste the whole private key, from -----BEGIN to the last -----.".into());
            }
            longer_than(text, STORED_KEY_CHARS, "private key")
        }
        CredentialKind::Password | CredentialKind::Token => one_line(text),
    }
}

fn its_passphrase(kind: CredentialKind, text: &str) -> Option<String> {
    if kind != CredentialKind::SshKey {
        return Some("Only a private key has a passphrase.".into());
    }
    if text.is_empty() {
        return Some("Leave it out where the key has none.".into());
    }
    one_line(text)
}

fn one_line(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("It cannot hold line breaks or control characters; look for a blank line at its end.".into());
    }
    longer_than(text, STORED_SECRET_CHARS, "secret")
}

/// Whether an item can have these credentials.
pub(super) fn of_item(draft: &TunnelJumpDraft) -> Option<String> {
    let all = draft.credentials.as_deref().unwrap_or_default();
    if all.len() > CREDENTIALS_PER_ITEM {
        return Some(format!("An item can have at most {CREDENTIALS_PER_ITEM} credentials."));
    }
    if all.iter().enumerate().any(|(at, it)| all.iter().take(at).any(|earlier| earlier == it)) {
        return Some("A credential stands here twice for the same tunnels. Keep one.".into());
    }
    let has = |port| draft.tunnels.iter().any(|it| it.remote_port == port);
    let port = all.iter().filter_map(|it| it.remote_port).find(|port| !has(*port))?;
    Some(format!("No pair of this item has the remote port {port}. Choose another one, or the whole item."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CredentialFacts, Giving, ItemCredential, TunnelDefinition};
    use crate::{CredentialId, JumpGroupId, JumpointId, SecretText};
    use uuid::Uuid;

    fn draft(kind: CredentialKind, secret: Option<(&str, Option<&str>)>) -> CredentialDraft {
        let text = |it: &str| SecretText::new(it.into());
        CredentialDraft {
            facts: CredentialFacts {
                name: "db".into(),
                group_id: JumpGroupId(Uuid::nil()),
                kind,
                user_name: String::new(),
                comments: String::new(),
                giving: Giving::default(),
            },
            secret: secret.map(|(it, passphrase)| NewSecret { text: text(it), passphrase: passphrase.map(text) }),
            revision: 0,
        }
    }

    const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

    #[test]
    fn what_is_wrong_with_a_secret_is_said_and_it_is_not() {
        use CredentialKind::{Password, SshKey, Token};
        type Row<'a> = (CredentialKind, Option<(&'a str, Option<&'a str>)>, &'a [&'a str]);
        let table: [Row<'_>; 10] = [
            (Password, Some(("a b ü", None)), &[]),
            (Password, Some(("", None)), &["secret"]),
            (Password, None, &["secret"]),
            (Token, Some(("two\nlines", None)), &["secret"]),
            (SshKey, Some((KEY, None)), &[]),
            (SshKey, Some((KEY, Some("its words"))), &[]),
            (SshKey, Some((KEY, Some(""))), &["passphrase"]),
            (SshKey, Some(("hunter2-hunter2", None)), &["secret"]),
            (SshKey, Some(("-----BEGIN PUBLIC KEY-----", None)), &["secret"]),
            (Password, Some(("x", Some("y"))), &["passphrase"]),
        ];
        for (kind, secret, expected) in table {
            let errors = credential(&draft(kind, secret), true);
            let fields: Vec<_> = errors.iter().map(|it| it.field.as_str()).collect();
            assert_eq!(fields, expected, "{kind:?} {secret:?}");
            assert!(errors.iter().all(|it| !it.message.contains("hunter2")), "{errors:?}");
        }
        assert!(credential(&draft(Password, None), false).is_empty(), "the stored one stays");
        let long = "x".repeat(STORED_SECRET_CHARS + 1);
        assert_eq!(credential(&draft(Token, Some((&long, None))), true)[0].field, "secret");
    }

    #[test]
    fn an_items_credentials_are_told_apart_and_have_their_tunnel() {
        let of =
            |number, remote_port| ItemCredential { credential_id: CredentialId(Uuid::from_u128(number)), remote_port };
        let item = |credentials| TunnelJumpDraft {
            name: "db".into(),
            jumpoint_id: JumpointId(Uuid::nil()),
            group_id: JumpGroupId(Uuid::nil()),
            hostname: "db".into(),
            local_address: "127.0.0.1".into(),
            tunnels: vec![TunnelDefinition { local_port: 0, remote_port: 22, label: String::new() }],
            tag: None,
            comments: String::new(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials: Some(credentials),
            revision: 0,
        };
        for (credentials, words) in [
            (vec![], None),
            (vec![of(1, None), of(1, Some(22)), of(2, None)], None),
            (vec![of(1, Some(22)), of(1, Some(22))], Some("twice")),
            (vec![of(1, Some(23))], Some("port 23")),
            ((0..=32).map(|it| of(it, None)).collect(), Some("at most 32")),
        ] {
            let said = of_item(&item(credentials));
            assert_eq!(said.is_some(), words.is_some(), "{said:?}");
            assert!(said.unwrap_or_default().contains(words.unwrap_or_default()));
        }
    }
}
