//! A new enrolment key, shown once, with the commands that use it.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Jumpoint, NewEnrolmentKey};
use yew::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::copy::Command;
use crate::components::dialog::{Dialog, Width};
use crate::components::spinner;
use crate::components::time;
use crate::console::{use_console, use_store};

/// Properties of [`EnrolmentDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct EnrolmentDialogProps {
    /// The jumpoint the node will belong to.
    pub(super) jumpoint: Jumpoint,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog: makes the key when it opens, and says when the node has come.
#[component]
pub(super) fn EnrolmentDialog(props: &EnrolmentDialogProps) -> Html {
    let console = use_console();
    let store = use_store();
    let key = use_state(|| None::<NewEnrolmentKey>);
    let error = use_state(|| None::<ApiError>);
    let nodes_before = use_state(|| props.jumpoint.nodes.len());
    {
        let (key, error, id) = (key.clone(), error.clone(), props.jumpoint.id);
        use_effect_with((), move |()| {
            spawn_local(async move {
                match console.api().create_enrolment_key(id).await {
                    Ok(made) => {
                        key.set(Some(made));
                        console.load_jumpoints();
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let present = store.jumpoints.list().iter().find(|jumpoint| jumpoint.id == props.jumpoint.id);
    let newest = present
        .filter(|jumpoint| jumpoint.nodes.len() > *nodes_before)
        .and_then(|jumpoint| jumpoint.nodes.iter().max_by_key(|node| node.enrolled_at));
    let footer = html! {
        <Button id="enrolment-done" kind={Kind::Primary} label="Done" onclick={props.onclose.reform(|_| ())} />
    };
    html! {
        <Dialog id="enrolment-dialog" title={format!("Enrol a node of {}", props.jumpoint.name)} width={Width::Medium} {footer} onclose={props.onclose.clone()}>
            { match (&*key, &*error) {
                (_, Some(error)) => html! { <ErrorAlert id="enrolment-error" error={error.clone()} /> },
                (None, None) => spinner("Making a key"),
                (Some(key), None) => html! {
                    <div class="sp-enrolment">
                        <p>{ "On a Linux host in the remote network that has " }<code>{ "sallyport-jumpoint" }</code>{ ", run as root:" }</p>
                        <Command id="enrolment-command" text={key.command.expose().to_owned()} />
                        <p>{ "Then start it, at once and after each start of the host:" }</p>
                        <Command id="enrolment-install" text="sallyport-jumpoint install" />
                        <p class="sp-pale">{ "or, to try it out in the terminal: " }<code>{ "sallyport-jumpoint run" }</code></p>
                        <details class="sp-enrolment__key">
                            <summary>{ "The key alone" }</summary>
                            <Command id="enrolment-key" text={key.key.expose().to_owned()} what="the key" />
                        </details>
                        if let Some(node) = newest {
                            <Alert id="enrolment-came" severity={Severity::Success} title={format!("{} has enrolled", node.hostname)}>
                                <p>{ if node.online { "It is online." } else { "It is not online yet: start it." } }</p>
                            </Alert>
                        } else {
                            <Alert severity={Severity::Info} title="The key is shown only now">
                                <p>{ format!("It enrols one node and works until {}. This page says when the node has come.", time::clock(key.entry.expires_at)) }</p>
                            </Alert>
                        }
                    </div>
                },
            } }
        </Dialog>
    }
}
