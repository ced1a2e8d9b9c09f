//! Small charts.

use yew::prelude::*;

use crate::state::chart::{Area, line, surface, top};
use crate::state::format;

/// The large chart's units; it is stretched to its place.
const LARGE: Area = Area { width: 600.0, height: 120.0 };
/// The small chart's.
const SMALL: Area = Area { width: 60.0, height: 16.0 };
/// The scale is never finer than this many bytes a second: a few bytes should not look like a storm.
const LEAST: u64 = 1024;

/// Properties of [`TrafficChart`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct TrafficChartProps {
    /// Bytes a second to the targets, one value a second, oldest first.
    pub(crate) sent: Vec<u64>,
    /// Bytes a second from the targets.
    pub(crate) received: Vec<u64>,
}

/// Both directions over the last five minutes.
#[component]
pub(crate) fn TrafficChart(props: &TrafficChartProps) -> Html {
    let most = top(props.sent.iter().chain(&props.received).copied(), LEAST);
    let view_box = format!("0 -2 {} {}", LARGE.width, LARGE.height + 4.0);
    html! {
        <figure class="sp-chart" id="traffic-chart">
            <div class="sp-chart__plot">
                <span class="sp-chart__top">{ format::rate(most) }</span>
                <span class="sp-chart__middle">{ format::rate(most / 2) }</span>
                <svg viewBox={view_box} preserveAspectRatio="none" role="img" aria-label="Bytes a second, sent and received, over the last five minutes">
                    <path class="sp-chart__grid" d={format!("M0 0H{w}M0 {half}H{w}M0 {h}H{w}", w = LARGE.width, half = LARGE.height / 2.0, h = LARGE.height)} />
                    <path class="sp-chart__surface sp-m-received" d={surface(&props.received, most, LARGE)} />
                    <path class="sp-chart__line sp-m-received" d={line(&props.received, most, LARGE)} />
                    <path class="sp-chart__line sp-m-sent" d={line(&props.sent, most, LARGE)} />
                </svg>
            </div>
            <figcaption>
                <span>{ "5 min ago" }</span>
                <span class="sp-chart__legend">
                    <span class="sp-m-sent">{ "sent" }</span>
                    <span class="sp-m-received">{ "received" }</span>
                </span>
                <span>{ "now" }</span>
            </figcaption>
        </figure>
    }
}

/// Properties of [`Sparkline`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SparklineProps {
    /// Bytes a second, one value a second, oldest first.
    pub(crate) values: Vec<u64>,
}

/// One line the height of a word.
#[component]
pub(crate) fn Sparkline(props: &SparklineProps) -> Html {
    let most = top(props.values.iter().copied(), LEAST);
    html! {
        <svg class="sp-sparkline" viewBox={format!("0 -1 {} {}", SMALL.width, SMALL.height + 2.0)} preserveAspectRatio="none" aria-hidden="true">
            <path class="sp-chart__surface sp-m-received" d={surface(&props.values, most, SMALL)} />
            <path class="sp-chart__line sp-m-received" d={line(&props.values, most, SMALL)} />
        </svg>
    }
}
