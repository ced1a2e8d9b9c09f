//! One session: its tab while it is one's own and runs, its record afterwards.

pub(super) mod captures;
mod connections;
mod credentials;
mod ending_soon;
mod events;
mod header;
mod legal_hold;
mod participants;
mod reconnecting;
mod recording;
mod recordings;
mod start;
mod statistics;
mod tunnels;

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use wire::SessionId;
use wire::api::SessionState;
use yew::prelude::*;
use yew_router::prelude::Link;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::spinner;
use crate::console::{use_console, use_now, use_store};
use crate::routes::Route;
use crate::state::services;
use crate::state::session_view::SessionView;
use crate::state::store::Action;

/// Properties of [`SessionPage`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SessionPageProps {
    /// Which session.
    pub(crate) id: SessionId,
}

/// Properties of the page's parts: a session whose parts compare quickly.
#[derive(Clone, PartialEq, Properties)]
struct PartProps {
    view: Rc<SessionView>,
}

/// The page.
#[component]
pub(crate) fn SessionPage(props: &SessionPageProps) -> Html {
    let id = props.id;
    let console = use_console();
    let store = use_store();
    let error = use_state(|| None);
    {
        let (console, error) = (console.clone(), error.clone());
        use_effect_with(id, move |id| {
            let id = *id;
            let loaded = console.current().view(id).is_some_and(|view| view.loaded);
            if !loaded {
                let console = console.clone();
                spawn_local(async move { error.set(console.load_session(id, true).await.err()) });
            }
            move || {
                // What has no tab is kept for as long as it is looked at.
                if !console.current().tabs.contains(&id) {
                    console.dispatch(Action::CloseTab(id));
                }
            }
        });
    }
    let Some(view) = store.view(id).cloned() else {
        return match &*error {
            Some(error) => html! { <div class="sp-page"><ErrorAlert id="session-error" error={error.clone()} /></div> },
            None => html! { <div class="sp-waiting">{ spinner("Loading the session") }</div> },
        };
    };
    let own = store.is_own(&view.session);
    let state = view.session.state;
    html! {
        <div class="sp-page sp-session" id="session" data-state={state_key(state)}>
            <recording::Recording view={view.clone()} />
            <header::Header view={view.clone()} {own} />
            if !own && state != SessionState::Ended {
                <Watching view={view.clone()} />
            }
            if store.reviews() && (!own || store.is_administrator()) {
                <p id="review-this"><Link<Route> to={Route::ReviewSession { id }}>{ "Open it for review" }</Link<Route>></p>
            }
            <Refusals view={view.clone()} />
            { match state {
                SessionState::Ready | SessionState::Connecting if own => html! { <start::Start view={view.clone()} /> },
                SessionState::Ended => html! { <Over view={view.clone()} /> },
                _ => Html::default(),
            } }
            <ending_soon::EndingSoon view={view.clone()} />
            if view.session.reconnecting.is_some() {
                <reconnecting::Reconnecting view={view.clone()} />
            }
            <participants::Participants view={view.clone()} />
            if state == SessionState::Tunnelling {
                <tunnels::CurrentTunnels view={view.clone()} {own} />
                if own {
                    <credentials::StoredCredentials view={view.clone()} />
                }
            }
            if state == SessionState::Tunnelling || view.session.tunnelling_at.is_some() {
                <Statistics view={view.clone()} />
                <connections::Connections view={view.clone()} />
            }
            if store.is_administrator() || !own {
                <legal_hold::Hold view={view.clone()} />
                <recordings::Recordings view={view.clone()} />
                <captures::Captures session={view.session.clone()} />
            }
            <events::Events view={view.clone()} />
        </div>
    }
}

/// The statistics, drawn each second by themselves: the rest of the page need not follow the clock.
#[component]
fn Statistics(props: &PartProps) -> Html {
    let now = use_now(1_000);
    html! { <statistics::NetworkStatistics view={props.view.clone()} {now} /> }
}

/// Whose session it is, while somebody else looks at it.
#[component]
fn Watching(props: &PartProps) -> Html {
    let store = use_store();
    let name = &props.view.session.user_name;
    let may = if store.is_administrator() {
        "Nothing can be changed here; you can end it."
    } else {
        "Nothing can be changed here."
    };
    html! {
        <Alert id="watching" severity={Severity::Info} title={format!("You watch the session of {name}")}>
            <p>{ format!("{may} That you look at it stands in its events, which {name} sees.") }</p>
        </Alert>
    }
}

/// Connections that could not be made: what to do stands at the top, where the person looks after a client failed.
#[component]
fn Refusals(props: &PartProps) -> Html {
    let console = use_console();
    let id = props.view.session.id;
    let read = Callback::from(move |()| console.dispatch(Action::RefusalsRead(id)));
    html! {
        { for props.view.refusals.iter().rev().map(|refused| {
            let name = tunnel_name(&props.view, refused.tunnel);
            let title = match refused.times {
                1 => format!("{name}: a connection could not be made"),
                times => format!("{name}: {times} connections could not be made"),
            };
            html! {
                <div key={format!("{} {}", refused.tunnel, refused.message)} data-testid="connection-refused">
                    <Alert severity={Severity::Danger} {title} onclose={read.clone()}><p>{ &refused.message }</p></Alert>
                </div>
            }
        }) }
    }
}

/// Why it ended.
#[component]
fn Over(props: &PartProps) -> Html {
    let session = &props.view.session;
    let message = session.end_message.clone().unwrap_or_else(|| "It is over.".into());
    html! {
        <Alert id="session-end" severity={Severity::Info} title="This session ended">
            <p>{ message }</p>
        </Alert>
    }
}

fn tunnel_name(view: &SessionView, index: u16) -> String {
    view.session
        .tunnels
        .iter()
        .find(|tunnel| tunnel.index == index)
        .map_or_else(|| format!("Tunnel {index}"), |tunnel| services::tunnel_name(&tunnel.label, tunnel.remote_port))
}

fn state_key(state: SessionState) -> &'static str {
    match state {
        SessionState::Ready => "ready",
        SessionState::Connecting => "connecting",
        SessionState::Tunnelling => "tunnelling",
        SessionState::Ended => "ended",
    }
}
