//! All keys, on `?`.

use yew::prelude::*;

use super::button::{Button, Kind};
use super::dialog::{Dialog, Width};

/// Each key, or several that do the same, with what it does.
const KEYS: &[(&[&str], &str)] = &[
    (&["/"], "Search"),
    (&["j", "↓"], "Next item"),
    (&["k", "↑"], "Previous item"),
    (&["Space"], "Select the item, or take it out of the selection"),
    (&["Shift + ↓", "Shift + ↑"], "Select several items"),
    (&["Ctrl + a"], "Select all items shown"),
    (&["Enter"], "Jump to the selected items"),
    (&["c"], "Create a Protocol Tunnel Jump"),
    (&["e"], "Properties of the selected items"),
    (&["f"], "Make the selected items favourites, or no longer"),
    (&["Menu", "Shift + F10"], "What can be done with the selected items"),
    (&["Delete"], "Remove the selected items"),
    (&["Ctrl + ←", "Ctrl + →"], "On a heading: move the column; on its edge ← → make it narrower or wider"),
    (&["?"], "Show these keys"),
    (&["Esc"], "Close what is on top; clear the search"),
];

/// Properties of [`KeysOverlay`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct KeysOverlayProps {
    /// Closes it.
    pub(crate) onclose: Callback<()>,
}

/// The list of keys.
#[component]
pub(crate) fn KeysOverlay(props: &KeysOverlayProps) -> Html {
    let footer =
        html! { <Button id="keys-done" kind={Kind::Primary} label="Close" onclick={props.onclose.reform(|_| ())} /> };
    html! {
        <Dialog id="keys-overlay" title="Keys" width={Width::Small} {footer} onclose={props.onclose.clone()}>
            <dl class="sp-keys">
                { for KEYS.iter().map(|(keys, what)| html! {
                    <div>
                        <dt>{ for keys.iter().enumerate().map(|(at, key)| html! {
                            <>{ if at > 0 { " or " } else { "" } }<kbd>{ *key }</kbd></>
                        }) }</dt>
                        <dd>{ *what }</dd>
                    </div>
                }) }
            </dl>
        </Dialog>
    }
}
