//! The dialog for a Protocol Tunnel Jump while it is filled in.

use std::collections::BTreeSet;

use wire::api::{ApiError, FieldError, JumpItem, Preferences, TunnelDefinition, TunnelJumpDraft};
use wire::limits::{DEFAULT_LOCAL_ADDRESS, TUNNELS_PER_ITEM};
use wire::{JumpGroupId, JumpItemId, JumpPolicyId, JumpointId, SessionPolicyId, validate};

use super::item_credentials::{RowEdit, Rows};
use super::services::{self, SERVICES};

/// A pair of ports as it stands in the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TunnelFields {
    /// What speaks there.
    pub(crate) label: String,
    /// Local port; empty or 0 = automatic.
    pub(crate) local_port: String,
    /// Remote port.
    pub(crate) remote_port: String,
}

/// What stands in the fields, and what has to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemForm {
    /// The item that is edited; none for a new one.
    pub(crate) item: Option<JumpItemId>,
    /// Its name.
    pub(crate) name: String,
    /// Its jumpoint.
    pub(crate) jumpoint: Option<JumpointId>,
    /// Its group.
    pub(crate) group: Option<JumpGroupId>,
    /// The target's host.
    pub(crate) hostname: String,
    /// The address to listen on.
    pub(crate) local_address: String,
    /// Pairs of ports.
    pub(crate) tunnels: Vec<TunnelFields>,
    /// Its tag.
    pub(crate) tag: String,
    /// Free text.
    pub(crate) comments: String,
    /// Its jump policy.
    pub(crate) policy: Option<JumpPolicyId>,
    /// Its session policy.
    pub(crate) session_policy: Option<SessionPolicyId>,
    /// Its credentials.
    pub(crate) credentials: Rows,
    revision: i64,
    touched: BTreeSet<String>,
    submitted: bool,
    refused: Vec<FieldError>,
}

/// One change of the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The name.
    Name(String),
    /// The jumpoint.
    Jumpoint(Option<JumpointId>),
    /// The group.
    Group(Option<JumpGroupId>),
    /// The target's host.
    Hostname(String),
    /// The address to listen on.
    LocalAddress(String),
    /// The label of a pair; a well-known one fills its ports in.
    Label(usize, String),
    /// The local port of a pair.
    LocalPort(usize, String),
    /// The remote port of a pair.
    RemotePort(usize, String),
    /// One more pair.
    AddTunnel,
    /// One pair less.
    RemoveTunnel(usize),
    /// The tag.
    Tag(String),
    /// Free text.
    Comments(String),
    /// The jump policy.
    Policy(Option<JumpPolicyId>),
    /// The session policy.
    SessionPolicy(Option<SessionPolicyId>),
    /// The credentials.
    Credentials(RowEdit),
    /// A field lost the focus: from now on its errors show.
    Left(String),
    /// *Save* was pressed: all errors show.
    Submitted,
    /// The appliance refused.
    Refused(ApiError),
    /// The item was loaded anew: this takes the place of what was typed.
    Loaded(Box<ItemForm>),
}

impl ItemForm {
    /// An empty form, with the jumpoint and group chosen last time (row 0.6).
    pub(crate) fn new(preferences: &Preferences, jumpoints: &[JumpointId], groups: &[JumpGroupId]) -> Self {
        let last_jumpoint = preferences.last_jumpoint.filter(|id| jumpoints.contains(id));
        let last_group = preferences.last_group.filter(|id| groups.contains(id));
        Self {
            item: None,
            name: String::new(),
            jumpoint: last_jumpoint.or_else(|| only(jumpoints)),
            group: last_group.or_else(|| groups.first().copied()),
            hostname: String::new(),
            local_address: DEFAULT_LOCAL_ADDRESS.to_string(),
            tunnels: vec![TunnelFields::default()],
            tag: String::new(),
            comments: String::new(),
            policy: None,
            session_policy: None,
            credentials: Rows::default(),
            revision: 0,
            touched: BTreeSet::new(),
            submitted: false,
            refused: Vec::new(),
        }
    }

