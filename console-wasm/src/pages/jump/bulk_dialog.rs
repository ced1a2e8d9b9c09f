//! Properties of several items at once (row 0.16): what is not chosen stays as it is.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, JumpItem, TunnelJumpDraft};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::{Dialog, Width};
use crate::components::field::{SelectField, TextField};
use crate::console::{use_console, use_store};
use crate::state::toasts::ToastKind;

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
    let busy = use_state(|| false);
    let error = use_state(|| None::<ApiError>);
    let onsubmit = {
        let (items, onclose) = (props.items.clone(), props.onclose.clone());
        let (jumpoint, group, tag) = (jumpoint.clone(), group.clone(), tag.clone());
        let (busy, error) = (busy.clone(), error.clone());
        Callback::from(move |()| {
            if *busy {
                return;
            }
            busy.set(true);
            error.set(None);
            let drafts: Vec<_> = items.iter().map(|item| (item.id, changed(item, &jumpoint, &group, &tag))).collect();
            let (console, onclose, busy, error) = (console.clone(), onclose.clone(), busy.clone(), error.clone());
            spawn_local(async move {
                let count = drafts.len();
                for (id, draft) in drafts {
                    if let Err(failed) = console.api().save_item(Some(id), &draft).await {
                        busy.set(false);
                        error.set(Some(ApiError { message: format!("{}: {}", draft.name, failed.message), ..failed }));
                        console.load_items();
                        return;
                    }
                }
                console.load_items();
                console.tell(ToastKind::Success, format!("{count} items were saved"), "");
                onclose.emit(());
            });
        })
    };
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |text| state.set(text))
    };
    let jumpoints: Vec<(String, String)> =
        store.jumpoints.list().iter().map(|jumpoint| (jumpoint.id.to_string(), jumpoint.name.clone())).collect();
    let groups: Vec<(String, String)> =
        store.groups.list().iter().map(|group| (group.id.to_string(), group.name.clone())).collect();
    let footer = html! {
        <>
            <Button id="bulk-save" kind={Kind::Primary} label="Save" busy={*busy} submit={true} />
            <Button id="bulk-cancel" kind={Kind::Link} label="Cancel" onclick={props.onclose.reform(|_| ())} />
        </>
    };
    html! {
        <Dialog id="bulk-dialog" title={format!("Properties of {} items", props.items.len())} width={Width::Small} {footer} onclose={props.onclose.clone()} {onsubmit}>
            <div class="pf-v6-c-form">
                if let Some(error) = &*error {
                    <ErrorAlert id="bulk-error" error={error.clone()} />
                }
                <SelectField id="bulk-jumpoint" label="Jumpoint" options={jumpoints} none={KEEP} value={(*jumpoint).clone()} onchange={set(&jumpoint)} />
                <SelectField id="bulk-group" label="Jump group" options={groups} none={KEEP} value={(*group).clone()} onchange={set(&group)} />
                <TextField id="bulk-tag" label="Tag" placeholder={KEEP} value={(*tag).clone()} help="A single - takes the tag away." oninput={set(&tag)} />
            </div>
        </Dialog>
    }
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
