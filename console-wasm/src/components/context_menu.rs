//! The menu that opens where the pointer is, by its other button or by the menu key.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

use super::menu::{MenuItem, entries, focus_entry, item_html, move_focus};

/// Properties of [`ContextMenu`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ContextMenuProps {
    /// Its id in the page.
    pub(crate) id: AttrValue,
    /// What it is about.
    pub(crate) label: AttrValue,
    /// Where it opens, in CSS pixels from the window's left and top.
    pub(crate) at: (i32, i32),
    /// The entries.
    pub(crate) items: Vec<MenuItem>,
    /// Closes it.
    pub(crate) onclose: Callback<()>,
}

/// The menu. The focus goes back to where it was.
#[component]
pub(crate) fn ContextMenu(props: &ContextMenuProps) -> Html {
    let root = use_node_ref();
    {
        let (root, onclose) = (root.clone(), props.onclose.clone());
        use_effect_with((), move |()| {
            let before = gloo::utils::document().active_element();
            focus_entry(&root, 0);
            let inside = root.clone();
            let listener = EventListener::new(&gloo::utils::document(), "pointerdown", move |event| {
                let on = event.target().and_then(|target| target.dyn_into::<Node>().ok());
                if !inside.get().is_some_and(|root| root.contains(on.as_ref())) {
                    onclose.emit(());
                }
            });
            move || {
                drop(listener);
                let held = gloo::utils::document().active_element();
                // Where something else took the focus, it keeps it.
                let ours = held.is_none_or(|held| {
                    held.tag_name() == "BODY" || held.closest(".sp-context").is_ok_and(|it| it.is_some())
                });
                let before = before.and_then(|element| element.dyn_into::<HtmlElement>().ok());
                if let Some(before) = before.filter(|_| ours) {
                    let _ = before.focus();
                }
            }
        });
    }
    let onkeydown = {
        let (root, onclose) = (root.clone(), props.onclose.clone());
        Callback::from(move |event: KeyboardEvent| {
            match event.key().as_str() {
                "ArrowDown" => drop(move_focus(&root, 1)),
                "ArrowUp" => drop(move_focus(&root, -1)),
                "Home" => focus_entry(&root, 0),
                "End" => focus_entry(&root, entries(&root).len().saturating_sub(1)),
                "Escape" | "Tab" => onclose.emit(()),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let (x, y) = props.at;
    let rows = props.items.len();
    let style = format!("--sp-x:{x}px;--sp-y:{y}px;--sp-rows:{rows}");
    let nothing = Callback::from(|event: MouseEvent| event.prevent_default());
    html! {
        <div ref={root} id={props.id.clone()} class="pf-v6-c-menu sp-context" {style} {onkeydown} oncontextmenu={nothing}>
            <div class="pf-v6-c-menu__content">
                <ul class="pf-v6-c-menu__list" role="menu" aria-label={props.label.clone()}>
                    { for props.items.iter().map(|item| {
                        let (onclose, onclick) = (props.onclose.clone(), item.onclick.clone());
                        item_html(item, Callback::from(move |()| {
                            onclose.emit(());
                            onclick.emit(());
                        }))
                    }) }
                </ul>
            </div>
        </div>
    }
}
