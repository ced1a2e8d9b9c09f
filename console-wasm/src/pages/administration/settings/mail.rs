use wire::api::{MailSecurity, MailTest, TestOutcome};
use wire::validate;
use yew::prelude::*;

use super::kept_form::{KeptForm, authority_field, refusal, use_kept_form, wrong};
use super::outbox::OutboxView;
use super::outcome;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::Button;
use crate::components::field::{SelectField, Switch, TextField, kept_in};
use crate::console::use_console;
use crate::state::mail_form::MailForm;
use crate::submission::{Submission, use_submission};

/// The mail server, a way to try it out, and what waits.
#[component]
pub(super) fn Mail() -> Html {
    let kept = use_kept_form(|api| async move { api.mail_settings().await.map(|settings| MailForm::new(&settings)) });
    let sending = use_submission();
    let about = "Letters are handed over to this server. They wait here while it is away, for 24 hours.";
    kept.card("mail", "Mail", about, |form| {
        let obstacle = kept.untried(form.server.host.is_empty(), "Enter a mail server and save it first.");
        html! {
            <>
                <MailFields form={form.clone()} kept={kept.clone()} sending={sending.clone()} />
                <TryMail {obstacle} />
                <OutboxView />
            </>
        }
    })
}

#[derive(Clone, PartialEq, Properties)]
struct MailFieldsProps {
    form: MailForm,
    kept: KeptForm<MailForm>,
    sending: Submission,
}

#[component]
fn MailFields(props: &MailFieldsProps) -> Html {
    let console = use_console();
    let MailFieldsProps { form, kept, sending } = props;
    let errors = form.errors();
    let said = |field: &str| sending.said(field, wrong(&errors, field));
    let onsubmit = kept.saving(
        (&console, sending),
        (form.draft(), errors.is_empty()),
        |api, draft| async move { api.set_mail_settings(&draft).await },
        |settings| {
            let is_off = settings.server.host.is_empty();
            let words = if is_off { "No mail is sent any more" } else { "The mail server is set" };
            (words, MailForm::new(&settings))
        },
    );
    let has_user = !form.server.user_name.is_empty();
    let password_help = if form.keeps_password() && has_user { "Empty: the present one stays." } else { "" };
    html! {
        <form class="pf-v6-c-form sp-fields" novalidate={true} {onsubmit} aria-label="Mail server">
            { refusal("mail-error", sending, &kept.reload) }
            <TextField id="mail-host" label="Mail server" value={form.server.host.clone()} help="Host name or IP address. Empty: no mail is sent." error={said("host")}
                oninput={kept.edit(|form: &mut MailForm, text| form.server.host = text)} />
            <SelectField id="mail-security" label="Security" options={MailForm::securities()} value={form.security()} error={said("security")}
                onchange={kept.edit(|form: &mut MailForm, key: String| form.choose_security(&key))} />
            <TextField id="mail-port" label="Port" inputmode="numeric" value={form.port.clone()} error={said("port")}
                oninput={kept.edit(|form: &mut MailForm, text| form.port = text)} />
            <TextField id="mail-user-name" label="User name" value={form.server.user_name.clone()} help="Empty: the server asks for none." error={said("user_name")}
                oninput={kept.edit(|form: &mut MailForm, text| form.server.user_name = text)} />
            <TextField id="mail-password" label="Password" kind="password" value={form.password.clone()} autocomplete="new-password"
                placeholder={(form.keeps_password() && has_user).then_some("kept")} help={password_help} error={said("password")}
                oninput={kept.edit(|form: &mut MailForm, text| form.password = text)} />
            <TextField id="mail-sender-address" label="Sender's address" inputmode="email" value={form.server.sender_address.clone()} error={said("sender_address")}
                oninput={kept.edit(|form: &mut MailForm, text| form.server.sender_address = text)} />
            <TextField id="mail-sender-name" label="Sender's name" value={form.server.sender_name.clone()} help="May be empty." error={said("sender_name")}
                oninput={kept.edit(|form: &mut MailForm, text| form.server.sender_name = text)} />
            if form.server.security == MailSecurity::None {
                <div class="sp-fields__all">
                    <Alert id="mail-unsecured" severity={Severity::Warning} title="Whoever stands between the appliance and this server can read and change every letter, and read the password">
                        <Switch id="mail-unsecured-accepted" label="I accept that" on={form.server.unsecured_accepted}
                            onchange={kept.edit(|form: &mut MailForm, on| form.server.unsecured_accepted = on)} />
                        if let Some(error) = said("unsecured_accepted") {
                            <p class="sp-wrong" data-testid="mail-unsecured-accepted-error">{ error }</p>
                        }
                    </Alert>
                </div>
            } else {
                { authority_field("mail-ca-pem", &form.server.ca_pem, said("ca_pem"), kept.edit(|form: &mut MailForm, text| form.server.ca_pem = text)) }
            }
            <div class="sp-fields__all">{ kept.save_button("mail-save", sending) }</div>
        </form>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct TryMailProps {
    obstacle: AttrValue,
}

/// Sends a letter at once.
#[component]
fn TryMail(props: &TryMailProps) -> Html {
    let console = use_console();
    let to = use_state(String::new);
    let came = use_state(|| None::<TestOutcome>);
    let sending = use_submission();
    let wrong_to = validate::mail_address(to.trim());
    let onsubmit = {
        let (to, came, sending) = (to.clone(), came.clone(), sending.clone());
        let (is_right, blocked) = (wrong_to.is_none(), !props.obstacle.is_empty());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if blocked {
                return;
            }
            came.set(None);
            let (api, test, came) = (console.api().clone(), MailTest { to: to.trim().to_owned() }, came.clone());
            sending.send(is_right, async move { api.test_mail(&test).await }, move |it| came.set(Some(it)));
        })
    };
    html! {
        <form class="sp-try" novalidate={true} {onsubmit} aria-label="Try the mail server out">
            <TextField id="mail-test-to" label="Try it out: send a letter to" inputmode="email" value={(*to).clone()} error={sending.said("to", wrong_to)} oninput={kept_in(&to)} />
            <Button id="mail-test" label="Send" busy={sending.is_busy()} submit={true} obstacle={props.obstacle.clone()} />
            if let Some(error) = sending.error().filter(|error| error.fields.is_empty()) {
                <ErrorAlert id="mail-test-error" error={error.clone()} />
            }
            if let Some(it) = &*came {
                { outcome("mail-test-outcome", it, Html::default()) }
            }
        </form>
    }
}
