//! The recording of one's desktop: the question before it, the sign while it runs, and what to do when it stopped.

use wasm_bindgen_futures::spawn_local;
use wire::SessionId;
use wire::api::{RecordingPhase, SessionRecording};
use yew::prelude::*;

use super::PartProps;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::dialog::Dialog;
use crate::components::icon::Icon;
use crate::console::{Console, use_console, use_now, use_store};
use crate::recorder::{ShareError, has_several_screens};
use crate::state::format::{count, duration};

/// Properties of [`Prompt`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct PromptProps {
    /// The person agreed, with a press that the browser's picker asks for.
    pub(super) onagree: Callback<()>,
    /// They did not.
    pub(super) oncancel: Callback<()>,
}

/// Says that the desktop will be recorded, before anything happens.
#[component]
pub(super) fn Prompt(props: &PromptProps) -> Html {
    let agree = props.onagree.reform(|_: MouseEvent| ());
    let cancel = props.oncancel.reform(|_: MouseEvent| ());
    let footer = html! {
        <>
            <Button id="recording-ok" kind={Kind::Primary} label="OK" onclick={agree} />
            <Button id="recording-cancel" kind={Kind::Link} label="Cancel" onclick={cancel} />
        </>
    };
    html! {
        <Dialog id="recording-prompt" title="Your desktop will be recorded" {footer} onclose={props.oncancel.clone()}>
            <p>{ "This session is recorded for as long as its tunnels are open: everything on your screen, without sound." }</p>
            <p>{ "Next your browser asks what to share. Choose your entire screen. Without that no tunnel is created." }</p>
            if has_several_screens() {
                <p>{ "You have several screens: share one now, and add the others on the session's page." }</p>
            }
        </Dialog>
    }
}

/// What is told when no screen is recorded.
pub(super) fn failure(id: &'static str, error: &ShareError) -> Html {
    let (severity, title, text) = match error {
        ShareError::Appliance(error) => return html! { <ErrorAlert {id} error={error.clone()} /> },
        ShareError::Cancelled => (
            Severity::Info,
            "No tunnel was created",
            "This session opens its tunnels only while your desktop is recorded, and no screen was shared. If your browser did not ask, allow it to share the screen for this page.",
        ),
        ShareError::NotAScreen => (
            Severity::Warning,
            "That is not a whole screen",
            "A window or a tab is not enough. Press the button again and choose your entire screen.",
        ),
        ShareError::NotPossible => (
            Severity::Danger,
            "This browser cannot record your desktop",
            "Use a current Chromium, Chrome, Edge or Firefox on a workstation; on Linux with Wayland a portal for screen casts has to be installed.",
        ),
        ShareError::NoPicture => (
            Severity::Danger,
            "No picture of your screen came",
            "It is shared, but nothing of it could be recorded. Press the button again; if it stays so, tell your administrator.",
        ),
    };
    html! { <Alert {id} {severity} {title}><p>{ text }</p></Alert> }
}

/// The sign that it records, or the way on when it stopped; on top of everything else.
#[component]
pub(super) fn Recording(props: &PartProps) -> Html {
    let store = use_store();
    let session = &props.view.session;
    let Some(recording) = session.recording else { return Html::default() };
    let own = store.is_own(session);
    let here = store.screens.get(&session.id).copied().unwrap_or_default();
    match recording.phase {
        RecordingPhase::Wanted => Html::default(),
        RecordingPhase::Running => {
            html! { <Indicator {recording} {own} {here} id={session.id} name={session.user_name.clone()} /> }
        }
        RecordingPhase::Paused => html! { <Paused {recording} {own} id={session.id} /> },
    }
}

#[derive(Clone, PartialEq, Properties)]
struct IndicatorProps {
    recording: SessionRecording,
    own: bool,
    here: usize,
    id: SessionId,
    name: String,
}

#[component]
fn Indicator(props: &IndicatorProps) -> Html {
    let sharing = use_sharing(props.id, props.recording);
    let what = if props.own {
        "Recording your desktop".to_owned()
    } else {
        format!("Recording the desktop of {}", props.name)
    };
    let screens = count(u64::from(props.recording.screens), "screen");
    let add = sharing.begin.reform(|_: MouseEvent| ());
    html! {
        <div class="sp-recording" id="recording-indicator" role="status" data-here={(props.here > 0).to_string()}>
            <span class="sp-recording__sign" aria-hidden="true"></span>
            <strong>{ what }</strong>
            <span>{ screens }</span>
            if props.own && props.here == 0 {
                <span>{ "in another tab of this browser" }</span>
            }
            if props.own && props.here > 0 && has_several_screens() {
                <Button id="add-screen" kind={Kind::Link} icon={Icon::Plus} label="Add another screen" busy={sharing.busy} onclick={add} />
            }
            if let Some(error) = &sharing.error {
                { failure("add-screen-error", error) }
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct PausedProps {
    recording: SessionRecording,
    own: bool,
    id: SessionId,
}

#[component]
fn Paused(props: &PausedProps) -> Html {
    let now = use_now(1_000);
    let sharing = use_sharing(props.id, props.recording);
    let left = props.recording.resume_by.map(|by| duration(by.millis_since(now))).unwrap_or_default();
    let again = sharing.begin.reform(|_: MouseEvent| ());
    html! {
        <div id="recording-paused">
            <Alert severity={Severity::Danger} title="The recording stopped: nothing goes through the tunnels">
                <p>{ format!("Open connections stand still and go on where they were once the desktop is recorded again. Without that the session ends in {left}.") }</p>
                if props.own {
                    <p><Button id="share-again" kind={Kind::Primary} icon={Icon::Redo} label="Share the screen again" busy={sharing.busy} onclick={again} /></p>
                    if let Some(error) = &sharing.error {
                        { failure("share-again-error", error) }
                    }
                }
            </Alert>
        </div>
    }
}

/// Sharing a screen, and what stood in its way.
struct Sharing {
    begin: Callback<()>,
    busy: bool,
    error: Option<ShareError>,
}

#[hook]
fn use_sharing(id: SessionId, recording: SessionRecording) -> Sharing {
    let console = use_console();
    let busy = use_state(|| false);
    let error = use_state(|| None::<ShareError>);
    let begin = {
        let (busy, error) = (busy.clone(), error.clone());
        Callback::from(move |()| {
            busy.set(true);
            error.set(None);
            let (console, busy, error) = (console.clone(), busy.clone(), error.clone());
            spawn_local(async move {
                let shared = console.recorder().share(id, recording.quality).await;
                error.set(shared.err());
                busy.set(false);
            });
        })
    };
    Sharing { begin, busy: *busy, error: (*error).clone() }
}

/// Shares a screen for a session whose tunnels are about to be opened, unless one is recorded already.
pub(super) async fn begin(console: &Console, id: SessionId, recording: SessionRecording) -> Result<(), ShareError> {
    let runs = |it: &SessionRecording| it.phase == RecordingPhase::Running;
    let newest = console.current().view(id).and_then(|it| it.session.recording);
    if newest.as_ref().is_some_and(runs) {
        return Ok(());
    }
    console.recorder().share(id, recording.quality).await
}
