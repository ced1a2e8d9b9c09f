//! A button that opens a panel with choices, which stays open while they are made.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

use super::icon::Icon;

/// Properties of [`Popover`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct PopoverProps {
    /// Id of the button; the panel is `{id}-panel`.
    pub(crate) id: AttrValue,
    /// What the button says; may be empty for a picture alone.
    #[prop_or_default]
    pub(crate) label: AttrValue,
    /// What it is for; the name of a picture alone.
    pub(crate) title: AttrValue,
    /// The picture.
    pub(crate) icon: Icon,
    /// Whether the panel is flush with the button's right edge.
    #[prop_or_default]
    pub(crate) right: bool,
    /// Whether the button has no frame.
    #[prop_or_default]
    pub(crate) plain: bool,
    /// Whether something is chosen in it, so that the button shows it.
    #[prop_or_default]
    pub(crate) marked: bool,
    /// Whether it is open.
    pub(crate) open: bool,
    /// Opens or closes it.
    pub(crate) onopen: Callback<bool>,
    /// What the panel holds.
    pub(crate) children: Html,
}

/// The button with its panel. Esc, a press elsewhere, and moving on with Tab close it.
#[component]
pub(crate) fn Popover(props: &PopoverProps) -> Html {
    let root = use_node_ref();
    let button = use_node_ref();
    {
        let (root, onopen) = (root.clone(), props.onopen.clone());
        use_effect_with(props.open, move |open| {
            let listener = open.then(|| {
                focus_first(&root);
                EventListener::new(&gloo::utils::document(), "pointerdown", move |event| {
                    let on = event.target().and_then(|target| target.dyn_into::<Node>().ok());
                    if !root.get().is_some_and(|root| root.contains(on.as_ref())) {
                        onopen.emit(false);
                    }
                })
            });
            move || drop(listener)
        });
    }
    let toggle = {
        let (onopen, open) = (props.onopen.clone(), props.open);
        Callback::from(move |_: MouseEvent| onopen.emit(!open))
    };
    let onkeydown = {
        let (onopen, open, button) = (props.onopen.clone(), props.open, button.clone());
        Callback::from(move |event: KeyboardEvent| {
            if open && event.key() == "Escape" {
                event.prevent_default();
                event.stop_propagation();
                onopen.emit(false);
                if let Some(button) = button.cast::<HtmlElement>() {
                    let _ = button.focus();
                }
            }
        })
    };
    let onfocusout = {
        let (onopen, root, open) = (props.onopen.clone(), root.clone(), props.open);
        Callback::from(move |event: FocusEvent| {
            // To nowhere: what had the focus was drawn anew, or the window lost it.
            let Some(to) = event.related_target().and_then(|target| target.dyn_into::<Node>().ok()) else { return };
            if open && !root.get().is_some_and(|root| root.contains(Some(&to))) {
                onopen.emit(false);
            }
        })
    };
    let name = props.label.is_empty().then(|| props.title.clone());
    html! {
        <div class="sp-menu" ref={root} {onkeydown} {onfocusout}>
            <button
                ref={button}
                id={props.id.clone()}
                type="button"
                class={classes!("pf-v6-c-menu-toggle", props.plain.then_some("pf-m-plain"), props.open.then_some("pf-m-expanded"), props.marked.then_some("sp-m-marked"))}
                aria-haspopup="dialog"
                aria-expanded={if props.open { "true" } else { "false" }}
                aria-label={name}
                title={props.title.clone()}
                onclick={toggle}
            >
                <span class="pf-v6-c-menu-toggle__icon">{ props.icon.html() }</span>
                if !props.label.is_empty() {
                    <span class="pf-v6-c-menu-toggle__text">{ &props.label }</span>
                }
                <span class="pf-v6-c-menu-toggle__controls">
                    <span class="pf-v6-c-menu-toggle__toggle-icon">{ Icon::CaretDown.html() }</span>
                </span>
            </button>
            if props.open {
                <div
                    id={format!("{}-panel", props.id)}
                    class={classes!("pf-v6-c-menu", "sp-menu__list", "sp-panel", props.right.then_some("sp-m-right"))}
                    role="dialog"
                    aria-label={props.title.clone()}
                    tabindex="-1"
                >
                    { props.children.clone() }
                </div>
            }
        </div>
    }
}

fn focus_first(root: &NodeRef) {
    let Some(root) = root.cast::<web_sys::Element>() else { return };
    let first = root.query_selector(".sp-panel input, .sp-panel button").ok().flatten();
    if let Some(first) = first.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = first.focus();
    }
}
