//! Properties of several items at once: what is not touched stays as it is in each of them.

use wire::api::JumpItem;
use yew::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::dialog::{FormDialog, Width};
use crate::components::field::{SelectField, TextField};
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::bulk_form::{self, BulkField, BulkForm};
use crate::state::format;
use crate::state::item_credentials;
use crate::state::items;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// Properties of [`BulkDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct BulkDialogProps {
    /// The items.
    pub(super) items: Vec<JumpItem>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn BulkDialog(props: &BulkDialogProps) -> Html {
    let console = use_console();
    let store = use_store();
    let form = use_state(|| BulkForm::of(&props.items));
    let sending = use_submission();
    let names = use_loaded((), |api| async move { api.policy_names().await });
    let session_names = use_loaded((), |api| async move { api.session_policy_names().await });
    let known = use_loaded((), |api| async move { api.credentials().await });
    let errors = form.errors();
    let onsubmit = {
        let (form, sending, onclose) = (form.clone(), sending.clone(), props.onclose.clone());
        let (console, right) = (console.clone(), errors.is_empty());
        Callback::from(move |()| {
            if right && !form.changes_anything() {
                return onclose.emit(());
            }
            let (api, change) = (console.api().clone(), form.change());
            let saving = async move { api.change_items(&change).await };
            let (console, onclose) = (console.clone(), onclose.clone());
            sending.send(right, saving, move |saved| {
                console.load_items();
                let told = format!("{} changed", format::count(saved.len() as u64, "item"));
                console.tell(ToastKind::Success, told, item_credentials::left(&saved));
                onclose.emit(());
            });
        })
    };
    let enter = |field: BulkField| {
        let form = form.clone();
        Callback::from(move |text: String| form.set((*form).clone().enter(field, text)))
    };
    let said = |name: &str| {
        let wrong = errors.iter().find(|error| error.field == name).map(|error| error.message.clone());
        sending.said(name, wrong)
    };
    // What will be written is told apart from what stays.
    let help = |field: BulkField| {
        let form_now = form.clone();
        let keep = Callback::from(move |_: MouseEvent| form_now.set((*form_now).clone().keep(field)));
        if form.changes(field) {
            html! { <>{ "Will be written to all of them. " }<Button kind={Kind::Link} class="pf-m-inline" label="Leave as it is" onclick={keep} /></> }
        } else {
            Html::default()
        }
    };
    let differs = |field: BulkField| form.differs(field).then(|| AttrValue::from("they differ: each keeps its own"));
    let text = |field: BulkField, id: &'static str, label: &'static str, name: &'static str| {
        html! {
            <TextField {id} {label} value={form.value(field).to_owned()} placeholder={differs(field)} error={said(name)}
                help={help(field)} oninput={enter(field)} />
        }
    };
    let choice = |field: BulkField,
                  id: &'static str,
                  label: &'static str,
                  name: &'static str,
                  options: Vec<(String, String)>| {
        html! {
            <SelectField {id} {label} {options} none={form.differs(field).then(|| AttrValue::from("they differ: each keeps its own"))}
                value={form.value(field).to_owned()} error={said(name)} help={help(field)} onchange={enter(field)} />
        }
    };
    let jumpoints: Vec<(String, String)> =
        store.jumpoints.list().iter().map(|jumpoint| (jumpoint.id.to_string(), jumpoint.name.clone())).collect();
    let groups: Vec<(String, String)> =
        store.groups.list().iter().map(|group| (group.id.to_string(), group.name.clone())).collect();
    let none = (bulk_form::NO_POLICY.to_owned(), "No policy".to_owned());
    let for_items = session_names.list().iter().filter(|it| it.for_items);
    let session_policies: Vec<_> =
        [none.clone()].into_iter().chain(for_items.map(|it| (it.id.to_string(), it.name.clone()))).collect();
    let mut credentials = vec![(bulk_form::NO_POLICY.to_owned(), "None: the target asks".to_owned())];
    credentials.extend(known.list().iter().map(|it| (it.id.to_string(), it.facts.name.clone())));
    let has = form.value(BulkField::Credential);
    if !form.differs(BulkField::Credential) && credentials.iter().all(|(value, _)| value != has) {
        credentials.push((has.to_owned(), "as they have them".to_owned()));
    }
    let policies: Vec<_> =
        [none].into_iter().chain(names.list().iter().map(|it| (it.id.to_string(), it.name.clone()))).collect();
    html! {
        <FormDialog name="bulk" title={format!("Properties of {} items", props.items.len())} width={Width::Medium} deed="Save" sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p class="sp-pale">{ "Only what you change is written, to all of them or to none." }</p>
            <div class="sp-columns">
                { choice(BulkField::Jumpoint, "bulk-jumpoint", "Jumpoint", "jumpoint_id", jumpoints) }
                { choice(BulkField::Group, "bulk-group", "Jump group", "group_id", groups) }
                { text(BulkField::Hostname, "bulk-hostname", "Host name or IP address", "hostname") }
                { text(BulkField::LocalAddress, "bulk-local-address", "Local address", "local_address") }
                <TextField id="bulk-tag" label="Tag" list="bulk-tags" value={form.value(BulkField::Tag).to_owned()} placeholder={differs(BulkField::Tag)}
                    error={said("tag")} help={help(BulkField::Tag)} oninput={enter(BulkField::Tag)} />
                { text(BulkField::Comments, "bulk-comments", "Comments", "comments") }
                if !names.list().is_empty() {
                    { choice(BulkField::Policy, "bulk-policy", "Jump policy", "jump_policy_id", policies) }
                }
                if session_policies.len() > 1 {
                    { choice(BulkField::SessionPolicy, "bulk-session-policy", "Session policy", "session_policy_id", session_policies) }
                }
                if !known.list().is_empty() {
                    { choice(BulkField::Credential, "bulk-credential", "Credential for the whole item", "credentials", credentials) }
                }
            </div>
            <datalist id="bulk-tags">
                { for items::tags(store.items.list()).into_iter().map(|tag| html! { <option key={tag.clone()} value={tag} /> }) }
            </datalist>
        </FormDialog>
    }
}
