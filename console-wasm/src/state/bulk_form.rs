//! Properties of several items at once. A field that nobody touches stays as it is in each of them.

use wire::api::{FieldError, ItemCredential, JumpItem, JumpItemsChange, PolicyChoice, SessionPolicyChoice};
use wire::limits::{COMMENTS_CHARS, ITEMS_PER_CHANGE};
use wire::{JumpItemId, validate};

use super::items::KIND;

/// What stands for no policy or credential among the choices.
pub(crate) const NO_POLICY: &str = "none";

/// A field that several items can be given alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BulkField {
    /// The jumpoint, by id.
    Jumpoint,
    /// The group, by id.
    Group,
    /// The target's host.
    Hostname,
    /// The address to listen on.
    LocalAddress,
    /// The tag.
    Tag,
    /// Comments.
    Comments,
    /// The jump policy, by id, or [`NO_POLICY`].
    Policy,
    /// The session policy, by id, or [`NO_POLICY`].
    SessionPolicy,
    /// The credential for the whole item, by id, or [`NO_POLICY`]; several are as they are.
    Credential,
}

impl BulkField {
    const ALL: [Self; 9] = [
        Self::Jumpoint,
        Self::Group,
        Self::Hostname,
        Self::LocalAddress,
        Self::Tag,
        Self::Comments,
        Self::Policy,
        Self::SessionPolicy,
        Self::Credential,
    ];

    /// Whether one of several is chosen, and nothing chosen means that each item keeps its own.
    fn is_choice(self) -> bool {
        matches!(self, Self::Jumpoint | Self::Group | Self::Policy | Self::SessionPolicy | Self::Credential)
    }

    fn of(self, item: &JumpItem) -> String {
        let definition = &item.definition;
        match self {
            Self::Jumpoint => definition.jumpoint_id.to_string(),
            Self::Group => definition.group_id.to_string(),
            Self::Hostname => definition.hostname.clone(),
            Self::LocalAddress => definition.local_address.clone(),
            Self::Tag => definition.tag.clone().unwrap_or_default(),
            Self::Comments => definition.comments.clone(),
            Self::Policy => definition.jump_policy_id.map_or_else(|| NO_POLICY.into(), |id| id.to_string()),
            Self::SessionPolicy => definition.session_policy_id.map_or_else(|| NO_POLICY.into(), |id| id.to_string()),
            Self::Credential => match definition.credentials.as_deref().unwrap_or_default() {
                [] => NO_POLICY.into(),
                [ItemCredential { credential_id, remote_port: None }] => credential_id.to_string(),
                several => format!("{several:?}"),
            },
        }
    }
}

/// What several items have in common, and what was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BulkForm {
    ids: Vec<JumpItemId>,
    common: Vec<Option<String>>,
    entered: Vec<Option<String>>,
}

impl BulkForm {
    /// For these items.
    pub(crate) fn of(items: &[JumpItem]) -> Self {
        let common = |field: BulkField| {
            let first = items.first().map(|item| field.of(item))?;
            items.iter().all(|item| field.of(item) == first).then_some(first)
        };
        Self {
            ids: items.iter().map(|item| item.id).collect(),
            common: BulkField::ALL.into_iter().map(common).collect(),
            entered: BulkField::ALL.into_iter().map(|_| None).collect(),
        }
    }

    /// What a field shows: what was entered, or what all items have.
    pub(crate) fn value(&self, field: BulkField) -> &str {
        let at = field as usize;
        self.entered[at].as_deref().or(self.common[at].as_deref()).unwrap_or_default()
    }

    /// Whether the items differ in a field that nobody touched.
    pub(crate) fn differs(&self, field: BulkField) -> bool {
        self.common[field as usize].is_none() && self.entered[field as usize].is_none()
    }

    /// Whether a field will be written.
    pub(crate) fn changes(&self, field: BulkField) -> bool {
        let at = field as usize;
        self.entered[at].is_some() && self.entered[at] != self.common[at]
    }

    /// Whether any field will be written.
    pub(crate) fn changes_anything(&self) -> bool {
        BulkField::ALL.into_iter().any(|field| self.changes(field))
    }

