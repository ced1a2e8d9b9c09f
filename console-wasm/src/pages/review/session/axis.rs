//! The session's time from left to right: how much went through it, what happened, what was recorded, what was noted.

use web_sys::Element;
use wire::api::{RecordingState, SessionActivity};
use yew::prelude::*;

use super::PartProps;
use crate::components::time::full;
use crate::state::format;
use crate::state::timeline::{Span, clock, heat, runs, time_of};

/// How far the arrow keys go, and how far Page Up and Page Down, in seconds.
const STEP: f64 = 5.0;
const LEAP: f64 = 60.0;

/// The section.
#[component]
pub(super) fn TimeAxis(props: &PartProps) -> Html {
    let area = use_node_ref();
    let axis = props.axis;
    let review = &props.review;
    let onclick = {
        let (area, onseek) = (area.clone(), props.onseek.clone());
        Callback::from(move |event: MouseEvent| {
            let Some(area) = area.cast::<Element>() else { return };
            let place = area.get_bounding_client_rect();
            if place.width() > 0.0 {
                onseek.emit(axis.moment((f64::from(event.client_x()) - place.left()) / place.width()));
            }
        })
    };
    let seconds = axis.seconds(props.at);
    let onkeydown = {
        let onseek = props.onseek.clone();
        Callback::from(move |event: KeyboardEvent| {
            let now = seconds as f64;
            let to = match event.key().as_str() {
                "ArrowLeft" | "ArrowDown" => now - STEP,
                "ArrowRight" | "ArrowUp" => now + STEP,
                "PageUp" => now - LEAP,
                "PageDown" => now + LEAP,
                "Home" => 0.0,
                "End" => f64::MAX,
                _ => return,
            };
            event.prevent_default();
            onseek.emit(axis.after(to));
        })
    };
    let note = |share: f64, id: String, text: &str| {
        html! { <span key={id} class="sp-axis__pin" data-testid="axis-note" style={format!("left:{:.3}%", share * 100.0)} title={text.to_owned()}></span> }
    };
    let recordings: Vec<_> = review.recordings.iter().filter(|it| it.state != RecordingState::Empty).collect();
    html! {
        <section class="sp-card" id="review-axis" aria-labelledby="review-axis-title">
            <h2 id="review-axis-title">{ "Timeline" }
                <span class="sp-pale" id="review-moment" aria-live="off">{ format!(" at {} of {}", clock(seconds), clock(axis.seconds(axis.until))) }</span>
            </h2>
            <div class="sp-axis">
                <ul class="sp-axis__names" aria-hidden="true">
                    <li>{ "Bytes" }</li>
                    <li>{ "Connections" }</li>
                    <li>{ "Events" }</li>
                    { for recordings.iter().enumerate().map(|(at, _)| html! { <li key={at}>{ format!("Recording {}", at + 1) }</li> }) }
                    <li>{ "Notes" }</li>
                </ul>
                <div ref={area} class="sp-axis__area" id="review-area" role="slider" tabindex="0" aria-label="Moment of the session"
                    aria-valuemin="0" aria-valuemax={axis.seconds(axis.until).to_string()} aria-valuenow={seconds.to_string()}
                    aria-valuetext={format!("{}, {}", clock(seconds), full(props.at))} {onclick} {onkeydown}>
                    { strip("bytes", &bytes(&review.activity), &review.activity, format::bytes) }
                    { strip("connections", &review.activity.connections, &review.activity, |it| format::count(it, "connection")) }
                    { strip("events", &review.activity.events, &review.activity, |it| format::count(it, "event")) }
                    { for recordings.iter().map(|it| {
                        let (from, until) = time_of(it, axis);
                        html! { <div key={it.id.to_string()} class="sp-axis__lane" data-testid="axis-recording">{ bar(axis.span(from, until)) }</div> }
                    }) }
                    <div class="sp-axis__lane">{ for review.notes.iter().map(|it| note(axis.share(it.at), it.id.to_string(), &it.text)) }</div>
                    <div class="sp-axis__cursor" data-testid="axis-cursor" style={format!("left:{:.3}%", axis.share(props.at) * 100.0)}></div>
                </div>
                <div class="sp-axis__marks" aria-hidden="true">
                    { for axis.marks().into_iter().map(|(share, seconds)| html! {
                        <span key={seconds} style={format!("left:{:.3}%", share * 100.0)} title={full(axis.after(seconds as f64))}>{ clock(seconds) }</span>
                    }) }
                </div>
            </div>
        </section>
    }
}

fn bytes(activity: &SessionActivity) -> Vec<u64> {
    activity.sent.iter().zip(&activity.received).map(|(sent, received)| sent.saturating_add(*received)).collect()
}

/// A strip of heat.
fn strip(name: &'static str, values: &[u64], activity: &SessionActivity, words: impl Fn(u64) -> String) -> Html {
    let count = values.len().max(1) as f64;
    let total: u64 = values.iter().sum();
    html! {
        <div class="sp-axis__lane sp-m-heat" data-testid="axis-heat" data-name={name} data-stretch-millis={activity.stretch_millis.to_string()} data-total={total.to_string()}>
            { for runs(&heat(values)).into_iter().map(|(strength, first, length)| {
                let most = values.get(first..first + length).unwrap_or_default().iter().copied().max().unwrap_or(0);
                let style = format!("left:{:.3}%;width:{:.3}%", first as f64 / count * 100.0, length as f64 / count * 100.0);
                html! { <span key={first} class={format!("sp-heat sp-m-{strength}")} {style} title={words(most)}></span> }
            }) }
        </div>
    }
}

fn bar(span: Span) -> Html {
    // Never so short that it cannot be seen.
    let style = format!("left:{:.3}%;width:max({:.3}%, 3px)", span.start * 100.0, span.length * 100.0);
    html! { <span class="sp-axis__bar" {style}></span> }
}
