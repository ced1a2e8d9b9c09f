//! The session has to end soon by a policy: when, and why.

use wire::api::SessionState;
use wire::limits::WARN_MINUTES;
use yew::prelude::*;

use super::PartProps;
use crate::components::alert::{Alert, Severity};
use crate::components::time::clock;
use crate::console::use_now;
use crate::state::format::duration;

/// The section; nothing while the end is far.
#[component]
pub(super) fn EndingSoon(props: &PartProps) -> Html {
    let now = use_now(1_000);
    let session = &props.view.session;
    let soon = session
        .ends_at
        .filter(|at| session.state != SessionState::Ended && at.millis_since(now) <= u64::from(WARN_MINUTES) * 60_000);
    let because = session.ends_because.clone().unwrap_or_default();
    // Yew 0.23 cannot put anything before a component that draws nothing.
    html! {
        <div hidden={soon.is_none()}>
            if let Some(at) = soon {
                <Alert id="ending-soon" severity={Severity::Warning} title={format!("This session ends in {}", duration(at.millis_since(now)))}>
                    <p>{ format!("At {} {because}. Every connection is cut then: save your work.", clock(at)) }</p>
                </Alert>
            }
        </div>
    }
}
