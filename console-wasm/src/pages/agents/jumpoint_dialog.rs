//! Name and comments of a jumpoint, new or old.

use wire::api::{ApiError, Jumpoint, JumpointChange, NewJumpoint};
use wire::validate;
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{TextArea, TextField, kept_in};
use crate::console::{Console, use_console};
use crate::submission::use_submission;

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
    // As it was when it was opened, or loaded anew since.
    let before = use_state(|| props.jumpoint.clone());
    let name = use_state(|| before.as_ref().map(|it| it.name.clone()).unwrap_or_default());
    let comments = use_state(|| before.as_ref().map(|it| it.comments.clone()).unwrap_or_default());
    let sending = use_submission();
    let wrong = validate::name(&name);
    let onsubmit = {
        let (name, comments, sending) = (name.clone(), comments.clone(), sending.clone());
        let (before, onclose, console) = (before.clone(), props.onclose.clone(), console.clone());
        let is_right = wrong.is_none();
        Callback::from(move |()| {
            let saving = save(console.clone(), (*before).clone(), name.trim().to_owned(), (*comments).clone());
            let (console, onclose) = (console.clone(), onclose.clone());
            sending.send(is_right, saving, move |()| {
                console.load_jumpoints();
                onclose.emit(());
            });
        })
    };
    let onreload = (*before).as_ref().map(|jumpoint| {
        let (id, before, name, comments) = (jumpoint.id, before.clone(), name.clone(), comments.clone());
        let load = move || console.with_api(|api| async move { api.jumpoints().await });
        sending.reload(load, move |jumpoints| {
            if let Some(newest) = jumpoints.into_iter().find(|it| it.id == id) {
                name.set(newest.name.clone());
                comments.set(newest.comments.clone());
                before.set(Some(newest));
            }
        })
    });
    let (title, deed) = match &*before {
        None => ("Create a jumpoint".to_owned(), "Create"),
        Some(jumpoint) => (format!("Properties of {}", jumpoint.name), "Save"),
    };
    html! {
        <FormDialog name="jumpoint" {title} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <TextField id="jumpoint-name" label="Name" required={true} value={(*name).clone()} help="The network or site it leads into, such as ams-1."
                error={sending.said("name", wrong)} oninput={kept_in(&name)} />
            <TextArea id="jumpoint-comments" label="Comments" value={(*comments).clone()} error={sending.said("comments", None)} oninput={kept_in(&comments)} />
        </FormDialog>
    }
}

async fn save(console: Console, before: Option<Jumpoint>, name: String, comments: String) -> Result<(), ApiError> {
    match before {
        None => console.api().create_jumpoint(&NewJumpoint { name, comments }).await.map(drop),
        Some(jumpoint) => {
            let change = JumpointChange {
                name: Some(name),
                comments: Some(comments),
                revision: Some(jumpoint.revision),
                ..JumpointChange::default()
            };
            console.api().change_jumpoint(jumpoint.id, &change).await.map(drop)
        }
    }
}
