use wire::api::{TicketMethod, TicketTest, TicketTestResult};
use wire::validate;
use yew::prelude::*;

use super::headers::Headers;
use super::kept_form::{authority_field, refusal, use_kept_form, wrong};
use super::outcome;
use crate::components::alert::ErrorAlert;
use crate::components::button::Button;
use crate::components::field::{SelectField, Switch, TextArea, TextField, kept_in};
use crate::console::use_console;
use crate::state::ticket_form::TicketForm;
use crate::submission::use_submission;

/// How the ticket system is asked, and a way to try it out.
#[component]
pub(super) fn TicketSystemCard() -> Html {
    let console = use_console();
    let kept =
        use_kept_form(
            |api| async move { api.ticket_system_settings().await.map(|settings| TicketForm::new(&settings)) },
        );
    let sending = use_submission();
    let about = "It is asked whether a ticket is good. Without a clear yes nobody gets in: not when it refuses, is away, or is too slow.";
    kept.card("ticket-system", "Ticket system", about, |form| {
        let errors = form.errors();
        let said = |field: &str| sending.said(field, wrong(&errors, field));
        let onsubmit = kept.saving(
            (&console, &sending),
            (form.draft(), errors.is_empty()),
            |api, draft| async move { api.set_ticket_system_settings(&draft).await },
            |settings| {
                let is_off = settings.system.url.is_empty();
                let words = if is_off { "No ticket system is asked any more" } else { "The ticket system is set" };
                (words, TicketForm::new(&settings))
            },
        );
        let is_post = form.system.method == TicketMethod::Post;
        let methods = ["GET", "POST"].map(|it| (it.to_owned(), it.to_owned())).to_vec();
        let obstacle = kept.untried(form.system.url.is_empty(), "Enter an address and save it first.");
        html! {
            <>
                <form class="pf-v6-c-form sp-fields" novalidate={true} {onsubmit} aria-label="Ticket system">
                    { refusal("ticket-error", &sending, &kept.reload) }
                    <div class="sp-fields__all">
                        <TextField id="ticket-url" label="Address" placeholder="https://tickets.example.org/api/tickets/{ticket}" value={form.system.url.clone()} error={said("url")}
                            help="{ticket} stands for the ticket's number. Empty: no ticket system is asked."
                            oninput={kept.edit(|form: &mut TicketForm, text| form.system.url = text)} />
                    </div>
                    <SelectField id="ticket-method" label="Method" options={methods} value={if is_post { "POST" } else { "GET" }} error={said("method")}
                        onchange={kept.edit(|form: &mut TicketForm, name: String| form.choose_method(&name))} />
                    <TextField id="ticket-time-out" label="Seconds to wait for an answer" inputmode="numeric" value={form.time_out.clone()} error={said("time_out_seconds")}
                        help="1 to 30" oninput={kept.edit(|form: &mut TicketForm, text| form.time_out = text)} />
                    if is_post {
                        <div class="sp-fields__all">
                            <TextArea id="ticket-body" label="JSON to post" value={form.system.body.clone()} error={said("body")}
                                help="{ticket}, {user} and {item} are filled in where they stand between quotation marks."
                                oninput={kept.edit(|form: &mut TicketForm, text| form.system.body = text)} />
                        </div>
                    }
                    <div class="sp-fields__all">
                        <Headers form={form.clone()} sending={sending.clone()} onchange={kept.edit(|form: &mut TicketForm, headers| form.headers = headers)} />
                    </div>
                    <TextField id="ticket-pointer" label="A ticket is good when" placeholder="/state" value={form.pointer.clone()} error={said("condition.pointer")}
                        help="Where to look in the answer, as a JSON pointer. Empty: every status from 200 to 299 is good." oninput={kept.edit(|form: &mut TicketForm, text| form.pointer = text)} />
                    <TextField id="ticket-equals" label="says" placeholder="open" value={form.equals.clone()} error={said("condition.equals")}
                        oninput={kept.edit(|form: &mut TicketForm, text| form.equals = text)} />
                    <TextField id="ticket-message-pointer" label="Where the answer has words about the ticket" placeholder="/summary" value={form.system.message_pointer.clone()}
                        help="A JSON pointer; the person sees these words. May be empty." error={said("message_pointer")}
                        oninput={kept.edit(|form: &mut TicketForm, text| form.system.message_pointer = text)} />
                    { authority_field("ticket-ca-pem", &form.system.ca_pem, said("ca_pem"), kept.edit(|form: &mut TicketForm, text| form.system.ca_pem = text)) }
                    if form.system.unsecured_accepted || form.system.url.starts_with("http://") {
                        <div class="sp-fields__all">
                            <Switch id="ticket-unsecured-accepted" label="Ask without TLS, on the appliance's own machine" on={form.system.unsecured_accepted}
                                onchange={kept.edit(|form: &mut TicketForm, on| form.system.unsecured_accepted = on)} />
                        </div>
                    }
                    <div class="sp-fields__all">{ kept.save_button("ticket-save", &sending) }</div>
                </form>
                <TryTicket {obstacle} />
            </>
        }
    })
}

#[derive(Clone, PartialEq, Properties)]
struct TryTicketProps {
    obstacle: AttrValue,
}

/// Asks about a ticket at once.
#[component]
fn TryTicket(props: &TryTicketProps) -> Html {
    let console = use_console();
    let ticket = use_state(String::new);
    let came = use_state(|| None::<TicketTestResult>);
    let sending = use_submission();
    let wrong_ticket = validate::ticket(&ticket);
    let onsubmit = {
        let (ticket, came, sending) = (ticket.clone(), came.clone(), sending.clone());
        let (is_right, blocked) = (wrong_ticket.is_none(), !props.obstacle.is_empty());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if blocked {
                return;
            }
            came.set(None);
            let (api, test, came) = (console.api().clone(), TicketTest { ticket: (*ticket).clone() }, came.clone());
            sending.send(is_right, async move { api.test_ticket(&test).await }, move |it| came.set(Some(it)));
        })
    };
    html! {
        <form class="sp-try" novalidate={true} {onsubmit} aria-label="Try the ticket system out">
            <TextField id="ticket-test-number" label="Try it out: ask about the ticket" value={(*ticket).clone()} error={sending.said("ticket", wrong_ticket)} oninput={kept_in(&ticket)} />
            <Button id="ticket-test" label="Ask" busy={sending.is_busy()} submit={true} obstacle={props.obstacle.clone()} />
            if let Some(error) = sending.error().filter(|error| error.fields.is_empty()) {
                <ErrorAlert id="ticket-test-error" error={error.clone()} />
            }
            if let Some(it) = &*came {
                { outcome("ticket-test-outcome", &it.outcome, exchange(it)) }
            }
        </form>
    }
}

/// What was asked and what came back, for whoever wants to know.
fn exchange(it: &TicketTestResult) -> Html {
    if it.asked.is_empty() {
        return Html::default();
    }
    let status = it.status.map_or_else(|| "Nothing came back.".to_owned(), |status| format!("Status {status}"));
    let answer = it.answer.clone().filter(|answer| !answer.is_empty());
    html! {
        <details id="ticket-exchange">
            <summary>{ "What was asked, and what came back" }</summary>
            <pre class="sp-exchange">{ &it.asked }</pre>
            <p>{ status }</p>
            if let Some(answer) = answer {
                <pre class="sp-exchange">{ answer }</pre>
            }
        </details>
    }
}
