//! *Network Statistics*: bytes and rates each way, round trips of each leg, and the last five minutes as a chart.

use std::rc::Rc;

use wire::Timestamp;
use wire::api::SessionState;
use yew::prelude::*;

use crate::components::chart::TrafficChart;
use crate::state::format;
use crate::state::session_view::SessionView;

/// Properties of [`NetworkStatistics`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct NetworkStatisticsProps {
    /// The session.
    pub(super) view: Rc<SessionView>,
    /// The present.
    pub(super) now: Timestamp,
}

/// The section.
#[component]
pub(super) fn NetworkStatistics(props: &NetworkStatisticsProps) -> Html {
    let session = &props.view.session;
    let running = session.state != SessionState::Ended;
    let rates = props.view.rates_now(props.now);
    let latest = |of: fn(&wire::api::Statistics) -> Option<u64>| props.view.statistics.iter().rev().find_map(of);
    let trip = |micros: Option<u64>| micros.map_or_else(|| "–".to_owned(), format::round_trip);
    let figure = |id: &'static str, name: &'static str, value: String, more: String| {
        html! {
            <div class="sp-figure">
                <dt>{ name }</dt>
                <dd id={id}>{ value }</dd>
                <dd class="sp-figure__more">{ more }</dd>
            </div>
        }
    };
    let rate = |rate: u64| if running { format::rate(rate) } else { String::new() };
    let (sent, received) = props.view.chart(props.now);
    html! {
        <section class="sp-card" id="network-statistics" aria-labelledby="network-statistics-title">
            <h2 id="network-statistics-title">{ "Network Statistics" }</h2>
            <div class="sp-statistics">
                <dl class="sp-figures">
                    { figure("bytes-sent", "Sent", format::bytes(session.bytes_sent), rate(rates.sent)) }
                    { figure("bytes-received", "Received", format::bytes(session.bytes_received), rate(rates.received)) }
                    if running {
                        { figure("helper-round-trip", "You ⇄ appliance", trip(latest(|point| point.helper_round_trip_micros)), String::new()) }
                        { figure("jumpoint-round-trip", "Appliance ⇄ jumpoint", trip(latest(|point| point.jumpoint_round_trip_micros)), String::new()) }
                    }
                </dl>
                if running {
                    <TrafficChart {sent} {received} />
                }
            </div>
        </section>
    }
}
