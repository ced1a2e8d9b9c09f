use yew::prelude::*;

use super::kept_form::wrong;
use crate::components::button::{Button, Kind};
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::state::ticket_form::{HeaderForm, TicketForm};
use crate::submission::Submission;

/// Properties of [`Headers`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct HeadersProps {
    /// The form they stand in.
    pub(super) form: TicketForm,
    /// How far it is with being sent.
    pub(super) sending: Submission,
    /// The headers after a change.
    pub(super) onchange: Callback<Vec<HeaderForm>>,
}

/// One row for each header that is sent along, and a button for one more.
#[component]
pub(super) fn Headers(props: &HeadersProps) -> Html {
    let headers = &props.form.headers;
    let errors = props.form.errors();
    let edit = |at: usize, change: fn(&mut HeaderForm, String)| {
        let headers = headers.clone();
        props.onchange.reform(move |text: String| {
            let mut headers = headers.clone();
            change(&mut headers[at], text);
            headers
        })
    };
    let said = |at: usize, part: &str| {
        let field = format!("headers[{at}].{part}");
        props.sending.said(&field, wrong(&errors, &field))
    };
    let row = |(at, header): (usize, &HeaderForm)| {
        let rest: Vec<_> =
            headers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, it)| it.clone()).collect();
        html! {
            <div class="sp-headers__row" key={at} data-testid="ticket-header">
                <div>
                    <TextField id={format!("ticket-header-{at}-name")} label={format!("Name of header {}", at + 1)} bare={true} placeholder="Authorization"
                        value={header.name.clone()} error={said(at, "name")} oninput={edit(at, |header, text| {
                            // Another header: its value is not the kept one.
                            header.kept = false;
                            header.name = text;
                        })} />
                </div>
                <div>
                    <TextField id={format!("ticket-header-{at}-value")} label={format!("Value of header {}", at + 1)} bare={true} kind="password" autocomplete="new-password"
                        placeholder={header.kept.then_some("kept")} value={header.value.clone()} error={said(at, "value")} oninput={edit(at, |header, text| header.value = text)} />
                </div>
                <Button id={format!("ticket-header-{at}-remove")} kind={Kind::Plain} icon={Icon::Minus} title={format!("Remove header {}", at + 1)}
                    onclick={props.onchange.reform(move |_: MouseEvent| rest.clone())} />
            </div>
        }
    };
    let one_more = [headers.as_slice(), &[HeaderForm::default()]].concat();
    html! {
        <fieldset class="sp-headers" id="ticket-headers">
            <legend class="pf-v6-c-form__label-text">{ "Headers that are sent along, kept secret" }</legend>
            { for headers.iter().enumerate().map(row) }
            <Button id="add-ticket-header" kind={Kind::Link} class="pf-m-inline" icon={Icon::Plus} label="Add a header" obstacle={props.form.no_more_headers()}
                onclick={props.onchange.reform(move |_: MouseEvent| one_more.clone())} />
        </fieldset>
    }
}
