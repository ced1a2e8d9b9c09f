//! One event with everything that is known of it.

use wire::audit::LinkedEvent;
use yew::prelude::*;

use super::who;
use crate::components::button::{Button, Kind};
use crate::components::dialog::{Dialog, Width};
use crate::components::state_label::StateLabel;
use crate::components::time::full;
use crate::state::audit::{ChangedField, changed, outcome};

/// Properties of [`Details`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct DetailsProps {
    /// The event.
    pub(super) it: LinkedEvent,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn Details(props: &DetailsProps) -> Html {
    let event = &props.it.event;
    let footer = html! {
        <Button id="audit-details-done" kind={Kind::Primary} label="Close" onclick={props.onclose.reform(|_: MouseEvent| ())} />
    };
    let line = |name: &'static str, value: Html| html! { <><dt>{ name }</dt><dd>{ value }</dd></> };
    let object = event.object.as_ref().map(|it| format!("{} {}", it.kind.words(), it.name));
    let fields = changed(event);
    html! {
        <Dialog id="audit-details" title={event.action.words()} width={Width::Medium} {footer} onclose={props.onclose.clone()}>
            <dl class="sp-facts">
                { line("Event", html! { event.sequence.to_string() }) }
                { line("Time", html! { full(event.at) }) }
                { line("Who", html! { who(event) }) }
                if let Some(address) = &event.address {
                    { line("From", html! { address.clone() }) }
                }
                if let Some(object) = object {
                    { line("Object", html! { object }) }
                }
                if let Some(word) = outcome(event) {
                    { line("Outcome", html! { <StateLabel {word} /> }) }
                }
                if !event.message.is_empty() {
                    { line("Message", html! { <span class="sp-lines">{ &event.message }</span> }) }
                }
            </dl>
            if !fields.is_empty() {
                <div class="sp-table-scroll">
                <table class="pf-v6-c-table pf-m-compact sp-diff" id="audit-changes" aria-label="What changed">
                    <thead class="pf-v6-c-table__thead">
                        <tr class="pf-v6-c-table__tr">
                            { for ["Field", "Before", "After"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                        </tr>
                    </thead>
                    <tbody class="pf-v6-c-table__tbody">{ for fields.iter().map(field) }</tbody>
                </table>
                </div>
            }
            <p class="sp-request-id">{ "Hash " }<code>{ props.it.hash.to_string() }</code></p>
        </Dialog>
    }
}

fn field(it: &ChangedField) -> Html {
    let cell = |class: &'static str, text: &Option<String>| match text {
        Some(text) => html! { <td class={classes!("pf-v6-c-table__td", "sp-lines", class)}>{ text }</td> },
        None => html! { <td class="pf-v6-c-table__td"></td> },
    };
    html! {
        <tr class="pf-v6-c-table__tr" key={it.name.clone()}>
            <th class="pf-v6-c-table__th" scope="row">{ &it.name }</th>
            { cell("sp-diff__before", &it.before) }
            { cell("sp-diff__after", &it.after) }
        </tr>
    }
}
