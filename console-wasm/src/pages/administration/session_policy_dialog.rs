//! A session policy: a new one, or one that exists.

use yew::prelude::*;

use super::session_policy_fields::RuleFieldset;
use crate::components::dialog::{FormDialog, Width};
use crate::components::field::{Switch, TextArea, TextField};
use crate::console::use_console;
use crate::state::session_policy_form::{RuleFields, SessionPolicyForm};
use crate::submission::use_submission;

/// Properties of [`SessionPolicyDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct SessionPolicyDialogProps {
    /// What the fields begin with.
    pub(super) form: SessionPolicyForm,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn SessionPolicyDialog(props: &SessionPolicyDialogProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let form = use_state(|| props.form.clone());
    let onsubmit = {
        let (form, sending, onclose) = (form.clone(), sending.clone(), props.onclose.clone());
        let console = console.clone();
        Callback::from(move |()| {
            let (api, onclose, id) = (console.api().clone(), onclose.clone(), form.id);
            let Ok(draft) = form.draft() else { return sending.hold() };
            sending.send(true, async move { api.save_session_policy(id, &draft).await }, move |_| onclose.emit(()));
        })
    };
    let onreload = form.id.map(|id| {
        let form = form.clone();
        let load = move || console.with_api(|api| async move { api.session_policies().await });
        sending.reload(load, move |policies| {
            if let Some(newest) = policies.iter().find(|it| it.id == id) {
                form.set(SessionPolicyForm::of(newest));
            }
        })
    });
    let said = |field: &str| sending.said(field, form.wrong(field));
    let text = |set: fn(&mut SessionPolicyForm, String)| {
        let form = form.clone();
        Callback::from(move |text: String| {
            let mut changed = (*form).clone();
            set(&mut changed, text);
            form.set(changed);
        })
    };
    let switch = |set: fn(&mut SessionPolicyForm, bool)| {
        let form = form.clone();
        Callback::from(move |on: bool| {
            let mut changed = (*form).clone();
            set(&mut changed, on);
            form.set(changed);
        })
    };
    let set_rules = {
        let form = form.clone();
        Callback::from(move |rules: RuleFields| form.set((*form).clone().with_rules(rules)))
    };
    let (title, deed) = match props.form.id {
        None => ("Create a session policy".to_owned(), "Create"),
        Some(_) => (format!("Properties of {}", props.form.name), "Save"),
    };
    html! {
        <FormDialog name="session-policy" {title} width={Width::Medium} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <TextField id="session-policy-name" label="Name" required={true} value={form.name.clone()} error={said("name")}
                oninput={text(|form, text| form.name = text)} />
            <RuleFieldset id="session-policy" rules={form.rules.clone()} defines_all={false} idle_error={said("idle")} onchange={set_rules} />
            <Switch id="session-policy-for-users" label="Users can be given it" on={form.for_users} onchange={switch(|form, on| form.for_users = on)} />
            <Switch id="session-policy-for-items" label="Jump items can be given it" on={form.for_items} onchange={switch(|form, on| form.for_items = on)} />
            if let Some(error) = said("for_items") {
                <div class="pf-v6-c-helper-text__item pf-m-error" data-testid="session-policy-for-items-error">{ error }</div>
            }
            <TextArea id="session-policy-description" label="Description" value={form.description.clone()} error={said("description")}
                oninput={text(|form, text| form.description = text)} />
        </FormDialog>
    }
}