    /// The form with an item's properties.
    pub(crate) fn of(item: &JumpItem) -> Self {
        let definition = &item.definition;
        Self {
            item: Some(item.id),
            name: definition.name.clone(),
            jumpoint: Some(definition.jumpoint_id),
            group: Some(definition.group_id),
            hostname: definition.hostname.clone(),
            local_address: definition.local_address.clone(),
            tunnels: definition
                .tunnels
                .iter()
                .map(|tunnel| TunnelFields {
                    label: tunnel.label.clone(),
                    local_port: tunnel.local_port.to_string(),
                    remote_port: tunnel.remote_port.to_string(),
                })
                .collect(),
            tag: definition.tag.clone().unwrap_or_default(),
            comments: definition.comments.clone(),
            policy: definition.jump_policy_id,
            session_policy: definition.session_policy_id,
            credentials: Rows::of(item),
            revision: definition.revision,
            touched: BTreeSet::new(),
            submitted: false,
            refused: Vec::new(),
        }
    }

    /// The form after a change.
    #[must_use]
    pub(crate) fn edit(mut self, edit: Edit) -> Self {
        match edit {
            Edit::Name(text) => self.name = self.answered("name", text),
            Edit::Jumpoint(id) => self.jumpoint = self.answered("jumpoint_id", id),
            Edit::Group(id) => self.group = self.answered("group_id", id),
            Edit::Hostname(text) => self.hostname = self.answered("hostname", text.trim().into()),
            Edit::LocalAddress(text) => self.local_address = self.answered("local_address", text.trim().into()),
            Edit::Policy(id) => self.policy = self.answered("jump_policy_id", id),
            Edit::SessionPolicy(id) => self.session_policy = self.answered("session_policy_id", id),
            Edit::Credentials(edit) => {
                self.answered("credentials", ());
                self.credentials.edit(edit);
            }
            Edit::Tag(text) => self.tag = self.answered("tag", text),
            Edit::Comments(text) => self.comments = self.answered("comments", text),
            Edit::Label(at, text) => self.set_label(at, text),
            Edit::LocalPort(at, text) => {
                let text = self.answered(&format!("tunnels[{at}].local_port"), text);
                self.change_tunnel(at, |tunnel| tunnel.local_port = text);
            }
            Edit::RemotePort(at, text) => {
                let text = self.answered(&format!("tunnels[{at}].remote_port"), text);
                self.change_tunnel(at, |tunnel| tunnel.remote_port = text);
            }
            Edit::AddTunnel if self.tunnels.len() < TUNNELS_PER_ITEM => self.tunnels.push(TunnelFields::default()),
            Edit::AddTunnel => {}
            Edit::RemoveTunnel(at) if self.tunnels.len() > 1 && at < self.tunnels.len() => {
                self.tunnels.remove(at);
                self.credentials.pair_removed(at);
                self.touched.retain(|field| !field.starts_with("tunnels["));
                self.refused.retain(|error| !error.field.starts_with("tunnels"));
            }
            Edit::RemoveTunnel(_) => {}
            Edit::Left(field) => {
                self.touched.insert(field);
            }
            Edit::Submitted => self.submitted = true,
            Edit::Refused(error) => {
                self.submitted = true;
                self.refused = error.fields;
            }
            Edit::Loaded(form) => self = *form,
        }
        self
    }

