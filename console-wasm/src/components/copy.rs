//! Buttons that copy.

use gloo::timers::future::TimeoutFuture;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use super::icon::Icon;

/// How long the button says that it copied.
const TOLD_MILLIS: u32 = 2_000;

/// Properties of [`CopyButton`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct CopyButtonProps {
    /// Its id in the page.
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// What is copied.
    pub(crate) text: AttrValue,
    /// What that is, as in "Copy the address".
    pub(crate) what: AttrValue,
}

/// A small button that copies a text and says so.
#[component]
pub(crate) fn CopyButton(props: &CopyButtonProps) -> Html {
    let copied = use_state(|| None::<bool>);
    let onclick = {
        let copied = copied.clone();
        let text = props.text.clone();
        Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            let copied = copied.clone();
            let copying = gloo::utils::window().navigator().clipboard().write_text(&text);
            spawn_local(async move {
                copied.set(Some(JsFuture::from(copying).await.is_ok()));
                TimeoutFuture::new(TOLD_MILLIS).await;
                copied.set(None);
            });
        })
    };
    let (icon, words) = match *copied {
        None => (Icon::Copy, format!("Copy {}", props.what)),
        Some(true) => (Icon::Check, "Copied".to_owned()),
        Some(false) => (Icon::Failure, "The browser does not allow copying: select the text and copy it".to_owned()),
    };
    html! {
        <button id={props.id.clone()} type="button" class="pf-v6-c-button pf-m-plain pf-m-small sp-copy" title={words.clone()} {onclick}>
            <span class="pf-v6-c-button__icon">{ icon.html() }</span>
            <span class="pf-v6-screen-reader" aria-live="polite">{ words }</span>
        </button>
    }
}

/// Properties of [`Command`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct CommandProps {
    /// Its id in the page.
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// The command.
    pub(crate) text: AttrValue,
    /// What it is, as in "Copy the command".
    #[prop_or(AttrValue::Static("the command"))]
    pub(crate) what: AttrValue,
}

/// A line for a terminal, with a button that copies it.
#[component]
pub(crate) fn Command(props: &CommandProps) -> Html {
    html! {
        <div class="sp-command">
            <code id={props.id.clone()}>{ &props.text }</code>
            <CopyButton text={props.text.clone()} what={props.what.clone()} />
        </div>
    }
}
