//! Short notices at the corner of the page.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use super::alert::{Alert, Severity};
use super::button::{Button, Kind};
use super::icon::Icon;
use crate::console::{use_console, use_store};
use crate::state::store::Action;
use crate::state::toasts::{Toast, ToastKind};

/// All notices.
#[component]
pub(crate) fn ToastList() -> Html {
    let store = use_store();
    html! {
        <ul class="pf-v6-c-alert-group pf-m-toast" id="toasts" aria-label="Notices">
            { for store.toasts.shown().iter().map(|toast| html! {
                <li key={toast.number} class="pf-v6-c-alert-group__item"><ToastItem toast={toast.clone()} /></li>
            }) }
        </ul>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ToastItemProps {
    toast: Toast,
}

/// One notice. A failure stays until it is closed.
#[component]
fn ToastItem(props: &ToastItemProps) -> Html {
    let console = use_console();
    let millis = props.toast.millis();
    let Toast { number, kind, title, text, undo } = props.toast.clone();
    let restore = {
        let (console, undo) = (console.clone(), undo.clone());
        Callback::from(move |_: MouseEvent| {
            console.dispatch(Action::ToastRead(number));
            console.restore_items(undo.clone());
        })
    };
    let read = Callback::from(move |()| console.dispatch(Action::ToastRead(number)));
    {
        let read = read.clone();
        use_effect_with((), move |()| {
            let timeout = millis.map(|millis| Timeout::new(millis, move || read.emit(())));
            move || drop(timeout)
        });
    }
    let severity = match kind {
        ToastKind::Success => Severity::Success,
        ToastKind::Info => Severity::Info,
        ToastKind::Failure => Severity::Danger,
    };
    html! {
        <Alert {severity} {title} onclose={read} toast={true}>
            if !text.is_empty() {
                <p>{ text }</p>
            }
            if !undo.is_empty() {
                <p><Button id="undo-remove" kind={Kind::Link} class="pf-m-inline" icon={Icon::Undo} label="Undo" onclick={restore} /></p>
            }
        </Alert>
    }
}
