//! A user: a new one, or name, role, state and password of one that exists.

use wire::api::{ApiError, JumpMethod, NewUser, Role, User, UserChange};
use wire::{JumpItemRoleId, SecretText, SessionPolicyId, validate};
use yew::prelude::*;

use crate::components::check_list::{CheckList, switched};
use crate::components::dialog::FormDialog;
use crate::components::field::{SelectField, Switch, TextField};
use crate::console::{Console, use_console};
use crate::loaded::use_loaded;
use crate::state::words;
use crate::submission::use_submission;

/// Properties of [`UserDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct UserDialogProps {
    /// The user; none for a new one.
    pub(super) user: Option<User>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// What stands in the fields.
#[derive(Clone, PartialEq)]
struct Fields {
    user_name: String,
    display_name: String,
    email: String,
    role: Role,
    enabled: bool,
    password: String,
    no_password: bool,
    methods: Vec<JumpMethod>,
    default_role: Option<JumpItemRoleId>,
    personal_role: Option<JumpItemRoleId>,
    session_policy: Option<SessionPolicyId>,
}

impl Fields {
    fn of(user: Option<&User>) -> Self {
        Self {
            user_name: user.map(|user| user.user_name.clone()).unwrap_or_default(),
            display_name: user.map(|user| user.display_name.clone()).unwrap_or_default(),
            email: user.and_then(|user| user.email.clone()).unwrap_or_default(),
            role: user.map_or(Role::Technician, |user| user.role),
            enabled: user.is_none_or(|user| user.enabled),
            password: String::new(),
            no_password: false,
            methods: user.map_or_else(JumpMethod::every, |user| user.methods.clone()),
            default_role: user.map_or(Some(JumpItemRoleId::START_SESSIONS_ONLY), |user| user.default_role_id),
            personal_role: user.and_then(|user| user.personal_role_id),
            session_policy: user.and_then(|user| user.session_policy_id),
        }
    }

    /// What is wrong with a field.
    fn wrong(&self, field: &str, new: bool) -> Option<String> {
        match field {
            "user_name" if new => validate::user_name(self.user_name.trim()),
            "display_name" => validate::name(&self.display_name),
            "email" if !self.email.trim().is_empty() => validate::mail_address(self.email.trim()),
            "password" if new || !self.password.is_empty() => validate::password(&self.password),
            _ => None,
        }
    }

    fn is_right(&self, new: bool) -> bool {
        ["user_name", "display_name", "email", "password"].iter().all(|field| self.wrong(field, new).is_none())
    }
}

