//! States in word, shape and colour.

use yew::prelude::*;

use super::icon::Icon;
use crate::state::words::{Tone, Word};

/// Properties of [`StateLabel`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct StateLabelProps {
    /// The state.
    pub(crate) word: Word,
    /// Its id in the page.
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// Says changes of it to screen readers.
    #[prop_or_default]
    pub(crate) live: bool,
    /// Why it is so.
    #[prop_or_default]
    pub(crate) title: Option<AttrValue>,
}

/// A state as a small label.
#[component]
pub(crate) fn StateLabel(props: &StateLabelProps) -> Html {
    let (word, tone) = props.word;
    html! {
        <span
            id={props.id.clone()}
            class={classes!("pf-v6-c-label", "pf-m-compact", colour(tone))}
            aria-live={props.live.then_some("polite")}
            title={props.title.clone()}
        >
            <span class="pf-v6-c-label__content">
                <span class="pf-v6-c-label__icon">{ shape(tone).html() }</span>
                <span class="pf-v6-c-label__text">{ word }</span>
            </span>
        </span>
    }
}

/// The shape of a state alone, where its word stands beside it or in its title.
pub(crate) fn dot(tone: Tone, title: &str) -> Html {
    html! {
        <span class={classes!("sp-dot", dot_colour(tone))} title={title.to_owned()}>
            { shape(tone).html() }
            <span class="pf-v6-screen-reader">{ title }</span>
        </span>
    }
}

fn shape(tone: Tone) -> Icon {
    match tone {
        Tone::Good => Icon::Check,
        Tone::Calm => Icon::Circle,
        Tone::Busy => Icon::Hourglass,
        Tone::Warning => Icon::Warning,
        Tone::Bad => Icon::Failure,
        Tone::Over => Icon::Ban,
    }
}

fn colour(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Good => Some("pf-m-green"),
        Tone::Calm => Some("pf-m-blue"),
        Tone::Busy | Tone::Warning => Some("pf-m-orange"),
        Tone::Bad => Some("pf-m-red"),
        Tone::Over => None,
    }
}

fn dot_colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "sp-m-good",
        Tone::Calm => "sp-m-calm",
        Tone::Busy | Tone::Warning => "sp-m-warning",
        Tone::Bad => "sp-m-bad",
        Tone::Over => "sp-m-over",
    }
}
