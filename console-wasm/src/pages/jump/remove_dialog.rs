//! Removing items.

use wire::api::{ApiError, JumpItem};
use yew::prelude::*;

use crate::components::dialog::ConfirmDialog;
use crate::console::{Console, use_console};
use crate::state::format;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

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
    let sending = use_submission();
    let onconfirm = {
        let (items, onclose, sending) = (props.items.clone(), props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let removing = remove(console.clone(), items.clone());
            let (console, items, onclose) = (console.clone(), items.clone(), onclose.clone());
            sending.send(true, removing, move |()| {
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
        <ConfirmDialog id="remove-items" {title} deed="Remove" busy={sending.is_busy()} error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
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

/// Removes one after the other up to the first that is refused.
async fn remove(console: Console, items: Vec<JumpItem>) -> Result<(), ApiError> {
    let mut outcome = Ok(());
    for item in items {
        outcome = console.api().remove_item(item.id).await;
        if outcome.is_err() {
            break;
        }
    }
    console.load_items();
    outcome
}

fn removed(items: &[JumpItem]) -> String {
    match items {
        [item] => format!("{} was removed", item.definition.name),
        several => format!("{} items were removed", several.len()),
    }
}
