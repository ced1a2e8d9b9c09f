//! A jump item role: a new one, or name, description and permissions of one that exists.

use wire::api::{ItemPermission, JumpItemRole, JumpItemRoleDraft};
use wire::validate;
use yew::prelude::*;

use crate::components::check_list::{CheckList, switched};
use crate::components::dialog::FormDialog;
use crate::components::field::{TextArea, TextField};
use crate::console::use_console;
use crate::submission::use_submission;

/// Properties of [`RoleDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct RoleDialogProps {
    /// The role; none for a new one.
    pub(super) role: Option<JumpItemRole>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn RoleDialog(props: &RoleDialogProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let draft = use_state(|| {
        props.role.as_ref().map_or_else(
            || JumpItemRoleDraft {
                name: String::new(),
                description: String::new(),
                permissions: vec![ItemPermission::Start],
                revision: 0,
            },
            draft_of,
        )
    });
    let edit = |change: fn(&mut JumpItemRoleDraft, String)| {
        let draft = draft.clone();
        Callback::from(move |text: String| {
            let mut changed = (*draft).clone();
            change(&mut changed, text);
            draft.set(changed);
        })
    };
    let choose = {
        let draft = draft.clone();
        Callback::from(move |(words, on): (String, bool)| {
            let Some((permission, _)) = ItemPermission::ALL.into_iter().find(|(it, _)| key(*it) == words) else {
                return;
            };
            let permissions = switched(&draft.permissions, &permission, on);
            draft.set(JumpItemRoleDraft { permissions, ..(*draft).clone() });
        })
    };
    let wrong = validate::name(&draft.name);
    let onsubmit = {
        let (draft, sending) = (draft.clone(), sending.clone());
        let (console, onclose, right) = (console.clone(), props.onclose.clone(), wrong.is_none());
        let id = props.role.as_ref().map(|it| it.id);
        Callback::from(move |()| {
            let (api, draft, onclose) = (console.api().clone(), (*draft).clone(), onclose.clone());
            sending.send(right, async move { api.save_role(id, &draft).await }, move |_| onclose.emit(()));
        })
    };
    let onreload = props.role.as_ref().map(|role| {
        let (id, draft) = (role.id, draft.clone());
        let load = move || console.with_api(|api| async move { api.roles().await });
        sending.reload(load, move |roles| {
            if let Some(newest) = roles.iter().find(|it| it.id == id) {
                draft.set(draft_of(newest));
            }
        })
    });
    let (title, deed) = match &props.role {
        None => ("Create a jump item role".to_owned(), "Create"),
        Some(role) => (format!("Properties of {}", role.name), "Save"),
    };
    let options: Vec<_> = ItemPermission::ALL.iter().map(|(it, words)| (key(*it), (*words).to_owned())).collect();
    html! {
        <FormDialog name="role" {title} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <TextField id="role-name" label="Name" required={true} value={draft.name.clone()} error={sending.said("name", wrong)}
                oninput={edit(|draft, text| draft.name = text)} />
            <CheckList id="role-permissions" label="What it allows with the items of a group" {options}
                chosen={draft.permissions.iter().map(|it| key(*it)).collect::<Vec<_>>()} onchange={choose} />
            <TextArea id="role-description" label="Description" value={draft.description.clone()} error={sending.said("comments", None)}
                oninput={edit(|draft, text| draft.description = text)} />
        </FormDialog>
    }
}

fn draft_of(role: &JumpItemRole) -> JumpItemRoleDraft {
    JumpItemRoleDraft {
        name: role.name.clone(),
        description: role.description.clone(),
        permissions: role.permissions.clone(),
        revision: role.revision,
    }
}

/// What a permission is called in ids.
fn key(permission: ItemPermission) -> String {
    format!("{permission:?}")
}
