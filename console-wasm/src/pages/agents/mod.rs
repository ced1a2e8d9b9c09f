//! Jumpoints: the ways into remote networks, their nodes, and the keys with which nodes enrol.

mod enrolment_dialog;
mod jumpoint_card;
mod jumpoint_dialog;

use wire::api::Jumpoint;
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::empty_state::EmptyState;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::{use_console, use_store};
use crate::state::store::Load;

/// How often the page is brought up to date by itself.
const REFRESH_MILLIS: u32 = 5_000;

/// The page.
#[component]
pub(crate) fn AgentsPage() -> Html {
    let store = use_store();
    let console = use_console();
    // What nodes have to do and how far they are changes without an event.
    use_effect_with((), move |()| {
        let interval = gloo::timers::callback::Interval::new(REFRESH_MILLIS, move || console.load_jumpoints());
        move || drop(interval)
    });
    let creating = use_state(|| false);
    let administrator = store.is_administrator();
    let create = {
        let creating = creating.clone();
        Callback::from(move |_: MouseEvent| creating.set(true))
    };
    let close = {
        let creating = creating.clone();
        Callback::from(move |()| creating.set(false))
    };
    let button = html! {
        if administrator {
            <Button id="create-jumpoint" kind={Kind::Primary} icon={Icon::Plus} label="Create jumpoint" onclick={create} />
        }
    };
    html! {
        <div class="sp-page" id="agents-page">
            <div class="sp-page__head">
                <h1 class="pf-v6-c-title pf-m-xl">{ "Agents" }</h1>
                <p>{ "Jumpoints stand in remote networks and dial out to this appliance." }</p>
                <div class="sp-page__actions">{ button }</div>
            </div>
            { match &store.jumpoints {
                Load::Waiting => html! { <div class="sp-waiting">{ spinner("Loading jumpoints") }</div> },
                Load::Failed(error) => html! { <ErrorAlert id="agents-error" error={(**error).clone()} /> },
                Load::Ready(list) if list.is_empty() => html! {
                    <EmptyState id="no-jumpoints" icon={Icon::Server} title="No jumpoints yet">
                        if administrator {
                            <p>{ "Create one for each remote network, then enrol a node on a host there: it needs no inbound port, only the way out to this appliance." }</p>
                        } else {
                            <p>{ "An administrator creates one for each remote network." }</p>
                        }
                    </EmptyState>
                },
                Load::Ready(list) => html! {
                    <div class="sp-cards">
                        { for list.iter().map(|jumpoint| html! {
                            <jumpoint_card::JumpointCard key={jumpoint.id.to_string()} jumpoint={jumpoint.clone()} {administrator} />
                        }) }
                    </div>
                },
            } }
            if *creating {
                <jumpoint_dialog::JumpointDialog jumpoint={None::<Jumpoint>} onclose={close} />
            }
        </div>
    }
}
