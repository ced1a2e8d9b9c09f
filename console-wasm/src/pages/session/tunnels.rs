//! *Current Tunnels*: where clients find the remote system.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use wire::Timestamp;
use wire::api::{Listening, Session, Tunnel};
use wire::helper_messages::{HelperRequest, ListenProblem};
use yew::prelude::*;

use super::start::explain;
use crate::components::alert::{Alert, Severity};
use crate::components::button::Button;
use crate::components::chart::Sparkline;
use crate::components::copy::{Command, CopyButton};
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::{use_console, use_now, use_store};
use crate::state::helper_state::HelperState;
use crate::state::session_view::SessionView;
use crate::state::{format, services};

/// How long the helper may take to tell of a session before it is said to be elsewhere.
const ELSEWHERE_MILLIS: u64 = 3_000;

/// Properties of [`CurrentTunnels`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct CurrentTunnelsProps {
    /// The session.
    pub(super) view: Rc<SessionView>,
    /// Whether it is the user's own.
    pub(super) own: bool,
}

/// The section.
#[component]
pub(super) fn CurrentTunnels(props: &CurrentTunnelsProps) -> Html {
    let store = use_store();
    let now = use_now(1_000);
    let session = &props.view.session;
    let since = session.tunnelling_at.map_or(0, |at| now.millis_since(at));
    let here = store.local_sessions.contains_key(&session.id);
    let elsewhere = props.own && !here && since > ELSEWHERE_MILLIS && !matches!(store.helper, HelperState::Searching);
    html! {
        <section class="sp-card" id="current-tunnels" aria-labelledby="current-tunnels-title">
            <h2 id="current-tunnels-title">{ "Current Tunnels" }</h2>
            if elsewhere {
                <Alert id="tunnels-elsewhere" severity={Severity::Info} title="These tunnels are open in another browser or on another workstation">
                    <p>{ format!("They listen there, not here: the session was started from {}.", session.user_address) }</p>
                </Alert>
            }
            <ul class="sp-tunnel-list">
                { for session.tunnels.iter().map(|tunnel| row(&props.view, tunnel, now, props.own && here)) }
            </ul>
        </section>
    }
}

fn row(view: &SessionView, tunnel: &Tunnel, now: Timestamp, here: bool) -> Html {
    let session = &view.session;
    let index = tunnel.index;
    let name = services::tunnel_name(&tunnel.label, tunnel.remote_port);
    html! {
        <li class="sp-tunnel" key={index} id={format!("tunnel-{index}")} data-testid="tunnel">
            <span class="sp-tunnel__name" title={name.clone()}>{ &name }</span>
            { match (&tunnel.listening, &tunnel.problem) {
                (Some(listening), _) => listens(view, tunnel, listening, now),
                (None, Some(problem)) => html! { <NotListening session={session.clone()} {index} problem={problem.clone()} {here} /> },
                (None, None) => html! { <span class="sp-tunnel__wait">{ spinner("Waiting") }{ " the helper has not told yet where it listens" }</span> },
            } }
        </li>
    }
}

fn listens(view: &SessionView, tunnel: &Tunnel, listening: &Listening, now: Timestamp) -> Html {
    let session = &view.session;
    let index = tunnel.index;
    let address = format!("{}:{}", listening.address, listening.port);
    let command = services::client_command(
        &tunnel.label,
        tunnel.remote_port,
        &session.hostname,
        listening.address,
        listening.port,
    );
    let rate = view.tunnel_rate_now(index, now);
    let open = tunnel.connections_open;
    let state = if open == 0 { "idle".to_owned() } else { format::count(u64::from(open), "connection") };
    html! {
        <>
            <span class="sp-tunnel__way">
                <code class="sp-address" id={format!("tunnel-{index}-address")}>{ &address }</code>
                <CopyButton id={format!("tunnel-{index}-copy-address")} text={address.clone()} what="the address" />
                { Icon::ArrowRight.html() }
                <span class="pf-v6-screen-reader">{ "to" }</span>
                <code>{ format!("{}:{}", session.hostname, tunnel.remote_port) }</code>
            </span>
            <span class="sp-tunnel__state" id={format!("tunnel-{index}-state")}>{ state }</span>
            <span class="sp-tunnel__rate">
                if rate > 0 {
                    <Sparkline values={view.tunnel_rates(index, now)} />
                    { format::rate(rate) }
                } else if tunnel.bytes_sent + tunnel.bytes_received > 0 {
                    <span class="sp-pale">{ format!("{} in all", format::bytes(tunnel.bytes_sent.saturating_add(tunnel.bytes_received))) }</span>
                }
            </span>
            <span class="sp-tunnel__command">
                if let Some(command) = command {
                    <Command id={format!("tunnel-{index}-command")} text={command} />
                }
            </span>
            if let Some(note) = &listening.note {
                <span class="sp-tunnel__note">{ Icon::Info.html() }{ " " }{ note }</span>
            }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct NotListeningProps {
    session: Session,
    index: u16,
    problem: ListenProblem,
    here: bool,
}

/// Why the helper does not listen, and a button to try again once that is mended.
#[component]
fn NotListening(props: &NotListeningProps) -> Html {
    let console = use_console();
    let busy = use_state(|| false);
    let failure = use_state(|| None);
    let retry = {
        let (busy, failure) = (busy.clone(), failure.clone());
        let session_id = props.session.id;
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            failure.set(None);
            let (console, busy, failure) = (console.clone(), busy.clone(), failure.clone());
            spawn_local(async move {
                let result = console.helper().request(HelperRequest::RetryListening { session_id }).await;
                failure.set(result.err().map(|failed| explain(&console, failed)));
                busy.set(false);
            });
        })
    };
    html! {
        <div class="sp-tunnel__problem">
            <Alert id={format!("tunnel-{}-problem", props.index)} severity={Severity::Warning} title="The helper does not listen for this tunnel">
                <p>{ props.problem.message() }</p>
                if let Some(failure) = &*failure {
                    <p>{ format!("{}: {}", failure.headline, failure.text) }</p>
                }
                if props.here {
                    <Button id={format!("tunnel-{}-retry", props.index)} small={true} icon={Icon::Redo} label="Try again" busy={*busy} onclick={retry} />
                }
            </Alert>
        </div>
    }
}
