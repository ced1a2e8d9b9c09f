//! Buttons.

use yew::prelude::*;

use super::icon::Icon;
use super::spinner;

/// How a button looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The one thing to do here.
    Primary,
    /// Something else to do here.
    #[default]
    Secondary,
    /// A button that reads like a link.
    Link,
    /// A picture alone; needs a `title`.
    Plain,
    /// Takes something away.
    Danger,
    /// Leads to taking something away.
    DangerSecondary,
}

impl Kind {
    fn classes(self) -> &'static str {
        match self {
            Self::Primary => "pf-m-primary",
            Self::Secondary => "pf-m-secondary",
            Self::Link => "pf-m-link",
            Self::Plain => "pf-m-plain",
            Self::Danger => "pf-m-danger",
            Self::DangerSecondary => "pf-m-secondary pf-m-danger",
        }
    }
}

/// Properties of [`Button`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ButtonProps {
    /// Its id in the page.
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// What it says; may be empty for a picture alone.
    #[prop_or_default]
    pub(crate) label: AttrValue,
    /// The picture before it.
    #[prop_or_default]
    pub(crate) icon: Option<Icon>,
    /// How it looks.
    #[prop_or_default]
    pub(crate) kind: Kind,
    /// Why it cannot be pressed, which is shown as its title; empty when it can.
    #[prop_or_default]
    pub(crate) obstacle: AttrValue,
    /// Whether it is working: it shows so and cannot be pressed again.
    #[prop_or_default]
    pub(crate) busy: bool,
    /// Whether it sends the form it stands in.
    #[prop_or_default]
    pub(crate) submit: bool,
    /// Smaller than usual.
    #[prop_or_default]
    pub(crate) small: bool,
    /// As wide as its surroundings.
    #[prop_or_default]
    pub(crate) block: bool,
    /// What it does, in more words; the name of a picture alone.
    #[prop_or_default]
    pub(crate) title: Option<AttrValue>,
    /// Further classes.
    #[prop_or_default]
    pub(crate) class: Classes,
    /// What happens.
    #[prop_or_default]
    pub(crate) onclick: Callback<MouseEvent>,
}

/// A button. It keeps the focus when it is pressed, and says why when it cannot be.
#[component]
pub(crate) fn Button(props: &ButtonProps) -> Html {
    let blocked = !props.obstacle.is_empty();
    let classes = classes!(
        "pf-v6-c-button",
        props.kind.classes(),
        props.small.then_some("pf-m-small"),
        props.block.then_some("pf-m-block"),
        props.busy.then_some("pf-m-progress pf-m-in-progress"),
        (blocked || props.busy).then_some("pf-m-aria-disabled"),
        props.class.clone(),
    );
    let onclick = {
        let onclick = props.onclick.clone();
        let inert = blocked || props.busy;
        Callback::from(move |event: MouseEvent| {
            if inert {
                event.prevent_default();
            } else {
                onclick.emit(event);
            }
        })
    };
    let title = if blocked { Some(props.obstacle.clone()) } else { props.title.clone() };
    let name = props.label.is_empty().then(|| props.title.clone()).flatten();
    html! {
        <button
            id={props.id.clone()}
            type={if props.submit { "submit" } else { "button" }}
            class={classes}
            aria-disabled={(blocked || props.busy).then_some("true")}
            aria-busy={props.busy.then_some("true")}
            aria-label={name}
            {title}
            {onclick}
        >
            if props.busy {
                <span class="pf-v6-c-button__progress">{ spinner("Working") }</span>
            } else if let Some(icon) = props.icon {
                <span class={classes!("pf-v6-c-button__icon", (!props.label.is_empty()).then_some("pf-m-start"))}>
                    { icon.html() }
                </span>
            }
            if !props.label.is_empty() {
                <span class="pf-v6-c-button__text">{ &props.label }</span>
            }
        </button>
    }
}
