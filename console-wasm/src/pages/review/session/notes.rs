//! What reviewers note at moments of the session. Everybody changes and removes their own.

use wasm_bindgen_futures::spawn_local;
use wire::api::{SessionNote, SessionNoteDraft};
use wire::{SessionId, validate};
use yew::prelude::*;

use super::PartProps;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::field::{TextArea, kept_in};
use crate::components::icon::Icon;
use crate::components::time::TimeText;
use crate::console::{use_console, use_store};
use crate::state::timeline::clock;
use crate::submission::use_submission;

/// The section.
#[component]
pub(super) fn Notes(props: &PartProps) -> Html {
    let console = use_console();
    let store = use_store();
    let editing = use_state(|| None::<SessionNote>);
    let text = use_state(String::new);
    let sending = use_submission();
    let (review, axis) = (&props.review, props.axis);
    let id = review.session.id;
    let at = editing.as_ref().map_or(props.at, |note| note.at);
    let wrong = validate::session_note(&text);
    let onsubmit = {
        let (api, sending, text, editing) = (console.api().clone(), sending.clone(), text.clone(), editing.clone());
        let (right, onchanged) = (wrong.is_none(), props.onchanged.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let draft = SessionNoteDraft { at, text: text.trim().to_owned() };
            let (api, note) = (api.clone(), editing.as_ref().map(|note| note.id));
            let saving = async move { api.save_note(id, note, &draft).await };
            let (text, editing, onchanged) = (text.clone(), editing.clone(), onchanged.clone());
            sending.send(right, saving, move |_| {
                text.set(String::new());
                editing.set(None);
                onchanged.emit(());
            });
        })
    };
    let edit = {
        let (editing, text) = (editing.clone(), text.clone());
        Callback::from(move |note: SessionNote| {
            text.set(note.text.clone());
            editing.set(Some(note));
        })
    };
    let stop = {
        let (editing, text) = (editing.clone(), text.clone());
        Callback::from(move |_: MouseEvent| {
            text.set(String::new());
            editing.set(None);
        })
    };
    let me = store.me().map(|me| me.id());
    let moment = clock(axis.seconds(at));
    html! {
        <section class="sp-card" id="review-notes" aria-labelledby="review-notes-title">
            <h2 id="review-notes-title">{ "Notes" }</h2>
            if review.notes.is_empty() {
                <p class="sp-pale">{ "Nobody has noted anything on this session." }</p>
            }
            <ol class="sp-notes">
                { for review.notes.iter().map(|note| html! {
                    <Note key={note.id.to_string()} part={props.clone()} note={note.clone()} own={review.may_note && me == Some(note.author_id)} onedit={edit.clone()} />
                }) }
            </ol>
            if review.may_note {
                <form class="pf-v6-c-form" {onsubmit}>
                    <TextArea id="note-text" label={format!("Note at {moment}")} value={(*text).clone()} help="Go to another moment to note something there."
                        error={sending.said("text", wrong).or_else(|| sending.said("at", None))} oninput={kept_in(&text)} />
                    if let Some(error) = sending.error().filter(|it| it.fields.is_empty()) {
                        <ErrorAlert id="note-error" error={error.clone()} />
                    }
                    <div class="sp-card__actions">
                        <Button id="note-save" kind={Kind::Primary} small={true} submit={true} busy={sending.is_busy()}
                            label={if editing.is_some() { "Change the note".to_owned() } else { format!("Note at {moment}") }} />
                        if editing.is_some() {
                            <Button id="note-stop" small={true} label="Leave it as it was" onclick={stop} />
                        }
                    </div>
                </form>
            }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct NoteProps {
    part: PartProps,
    note: SessionNote,
    own: bool,
    onedit: Callback<SessionNote>,
}

#[component]
fn Note(props: &NoteProps) -> Html {
    let console = use_console();
    let asking = use_state(|| false);
    let (note, part) = (&props.note, &props.part);
    let at = note.at;
    let edit = {
        let note = note.clone();
        props.onedit.reform(move |_: MouseEvent| note.clone())
    };
    let ask = {
        let asking = asking.clone();
        Callback::from(move |_: MouseEvent| asking.set(!*asking))
    };
    let remove = {
        let (session, id, onchanged): (SessionId, _, _) = (part.review.session.id, note.id, part.onchanged.clone());
        Callback::from(move |_: MouseEvent| {
            let (console, onchanged) = (console.clone(), onchanged.clone());
            spawn_local(async move {
                match console.api().remove_note(session, id).await {
                    Ok(()) => onchanged.emit(()),
                    Err(error) => console.tell_error("The note is still there", &error),
                }
            });
        })
    };
    html! {
        <li class="sp-note" data-testid="note" data-note-id={note.id.to_string()}>
            <div class="sp-note__head">
                <Button kind={Kind::Link} class="pf-m-inline sp-note__at" label={clock(part.axis.seconds(at))} title="Go to this moment"
                    onclick={part.onseek.reform(move |_: MouseEvent| at)} />
                <span><b>{ &note.author_name }</b><span class="sp-pale">{ ", " }<TimeText at={note.written_at} />
                    if note.edited_at.is_some() {
                        { ", changed since" }
                    }
                </span></span>
                if props.own {
                    <span class="sp-note__actions">
                        <Button kind={Kind::Plain} small={true} class="sp-note__edit" icon={Icon::Pen} title="Change this note" onclick={edit} />
                        if *asking {
                            <Button kind={Kind::Danger} small={true} class="sp-note__sure" label="Remove the note" onclick={remove} />
                        }
                        <Button kind={Kind::Plain} small={true} class="sp-note__remove" icon={if *asking { Icon::Undo } else { Icon::Trash }}
                            title={if *asking { "Keep this note" } else { "Remove this note" }} onclick={ask} />
                    </span>
                }
            </div>
            <p class="sp-lines">{ &note.text }</p>
        </li>
    }
}
