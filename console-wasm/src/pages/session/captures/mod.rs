//! The captured traffic of a session, for those who may look at it: its connections, and what went through each.

mod bytes;
mod connections;
mod pages;
mod statements;

use wire::api::{Recording, RecordingState, Session, Tunnel};
use yew::prelude::*;

use self::connections::CapturedConnections;
use crate::components::icon::Icon;
use crate::console::use_store;
use crate::loaded::use_loaded;
use crate::state::capture_view::facts;

/// Properties of [`Captures`].
#[derive(Clone, PartialEq, Properties)]
pub(in crate::pages) struct CapturesProps {
    /// Whose traffic.
    pub(in crate::pages) session: Session,
}

/// The section. Nothing where nothing was captured.
#[component]
pub(in crate::pages) fn Captures(props: &CapturesProps) -> Html {
    let store = use_store();
    let session = &props.session;
    let id = session.id;
    let version = (id, session.ended_at, store.recordings_changed);
    let loaded = use_loaded(version, move |api| async move { api.captures(id).await });
    if loaded.list().is_empty() {
        return Html::default();
    }
    html! {
        <section class="sp-card" id="captures" aria-labelledby="captures-title">
            <h2 id="captures-title">{ "Captured traffic" }</h2>
            { for loaded.list().iter().map(|it| html! {
                <One key={it.id.to_string()} capture={it.clone()} tunnels={session.tunnels.clone()} />
            }) }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct OneProps {
    capture: Recording,
    tunnels: Vec<Tunnel>,
}

#[component]
fn One(props: &OneProps) -> Html {
    let it = &props.capture;
    html! {
        <article class="sp-recorded" data-testid="capture" data-capture-id={it.id.to_string()}>
            <p>{ facts(it.state, it.bytes, it.duration_millis) }
                if let Some(deletion) = &it.deletion {
                    { format!(" {}", deletion.because) }
                }
            </p>
            if it.state == RecordingState::Finished {
                <p class="sp-recorded__more">
                    <a class="pf-v6-c-button pf-m-secondary pf-m-small" data-testid="capture-file" href={format!("/api/captures/{}/file", it.id)} download=""
                        title="A file that network analysers such as Wireshark open">
                        { Icon::Download.html() }{ " Download .pcapng" }
                    </a>
                    if let Some(hash) = &it.sha256 {
                        <span class="sp-pale" title="As it stands in the audit trail">{ "SHA-256 " }<code class="sp-hash">{ hash }</code></span>
                    }
                </p>
                <CapturedConnections id={it.id} tunnels={props.tunnels.clone()} />
            }
        </article>
    }
}
