//! The recordings of a session, for those who may look at them.

use wire::api::{Recording, RecordingState};
use wire::{RecordingId, Timestamp};
use yew::prelude::*;

use super::PartProps;
use crate::components::icon::Icon;
use crate::components::time::TimeText;
use crate::console::use_store;
use crate::loaded::use_loaded;
use crate::state::format;

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
            { for loaded.list().iter().map(|it| html! { <One key={it.id.to_string()} recording={it.clone()} began={props.view.session.created_at} /> }) }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct OneProps {
    recording: Recording,
    began: Timestamp,
}

#[component]
fn One(props: &OneProps) -> Html {
    let it = &props.recording;
    let facts = match it.state {
        RecordingState::Running => "It is not complete yet.".to_owned(),
        RecordingState::Empty => "Nothing of it arrived.".to_owned(),
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
            <p>{ facts }</p>
            if it.state == RecordingState::Finished {
                <video class="sp-recorded__video" controls={true} preload="metadata" data-testid="recording-video" src={address(it.id, "video")}
                    aria-label="Recording of the desktop"></video>
                <p class="sp-recorded__more">
                    <a class="pf-v6-c-button pf-m-secondary pf-m-small" data-testid="recording-file" href={address(it.id, "file")} download="">
                        { Icon::Download.html() }{ " Download" }
                    </a>
                    if let Some(hash) = &it.sha256 {
                        <span class="sp-pale" title="As it stands in the audit trail">{ "SHA-256 " }<code class="sp-hash">{ hash }</code></span>
                    }
                </p>
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
    }
}
