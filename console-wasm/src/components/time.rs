//! Times: local, with the zone when the pointer rests on them.

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::JsValue;
use wire::Timestamp;
use yew::prelude::*;

use crate::state::format;

/// English words, 24 hours: the console speaks English.
const LOCALE: &str = "en-GB";

/// Properties of [`TimeText`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct TimeTextProps {
    /// The moment.
    pub(crate) at: Timestamp,
    /// The present, to tell the distance for a moment of the last week; without it the clock's time is told.
    #[prop_or_default]
    pub(crate) now: Option<Timestamp>,
}

/// A moment, with date, time and zone as its title.
#[component]
pub(crate) fn TimeText(props: &TimeTextProps) -> Html {
    let date = date(props.at);
    let text = props
        .now
        .and_then(|now| format::ago(props.at, now))
        .unwrap_or_else(|| if props.now.is_some() { day(props.at) } else { clock(props.at) });
    html! {
        <time datetime={String::from(date.to_iso_string())} title={full(props.at)}>{ text }</time>
    }
}

/// `10:42:05`, with the day before it when it is not today's.
pub(crate) fn clock(at: Timestamp) -> String {
    let moment = date(at);
    let today = Date::new_0().to_date_string() == moment.to_date_string();
    let time = format_with(&moment, &[("hour", "2-digit"), ("minute", "2-digit"), ("second", "2-digit")]);
    if today { time } else { format!("{}, {time}", format_with(&moment, &[("day", "numeric"), ("month", "short")])) }
}

/// `22 Nov 2026, 10:42`.
fn day(at: Timestamp) -> String {
    format_with(
        &date(at),
        &[("day", "numeric"), ("month", "short"), ("year", "numeric"), ("hour", "2-digit"), ("minute", "2-digit")],
    )
}

/// `Sunday 22 November 2026 at 10:42:05 CET`.
pub(crate) fn full(at: Timestamp) -> String {
    format_with(&date(at), &[("dateStyle", "full"), ("timeStyle", "long")])
}

fn date(at: Timestamp) -> Date {
    Date::new(&JsValue::from_f64(at.0 as f64))
}

fn format_with(moment: &Date, style: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (name, value) in style {
        // Setting a member of a fresh object cannot fail.
        let _ = Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    moment.to_locale_string(LOCALE, &options).into()
}
