//! Name and comments of a jumpoint, new or old.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Jumpoint, JumpointChange, NewJumpoint};
use wire::validate;
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::Dialog;
use crate::components::field::{TextArea, TextField};
use crate::console::{Console, use_console};

/// Properties of [`JumpointDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct JumpointDialogProps {
    /// The jumpoint; none for a new one.
    pub(super) jumpoint: Option<Jumpoint>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn JumpointDialog(props: &JumpointDialogProps) -> Html {
    let console = use_console();
    let before = props.jumpoint.clone();
    let name = use_state(|| before.as_ref().map(|it| it.name.clone()).unwrap_or_default());
    let comments = use_state(|| before.as_ref().map(|it| it.comments.clone()).unwrap_or_default());
    let submitted = use_state(|| false);
    let busy = use_state(|| false);
    let error = use_state(|| None::<ApiError>);
    let wrong = (*submitted).then(|| validate::name(&name)).flatten();
    let onsubmit = {
        let (name, comments, submitted) = (name.clone(), comments.clone(), submitted.clone());
        let (busy, error, onclose, before) = (busy.clone(), error.clone(), props.onclose.clone(), before.clone());
        Callback::from(move |()| {
            submitted.set(true);
            if validate::name(&name).is_some() || *busy {
                return;
            }
            busy.set(true);
            let (console, before) = (console.clone(), before.clone());
            let (name, comments) = (name.trim().to_owned(), (*comments).clone());
            let (busy, error, onclose) = (busy.clone(), error.clone(), onclose.clone());
            spawn_local(async move {
                match save(&console, before, name, comments).await {
                    Ok(()) => {
                        console.load_jumpoints();
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
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |text| state.set(text))
    };
    let (title, deed) = match &before {
        None => ("Create a jumpoint".to_owned(), "Create"),
        Some(jumpoint) => (format!("Properties of {}", jumpoint.name), "Save"),
    };
    let footer = html! {
        <>
            <Button id="jumpoint-save" kind={Kind::Primary} label={deed} busy={*busy} submit={true} />
            <Button id="jumpoint-cancel" kind={Kind::Link} label="Cancel" onclick={props.onclose.reform(|_| ())} />
        </>
    };
    html! {
        <Dialog id="jumpoint-dialog" {title} {footer} onclose={props.onclose.clone()} {onsubmit}>
            <div class="pf-v6-c-form">
                if let Some(error) = &*error {
                    <ErrorAlert id="jumpoint-error" error={error.clone()} />
                }
                <TextField id="jumpoint-name" label="Name" required={true} value={(*name).clone()} help="The network or site it leads into, such as ams-1."
                    error={wrong.map(AttrValue::from)} oninput={set(&name)} />
                <TextArea id="jumpoint-comments" label="Comments" value={(*comments).clone()} oninput={set(&comments)} />
            </div>
        </Dialog>
    }
}

async fn save(console: &Console, before: Option<Jumpoint>, name: String, comments: String) -> Result<(), ApiError> {
    match before {
        None => console.api().create_jumpoint(&NewJumpoint { name, comments }).await.map(drop),
        Some(jumpoint) => {
            let change = JumpointChange { name: Some(name), comments: Some(comments), ..JumpointChange::default() };
            console.api().change_jumpoint(jumpoint.id, &change).await.map(drop)
        }
    }
}
