//! Which user signs in. Pure: what has to be looked up for it is handed in.

use wire::api::{SignOnLink, SignOnProvider};
use wire::validate;

use super::person::Person;

/// What is known here of somebody who comes from a provider.
#[derive(Clone, Debug)]
pub struct Known<U> {
    /// The user who is bound to them.
    pub bound: Option<U>,
    /// Users whom the provider's rule for the first sign-in finds.
    pub found: Vec<U>,
    /// Whether a user has their name.
    pub is_name_taken: bool,
}

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who<U> {
    /// The user who is bound to them.
    Bound(U),
    /// This one, who is to be bound to them now.
    Found(U),
    /// Nobody yet: a user of this name is to be made.
    New(String),
}

/// Why nobody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLetIn {
    /// Only members of some groups may, and they are in none of them.
    Groups,
    /// Nobody here is them, and nobody is made.
    Unknown,
    /// The provider has not verified the mail address by which they would be found.
    EmailNotVerified,
    /// Several users here have that mail address.
    Ambiguous,
    /// The provider gives no name that a user could have.
    NoName(String),
    /// Somebody else here has the name already.
    NameTaken(String),
}

/// By what the first sign-in finds a user.
#[must_use]
pub fn looked_for<'a>(provider: &SignOnProvider, person: &'a Person) -> Option<&'a str> {
    match provider.link {
        SignOnLink::Never => None,
        SignOnLink::UserName => person.user_name.as_deref(),
        SignOnLink::Email => person.email.as_deref().filter(|_| person.email_verified),
    }
}

/// Which user signs in.
///
/// # Errors
/// Why nobody does.
pub fn who<U>(provider: &SignOnProvider, person: &Person, known: Known<U>) -> Result<Who<U>, NotLetIn> {
    let allowed = &provider.allowed_groups;
    if !allowed.is_empty() && !person.groups.iter().any(|it| allowed.contains(it)) {
        return Err(NotLetIn::Groups);
    }
    if let Some(user) = known.bound {
        return Ok(Who::Bound(user));
    }
    let mut found = known.found.into_iter();
    match (found.next(), found.next()) {
        (Some(user), None) => return Ok(Who::Found(user)),
        (Some(_), Some(_)) => return Err(NotLetIn::Ambiguous),
        (None, _) => {}
    }
    if !provider.creates_users {
        let by_email = provider.link == SignOnLink::Email && !person.email_verified;
        return Err(if by_email { NotLetIn::EmailNotVerified } else { NotLetIn::Unknown });
    }
    let name = person.user_name.clone().unwrap_or_default();
    if let Some(wrong) = validate::user_name(&name) {
        return Err(NotLetIn::NoName(wrong));
    }
    if known.is_name_taken { Err(NotLetIn::NameTaken(name)) } else { Ok(Who::New(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tom() -> Person {
        Person {
            subject: "1".into(),
            user_name: Some("tom".into()),
            email: Some("tom@example.org".into()),
            groups: vec!["ops".into()],
            ..Person::default()
        }
    }

    fn nobody() -> Known<&'static str> {
        Known { bound: None, found: Vec::new(), is_name_taken: false }
    }

    #[test]
    fn groups_come_first() {
        let provider = SignOnProvider { allowed_groups: vec!["dev".into(), "ops".into()], ..SignOnProvider::default() };
        let bound = || Known { bound: Some("tom"), ..nobody() };
        assert_eq!(who(&provider, &tom(), bound()), Ok(Who::Bound("tom")));
        let outside = Person { groups: vec!["cooks".into()], ..tom() };
        assert_eq!(who(&provider, &outside, bound()), Err(NotLetIn::Groups));
        assert_eq!(who(&SignOnProvider::default(), &outside, bound()), Ok(Who::Bound("tom")));
    }

    #[test]
    fn nobody_is_found_unless_an_administrator_says_how() {
        let with = |link| SignOnProvider { link, ..SignOnProvider::default() };
        let verified = Person { email_verified: true, ..tom() };
        assert_eq!(looked_for(&with(SignOnLink::Never), &verified), None);
        assert_eq!(looked_for(&with(SignOnLink::UserName), &tom()), Some("tom"));
        assert_eq!(looked_for(&with(SignOnLink::Email), &tom()), None);
        assert_eq!(looked_for(&with(SignOnLink::Email), &verified), Some("tom@example.org"));
        let provider = with(SignOnLink::Email);
        assert_eq!(who(&provider, &tom(), nobody()), Err(NotLetIn::EmailNotVerified));
        assert_eq!(who(&provider, &verified, nobody()), Err(NotLetIn::Unknown));
        let found = Known { found: vec!["tom"], ..nobody() };
        assert_eq!(who(&provider, &verified, found), Ok(Who::Found("tom")));
        let two = Known { found: vec!["tom", "tim"], ..nobody() };
        assert_eq!(who(&provider, &verified, two), Err(NotLetIn::Ambiguous));
    }

    #[test]
    fn users_are_made_where_that_is_wanted_and_the_name_is_free() {
        let provider = SignOnProvider { creates_users: true, ..SignOnProvider::default() };
        assert_eq!(who(&SignOnProvider::default(), &tom(), nobody()), Err(NotLetIn::Unknown));
        assert_eq!(who(&provider, &tom(), nobody()), Ok(Who::New("tom".into())));
        let taken = Known { is_name_taken: true, ..nobody() };
        assert_eq!(who(&provider, &tom(), taken), Err(NotLetIn::NameTaken("tom".into())));
        for name in [None, Some("tom jones".to_owned()), Some("x".repeat(65))] {
            let person = Person { user_name: name, ..tom() };
            assert!(matches!(who(&provider, &person, nobody()), Err(NotLetIn::NoName(_))), "{person:?}");
        }
    }
}
