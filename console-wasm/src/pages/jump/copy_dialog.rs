//! Copying items into other groups.

use std::collections::BTreeSet;

use wire::JumpGroupId;
use wire::api::{CopyJumpItems, JumpItem};
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{SelectField, below};
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::bulk_form;
use crate::state::format;
use crate::state::item_credentials;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// Properties of [`CopyDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct CopyDialogProps {
    /// The items.
    pub(super) items: Vec<JumpItem>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog: a box for each group, and the policies that the copies get.
#[component]
pub(super) fn CopyDialog(props: &CopyDialogProps) -> Html {
    let console = use_console();
    let store = use_store();
    let groups = use_state(BTreeSet::<JumpGroupId>::new);
    let (jump_policy, session_policy) = (use_state(String::new), use_state(String::new));
    let sending = use_submission();
    let names = use_loaded((), |api| async move { api.policy_names().await });
    let session_names = use_loaded((), |api| async move { api.session_policy_names().await });
    let none = groups.is_empty().then(|| "Choose at least one group.".to_owned());
    let onsubmit = {
        let (groups, sending, onclose) = (groups.clone(), sending.clone(), props.onclose.clone());
        let (console, items, right) = (console.clone(), props.items.clone(), none.is_none());
        let (jump_policy, session_policy) = (jump_policy.clone(), session_policy.clone());
        Callback::from(move |()| {
            let wanted = CopyJumpItems {
                item_ids: items.iter().map(|item| item.id).collect(),
                group_ids: groups.iter().copied().collect(),
                jump_policy: bulk_form::jump_policy(&jump_policy),
                session_policy: bulk_form::session_policy(&session_policy),
            };
            let api = console.api().clone();
            let copying = async move { api.copy_items(&wanted).await };
            let (console, onclose) = (console.clone(), onclose.clone());
            sending.send(right, copying, move |copies| {
                console.load_items();
                let made = if copies.len() == 1 {
                    "1 copy was made".to_owned()
                } else {
                    format!("{} copies were made", copies.len())
                };
                console.tell(ToastKind::Success, made, item_credentials::left(&copies));
                onclose.emit(());
            });
        })
    };
    let title = match props.items.as_slice() {
        [item] => format!("Copy {}", item.definition.name),
        several => format!("Copy {}", format::count(several.len() as u64, "item")),
    };
    let error = sending.said("group_ids", none);
    let kept: AttrValue =
        if props.items.len() == 1 { "as the original has it".into() } else { "as each original has it".into() };
    let enter = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |text: String| state.set(text))
    };
    let with_none = |named: Vec<(String, String)>| -> Vec<_> {
        [(bulk_form::NO_POLICY.to_owned(), "No policy".to_owned())].into_iter().chain(named).collect()
    };
    let policies = names.list().iter().map(|it| (it.id.to_string(), it.name.clone()));
    let for_items = session_names.list().iter().filter(|it| it.for_items);
    let session_policies: Vec<_> = for_items.map(|it| (it.id.to_string(), it.name.clone())).collect();
    html! {
        <FormDialog name="copy" {title} deed="Copy" sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p>{ "A copy is an item of its own: what is changed in one stays as it is in the other." }</p>
            <fieldset class="sp-choices sp-m-framed">
                <legend class="pf-v6-c-form__label-text">{ "Into these groups" }</legend>
                { for store.groups.list().iter().map(|group| {
                    let id = format!("copy-into-{}", group.id);
                    let chosen = groups.contains(&group.id);
                    let onchange = {
                        let (groups, group) = (groups.clone(), group.id);
                        Callback::from(move |_: Event| {
                            let mut changed = (*groups).clone();
                            if !changed.remove(&group) {
                                changed.insert(group);
                            }
                            groups.set(changed);
                        })
                    };
                    let here = props.items.iter().all(|item| item.definition.group_id == group.id);
                    html! {
                        <label key={id.clone()} class="sp-choice" for={id.clone()} data-testid="copy-group" data-name={group.name.clone()}>
                            <input {id} type="checkbox" checked={chosen} {onchange} />
                            <span>{ &group.name }{ if here { " (they are there now)" } else { "" } }</span>
                        </label>
                    }
                }) }
                { below("copy-groups", error.as_ref(), Html::default()) }
            </fieldset>
            if !names.list().is_empty() {
                <SelectField id="copy-policy" label="Jump policy of the copies" options={with_none(policies.collect())} none={kept.clone()}
                    value={(*jump_policy).clone()} error={sending.said("jump_policy_id", None)} onchange={enter(&jump_policy)} />
            }
            if !session_policies.is_empty() {
                <SelectField id="copy-session-policy" label="Session policy of the copies" options={with_none(session_policies)} none={kept}
                    value={(*session_policy).clone()} error={sending.said("session_policy_id", None)} onchange={enter(&session_policy)} />
            }
        </FormDialog>
    }
}
