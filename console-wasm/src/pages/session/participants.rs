//! Who is in a session of several people, and who was.

use wire::Timestamp;
use wire::api::{Participant, SessionState};
use yew::prelude::*;
use yew_router::prelude::*;

use super::PartProps;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_now, use_store};
use crate::routes::Route;
use crate::state::participants::{owner, place, state};

/// The section; nothing while only one is in.
#[component]
pub(super) fn Participants(props: &PartProps) -> Html {
    let store = use_store();
    let now = use_now(15_000);
    let session = &props.view.session;
    let me = store.me().map(|me| me.id());
    let owner = owner(session);
    let heading = if session.state == SessionState::Ended { "Who was in" } else { "Who is in" };
    // Administrators may look at everybody's own part of it.
    let name = |it: &Participant| {
        if store.is_administrator() && it.session_id != session.id {
            html! { <Link<Route> to={Route::Session { id: it.session_id }}>{ &it.user_name }</Link<Route>> }
        } else {
            html! { { &it.user_name } }
        }
    };
    html! {
        <div hidden={session.participants.is_empty()}>
            <section class="sp-card" id="participants" aria-labelledby="participants-title">
                <h2 id="participants-title">{ heading }</h2>
                <ul class="sp-participants" aria-live="polite">
                    { for session.participants.iter().map(|it| html! {
                        <li key={it.session_id.to_string()} data-testid="participant" data-name={it.user_name.clone()}>
                            <span class="sp-participants__name">{ name(it) }</span>
                            <span class="sp-pale">{ place(it, owner, me) }</span>
                            <StateLabel word={state(it)} />
                            { since(it, now) }
                        </li>
                    }) }
                </ul>
            </section>
        </div>
    }
}

fn since(it: &Participant, now: Timestamp) -> Html {
    html! {
        <span class="sp-pale">
            { if it.until.is_some() { "from " } else { "since " } }<TimeText at={it.since} {now} />
            if let Some(until) = it.until {
                { " until " }<TimeText at={until} {now} />
            }
        </span>
    }
}
