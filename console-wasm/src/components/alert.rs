//! Messages that stand where the person looks.

use wire::api::ApiError;
use yew::prelude::*;

use super::button::{Button, Kind};
use super::icon::Icon;

/// How serious a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Good to know.
    Info,
    /// Done.
    Success,
    /// Look at this.
    Warning,
    /// It failed.
    Danger,
}

impl Severity {
    fn parts(self) -> (&'static str, Icon, &'static str) {
        match self {
            Self::Info => ("pf-m-info", Icon::Info, "Information"),
            Self::Success => ("pf-m-success", Icon::Check, "Done"),
            Self::Warning => ("pf-m-warning", Icon::Warning, "Warning"),
            Self::Danger => ("pf-m-danger", Icon::Failure, "Failure"),
        }
    }
}

/// Properties of [`Alert`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct AlertProps {
    /// Its id in the page.
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// How serious it is.
    pub(crate) severity: Severity,
    /// One line.
    pub(crate) title: AttrValue,
    /// What else there is to say or do.
    #[prop_or_default]
    pub(crate) children: Html,
    /// Closes it, where it can be closed.
    #[prop_or_default]
    pub(crate) onclose: Option<Callback<()>>,
    /// Whether it floats above the page.
    #[prop_or_default]
    pub(crate) toast: bool,
}

/// A message. A failure interrupts a screen reader, the others wait for their turn.
#[component]
pub(crate) fn Alert(props: &AlertProps) -> Html {
    let (class, icon, name) = props.severity.parts();
    let role = if props.severity == Severity::Danger { "alert" } else { "status" };
    html! {
        <div
            id={props.id.clone()}
            class={classes!("pf-v6-c-alert", class, (!props.toast).then_some("pf-m-inline"))}
            {role}
        >
            <div class="pf-v6-c-alert__icon">{ icon.html() }</div>
            <p class="pf-v6-c-alert__title">
                <span class="pf-v6-screen-reader">{ format!("{name}: ") }</span>
                { &props.title }
            </p>
            if let Some(onclose) = &props.onclose {
                <div class="pf-v6-c-alert__action">
                    <Button kind={Kind::Plain} icon={Icon::Times} title="Close this message" onclick={onclose.reform(|_| ())} />
                </div>
            }
            if props.children != Html::default() {
                <div class="pf-v6-c-alert__description">{ props.children.clone() }</div>
            }
        </div>
    }
}

/// Properties of [`ErrorAlert`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ErrorAlertProps {
    /// Its id in the page.
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// What the appliance said.
    pub(crate) error: ApiError,
    /// What can be done from here.
    #[prop_or_default]
    pub(crate) children: Html,
    /// Closes it, where it can be closed.
    #[prop_or_default]
    pub(crate) onclose: Option<Callback<()>>,
}

/// What the appliance refused: what happened, the next step, and the id under which its log has the details; not where
/// the person mends it in a field.
#[component]
pub(crate) fn ErrorAlert(props: &ErrorAlertProps) -> Html {
    let error = &props.error;
    html! {
        <Alert id={props.id.clone()} severity={Severity::Danger} title={error.message.clone()} onclose={props.onclose.clone()}>
            if !error.next_step.is_empty() {
                <p>{ &error.next_step }</p>
            }
            { props.children.clone() }
            if !error.request_id.is_empty() && error.fields.is_empty() {
                <p class="sp-request-id">{ "Request " }<code>{ &error.request_id }</code></p>
            }
        </Alert>
    }
}
