//! Removing items.

use wasm_bindgen_futures::spawn_local;
use wire::api::JumpItem;
use yew::prelude::*;

use crate::components::dialog::ConfirmDialog;
use crate::console::use_console;
use crate::state::format;
use crate::state::toasts::ToastKind;

/// Properties of [`RemoveDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct RemoveDialogProps {
    /// What is to be removed.
    pub(super) items: Vec<JumpItem>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// Asks, with the names of what goes.
#[component]
pub(super) fn RemoveDialog(props: &RemoveDialogProps) -> Html {
    let console = use_console();
    let busy = use_state(|| false);
    let error = use_state(|| None);
    let onconfirm = {
        let (items, onclose, busy, error) = (props.items.clone(), props.onclose.clone(), busy.clone(), error.clone());
        Callback::from(move |()| {
            busy.set(true);
            let (console, items, onclose, busy, error) =
                (console.clone(), items.clone(), onclose.clone(), busy.clone(), error.clone());
            spawn_local(async move {
                for item in &items {
                    if let Err(failed) = console.api().remove_item(item.id).await {
                        busy.set(false);
                        error.set(Some(failed));
                        console.load_items();
                        return;
                    }
                }
                console.load_items();
                console.tell(ToastKind::Success, removed(&items), "");
                onclose.emit(());
            });
        })
    };
    let title = match props.items.as_slice() {
        [item] => format!("Remove {}?", item.definition.name),
        several => format!("Remove {} items?", several.len()),
    };
    let running: usize = props.items.iter().map(|item| item.running_sessions.len()).sum();
    html! {
        <ConfirmDialog id="remove-items" {title} deed="Remove" busy={*busy} error={(*error).clone()} {onconfirm} onclose={props.onclose.clone()}>
            if props.items.len() > 1 {
                <ul class="sp-names">
                    { for props.items.iter().map(|item| html! { <li>{ &item.definition.name }</li> }) }
                </ul>
            }
            <p>{ match running {
                0 => "No session uses it now. Records of past sessions stay.".to_owned(),
                _ => format!("{} on it now will end. Records of past sessions stay.", format::count(running as u64, "session")),
            } }</p>
        </ConfirmDialog>
    }
}

fn removed(items: &[JumpItem]) -> String {
    match items {
        [item] => format!("{} was removed", item.definition.name),
        several => format!("{} items were removed", several.len()),
    }
}
