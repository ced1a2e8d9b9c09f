use wire::api::{Destination, TestOutcome};
use yew::prelude::*;

use super::kept_form::{authority_field, refusal, use_kept_form, wrong};
use super::outcome;
use crate::components::alert::ErrorAlert;
use crate::components::button::Button;
use crate::components::field::TextField;
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::state::forwarding_form::{SyslogForm, WebhookForm, status};
use crate::submission::use_submission;

/// Where audit events are handed on to.
#[component]
pub(super) fn ForwardingCards() -> Html {
    html! {
        <>
            <SyslogCard />
            <WebhookCard />
        </>
    }
}

#[component]
fn SyslogCard() -> Html {
    let console = use_console();
    let kept =
        use_kept_form(|api| async move { api.syslog_settings().await.map(|settings| SyslogForm::new(&settings)) });
    let sending = use_submission();
    let about = "Each event from the moment that it is set, in the form of RFC 5424 over TLS. What does not arrive waits, and is sent again.";
    kept.card("syslog", "Audit events to a syslog server", about, |form| {
        let errors = form.errors();
        let said = |field: &str| sending.said(field, wrong(&errors, field));
        let onsubmit = kept.saving(
            (&console, &sending),
            (form.settings(), errors.is_empty()),
            |api, settings| async move { api.set_syslog(&settings).await },
            |settings| ("The syslog server is set", SyslogForm::new(&settings)),
        );
        let obstacle = kept.untried(form.host.is_empty(), "Enter where to and save it first.");
        html! {
            <>
                <form class="pf-v6-c-form sp-fields" novalidate={true} {onsubmit} aria-label="Syslog server">
                    { refusal("syslog-error", &sending, &kept.reload) }
                    <TextField id="syslog-host" label="Host" placeholder="logs.example.org" value={form.host.clone()} error={said("host")}
                        help="Empty: nothing is sent." oninput={kept.edit(|form: &mut SyslogForm, text| form.host = text)} />
                    <TextField id="syslog-port" label="Port" inputmode="numeric" value={form.port.clone()} error={said("port")}
                        oninput={kept.edit(|form: &mut SyslogForm, text| form.port = text)} />
                    { authority_field("syslog-ca-pem", &form.ca_pem, said("ca_pem"), kept.edit(|form: &mut SyslogForm, text| form.ca_pem = text)) }
                    <div class="sp-fields__all">{ kept.save_button("syslog-save", &sending) }</div>
                </form>
                <Trial to={Destination::Syslog} {obstacle} />
            </>
        }
    })
}

#[component]
fn WebhookCard() -> Html {
    let console = use_console();
    let kept =
        use_kept_form(|api| async move { api.webhook_settings().await.map(|settings| WebhookForm::new(&settings)) });
    let sending = use_submission();
    let about = "Each event from the moment that it is set, as JSON over HTTPS. What is not answered with 2xx waits, and is posted again.";
    kept.card("webhook", "Audit events to a webhook", about, |form| {
        let errors = form.errors();
        let said = |field: &str| sending.said(field, wrong(&errors, field));
        let onsubmit = kept.saving(
            (&console, &sending),
            (form.draft(), errors.is_empty()),
            |api, draft| async move { api.set_webhook(&draft).await },
            |settings| ("The webhook is set", WebhookForm::new(&settings)),
        );
        let obstacle = kept.untried(form.url.is_empty(), "Enter where to and save it first.");
        let secret_help = if form.has_secret {
            "One is kept. Empty: it stays. What is posted is signed with it, HMAC-SHA-256."
        } else {
            "What is posted is signed with it, HMAC-SHA-256, so that the receiver knows who sent it."
        };
        html! {
            <>
                <form class="pf-v6-c-form sp-fields" novalidate={true} {onsubmit} aria-label="Webhook">
                    { refusal("webhook-error", &sending, &kept.reload) }
                    <div class="sp-fields__all">
                        <TextField id="webhook-url" label="Address" placeholder="https://siem.example.org/sallyport" value={form.url.clone()} error={said("url")}
                            help="Empty: nothing is posted." oninput={kept.edit(|form: &mut WebhookForm, text| form.url = text)} />
                    </div>
                    <TextField id="webhook-secret" label="Secret" kind="password" autocomplete="new-password" value={form.secret.clone()} error={said("secret")}
                        help={secret_help} oninput={kept.edit(|form: &mut WebhookForm, text| form.secret = text)} />
                    { authority_field("webhook-ca-pem", &form.ca_pem, said("ca_pem"), kept.edit(|form: &mut WebhookForm, text| form.ca_pem = text)) }
                    <div class="sp-fields__all">{ kept.save_button("webhook-save", &sending) }</div>
                </form>
                <Trial to={Destination::Webhook} {obstacle} />
            </>
        }
    })
}

#[derive(Clone, PartialEq, Properties)]
struct TrialProps {
    to: Destination,
    obstacle: AttrValue,
}

/// How far events were handed on, and a way to try it out.
#[component]
fn Trial(props: &TrialProps) -> Html {
    let console = use_console();
    let came = use_state(|| None::<TestOutcome>);
    let sending = use_submission();
    let to = props.to;
    let loaded = use_loaded((to, props.obstacle.is_empty()), |api| async move { api.forwarding().await });
    let now = loaded.list().iter().find(|it| it.destination == to && it.is_on).map(status);
    let onsubmit = {
        let (came, sending, blocked) = (came.clone(), sending.clone(), !props.obstacle.is_empty());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if blocked {
                return;
            }
            came.set(None);
            let (api, came) = (console.api().clone(), came.clone());
            sending.send(true, async move { api.test_forwarding(to).await }, move |it| came.set(Some(it)));
        })
    };
    let (id, said) = match to {
        Destination::Syslog => ("syslog-test", "syslog-test-outcome"),
        Destination::Webhook => ("webhook-test", "webhook-test-outcome"),
    };
    html! {
        <form class="sp-try" novalidate={true} {onsubmit} aria-label="Try it out">
            if let Some(now) = now {
                <p class="sp-pale" data-testid={format!("{}-status", to.name())}>{ now }</p>
            }
            <Button {id} label="Try it out" busy={sending.is_busy()} submit={true} obstacle={props.obstacle.clone()} />
            if let Some(error) = sending.error() {
                <ErrorAlert id={format!("{id}-error")} error={error.clone()} />
            }
            if let Some(it) = &*came {
                { outcome(said, it, Html::default()) }
            }
        </form>
    }
}
