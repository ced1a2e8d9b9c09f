//! A jump group: a new one, or the name and comments of one that exists.

use wire::api::{JumpGroup, JumpGroupDraft};
use wire::validate;
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{TextArea, TextField};
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
    let draft = use_state(|| props.group.as_ref().map_or_else(nothing, draft_of));
    let edit = |change: fn(&mut JumpGroupDraft, String)| {
        let draft = draft.clone();
        Callback::from(move |text: String| {
            let mut changed = (*draft).clone();
            change(&mut changed, text);
            draft.set(changed);
        })
    };
    let sending = use_submission();
    let wrong = validate::name(&draft.name);
    let onsubmit = {
        let (draft, sending, console) = (draft.clone(), sending.clone(), console.clone());
        let (id, onclose) = (props.group.as_ref().map(|group| group.id), props.onclose.clone());
        let is_right = wrong.is_none();
        Callback::from(move |()| {
            let draft = JumpGroupDraft { name: draft.name.trim().to_owned(), ..(*draft).clone() };
            let (api, console, onclose) = (console.api().clone(), console.clone(), onclose.clone());
            sending.send(is_right, async move { api.save_group(id, &draft).await }, move |_| {
                console.load_items();
                onclose.emit(());
            });
        })
    };
    let onreload = props.group.as_ref().map(|group| {
        let (id, draft) = (group.id, draft.clone());
        let load = move || console.with_api(|api| async move { api.groups().await });
        sending.reload(load, move |groups| {
            if let Some(newest) = groups.iter().find(|it| it.id == id) {
                draft.set(draft_of(newest));
            }
        })
    });
    let (title, deed) = match &props.group {
        None => ("Create a jump group".to_owned(), "Create"),
        Some(group) => (format!("Properties of {}", group.name), "Save"),
    };
    html! {
        <FormDialog name="group" {title} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <TextField id="group-name" label="Name" required={true} value={draft.name.clone()} error={sending.said("name", wrong)}
                oninput={edit(|draft, text| draft.name = text)} />
            <TextArea id="group-comments" label="Comments" value={draft.comments.clone()} error={sending.said("comments", None)}
                oninput={edit(|draft, text| draft.comments = text)} />
        </FormDialog>
    }
}

fn nothing() -> JumpGroupDraft {
    JumpGroupDraft { name: String::new(), comments: String::new(), revision: 0 }
}

fn draft_of(group: &JumpGroup) -> JumpGroupDraft {
    JumpGroupDraft { name: group.name.clone(), comments: group.comments.clone(), revision: group.revision }
}
