//! What an administrator enters for a provider of single sign-on. What only the appliance can tell, such as whether there is one at
//! that address, it says itself.

use super::{ca_pem, check, longer_than, name};
use crate::api::{FieldError, SignOnProvider};
use crate::limits::{SIGN_ON_CLAIM_CHARS, SIGN_ON_ENTRIES, SIGN_ON_TEXT_CHARS};

/// Every field of a provider.
#[must_use]
pub fn sign_on_provider(it: &SignOnProvider) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check(&mut errors, "name", name(&it.name));
    check(&mut errors, "issuer", issuer(&it.issuer));
    let client_id = one_line(&it.client_id, "client id");
    let missing = it.client_id.is_empty().then(|| "Enter the client id that the provider gave you.".to_owned());
    check(&mut errors, "client_id", missing.or(client_id));
    check(&mut errors, "scopes", entries(&it.scopes, "scopes").or_else(|| it.scopes.iter().find_map(|it| scope(it))));
    check(&mut errors, "ca_pem", ca_pem(&it.ca_pem));
    let no_claim = it.user_name_claim.is_empty().then(|| "Name the claim with the user name.".to_owned());
    check(&mut errors, "user_name_claim", no_claim.or_else(|| claim(&it.user_name_claim)));
    check(&mut errors, "groups_claim", claim(&it.groups_claim));
    let asks_for_groups = !it.allowed_groups.is_empty() || !it.teams.is_empty();
    let without_claim = "Name the claim with the groups, or leave out what depends on them.";
    check(&mut errors, "groups_claim", (it.groups_claim.is_empty() && asks_for_groups).then(|| without_claim.into()));
    check(&mut errors, "allowed_groups", entries(&it.allowed_groups, "groups"));
    check(&mut errors, "factor_marks", entries(&it.factor_marks, "values"));
    let too_many = it.teams.len() > SIGN_ON_ENTRIES;
    check(&mut errors, "teams", too_many.then(|| format!("There can be at most {SIGN_ON_ENTRIES} groups.")));
    for (index, row) in it.teams.iter().enumerate() {
        let is_double = it.teams.iter().take(index).any(|other| other.group == row.group);
        let said = match row.group.is_empty() {
            true => Some("Enter the group's name.".to_owned()),
            false if is_double => Some("This group is in the list already.".to_owned()),
            false => one_line(&row.group, "group"),
        };
        check(&mut errors, &format!("teams[{index}].group"), said);
        let none = row.teams.is_empty().then(|| "Choose at least one team.".to_owned());
        let many = format!("A group can stand for at most {SIGN_ON_ENTRIES} teams.");
        check(
            &mut errors,
            &format!("teams[{index}].teams"),
            none.or((row.teams.len() > SIGN_ON_ENTRIES).then_some(many)),
        );
    }
    errors
}

/// The provider's issuer.
fn issuer(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("Enter the provider's issuer: the address that its configuration begins with.".into());
    }
    if !text.starts_with("https://") {
        return Some("The issuer has to begin with https://.".into());
    }
    one_line(text, "issuer")
}

fn one_line(text: &str, what: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some(format!("A {what} cannot hold line breaks or control characters."));
    }
    longer_than(text, SIGN_ON_TEXT_CHARS, what)
}

fn entries(all: &[String], what: &str) -> Option<String> {
    if all.len() > SIGN_ON_ENTRIES {
        return Some(format!("There can be at most {SIGN_ON_ENTRIES} {what}."));
    }
    let wrong = |it: &String| it.is_empty().then(|| format!("One of the {what} is empty.")).or(one_line(it, "value"));
    all.iter().find_map(wrong)
}

/// RFC 6749, section 3.3.
fn scope(text: &str) -> Option<String> {
    let is_one = text.bytes().all(|it| it == 0x21 || (0x23..=0x5b).contains(&it) || (0x5d..=0x7e).contains(&it));
    (!is_one).then(|| format!("“{text}” is no scope: write them one by one, without quotation marks."))
}

fn claim(text: &str) -> Option<String> {
    if text.chars().any(|sign| sign.is_control() || sign.is_whitespace()) {
        return Some("A claim's name has no spaces.".into());
    }
    longer_than(text, SIGN_ON_CLAIM_CHARS, "claim's name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TeamId;
    use crate::api::SignOnTeams;
    use uuid::Uuid;

    fn provider() -> SignOnProvider {
        SignOnProvider {
            name: "Corp".into(),
            issuer: "https://id.example".into(),
            client_id: "sallyport".into(),
            ..SignOnProvider::default()
        }
    }

    fn wrong(it: &SignOnProvider) -> Vec<String> {
        sign_on_provider(it).into_iter().map(|it| it.field).collect()
    }

    #[test]
    fn what_is_needed_has_to_be_there() {
        assert_eq!(wrong(&provider()), [""; 0]);
        assert_eq!(wrong(&SignOnProvider::default()), ["name", "issuer", "client_id"]);
        for issuer in ["http://id.example", "id.example", "https://id.example\n"] {
            assert_eq!(wrong(&SignOnProvider { issuer: issuer.into(), ..provider() }), ["issuer"], "{issuer}");
        }
    }

    #[test]
    fn every_other_field_is_looked_at() {
        let it = SignOnProvider {
            scopes: vec!["a b".into()],
            ca_pem: "hello".into(),
            user_name_claim: String::new(),
            allowed_groups: vec![String::new()],
            factor_marks: vec!["x".repeat(SIGN_ON_TEXT_CHARS + 1)],
            ..provider()
        };
        let fields = ["scopes", "ca_pem", "user_name_claim", "groups_claim", "allowed_groups", "factor_marks"];
        assert_eq!(wrong(&it), fields);
    }

    #[test]
    fn a_group_stands_once_and_for_something() {
        let row = |group: &str, teams: Vec<TeamId>| SignOnTeams { group: group.into(), teams };
        let team = TeamId(Uuid::from_u128(1));
        let it = SignOnProvider {
            groups_claim: "groups".into(),
            teams: vec![row("ops", vec![team]), row("ops", vec![team]), row("", vec![team]), row("dev", vec![])],
            ..provider()
        };
        assert_eq!(wrong(&it), ["teams[1].group", "teams[2].group", "teams[3].teams"]);
    }
}
