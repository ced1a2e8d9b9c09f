//! Removing items.

use wire::api::{ApiError, JumpItem};
use wire::limits::UNDO_SECONDS;
use yew::prelude::*;

use crate::components::dialog::ConfirmDialog;
use crate::console::{Console, use_console};
use crate::state::format;
use crate::state::store::Action;
use crate::submission::use_submission;

/// Names that are listed; beyond, how many more there are.
const NAMED: usize = 200;

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
                console.dispatch(Action::Removed(items.iter().map(|item| item.id).collect(), removed(&items)));
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
                    { for props.items.iter().take(NAMED).map(|item| html! { <li>{ &item.definition.name }</li> }) }
                    if props.items.len() > NAMED {
                        <li>{ format!("and {} more", props.items.len() - NAMED) }</li>
                    }
                </ul>
            }
            <p>{ match running {
                0 => "No session uses it now. Records of past sessions stay.".to_owned(),
                _ => format!("{} on it now will end. Records of past sessions stay.", format::count(running as u64, "session")),
            } }</p>
            <p>{ format!("You can bring it back for {UNDO_SECONDS} seconds; sessions that ended stay so.") }</p>
        </ConfirmDialog>
    }
}

/// Removes all of them, or none.
async fn remove(console: Console, items: Vec<JumpItem>) -> Result<(), ApiError> {
    let outcome = console.api().remove_items(items.iter().map(|item| item.id).collect()).await;
    console.load_items();
    outcome.map(drop)
}

fn removed(items: &[JumpItem]) -> String {
    match items {
        [item] => format!("{} was removed", item.definition.name),
        several => format!("{} items were removed", several.len()),
    }
}
