//! Before the tunnels stand: what will happen, and the button that makes it happen.

use wasm_bindgen_futures::spawn_local;
use wire::SessionId;
use wire::api::{ApiError, RecordingPhase, SessionRecording, SessionState};
use wire::helper_messages::{HelperReply, HelperRequest};
use yew::prelude::*;
use yew_router::prelude::*;

use super::recording::Prompt;
use super::{PartProps, recording};
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::{Console, use_console, use_store};
use crate::helper_port::RequestFailure;
use crate::recorder::ShareError;
use crate::routes::Route;
use crate::state::helper_state::{Advice, HelperStatus, advice_for};
use crate::state::services;
use crate::state::store::Action;

/// Why the tunnels could not be opened.
#[derive(Clone, PartialEq)]
enum Failure {
    /// The appliance refused.
    Appliance(ApiError),
    /// The helper refused, or there is none.
    Helper(Advice),
    /// No screen is recorded.
    Recording(ShareError),
}

/// The section.
#[component]
pub(super) fn Start(props: &PartProps) -> Html {
    let console = use_console();
    let store = use_store();
    let pressed = use_state(|| false);
    let failure = use_state(|| None::<Failure>);
    let session = &props.view.session;
    let id = session.id;
    let status = store.helper.status();
    let usable = !matches!(status, HelperStatus::Missing | HelperStatus::Broken);
    let connecting = *pressed || session.state == SessionState::Connecting;
    let prompted = use_state(|| false);
    let open_now = {
        let (console, pressed, failure) = (console.clone(), pressed.clone(), failure.clone());
        let recording = session.recording;
        Callback::from(move |()| {
            pressed.set(true);
            failure.set(None);
            let (console, pressed, failure) = (console.clone(), pressed.clone(), failure.clone());
            spawn_local(async move {
                let result = open(&console, id, recording).await;
                failure.set(result.err());
                pressed.set(false);
            });
        })
    };
    let onclick = {
        let (prompted, failure, open_now) = (prompted.clone(), failure.clone(), open_now.clone());
        let asks = session.recording.is_some_and(|it| it.phase != RecordingPhase::Running);
        Callback::from(move |_: MouseEvent| {
            if asks {
                failure.set(None);
                prompted.set(true);
            } else {
                open_now.emit(());
            }
        })
    };
    let onagree = {
        let (prompted, open_now) = (prompted.clone(), open_now.clone());
        Callback::from(move |()| {
            prompted.set(false);
            open_now.emit(());
        })
    };
    let oncancel = {
        let (prompted, failure) = (prompted.clone(), failure.clone());
        Callback::from(move |()| {
            prompted.set(false);
            failure.set(Some(Failure::Recording(ShareError::Cancelled)));
        })
    };
    let obstacle = if usable { "" } else { "The helper is needed first: see below." };
    let (address, several) = (session.tunnels.first().map(|tunnel| tunnel.wanted_address), session.tunnels.len() > 1);
    html! {
        <section class="sp-card sp-start" id="start" aria-labelledby="start-title">
            if *prompted {
                <Prompt {onagree} {oncancel} />
            }
            <div class="sp-start__action">
                <Button id="protocol-tunneling" kind={Kind::Primary} icon={Icon::Route} label="Protocol Tunneling" busy={connecting} {obstacle} {onclick} />
                <div aria-live="polite">
                    <h2 id="start-title">
                        { if connecting { "Opening the tunnels…" } else { "The tunnels are not open yet" } }
                    </h2>
                    if connecting {
                        <p class="sp-start__progress">{ spinner("Connecting") }{ " Helper and jumpoint dial the appliance; this takes a second or two." }</p>
                    } else {
                        <p>{ format!(
                            "The helper will listen on {} of this workstation; what connects there reaches {} through {}. Nobody else on your network can connect.",
                            address.map(|address| address.to_string()).unwrap_or_default(), session.hostname, session.jumpoint_name
                        ) }</p>
                        if session.capture.is_some() {
                            <p id="start-captures">{ "What goes through them is captured, and can be looked at by whoever reviews this session." }</p>
                        }
                        if session.recording.is_some() {
                            <p id="start-records">{ "Your desktop is recorded as long as they are open; you are asked before." }</p>
                        }
                    }
                </div>
            </div>
            <table class="pf-v6-c-table pf-m-compact pf-m-borderless sp-start__tunnels" aria-label={if several { "Tunnels" } else { "Tunnel" }}>
                <tbody class="pf-v6-c-table__tbody">
                    { for session.tunnels.iter().map(|tunnel| {
                        let port = if tunnel.wanted_port == 0 { "automatic port".to_owned() } else { tunnel.wanted_port.to_string() };
                        html! {
                            <tr class="pf-v6-c-table__tr" key={tunnel.index}>
                                <th class="pf-v6-c-table__th" scope="row">{ services::tunnel_name(&tunnel.label, tunnel.remote_port) }</th>
                                <td class="pf-v6-c-table__td"><code>{ format!("{}:{port}", tunnel.wanted_address) }</code></td>
                                <td class="pf-v6-c-table__td">{ Icon::ArrowRight.html() }<span class="pf-v6-screen-reader">{ "to" }</span></td>
                                <td class="pf-v6-c-table__td"><code>{ format!("{}:{}", session.hostname, tunnel.remote_port) }</code></td>
                            </tr>
                        }
                    }) }
                </tbody>
            </table>
            { match (&*failure, store.helper.advice()) {
                (Some(Failure::Appliance(error)), _) => html! { <ErrorAlert id="tunnel-error" error={error.clone()} /> },
                (Some(Failure::Recording(error)), _) => recording::failure("tunnel-error", error),
                (Some(Failure::Helper(advice)), _) => advise("tunnel-error", Severity::Danger, advice),
                (None, Some(advice)) if !usable => advise("helper-advice", Severity::Warning, &advice),
                _ => Html::default(),
            } }
        </section>
    }
}

