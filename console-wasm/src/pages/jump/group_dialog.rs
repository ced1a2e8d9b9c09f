//! A jump group: a new one, or the name and comments of one that exists.

use wasm_bindgen_futures::spawn_local;
use wire::api::{JumpGroup, JumpGroupDraft};
use wire::validate;
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::Dialog;
use crate::components::field::{TextArea, TextField};
use crate::console::use_console;

/// Properties of [`GroupDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct GroupDialogProps {
    /// The group; none for a new one.
    pub(crate) group: Option<JumpGroup>,
    /// Closes it.
    pub(crate) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(crate) fn GroupDialog(props: &GroupDialogProps) -> Html {
    let console = use_console();
    let name = use_state(|| props.group.as_ref().map(|group| group.name.clone()).unwrap_or_default());
    let comments = use_state(|| props.group.as_ref().map(|group| group.comments.clone()).unwrap_or_default());
    let submitted = use_state(|| false);
    let busy = use_state(|| false);
    let error = use_state(|| None::<wire::api::ApiError>);
    let onsubmit = {
        let (name, comments, submitted) = (name.clone(), comments.clone(), submitted.clone());
        let (busy, error, onclose) = (busy.clone(), error.clone(), props.onclose.clone());
        let id = props.group.as_ref().map(|group| group.id);
        Callback::from(move |()| {
            submitted.set(true);
            if validate::name(&name).is_some() || *busy {
                return;
            }
            busy.set(true);
            let draft = JumpGroupDraft { name: name.trim().to_owned(), comments: (*comments).clone() };
            let (console, busy, error, onclose) = (console.clone(), busy.clone(), error.clone(), onclose.clone());
            spawn_local(async move {
                match console.api().save_group(id, &draft).await {
                    Ok(_) => {
                        console.load_items();
                        onclose.emit(());
                    }
                    Err(failed) => {
                        busy.set(false);
                        error.set(Some(failed));
                    }
                }
            });
        })
    };
    let wrong = (*submitted).then(|| validate::name(&name)).flatten();
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |text| state.set(text))
    };
    let (title, save) = match &props.group {
        None => ("Create a jump group".to_owned(), "Create"),
        Some(group) => (format!("Properties of {}", group.name), "Save"),
    };
    let footer = html! {
        <>
            <Button id="group-save" kind={Kind::Primary} label={save} busy={*busy} submit={true} />
            <Button id="group-cancel" kind={Kind::Link} label="Cancel" onclick={props.onclose.reform(|_| ())} />
        </>
    };
    html! {
        <Dialog id="group-dialog" {title} {footer} onclose={props.onclose.clone()} {onsubmit}>
            <div class="pf-v6-c-form">
                if let Some(error) = &*error {
                    <ErrorAlert id="group-error" error={error.clone()} />
                }
                <TextField id="group-name" label="Name" required={true} value={(*name).clone()} error={wrong.map(AttrValue::from)} oninput={set(&name)} />
                <TextArea id="group-comments" label="Comments" value={(*comments).clone()} oninput={set(&comments)} />
            </div>
        </Dialog>
    }
}
