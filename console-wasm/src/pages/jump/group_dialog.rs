//! A jump group: a new one, or the name and comments of one that exists.

use wire::api::{JumpGroup, JumpGroupDraft};
use wire::validate;
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{TextArea, TextField, kept_in};
use crate::console::use_console;
use crate::submission::use_submission;

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
    let sending = use_submission();
    let wrong = validate::name(&name);
    let onsubmit = {
        let (name, comments, sending) = (name.clone(), comments.clone(), sending.clone());
        let (id, onclose) = (props.group.as_ref().map(|group| group.id), props.onclose.clone());
        let is_right = wrong.is_none();
        Callback::from(move |()| {
            let draft = JumpGroupDraft { name: name.trim().to_owned(), comments: (*comments).clone() };
            let (api, console, onclose) = (console.api().clone(), console.clone(), onclose.clone());
            sending.send(is_right, async move { api.save_group(id, &draft).await }, move |_| {
                console.load_items();
                onclose.emit(());
            });
        })
    };
    let (title, deed) = match &props.group {
        None => ("Create a jump group".to_owned(), "Create"),
        Some(group) => (format!("Properties of {}", group.name), "Save"),
    };
    html! {
        <FormDialog name="group" {title} {deed} sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <TextField id="group-name" label="Name" required={true} value={(*name).clone()} error={sending.said("name", wrong)} oninput={kept_in(&name)} />
            <TextArea id="group-comments" label="Comments" value={(*comments).clone()} error={sending.said("comments", None)} oninput={kept_in(&comments)} />
        </FormDialog>
    }
}