fn advise(id: &'static str, severity: Severity, advice: &Advice) -> Html {
    html! {
        <Alert {id} {severity} title={advice.headline.clone()}>
            <p>{ &advice.text }</p>
            if advice.install_command {
                <p><Link<Route> to={Route::GetHelper}>{ "Get the helper" }</Link<Route>></p>
            }
        </Alert>
    }
}

/// Has the desktop recorded where that is asked for; then takes a ticket from the appliance and hands it to the helper, which dials,
/// listens and reports.
async fn open(console: &Console, id: SessionId, recording: Option<SessionRecording>) -> Result<(), Failure> {
    if let Some(recording) = recording {
        recording::begin(console, id, recording).await.map_err(Failure::Recording)?;
    }
    let ticket = console.api().ticket(id).await.map_err(Failure::Appliance)?;
    let request = HelperRequest::OpenTunnels { session_id: ticket.session_id, ticket: ticket.ticket };
    match console.helper().request(request).await {
        Ok(HelperReply::Session { session }) => {
            console.dispatch(Action::LocalSession(session));
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(failure) => Err(Failure::Helper(explain(console, failure))),
    }
}

/// What to tell of a request that failed.
pub(super) fn explain(console: &Console, failure: RequestFailure) -> Advice {
    match failure {
        RequestFailure::Refused(error) => advice_for(&error),
        RequestFailure::NoAnswer => Advice {
            headline: "The helper did not answer in time".into(),
            text: "It may still be dialling the appliance. Wait a moment and press the button again; `sallyport-helper status` in a terminal says more.".into(),
            install_command: false,
        },
        RequestFailure::NoHelper => console.current().helper.advice().unwrap_or_else(|| Advice {
            headline: "The helper went away".into(),
            text: "It ended before it could answer. It is started again by itself: press the button once more.".into(),
            install_command: false,
        }),
    }
}
