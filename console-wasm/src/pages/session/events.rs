//! What happened in a session, newest first.

use yew::prelude::*;

use super::PartProps;
use crate::components::spinner;
use crate::components::time::TimeText;

/// The section.
#[component]
pub(super) fn Events(props: &PartProps) -> Html {
    let view = &props.view;
    html! {
        <section class="sp-card" id="session-events" aria-labelledby="session-events-title">
            <h2 id="session-events-title">{ "Notes and events" }</h2>
            if !view.loaded {
                { spinner("Loading events") }
            }
            <ol class="sp-events">
                { for view.events.iter().rev().map(|event| html! {
                    <li key={event.id.to_string()} data-testid="session-event" data-kind={event.kind.clone()}>
                        <TimeText at={event.at} />
                        <span>
                            { &event.message }
                            if let Some(user) = event.user_name.as_ref().filter(|user| !event.message.contains(user.as_str())) {
                                <span class="sp-pale">{ format!(" ({user})") }</span>
                            }
                        </span>
                    </li>
                }) }
            </ol>
        </section>
    }
}
