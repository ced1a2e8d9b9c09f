//! The recordings of a session, for those who may look at them.

use wire::api::{DeleteRecording, Recording, RecordingState};
use wire::{RecordingId, Timestamp, validate};
use yew::prelude::*;

use super::PartProps;
use crate::components::button::{Button, Kind};
use crate::components::dialog::FormDialog;
use crate::components::field::{TextField, kept_in};
use crate::components::icon::Icon;
use crate::components::time::TimeText;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::format;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// The section. Nothing where there is nothing to look at.
#[component]
pub(super) fn Recordings(props: &PartProps) -> Html {
    let store = use_store();
    let id = props.view.session.id;
    let ended = props.view.session.ended_at;
    let loaded = use_loaded((id, ended, store.recordings_changed), move |api| async move { api.recordings(id).await });
    if loaded.list().is_empty() {
        return Html::default();
    }
    html! {
        <section class="sp-card" id="recordings" aria-labelledby="recordings-title">
            <h2 id="recordings-title">{ "Recordings" }</h2>
            { for loaded.list().iter().map(|it| html! { <One key={it.id.to_string()} recording={it.clone()} began={props.view.session.created_at} item={props.view.session.item_name.clone()} /> }) }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct OneProps {
    recording: Recording,
    began: Timestamp,
    item: AttrValue,
}

#[component]
fn One(props: &OneProps) -> Html {
    let store = use_store();
    let asking = use_state(|| false);
    let it = &props.recording;
    let ask = |to: bool| {
        let asking = asking.clone();
        move || asking.set(to)
    };
    let (open, close) = (ask(true), ask(false));
    let facts = match it.state {
        RecordingState::Running => "It is not complete yet.".to_owned(),
        RecordingState::Empty => "Nothing of it arrived.".to_owned(),
        RecordingState::Deleted => it.deletion.as_ref().map_or_else(String::new, |it| it.because.clone()),
        RecordingState::Finished => format!(
            "{}, {} × {}, {}",
            format::duration(it.duration_millis),
            it.width,
            it.height,
            format::bytes(it.bytes)
        ),
    };
    html! {
        <article class="sp-recorded" data-testid="recording" data-recording-id={it.id.to_string()} data-state={state_key(it.state)}>
            <h3>{ "Desktop, from " }<TimeText at={it.started_at} />
                <span class="sp-pale">{ format!(" ({} after the session began)", format::duration(it.started_at.millis_since(props.began))) }</span>
            </h3>
            if let Some(deletion) = &it.deletion {
                <p data-testid="recording-deletion">{ "Deleted " }<TimeText at={deletion.at} />{ format!(". {facts} ") }
                    if let Some(hash) = &it.sha256 {
                        <span class="sp-pale">{ "SHA-256 " }<code class="sp-hash">{ hash }</code></span>
                    }
                </p>
            } else {
                <p>{ facts }</p>
            }
            if it.state == RecordingState::Finished {
                <video class="sp-recorded__video" controls={true} preload="metadata" data-testid="recording-video" src={address(it.id, "video")}
                    aria-label="Recording of the desktop"></video>
                <p class="sp-recorded__more">
                    <a class="pf-v6-c-button pf-m-secondary pf-m-small" data-testid="recording-file" href={address(it.id, "file")} download="">
                        { Icon::Download.html() }{ " Download" }
                    </a>
                    if store.is_administrator() {
                        <Button id={format!("recording-delete-{}", it.id)} kind={Kind::DangerSecondary} small={true} label="Delete" onclick={move |_| open()} />
                    }
                    if let Some(hash) = &it.sha256 {
                        <span class="sp-pale" title="As it stands in the audit trail">{ "SHA-256 " }<code class="sp-hash">{ hash }</code></span>
                    }
                </p>
            }
            if *asking {
                <DeleteDialog id={it.id} item={props.item.clone()} onclose={move |()| close()} />
            }
        </article>
    }
}

fn address(id: RecordingId, what: &str) -> String {
    format!("/api/recordings/{id}/{what}")
}

fn state_key(state: RecordingState) -> &'static str {
    match state {
        RecordingState::Running => "running",
        RecordingState::Finished => "finished",
        RecordingState::Empty => "empty",
        RecordingState::Deleted => "deleted",
    }
}

#[derive(Clone, PartialEq, Properties)]
struct DeleteDialogProps {
    id: RecordingId,
    item: AttrValue,
    onclose: Callback<()>,
}

/// Asks for the name of the item and for a reason.
#[component]
fn DeleteDialog(props: &DeleteDialogProps) -> Html {
    let console = use_console();
    let (name, reason) = (use_state(String::new), use_state(String::new));
    let sending = use_submission();
    let is_named = name.trim() == props.item.trim();
    let wrong_name = (!is_named).then(|| format!("Type {} to delete it.", props.item));
    let wrong_reason = validate::reason_on_record(&reason);
    let onsubmit = {
        let (name, reason, sending, onclose) = (name.clone(), reason.clone(), sending.clone(), props.onclose.clone());
        let (id, is_right) = (props.id, is_named && wrong_reason.is_none());
        Callback::from(move |()| {
            let delete = DeleteRecording { name: name.trim().to_owned(), reason: reason.trim().to_owned() };
            let (api, console, onclose) = (console.api().clone(), console.clone(), onclose.clone());
            sending.send(is_right, async move { api.delete_recording(id, &delete).await }, move |()| {
                console.tell(ToastKind::Success, "The recording was deleted", "Its hash stays in the audit trail.");
                onclose.emit(());
            });
        })
    };
    html! {
        <FormDialog name="delete-recording" title="Delete this recording" deed="Delete" sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p>{ "It is gone for good. That it was there, its hash and why it was deleted stay in the audit trail." }</p>
            <TextField id="delete-recording-name" label={format!("Name of the item: {}", props.item)} required={true} value={(*name).clone()}
                error={sending.said("name", wrong_name)} oninput={kept_in(&name)} />
            <TextField id="delete-recording-reason" label="Why" required={true} value={(*reason).clone()} help="It stands in the audit trail."
                error={sending.said("reason", wrong_reason)} oninput={kept_in(&reason)} />
        </FormDialog>
    }
}