    /// Enters something. Nothing chosen for jumpoint, group or policy means that each keeps its own.
    #[must_use]
    pub(crate) fn enter(mut self, field: BulkField, text: String) -> Self {
        let kept = text.is_empty() && field.is_choice();
        self.entered[field as usize] = (!kept).then_some(text);
        self
    }

    /// Gives a field back to what each item has.
    #[must_use]
    pub(crate) fn keep(mut self, field: BulkField) -> Self {
        self.entered[field as usize] = None;
        self
    }

    /// What is wrong with what will be written.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let change = self.change();
        let mut errors = Vec::new();
        let mut check = |field: &str, message: Option<String>| {
            errors.extend(message.map(|message| FieldError::new(field, &message)));
        };
        check("hostname", change.hostname.as_deref().and_then(|text| validate::hostname(text.trim())));
        check("local_address", change.local_address.as_deref().and_then(|text| validate::local_address(text.trim())));
        let comments = change.comments.as_deref().map_or(0, |text| text.chars().count());
        let long = || format!("A comment has at most {COMMENTS_CHARS} characters; this one has {comments}.");
        check("comments", (comments > COMMENTS_CHARS).then(long));
        errors
    }

    /// The request: only the fields that change.
    pub(crate) fn change(&self) -> JumpItemsChange {
        let text = |field: BulkField| self.changes(field).then(|| self.value(field).to_owned());
        JumpItemsChange {
            item_ids: self.ids.clone(),
            jumpoint_id: text(BulkField::Jumpoint).and_then(|id| id.parse().ok()),
            group_id: text(BulkField::Group).and_then(|id| id.parse().ok()),
            hostname: text(BulkField::Hostname),
            local_address: text(BulkField::LocalAddress),
            tag: text(BulkField::Tag),
            comments: text(BulkField::Comments),
            jump_policy: text(BulkField::Policy).and_then(|text| jump_policy(&text)),
            session_policy: text(BulkField::SessionPolicy).and_then(|text| session_policy(&text)),
            credentials: text(BulkField::Credential).and_then(|text| match text.as_str() {
                NO_POLICY => Some(Vec::new()),
                id => Some(vec![ItemCredential { credential_id: id.parse().ok()?, remote_port: None }]),
            }),
        }
    }
}

/// The jump policy that was chosen: an id, or [`NO_POLICY`]; none when nothing was.
pub(crate) fn jump_policy(chosen: &str) -> Option<PolicyChoice> {
    match chosen {
        NO_POLICY => Some(PolicyChoice::Nothing),
        id => id.parse().ok().map(PolicyChoice::Policy),
    }
}

/// The session policy that was chosen, in the same way.
pub(crate) fn session_policy(chosen: &str) -> Option<SessionPolicyChoice> {
    match chosen {
        NO_POLICY => Some(SessionPolicyChoice::Nothing),
        id => id.parse().ok().map(SessionPolicyChoice::Policy),
    }
}

/// Why the properties of these items cannot be opened together; none when they can.
pub(crate) fn obstacle(items: &[JumpItem]) -> Option<String> {
    if items.len() > ITEMS_PER_CHANGE {
        return Some(format!("At most {ITEMS_PER_CHANGE} items can be changed at once; {} are selected.", items.len()));
    }
    mixed(items.iter().map(|_| KIND))
}

