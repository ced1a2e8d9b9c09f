//! Who somebody is, as a provider's claims say. Pure.

use serde_json::{Map, Value};
use wire::api::{SignOnProvider, SignOnSecondFactor};
use wire::limits::NAME_CHARS;
use wire::validate;

/// What a provider says.
pub type Claims = Map<String, Value>;

/// The most groups that are looked at.
const MOST_GROUPS: usize = 5_000;
/// The longest subject (OpenID Connect Core, section 2).
const SUBJECT_CHARS: usize = 255;

/// Somebody whom a provider knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// By what the provider knows them: never anybody else's, and the same for ever.
    pub subject: String,
    /// The claim that stands for the user name.
    pub user_name: Option<String>,
    /// Their name.
    pub display_name: Option<String>,
    /// Their mail address.
    pub email: Option<String>,
    /// Whether the provider has verified it.
    pub email_verified: bool,
    /// Their groups.
    pub groups: Vec<String>,
    /// Whether they showed a second factor that is enough.
    pub has_factor: bool,
}

/// The claims of the token, and those of the user info beside them. What the token says counts: it is signed.
#[must_use]
pub fn merged(token: Claims, user_info: Claims) -> Claims {
    let mut all = user_info;
    all.extend(token);
    all
}

impl Person {
    /// Who these claims are about; none when they name no subject.
    #[must_use]
    pub fn of(claims: &Claims, provider: &SignOnProvider) -> Option<Self> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|it| !it.is_empty());
        let subject = claims.get("sub").and_then(Value::as_str).filter(|it| !it.is_empty())?;
        if subject.chars().count() > SUBJECT_CHARS {
            return None;
        }
        let display_name = text("name").map(|it| it.chars().take(NAME_CHARS).collect::<String>());
        let email = text("email").filter(|it| validate::mail_address(it).is_none());
        // Some providers write it as a text.
        let is_verified = claims.get("email_verified").is_some_and(|it| it == true || it == "true");
        Some(Self {
            subject: subject.to_owned(),
            user_name: text(&provider.user_name_claim).map(str::to_owned),
            display_name: display_name.filter(|it| validate::name(it).is_none()),
            email_verified: is_verified && email.is_some(),
            email: email.map(str::to_owned),
            groups: groups(claims, &provider.groups_claim),
            has_factor: has_factor(claims, provider),
        })
    }
}

/// Groups are a list of texts, or one text.
fn groups(claims: &Claims, name: &str) -> Vec<String> {
    if name.is_empty() {
        return Vec::new();
    }
    let found = match name.strip_prefix('/') {
        None => claims.get(name),
        Some(_) => pointed(claims, name),
    };
    match found {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).take(MOST_GROUPS).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn pointed<'a>(claims: &'a Claims, pointer: &str) -> Option<&'a Value> {
    let unescaped = |piece: &str| piece.replace("~1", "/").replace("~0", "~");
    let mut pieces = pointer.split('/').skip(1).map(unescaped);
    let mut value = claims.get(&pieces.next()?)?;
    for piece in pieces {
        value = value.get(&piece)?;
    }
    Some(value)
}

fn has_factor(claims: &Claims, provider: &SignOnProvider) -> bool {
    if provider.second_factor != SignOnSecondFactor::Provider {
        return false;
    }
    if provider.factor_marks.is_empty() {
        return true;
    }
    let is_mark = |it: &Value| it.as_str().is_some_and(|it| provider.factor_marks.iter().any(|mark| mark == it));
    let by_method = claims.get("amr").and_then(Value::as_array).is_some_and(|all| all.iter().any(is_mark));
    by_method || claims.get("acr").is_some_and(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    fn provider() -> SignOnProvider {
        SignOnProvider { groups_claim: "groups".into(), ..SignOnProvider::default() }
    }

    #[test]
    fn the_token_counts_before_the_user_info() {
        let all =
            merged(claims(json!({ "sub": "1", "groups": ["a"] })), claims(json!({ "groups": ["b"], "name": "Ana" })));
        assert_eq!(Value::from(all), json!({ "sub": "1", "groups": ["a"], "name": "Ana" }));
    }

    #[test]
    fn a_person_is_what_the_claims_say() {
        let it = claims(json!({
            "sub": "248289761001", "preferred_username": "tom", "name": " Tom T. ", "email": "tom@example.org",
            "email_verified": true, "groups": ["ops", 7, "dev"],
        }));
        let person = Person::of(&it, &provider()).unwrap();
        assert_eq!(person.subject, "248289761001");
        assert_eq!((person.user_name.as_deref(), person.display_name.as_deref()), (Some("tom"), Some("Tom T.")));
        assert_eq!((person.email.as_deref(), person.email_verified), (Some("tom@example.org"), true));
        assert_eq!(person.groups, ["ops", "dev"]);
        for none in [json!({}), json!({ "sub": "" }), json!({ "sub": 7 }), json!({ "sub": "x".repeat(256) })] {
            assert_eq!(Person::of(&claims(none.clone()), &provider()), None, "{none}");
        }
    }

    #[test]
    fn an_address_is_verified_only_when_that_is_said() {
        for (said, expected) in
            [(json!(true), true), (json!("true"), true), (json!("yes"), false), (json!(1), false), (json!(null), false)]
        {
            let it = claims(json!({ "sub": "1", "email": "tom@example.org", "email_verified": said }));
            assert_eq!(Person::of(&it, &provider()).unwrap().email_verified, expected, "{said}");
        }
        let none = claims(json!({ "sub": "1", "email": "no address", "email_verified": true }));
        let person = Person::of(&none, &provider()).unwrap();
        assert_eq!((person.email, person.email_verified), (None, false));
    }

    #[test]
    fn groups_are_found_where_they_are() {
        let it = claims(json!({ "sub": "1", "groups": "one", "realm": { "a/b": ["x", "y"] }, "n": 3 }));
        for (name, expected) in [
            ("groups", vec!["one"]),
            ("/realm/a~1b", vec!["x", "y"]),
            ("realm", vec![]),
            ("n", vec![]),
            ("", vec![]),
            ("/", vec![]),
        ] {
            assert_eq!(groups(&it, name), expected, "{name}");
        }
    }

    #[test]
    fn a_second_factor_of_the_provider_counts_where_it_is_said() {
        let asks = |second_factor, marks: &[&str], it: Value| {
            let factor_marks = marks.iter().map(|it| (*it).to_owned()).collect();
            has_factor(&claims(it), &SignOnProvider { second_factor, factor_marks, ..provider() })
        };
        use SignOnSecondFactor::{Here, Provider};
        assert!(!asks(Here, &[], json!({ "amr": ["mfa"] })) && !asks(Here, &["mfa"], json!({ "amr": ["mfa"] })));
        assert!(asks(Provider, &[], json!({})));
        for (said, expected) in [
            (json!({ "amr": ["pwd", "mfa"] }), true),
            (json!({ "acr": "gold" }), true),
            (json!({ "amr": ["pwd"], "acr": "bronze" }), false),
            (json!({ "amr": "mfa" }), false),
            (json!({}), false),
        ] {
            assert_eq!(asks(Provider, &["mfa", "gold"], said.clone()), expected, "{said}");
        }
    }
}