    /// What the appliance gets, or what is wrong.
    pub(crate) fn draft(&self) -> Result<TunnelJumpDraft, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.jumpoint.is_none() {
            errors.push(FieldError::new("jumpoint_id", "Choose the jumpoint it goes through."));
        }
        if self.group.is_none() {
            errors.push(FieldError::new("group_id", "Choose the group it belongs to."));
        }
        let mut tunnels = Vec::new();
        for (at, fields) in self.tunnels.iter().enumerate() {
            tunnels.push(TunnelDefinition {
                local_port: read_port(&fields.local_port, true, &format!("tunnels[{at}].local_port"), &mut errors),
                remote_port: read_port(&fields.remote_port, false, &format!("tunnels[{at}].remote_port"), &mut errors),
                label: fields.label.trim().into(),
            });
        }
        let nobody = uuid::Uuid::nil();
        let ports: Vec<u32> = tunnels.iter().map(|it| it.remote_port).collect();
        let draft = TunnelJumpDraft {
            name: self.name.trim().into(),
            jumpoint_id: self.jumpoint.unwrap_or(JumpointId(nobody)),
            group_id: self.group.unwrap_or(JumpGroupId(nobody)),
            hostname: self.hostname.clone(),
            local_address: self.local_address.clone(),
            tunnels,
            tag: Some(self.tag.trim().to_owned()).filter(|tag| !tag.is_empty()),
            comments: self.comments.clone(),
            jump_policy_id: self.policy,
            session_policy_id: self.session_policy,
            credentials: self.credentials.wanted(&ports),
            revision: self.revision,
        };
        for error in validate::tunnel_jump(&draft) {
            if !errors.iter().any(|known| known.field == error.field) {
                errors.push(error);
            }
        }
        if errors.is_empty() { Ok(draft) } else { Err(errors) }
    }

    /// What is to be said at a field now: nothing before a person was there or pressed *Save*.
    pub(crate) fn error(&self, field: &str) -> Option<String> {
        let refused = self.refused.iter().find(|error| error.field == field);
        if let Some(error) = refused {
            return Some(error.message.clone());
        }
        if !self.submitted && !self.touched.contains(field) {
            return None;
        }
        let errors = self.draft().err()?;
        errors.into_iter().find(|error| error.field == field).map(|error| error.message)
    }

    /// The fields of the ports that are numbers, for a look at other items.
    pub(crate) fn local_ports(&self) -> Vec<u32> {
        self.tunnels
            .iter()
            .filter_map(|tunnel| tunnel.local_port.trim().parse().ok())
            .filter(|port| *port != 0)
            .collect()
    }

    /// A field was changed: what the appliance said about it no longer holds.
    fn answered<T>(&mut self, field: &str, value: T) -> T {
        self.refused.retain(|error| error.field != field);
        value
    }

    fn set_label(&mut self, at: usize, text: String) {
        let Some(before) = self.tunnels.get(at).cloned() else { return };
        let chosen = SERVICES.iter().find(|service| service.name.eq_ignore_ascii_case(text.trim()));
        let untouched = |port: &str, of: fn(&services::Service) -> u16| {
            port.trim().is_empty() || SERVICES.iter().any(|service| of(service).to_string() == port)
        };
        let taken = self.local_ports();
        self.change_tunnel(at, |tunnel| {
            if let Some(service) = chosen {
                if untouched(&before.remote_port, |service| service.remote_port) {
                    tunnel.remote_port = service.remote_port.to_string();
                }
                if untouched(&before.local_port, |service| service.local_port) {
                    let own = before.local_port == service.local_port.to_string();
                    let free = own || !taken.contains(&u32::from(service.local_port));
                    tunnel.local_port = if free { service.local_port.to_string() } else { String::new() };
                }
            }
            tunnel.label = text;
        });
        self.refused.retain(|error| !error.field.starts_with(&format!("tunnels[{at}]")));
    }

    fn change_tunnel(&mut self, at: usize, change: impl FnOnce(&mut TunnelFields)) {
        if let Some(tunnel) = self.tunnels.get_mut(at) {
            change(tunnel);
        }
    }
}

/// The only one there is, if it is the only one.
fn only<Id: Copy>(ids: &[Id]) -> Option<Id> {
    match ids {
        [id] => Some(*id),
        _ => None,
    }
}

