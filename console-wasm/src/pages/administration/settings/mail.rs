use wire::api::{MailSecurity, MailTest, TestOutcome};
use wire::validate;
use yew::prelude::*;

use super::outbox::OutboxView;
use super::{KeptForm, outcome, refusal, use_kept_form, wrong};
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::field::{SelectField, Switch, TextArea, TextField, kept_in};
use crate::components::spinner;
use crate::console::use_console;
use crate::state::mail_form::MailForm;
use crate::state::toasts::ToastKind;
use crate::submission::{Submission, use_submission};

/// The mail server, a way to try it out, and what waits.
#[component]
pub(super) fn Mail() -> Html {
    let kept = use_kept_form(|api| async move { api.mail_settings().await.map(|settings| MailForm::new(&settings)) });
    let sending = use_submission();
    html! {
        <section class="sp-card" id="mail-settings" aria-labelledby="mail-settings-title">
            <h2 id="mail-settings-title">{ "Mail" }</h2>
            <p class="sp-pale">{ "Letters are handed over to this server. They wait here while it is away, for 24 hours." }</p>
            if let Some(error) = &*kept.error {
                <ErrorAlert id="mail-load-error" error={error.clone()} />
            }
            { match &*kept.form {
                None if kept.error.is_some() => Html::default(),
                None => spinner("Loading the mail server"),
                Some(form) => html! {
                    <>
                        <MailFields form={form.clone()} kept={kept.clone()} sending={sending.clone()} />
                        <TryMail obstacle={not_yet(form, kept.is_changed())} />
                        <OutboxView />
                    </>
                },
            } }
        </section>
    }
}

fn not_yet(form: &MailForm, is_changed: bool) -> AttrValue {
    match (is_changed, form.server.host.is_empty()) {
        (true, _) => "Save what you entered first.".into(),
        (false, true) => "Enter a mail server and save it first.".into(),
        (false, false) => AttrValue::default(),
    }
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
    let onsubmit = {
        let (draft, is_right, sending) = (form.draft(), errors.is_empty(), sending.clone());
        let saved = kept.saved();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (api, draft, console, saved) = (console.api().clone(), draft.clone(), console.clone(), saved.clone());
            sending.send(is_right, async move { api.set_mail_settings(&draft).await }, move |settings| {
                let said =
                    if settings.server.host.is_empty() { "No mail is sent any more" } else { "The mail server is set" };
                console.tell(ToastKind::Success, said, "");
                saved.emit(MailForm::new(&settings));
            });
        })
    };
    let has_user = !form.server.user_name.is_empty();
    let password_help = if form.keeps_password() && has_user { "Empty: the present one stays." } else { "" };
    let unchanged = if kept.is_changed() { "" } else { "Nothing was changed." };
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
                <div class="sp-fields__all">
                    <TextArea id="mail-ca-pem" label="Certificate authority" value={form.server.ca_pem.clone()} error={said("ca_pem")}
                        help="In PEM, when its certificate is of an authority of your own. Empty: those that the appliance's machine knows."
                        oninput={kept.edit(|form: &mut MailForm, text| form.server.ca_pem = text)} />
                </div>
            }
            <div class="sp-fields__all"><Button id="mail-save" kind={Kind::Primary} label="Save" busy={sending.is_busy()} submit={true} obstacle={unchanged} /></div>
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
