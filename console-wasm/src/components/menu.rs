//! A button that opens a short list.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

use super::icon::Icon;

/// An entry of a menu.
#[derive(Clone, PartialEq)]
pub(crate) struct MenuItem {
    /// Its id in the page.
    pub(crate) id: &'static str,
    /// What it says.
    pub(crate) label: AttrValue,
    /// A line below, in small letters; may be empty.
    pub(crate) description: AttrValue,
    /// Why it cannot be chosen, which stands below it; empty when it can.
    pub(crate) obstacle: AttrValue,
    /// What happens.
    pub(crate) onclick: Callback<()>,
}

impl MenuItem {
    /// An entry that says this and does that.
    pub(crate) fn new(id: &'static str, label: impl Into<AttrValue>, onclick: Callback<()>) -> Self {
        Self { id, label: label.into(), description: AttrValue::default(), obstacle: AttrValue::default(), onclick }
    }

    /// With a line below.
    #[must_use]
    pub(crate) fn about(self, description: impl Into<AttrValue>) -> Self {
        Self { description: description.into(), ..self }
    }

    /// Which cannot be chosen for this reason, if there is one.
    #[must_use]
    pub(crate) fn unless(self, obstacle: impl Into<AttrValue>) -> Self {
        Self { obstacle: obstacle.into(), ..self }
    }
}

/// Properties of [`Menu`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct MenuProps {
    /// Id of the button.
    pub(crate) id: AttrValue,
    /// What the button says.
    pub(crate) label: AttrValue,
    /// The picture before it.
    #[prop_or_default]
    pub(crate) icon: Option<Icon>,
    /// Whether the button has no frame.
    #[prop_or_default]
    pub(crate) plain: bool,
    /// Whether the list is flush with the button's right edge.
    #[prop_or_default]
    pub(crate) right: bool,
    /// The entries.
    pub(crate) items: Vec<MenuItem>,
}

/// A button that opens a list; arrow keys move in it, Esc closes it and gives the focus back.
#[component]
pub(crate) fn Menu(props: &MenuProps) -> Html {
    let open = use_state(|| false);
    let root = use_node_ref();
    let button = use_node_ref();
    {
        let root = root.clone();
        use_effect_with(*open, move |open| {
            if *open {
                focus_entry(&root, 0);
            }
        });
    }
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let onkeydown = {
        let (open, root, button) = (open.clone(), root.clone(), button.clone());
        Callback::from(move |event: KeyboardEvent| {
            let handled = match event.key().as_str() {
                "Escape" if *open => {
                    open.set(false);
                    focus(&button);
                    true
                }
                "ArrowDown" if *open => move_focus(&root, 1),
                "ArrowUp" if *open => move_focus(&root, -1),
                "ArrowDown" => {
                    open.set(true);
                    true
                }
                _ => false,
            };
            if handled {
                event.prevent_default();
                event.stop_propagation();
            }
        })
    };
    let onfocusout = {
        let (open, root) = (open.clone(), root.clone());
        Callback::from(move |event: FocusEvent| {
            let to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
            let inside = root.get().is_some_and(|root| root.contains(to.as_ref()));
            if !inside {
                open.set(false);
            }
        })
    };
    let expanded = if *open { "true" } else { "false" };
    html! {
        <div class="sp-menu" ref={root} {onkeydown} {onfocusout}>
            <button
                ref={button.clone()}
                id={props.id.clone()}
                type="button"
                class={classes!("pf-v6-c-menu-toggle", props.plain.then_some("pf-m-plain pf-m-text"), open.then_some("pf-m-expanded"))}
                aria-haspopup="menu"
                aria-expanded={expanded}
                onclick={toggle}
            >
                if let Some(icon) = props.icon {
                    <span class="pf-v6-c-menu-toggle__icon">{ icon.html() }</span>
                }
                <span class="pf-v6-c-menu-toggle__text">{ &props.label }</span>
                <span class="pf-v6-c-menu-toggle__controls">
                    <span class="pf-v6-c-menu-toggle__toggle-icon">{ Icon::CaretDown.html() }</span>
                </span>
            </button>
            if *open {
                <div class={classes!("pf-v6-c-menu", "sp-menu__list", props.right.then_some("sp-m-right"))}>
                    <div class="pf-v6-c-menu__content">
                        <ul class="pf-v6-c-menu__list" role="menu" aria-labelledby={props.id.clone()}>
                            { for props.items.iter().map(|item| entry(item, &open, &button)) }
                        </ul>
                    </div>
                </div>
            }
        </div>
    }
}

fn entry(item: &MenuItem, open: &UseStateHandle<bool>, button: &NodeRef) -> Html {
    let (open, button, onclick) = (open.clone(), button.clone(), item.onclick.clone());
    let chosen = Callback::from(move |()| {
        open.set(false);
        // What opens now gives the focus back to the button.
        focus(&button);
        onclick.emit(());
    });
    item_html(item, chosen)
}

/// An entry as it is drawn. One that cannot be chosen says why.
pub(super) fn item_html(item: &MenuItem, onchosen: Callback<()>) -> Html {
    let blocked = !item.obstacle.is_empty();
    let below = if blocked { &item.obstacle } else { &item.description };
    let onclick = Callback::from(move |_: MouseEvent| {
        if !blocked {
            onchosen.emit(());
        }
    });
    html! {
        <li class={classes!("pf-v6-c-menu__list-item", blocked.then_some("pf-m-aria-disabled"))} role="none">
            <button id={item.id} type="button" class="pf-v6-c-menu__item" role="menuitem" tabindex="-1"
                aria-disabled={blocked.then_some("true")} {onclick}>
                <span class="pf-v6-c-menu__item-main">
                    <span class="pf-v6-c-menu__item-text">{ &item.label }</span>
                </span>
                if !below.is_empty() {
                    <span class="pf-v6-c-menu__item-description">{ below }</span>
                }
            </button>
        </li>
    }
}

fn focus(element: &NodeRef) {
    if let Some(element) = element.cast::<HtmlElement>() {
        let _ = element.focus();
    }
}

pub(super) fn entries(root: &NodeRef) -> Vec<HtmlElement> {
    let Some(root) = root.cast::<web_sys::Element>() else { return Vec::new() };
    let Ok(found) = root.query_selector_all("[role=menuitem]") else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
}

pub(super) fn focus_entry(root: &NodeRef, at: usize) {
    if let Some(entry) = entries(root).get(at) {
        let _ = entry.focus();
    }
}

pub(super) fn move_focus(root: &NodeRef, by: isize) -> bool {
    let entries = entries(root);
    let focused = gloo::utils::document().active_element();
    let at = entries.iter().position(|entry| Some(entry.as_ref()) == focused.as_ref()).unwrap_or(0);
    let to = (at.saturating_add_signed(by)).min(entries.len().saturating_sub(1));
    focus_entry(root, to);
    true
}
