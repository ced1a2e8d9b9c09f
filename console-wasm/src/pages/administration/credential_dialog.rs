//! A stored credential: a new one, or one that exists, whose secret can be replaced and not seen.

use wire::api::{CredentialKind, Giving, JumpGroup};
use yew::prelude::*;

use crate::components::dialog::{FormDialog, Width};
use crate::components::field::{SelectField, TextArea, TextField};
use crate::console::use_console;
use crate::state::credential_form::CredentialForm;
use crate::submission::use_submission;

/// Properties of [`CredentialDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct CredentialDialogProps {
    /// What the fields begin with.
    pub(super) form: CredentialForm,
    /// Groups in which the user manages credentials.
    pub(super) groups: Vec<JumpGroup>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn CredentialDialog(props: &CredentialDialogProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let form = use_state(|| props.form.clone());
    let onsubmit = {
        let (form, sending, onclose) = (form.clone(), sending.clone(), props.onclose.clone());
        let console = console.clone();
        Callback::from(move |()| {
            let (api, onclose, id) = (console.api().clone(), onclose.clone(), form.id);
            let Ok(draft) = form.draft() else { return sending.hold() };
            sending.send(true, async move { api.save_credential(id, &draft).await }, move |_| onclose.emit(()));
        })
    };
    let onreload = form.id.map(|id| {
        let form = form.clone();
        let load = move || console.with_api(|api| async move { api.credentials().await });
        sending.reload(load, move |credentials| {
            if let Some(newest) = credentials.iter().find(|it| it.id == id) {
                form.set(CredentialForm::of(newest));
            }
        })
    });
    let said = |field: &str| sending.said(field, form.wrong(field));
    let text = |set: fn(&mut CredentialForm, String)| {
        let form = form.clone();
        Callback::from(move |text: String| {
            let mut changed = (*form).clone();
            set(&mut changed, text);
            form.set(changed);
        })
    };
    let (title, deed) = match props.form.id {
        None => ("Store a credential".to_owned(), "Store"),
        Some(_) => (format!("Properties of {}", props.form.name), "Save"),
    };
    let groups: Vec<_> = props.groups.iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let kinds: Vec<_> = CredentialKind::ALL.map(|(it, words)| (format!("{it:?}"), words.to_owned())).into();
    let ways: Vec<_> = Giving::ALL.map(|(it, words)| (format!("{it:?}"), words.to_owned())).into();
    let kept = form.keeps_secret();
    let secret_help = if kept { "Leave it empty to keep the one that is stored." } else { "" };
    html! {
        <FormDialog name="credential" {title} width={Width::Medium} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <div class="sp-columns">
                <TextField id="credential-name" label="Name" required={true} value={form.name.clone()} error={said("name")}
                    oninput={text(|form, text| form.name = text)} />
                <SelectField id="credential-group" label="Jump group" required={true} options={groups} none="Choose a group"
                    value={form.group.map(|id| id.to_string()).unwrap_or_default()} error={said("group_id")}
                    help="Roles in this group say who manages it." onchange={text(|form, text| form.group = text.parse().ok())} />
                <SelectField id="credential-kind" label="Kind" options={kinds} value={format!("{:?}", form.kind)} onchange={text(set_kind)} />
                <TextField id="credential-user-name" label="User name" value={form.user_name.clone()} error={said("user_name")}
                    help="Whom to sign in as at the target; may be empty." oninput={text(|form, text| form.user_name = text)} />
            </div>
            if form.kind == CredentialKind::SshKey {
                <TextArea id="credential-secret" label="Private key" value={form.secret.clone()} error={said("secret")} help={secret_help}
                    oninput={text(|form, text| form.secret = text)} />
                <TextField id="credential-passphrase" label="Passphrase" kind="password" autocomplete="new-password" value={form.passphrase.clone()}
                    help="Leave it empty where the key has none." error={said("passphrase")} oninput={text(|form, text| form.passphrase = text)} />
            } else {
                <TextField id="credential-secret" label={form.kind.words()} kind="password" autocomplete="new-password" required={!kept}
                    value={form.secret.clone()} placeholder={kept.then_some("kept")} error={said("secret")} help={secret_help}
                    oninput={text(|form, text| form.secret = text)} />
            }
            <SelectField id="credential-giving" label="Given out" options={ways} value={format!("{:?}", form.giving)} onchange={text(set_giving)}
                help="To whoever began a session on an item that names it, while its tunnels are open. What was copied can be pasted anywhere." />
            <TextArea id="credential-comments" label="Comments" value={form.comments.clone()} error={said("comments")}
                oninput={text(|form, text| form.comments = text)} />
        </FormDialog>
    }
}

fn set_kind(form: &mut CredentialForm, text: String) {
    if let Some((kind, _)) = CredentialKind::ALL.into_iter().find(|(it, _)| format!("{it:?}") == text) {
        form.kind = kind;
    }
}

fn set_giving(form: &mut CredentialForm, text: String) {
    if let Some((giving, _)) = Giving::ALL.into_iter().find(|(it, _)| format!("{it:?}") == text) {
        form.giving = giving;
    }
}
