//! What holds for the whole appliance, and the systems outside that it works with: a form for each.

mod forwarding;
mod headers;
pub(super) mod kept_form;
mod letters;
mod mail;
mod outbox;
mod retention;
mod sign_on;
mod sign_on_dialog;
mod sign_on_teams;
mod site;
mod ticket_system;

use wire::api::TestOutcome;
use yew::prelude::*;

use crate::components::alert::{Alert, Severity};

/// The section.
#[component]
pub(super) fn Settings() -> Html {
    html! {
        <div class="sp-cards">
            <site::Site />
            <retention::RetentionCard />
            <mail::Mail />
            <letters::Letters />
            <ticket_system::TicketSystemCard />
            <sign_on::SignOnCard />
            <forwarding::ForwardingCards />
        </div>
    }
}

/// What came of trying something out.
fn outcome(id: &'static str, it: &TestOutcome, more: Html) -> Html {
    let severity = if it.worked { Severity::Success } else { Severity::Danger };
    html! {
        <Alert {id} {severity} title={it.message.clone()}>
            if !it.next_step.is_empty() {
                <p>{ &it.next_step }</p>
            }
            { more }
        </Alert>
    }
}
