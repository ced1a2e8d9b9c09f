//! Copying items into other groups.

use std::collections::BTreeSet;

use wire::JumpGroupId;
use wire::api::{CopyJumpItems, JumpItem};
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::below;
use crate::console::{use_console, use_store};
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

/// The dialog: a box for each group.
#[component]
pub(super) fn CopyDialog(props: &CopyDialogProps) -> Html {
    let console = use_console();
    let store = use_store();
    let groups = use_state(BTreeSet::<JumpGroupId>::new);
    let sending = use_submission();
    let none = groups.is_empty().then(|| "Choose at least one group.".to_owned());
    let onsubmit = {
        let (groups, sending, onclose) = (groups.clone(), sending.clone(), props.onclose.clone());
        let (console, items, right) = (console.clone(), props.items.clone(), none.is_none());
        Callback::from(move |()| {
            let wanted = CopyJumpItems {
                item_ids: items.iter().map(|item| item.id).collect(),
                group_ids: groups.iter().copied().collect(),
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
        </FormDialog>
    }
}
