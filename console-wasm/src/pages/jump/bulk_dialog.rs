//! Properties of several items at once: what is not chosen stays as it is.

use wire::JumpItemId;
use wire::api::{ApiError, JumpItem, TunnelJumpDraft};
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{SelectField, TextField, kept_in};
use crate::console::{Console, use_console, use_store};
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

const KEEP: &str = "keep as they are";

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
    let jumpoint = use_state(String::new);
    let group = use_state(String::new);
    let tag = use_state(String::new);
    let sending = use_submission();
    let onsubmit = {
        let (items, onclose, sending) = (props.items.clone(), props.onclose.clone(), sending.clone());
        let (jumpoint, group, tag) = (jumpoint.clone(), group.clone(), tag.clone());
        Callback::from(move |()| {
            let drafts: Vec<_> = items.iter().map(|item| (item.id, changed(item, &jumpoint, &group, &tag))).collect();
            let (saving, console, onclose) = (save(console.clone(), drafts), console.clone(), onclose.clone());
            sending.send(true, saving, move |count| {
                console.tell(ToastKind::Success, format!("{count} items were saved"), "");
                onclose.emit(());
            });
        })
    };
    let jumpoints: Vec<(String, String)> =
        store.jumpoints.list().iter().map(|jumpoint| (jumpoint.id.to_string(), jumpoint.name.clone())).collect();
    let groups: Vec<(String, String)> =
        store.groups.list().iter().map(|group| (group.id.to_string(), group.name.clone())).collect();
    html! {
        <FormDialog name="bulk" title={format!("Properties of {} items", props.items.len())} deed="Save" sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <SelectField id="bulk-jumpoint" label="Jumpoint" options={jumpoints} none={KEEP} value={(*jumpoint).clone()} onchange={kept_in(&jumpoint)} />
            <SelectField id="bulk-group" label="Jump group" options={groups} none={KEEP} value={(*group).clone()} onchange={kept_in(&group)} />
            <TextField id="bulk-tag" label="Tag" placeholder={KEEP} value={(*tag).clone()} help="A single - takes the tag away." oninput={kept_in(&tag)} />
        </FormDialog>
    }
}

/// Saves one after the other up to the first that is refused; how many there were.
async fn save(console: Console, drafts: Vec<(JumpItemId, TunnelJumpDraft)>) -> Result<usize, ApiError> {
    let count = drafts.len();
    let mut refused = None;
    for (id, draft) in drafts {
        if let Err(failed) = console.api().save_item(Some(id), &draft).await {
            refused = Some(ApiError { message: format!("{}: {}", draft.name, failed.message), ..failed });
            break;
        }
    }
    console.load_items();
    refused.map_or(Ok(count), Err)
}

/// An item's definition with what was chosen.
fn changed(item: &JumpItem, jumpoint: &str, group: &str, tag: &str) -> TunnelJumpDraft {
    let mut draft = item.definition.clone();
    if let Ok(id) = jumpoint.parse() {
        draft.jumpoint_id = id;
    }
    if let Ok(id) = group.parse() {
        draft.group_id = id;
    }
    match tag.trim() {
        "" => {}
        "-" => draft.tag = None,
        tag => draft.tag = Some(tag.to_owned()),
    }
    draft
}
