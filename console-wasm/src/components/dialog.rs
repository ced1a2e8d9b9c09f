//! Dialogs: the browser's own, which keep the focus inside and give it back.

use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use super::alert::ErrorAlert;
use super::button::{Button, Kind};
use super::icon::Icon;
use crate::submission::Submission;

/// How wide a dialog is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Width {
    /// For a question.
    #[default]
    Small,
    /// For a form.
    Medium,
}

/// Properties of [`Dialog`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct DialogProps {
    /// Its id in the page.
    pub(crate) id: AttrValue,
    /// Its heading.
    pub(crate) title: AttrValue,
    /// How wide it is.
    #[prop_or_default]
    pub(crate) width: Width,
    /// What it holds.
    pub(crate) children: Html,
    /// Its buttons.
    pub(crate) footer: Html,
    /// Closes it; Esc does too.
    pub(crate) onclose: Callback<()>,
    /// Sends its form, where it is one.
    #[prop_or_default]
    pub(crate) onsubmit: Option<Callback<()>>,
}

/// A dialog, open for as long as it is drawn.
#[component]
pub(crate) fn Dialog(props: &DialogProps) -> Html {
    let element = use_node_ref();
    {
        let element = element.clone();
        use_effect_with((), move |()| {
            let before = gloo::utils::document().active_element();
            let dialog = element.cast::<HtmlDialogElement>();
            if let Some(dialog) = &dialog {
                // Fails only where it is open already.
                let _ = dialog.show_modal();
                focus_first_field(dialog);
            }
            move || {
                if let Some(dialog) = dialog {
                    dialog.close();
                }
                let before = before.and_then(|element| element.dyn_into::<HtmlElement>().ok());
                if let Some(before) = before {
                    let _ = before.focus();
                }
            }
        });
    }
    let oncancel = {
        let onclose = props.onclose.clone();
        Callback::from(move |event: Event| {
            // The component decides: its owner takes it away.
            event.prevent_default();
            onclose.emit(());
        })
    };
    let onsubmit = {
        let onsubmit = props.onsubmit.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(onsubmit) = &onsubmit {
                onsubmit.emit(());
            }
        })
    };
    let heading = format!("{}-title", props.id);
    let width = match props.width {
        Width::Small => "pf-m-sm",
        Width::Medium => "pf-m-md",
    };
    html! {
        <dialog ref={element} id={props.id.clone()} class="sp-dialog" aria-labelledby={heading.clone()} {oncancel}>
            <form class={classes!("pf-v6-c-modal-box", width)} novalidate={true} {onsubmit}>
                <div class="pf-v6-c-modal-box__close">
                    <Button id={format!("{}-close", props.id)} kind={Kind::Plain} icon={Icon::Times} title="Close" onclick={props.onclose.reform(|_| ())} />
                </div>
                <header class="pf-v6-c-modal-box__header">
                    <div class="pf-v6-c-modal-box__header-main">
                        <h1 class="pf-v6-c-modal-box__title" id={heading}>
                            <span class="pf-v6-c-modal-box__title-text">{ &props.title }</span>
                        </h1>
                    </div>
                </header>
                <div class="pf-v6-c-modal-box__body">{ props.children.clone() }</div>
                <footer class="pf-v6-c-modal-box__footer">{ props.footer.clone() }</footer>
            </form>
        </dialog>
    }
}

/// The first field, or the first button of the footer: not the cross, which the browser would take.
fn focus_first_field(dialog: &HtmlDialogElement) {
    let first = [".pf-v6-c-modal-box__body input:not([type=hidden]), .pf-v6-c-modal-box__body select", "footer button"]
        .iter()
        .find_map(|selector| dialog.query_selector(selector).ok().flatten());
    if let Some(first) = first.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = first.focus();
    }
}

/// Properties of [`FormDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct FormDialogProps {
    /// What its ids begin with: `{name}-dialog`, `{name}-save`, `{name}-cancel`, `{name}-error`, `{name}-reload`.
    pub(crate) name: &'static str,
    /// Its heading.
    pub(crate) title: AttrValue,
    /// How wide it is.
    #[prop_or_default]
    pub(crate) width: Width,
    /// What the button says that sends it.
    pub(crate) deed: AttrValue,
    /// How far it is with being sent.
    pub(crate) sending: Submission,
    /// Its fields.
    pub(crate) children: Html,
    /// Sends it.
    pub(crate) onsubmit: Callback<()>,
    /// Loads what it is about anew, in place of what was typed: offered when somebody else changed it meanwhile.
    #[prop_or_default]
    pub(crate) onreload: Option<Callback<()>>,
    /// Leaves it.
    pub(crate) onclose: Callback<()>,
}

/// A form above the page: fields, what was refused, and the two ways out.
#[component]
pub(crate) fn FormDialog(props: &FormDialogProps) -> Html {
    let name = props.name;
    let footer = html! {
        <>
            <Button id={format!("{name}-save")} kind={Kind::Primary} label={props.deed.clone()} busy={props.sending.is_busy()} submit={true} />
            <Button id={format!("{name}-cancel")} kind={Kind::Link} label="Cancel" onclick={props.onclose.reform(|_| ())} />
        </>
    };
    html! {
        <Dialog id={format!("{name}-dialog")} title={props.title.clone()} width={props.width} {footer} onclose={props.onclose.clone()} onsubmit={props.onsubmit.clone()}>
            <div class="pf-v6-c-form">
                if let Some(error) = props.sending.error() {
                    <ErrorAlert id={format!("{name}-error")} error={error.clone()}>
                        if let Some(onreload) = props.onreload.as_ref().filter(|_| error.code == "changed_meanwhile") {
                            <Button id={format!("{name}-reload")} small={true} label="Load it again" onclick={onreload.reform(|_: MouseEvent| ())} />
                        }
                    </ErrorAlert>
                }
                { props.children.clone() }
            </div>
        </Dialog>
    }
}

/// Properties of [`ConfirmDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ConfirmDialogProps {
    /// Its id in the page; its button is `{id}-confirm`.
    pub(crate) id: AttrValue,
    /// The question, with the names of what it touches.
    pub(crate) title: AttrValue,
    /// What will happen.
    pub(crate) children: Html,
    /// What the button says: the deed, not "OK".
    pub(crate) deed: AttrValue,
    /// Whether it is being done.
    #[prop_or_default]
    pub(crate) busy: bool,
    /// Why it could not be done.
    #[prop_or_default]
    pub(crate) error: Option<wire::api::ApiError>,
    /// Do it.
    pub(crate) onconfirm: Callback<()>,
    /// Leave it.
    pub(crate) onclose: Callback<()>,
}

/// A question before something is taken away.
#[component]
pub(crate) fn ConfirmDialog(props: &ConfirmDialogProps) -> Html {
    let footer = html! {
        <>
            <Button id={format!("{}-confirm", props.id)} kind={Kind::Danger} label={props.deed.clone()} busy={props.busy} submit={true} />
            <Button id={format!("{}-cancel", props.id)} kind={Kind::Link} label="Cancel" onclick={props.onclose.reform(|_| ())} />
        </>
    };
    html! {
        <Dialog id={props.id.clone()} title={props.title.clone()} {footer} onclose={props.onclose.clone()} onsubmit={props.onconfirm.clone()}>
            { props.children.clone() }
            if let Some(error) = &props.error {
                <ErrorAlert id={format!("{}-error", props.id)} error={error.clone()} />
            }
        </Dialog>
    }
}