/// The dialog.
#[component]
pub(super) fn UserDialog(props: &UserDialogProps) -> Html {
    let console = use_console();
    // As they were when it was opened, or loaded anew since.
    let user = use_state(|| props.user.clone());
    let fields = use_state(|| Fields::of(props.user.as_ref()));
    let sending = use_submission();
    let new = props.user.is_none();
    let said = |field: &str| sending.said(field, fields.wrong(field, new));
    let onsubmit = {
        let (fields, sending) = (fields.clone(), sending.clone());
        let (user, onclose, console) = (user.clone(), props.onclose.clone(), console.clone());
        Callback::from(move |()| {
            let saving = save(console.clone(), (*user).clone(), (*fields).clone());
            let onclose = onclose.clone();
            sending.send(fields.is_right(new), saving, move |()| onclose.emit(()));
        })
    };
    let onreload = (*user).as_ref().map(|it| {
        let (id, user, fields) = (it.id, user.clone(), fields.clone());
        let load = move || console.with_api(|api| async move { api.users().await });
        sending.reload(load, move |users| {
            if let Some(newest) = users.into_iter().find(|it| it.id == id) {
                fields.set(Fields::of(Some(&newest)));
                user.set(Some(newest));
            }
        })
    });
    let edit = |change: fn(&mut Fields, String)| {
        let fields = fields.clone();
        Callback::from(move |text: String| {
            let mut changed = (*fields).clone();
            change(&mut changed, text);
            fields.set(changed);
        })
    };
    let enable = {
        let fields = fields.clone();
        Callback::from(move |enabled| fields.set(Fields { enabled, ..(*fields).clone() }))
    };
    let take_password = {
        let fields = fields.clone();
        Callback::from(move |no_password| {
            fields.set(Fields { no_password, password: String::new(), ..(*fields).clone() });
        })
    };
    let choose_method = {
        let fields = fields.clone();
        Callback::from(move |(words, on): (String, bool)| {
            let Some((method, _)) = JumpMethod::ALL.into_iter().find(|(it, _)| format!("{it:?}") == words) else {
                return;
            };
            fields.set(Fields { methods: switched(&fields.methods, &method, on), ..(*fields).clone() });
        })
    };
    let choose_role = {
        let fields = fields.clone();
        Callback::from(move |id: String| fields.set(Fields { default_role: id.parse().ok(), ..(*fields).clone() }))
    };
    let item_roles = use_loaded((), |api| async move { api.roles().await });
    let item_role_options: Vec<_> = item_roles.list().iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let choose_personal = {
        let fields = fields.clone();
        Callback::from(move |id: String| fields.set(Fields { personal_role: id.parse().ok(), ..(*fields).clone() }))
    };
    let choose_policy = {
        let fields = fields.clone();
        Callback::from(move |id: String| fields.set(Fields { session_policy: id.parse().ok(), ..(*fields).clone() }))
    };
    let policies = use_loaded((), |api| async move { api.session_policy_names().await });
    let for_users = policies.list().iter().filter(|it| it.for_users);
    let policy_options: Vec<_> =
        for_users.map(|it| (it.id.to_string(), format!("{} ({})", it.name, it.summary))).collect();
    let roles = [Role::Technician, Role::Auditor, Role::Administrator]
        .map(|role| (key(role).to_owned(), words::role(role).to_owned()));
    let (title, deed) = match &*user {
        None => ("Create a user".to_owned(), "Create"),
        Some(user) => (format!("Properties of {}", user.user_name), "Save"),
    };
    let has_password = (*user).as_ref().is_some_and(|it| it.has_password);
    let (password_label, password_help) = match (new, has_password) {
        (true, _) => ("Password", "At least 12 characters. The user can change it under Your account."),
        (false, true) => ("New password", "Empty keeps the present one. A new one signs the user out everywhere."),
        (false, false) => ("Password", "There is none: the user signs in by single sign-on alone. Empty leaves it so."),
    };
    let role_help = match fields.role {
        Role::Technician => "Does with items what jump item roles say.",
        Role::Administrator => {
            "Does everything with every item, manages users, jumpoints and groups, and sees and ends everybody's sessions."
        }
        Role::Auditor => {
            "Looks at everybody's sessions, recordings, reports and the audit trail, and changes nothing: begins no session, writes no note, decides no request. Jump item roles do not count."
        }
    };
    html! {
        <FormDialog name="user" {title} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            if new {
                <TextField id="user-user-name" label="User name" required={true} value={fields.user_name.clone()} help="What they sign in with: letters, digits and . _ - @"
                    error={said("user_name")} oninput={edit(|fields, text| fields.user_name = text)} />
            }
            <TextField id="user-display-name" label="Name" required={true} value={fields.display_name.clone()} error={said("display_name")}
                oninput={edit(|fields, text| fields.display_name = text)} />
            <TextField id="user-email" label="Mail address" inputmode="email" value={fields.email.clone()} help="Where letters about approvals go. May be empty."
                error={said("email")} oninput={edit(|fields, text| fields.email = text)} />
            <SelectField id="user-role" label="Role" options={roles.to_vec()} value={key(fields.role)} help={role_help} error={said("role")}
                onchange={edit(|fields, text| fields.role = role_of(&text))} />
            if fields.role == Role::Technician {
                <SelectField id="user-default-role" label="Default jump item role" options={item_role_options.clone()} value={fields.default_role.map(|it| it.to_string()).unwrap_or_default()}
                    none="None: sees no items" help="Counts in groups whose members list speaks neither of the user nor of one of their teams." error={said("default_role_id")} onchange={choose_role} />
                <SelectField id="user-personal-role" label="Role in a personal jump group" options={item_role_options} value={fields.personal_role.map(|it| it.to_string()).unwrap_or_default()}
                    none="None: has no personal group" help="What they may do in a jump group that they and administrators alone see. A role that creates items lets them reach any host behind the jumpoints."
                    error={said("personal_role_id")} onchange={choose_personal} />
            }
            <CheckList id="user-methods" label="Jump methods" options={JumpMethod::ALL.iter().map(|(it, words)| (format!("{it:?}"), (*words).to_owned())).collect::<Vec<_>>()}
                chosen={fields.methods.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>()} onchange={choose_method} />
            if !policy_options.is_empty() {
                <SelectField id="user-session-policy" label="Session policy" options={policy_options} value={fields.session_policy.map(|it| it.to_string()).unwrap_or_default()}
                    none="None of their own" help="What sessions of this user may do, as far as the item's session policy leaves it open." error={said("session_policy_id")} onchange={choose_policy} />
            }
            if !fields.no_password {
                <TextField id="user-password" label={password_label} kind="password" required={new} value={fields.password.clone()} autocomplete="new-password"
                    help={password_help} error={said("password")} oninput={edit(|fields, text| fields.password = text)} />
            }
            if has_password {
                <Switch id="user-no-password" label="Single sign-on alone: takes the password away" on={fields.no_password} onchange={take_password} />
            }
            if !new {
                <Switch id="user-enabled" label="May sign in" on={fields.enabled} onchange={enable} />
            }
        </FormDialog>
    }
}

fn key(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Technician => "technician",
        Role::Auditor => "auditor",
    }
}

fn role_of(text: &str) -> Role {
    let all = [Role::Administrator, Role::Auditor];
    all.into_iter().find(|role| key(*role) == text).unwrap_or(Role::Technician)
}

async fn save(console: Console, user: Option<User>, fields: Fields) -> Result<(), ApiError> {
    let password = Some(fields.password.clone()).filter(|text| !text.is_empty()).map(SecretText::new);
    match user {
        None => {
            let new = NewUser {
                user_name: fields.user_name.trim().to_owned(),
                display_name: fields.display_name.trim().to_owned(),
                email: Some(fields.email.trim().to_owned()),
                role: fields.role,
                password: SecretText::new(fields.password),
                methods: Some(fields.methods),
                default_role_id: fields.default_role,
                personal_role_id: fields.personal_role,
                session_policy_id: fields.session_policy,
            };
            console.api().create_user(&new).await.map(drop)
        }
        Some(user) => {
            let change = UserChange {
                display_name: Some(fields.display_name.trim().to_owned()),
                email: Some(fields.email.trim().to_owned()),
                role: (fields.role != user.role).then_some(fields.role),
                enabled: (fields.enabled != user.enabled).then_some(fields.enabled),
                methods: (fields.methods != user.methods).then_some(fields.methods),
                default_role_id: (fields.default_role != user.default_role_id).then_some(fields.default_role),
                personal_role_id: (fields.personal_role != user.personal_role_id).then_some(fields.personal_role),
                session_policy_id: (fields.session_policy != user.session_policy_id).then_some(fields.session_policy),
                password,
                remove_password: fields.no_password,
                unlock: false,
                revision: Some(user.revision),
            };
            console.api().change_user(user.id, &change).await.map(drop)
        }
    }
}