fn read_port(text: &str, automatic: bool, field: &str, errors: &mut Vec<FieldError>) -> u32 {
    let text = text.trim();
    if text.is_empty() && automatic {
        return 0;
    }
    if text.is_empty() {
        errors.push(FieldError::new(field, "Give the port on the remote system."));
        return 0;
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits => port,
        // A number too large for the type is still a number: the check of its range has the right words.
        _ if digits => u32::MAX,
        _ => {
            errors.push(FieldError::new(field, "A port is a number."));
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{item, number};
    use super::*;
    use wire::api::Fault;

    fn form() -> ItemForm {
        ItemForm::of(&item("db"))
    }

    #[test]
    fn an_item_survives_the_form() {
        let mut it = item("db");
        it.definition.revision = 3;
        assert_eq!(ItemForm::of(&it).draft(), Ok(it.definition));
    }

    #[test]
    fn an_item_that_is_loaded_anew_takes_the_place_of_what_was_typed() {
        let mut newer = item("db");
        newer.definition.comments = "of somebody else".into();
        newer.definition.revision = 4;
        let typed = form().edit(Edit::Comments("mine".into())).edit(Edit::Submitted);
        let it = typed.edit(Edit::Loaded(Box::new(ItemForm::of(&newer))));
        assert_eq!(it.draft(), Ok(newer.definition));
    }

    #[test]
    fn last_choices_are_remembered_while_they_exist() {
        let (first, second) = (JumpointId(number(1)), JumpointId(number(2)));
        let preferences = Preferences { last_jumpoint: Some(second), ..Preferences::default() };
        assert_eq!(ItemForm::new(&preferences, &[first, second], &[]).jumpoint, Some(second));
        assert_eq!(ItemForm::new(&preferences, &[first], &[]).jumpoint, Some(first));
        assert_eq!(ItemForm::new(&Preferences::default(), &[first, second], &[]).jumpoint, None);
    }

    #[test]
    fn errors_wait_until_the_field_was_left() {
        let it = form().edit(Edit::Name(String::new()));
        assert_eq!(it.error("name"), None);
        assert!(it.clone().edit(Edit::Left("name".into())).error("name").is_some());
        assert!(it.edit(Edit::Submitted).error("name").is_some());
    }

    #[test]
    fn what_the_appliance_refused_shows_until_the_field_changes() {
        let error = ApiError {
            code: "invalid".into(),
            message: String::new(),
            next_step: String::new(),
            fault: Fault::User,
            fields: vec![FieldError::new("hostname", "No.")],
            request_id: String::new(),
        };
        let it = form().edit(Edit::Refused(error));
        assert_eq!(it.error("hostname").as_deref(), Some("No."));
        assert_eq!(it.edit(Edit::Hostname("web".into())).error("hostname"), None);
    }

    #[test]
    fn a_well_known_service_fills_the_ports_in_and_spares_typed_ones() {
        let empty = ItemForm { tunnels: vec![TunnelFields::default(), TunnelFields::default()], ..form() };
        let it = empty.edit(Edit::Label(0, "PostgreSQL".into()));
        assert_eq!((it.tunnels[0].local_port.as_str(), it.tunnels[0].remote_port.as_str()), ("5432", "5432"));
        let it = it.edit(Edit::Label(0, "ssh".into()));
        assert_eq!((it.tunnels[0].local_port.as_str(), it.tunnels[0].remote_port.as_str()), ("2022", "22"));
        let it = it.edit(Edit::RemotePort(0, "2200".into())).edit(Edit::Label(0, "PostgreSQL".into()));
        assert_eq!(it.tunnels[0].remote_port, "2200");
        let it = it.edit(Edit::Label(1, "PostgreSQL".into()));
        assert_eq!(it.tunnels[1].local_port, "", "the port another pair has is not taken twice");
    }

    #[test]
    fn ports_are_read_as_people_type_them() {
        let ports = |local: &str, remote: &str| {
            form().edit(Edit::LocalPort(0, local.into())).edit(Edit::RemotePort(0, remote.into())).draft()
        };
        assert_eq!(ports("", "22").unwrap().tunnels[0].local_port, 0);
        assert_eq!(ports(" 5432 ", "22").unwrap().tunnels[0].local_port, 5432);
        for (local, remote, field) in [
            ("1", "", "tunnels[0].remote_port"),
            ("1", "0", "tunnels[0].remote_port"),
            ("65536", "1", "tunnels[0].local_port"),
            ("99999999999", "1", "tunnels[0].local_port"),
            ("-1", "1", "tunnels[0].local_port"),
            ("ssh", "1", "tunnels[0].local_port"),
        ] {
            let errors = ports(local, remote).unwrap_err();
            assert_eq!(errors[0].field, field, "{local} {remote}");
            assert_eq!(errors.len(), 1);
        }
    }

    #[test]
    fn the_last_pair_stays() {
        let it = form().edit(Edit::AddTunnel);
        assert_eq!(it.tunnels.len(), 2);
        let it = it.edit(Edit::RemoveTunnel(0)).edit(Edit::RemoveTunnel(0));
        assert_eq!(it.tunnels.len(), 1);
    }
}