/// Why items of these kinds have no properties in common.
fn mixed<'a>(kinds: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut distinct: Vec<&str> = Vec::new();
    for kind in kinds {
        if !distinct.contains(&kind) {
            distinct.push(kind);
        }
    }
    let named = distinct.join(", ");
    (distinct.len() > 1).then(|| {
        format!("Properties of several items need items of one kind; these are of {}: {named}.", distinct.len())
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{item, number};
    use super::*;
    use wire::JumpGroupId;

    fn items() -> Vec<JumpItem> {
        let mut items = vec![item("a"), item("b"), item("c")];
        items[1].definition.tag = Some("billing".into());
        items[2].definition.hostname = "10.0.0.6".into();
        items
    }

    #[test]
    fn what_nobody_touches_is_not_written() {
        let form = BulkForm::of(&items());
        assert!(!form.changes_anything());
        assert_eq!(form.value(BulkField::LocalAddress), "127.0.0.1");
        assert!(
            form.differs(BulkField::Tag) && form.differs(BulkField::Hostname) && !form.differs(BulkField::Comments)
        );
        let change = form.change();
        assert_eq!(change.item_ids.len(), 3);
        assert_eq!(change, JumpItemsChange { item_ids: change.item_ids.clone(), ..BulkForm::of(&[]).change() });
    }

    #[test]
    fn only_what_differs_from_before_is_written() {
        let group = JumpGroupId(number(9));
        let form = BulkForm::of(&items())
            .enter(BulkField::Group, group.to_string())
            .enter(BulkField::Tag, String::new())
            .enter(BulkField::LocalAddress, "127.0.0.1".into())
            .enter(BulkField::Jumpoint, String::new());
        let change = form.change();
        assert_eq!((change.group_id, change.tag.as_deref()), (Some(group), Some("")));
        assert_eq!((change.local_address, change.jumpoint_id, change.hostname), (None, None, None));
        assert!(!form.differs(BulkField::Tag), "an empty tag was entered: it is taken away");
        let form = form.keep(BulkField::Tag).enter(BulkField::Group, String::new());
        assert!(form.differs(BulkField::Tag) && !form.changes_anything());
    }

    #[test]
    fn a_policy_is_given_or_taken_away_or_left() {
        let mut items = items();
        items[0].definition.jump_policy_id = Some(wire::JumpPolicyId(number(4)));
        let form = BulkForm::of(&items);
        assert!(form.differs(BulkField::Policy) && form.change().jump_policy.is_none());
        let given = |text: &str| form.clone().enter(BulkField::Policy, text.into()).change().jump_policy;
        assert_eq!(given(NO_POLICY), Some(PolicyChoice::Nothing));
        assert_eq!(given(&number(5).to_string()), Some(PolicyChoice::Policy(wire::JumpPolicyId(number(5)))));
        assert_eq!(given(""), None);
    }

    #[test]
    fn one_credential_is_given_to_all_or_theirs_are_taken_away() {
        let of = |id, remote_port| ItemCredential { credential_id: wire::CredentialId(number(id)), remote_port };
        let mut items = items();
        items[0].definition.credentials = Some(vec![of(1, Some(5432))]);
        let form = BulkForm::of(&items);
        assert!(form.differs(BulkField::Credential) && form.change().credentials.is_none());
        let given = |text: &str| form.clone().enter(BulkField::Credential, text.into()).change().credentials;
        assert_eq!(given(NO_POLICY), Some(Vec::new()));
        assert_eq!(given(&number(5).to_string()), Some(vec![of(5, None)]));
        assert_eq!(given(""), None);
        let same = BulkForm::of(&items[..1]);
        let kept = same.value(BulkField::Credential).to_owned();
        assert_eq!(same.enter(BulkField::Credential, kept).change().credentials, None);
    }

    #[test]
    fn what_will_be_written_is_checked() {
        let form = BulkForm::of(&items());
        assert_eq!(form.errors(), []);
        let form =
            form.enter(BulkField::Hostname, "https://db".into()).enter(BulkField::LocalAddress, "10.0.0.1".into());
        let fields: Vec<String> = form.errors().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["hostname", "local_address"]);
        let form = BulkForm::of(&items()).enter(BulkField::Comments, "x".repeat(COMMENTS_CHARS + 1));
        assert_eq!(form.errors()[0].field, "comments");
    }

    #[test]
    fn kinds_are_not_mixed_and_there_is_a_bound() {
        assert_eq!(mixed([KIND, KIND].into_iter()), None);
        assert_eq!(mixed(std::iter::empty()), None);
        let said = mixed([KIND, "Shell", KIND].into_iter()).unwrap();
        assert!(said.contains("one kind") && said.contains("Tunnel, Shell"), "{said}");
        assert_eq!(obstacle(&items()), None);
        assert!(obstacle(&vec![item("a"); ITEMS_PER_CHANGE + 1]).unwrap().contains("1001"));
    }
}
