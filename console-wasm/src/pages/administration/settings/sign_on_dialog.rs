use wire::api::{SignOnProviderSettings, SignOnSettings};
use yew::prelude::*;

use super::kept_form::wrong;
use super::sign_on_teams::TeamRows;
use crate::components::dialog::{FormDialog, Width};
use crate::components::field::{SelectField, Switch, TextArea, TextField};
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::state::sign_on_form::SignOnForm;
use crate::submission::use_submission;

/// Properties of [`SignOnDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct SignOnDialogProps {
    /// The provider; none for a new one.
    pub(super) provider: Option<SignOnProviderSettings>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// A provider of single sign-on.
#[component]
pub(super) fn SignOnDialog(props: &SignOnDialogProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let form = use_state(|| props.provider.as_ref().map_or_else(SignOnForm::empty, SignOnForm::new));
    let teams = use_loaded((), |api| async move { api.teams().await });
    let roles = use_loaded((), |api| async move { api.roles().await });
    let errors = form.errors();
    let said = |field: &str| sending.said(field, wrong(&errors, field));
    let onreload = props.provider.as_ref().map(|provider| {
        let (id, form, console) = (provider.id, form.clone(), console.clone());
        let load = move || console.with_api(|api| async move { api.sign_on_settings().await });
        sending.reload(load, move |all: SignOnSettings| {
            if let Some(newest) = all.providers.iter().find(|it| it.id == id) {
                form.set(SignOnForm::new(newest));
            }
        })
    });
    let onsubmit = {
        let (form, sending, onclose) = (form.clone(), sending.clone(), props.onclose.clone());
        let (id, is_right) = (props.provider.as_ref().map(|it| it.id), errors.is_empty());
        Callback::from(move |()| {
            let (api, draft, onclose) = (console.api().clone(), form.draft(), onclose.clone());
            let send = async move { api.save_sign_on_provider(id, &draft).await };
            sending.send(is_right, send, move |_| onclose.emit(()));
        })
    };
    let (title, deed) = match &props.provider {
        None => ("Add a provider of single sign-on".to_owned(), "Add"),
        Some(it) => (format!("Properties of {}", it.provider.name), "Save"),
    };
    let links = [
        ("never", "Not at all"),
        ("user_name", "By their user name"),
        ("email", "By their mail address, when the provider has verified it"),
    ]
    .map(|(value, words)| (value.to_owned(), words.to_owned()));
    let role_options: Vec<_> = roles.list().iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let role = form.provider.default_role_id.map(|it| it.to_string()).unwrap_or_default();
    let switch = |change: fn(&mut SignOnForm, bool)| edit(&form, change);
    let text = |change: fn(&mut SignOnForm, String)| edit(&form, change);
    html! {
        <FormDialog name="provider" {title} {deed} width={Width::Medium} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <TextField id="provider-name" label="Name on the button" required={true} placeholder="Corp" value={form.provider.name.clone()} error={said("name")}
                oninput={text(|form, text| form.provider.name = text)} />
            <Switch id="provider-enabled" label="People can sign in by way of it" on={form.provider.enabled} onchange={switch(|form, on| form.provider.enabled = on)} />
            <TextField id="provider-issuer" label="Issuer" required={true} placeholder="https://id.example.org/realms/corp" value={form.provider.issuer.clone()} error={said("issuer")}
                help="The address before /.well-known/openid-configuration, as the provider writes it." oninput={text(|form, text| form.provider.issuer = text)} />
            <TextField id="provider-client-id" label="Client id" required={true} value={form.provider.client_id.clone()} error={said("client_id")}
                oninput={text(|form, text| form.provider.client_id = text)} />
            <TextField id="provider-secret" label="Client secret" kind="password" autocomplete="new-password" placeholder={form.has_secret.then_some("kept")} value={form.secret.clone()} error={said("client_secret")}
                help="Kept sealed, and never shown again." oninput={text(|form, text| form.secret = text)} />
            <TextField id="provider-scopes" label="Scopes besides openid" value={form.scopes.clone()} error={said("scopes")}
                help="Separated by spaces." oninput={text(|form, text| form.scopes = text)} />
            <TextArea id="provider-ca-pem" label="Certificate authority" value={form.provider.ca_pem.clone()} error={said("ca_pem")}
                help="In PEM, when its certificate is of an authority of your own. Empty: those that the appliance's machine knows."
                oninput={text(|form, text| form.provider.ca_pem = text)} />
            <TextField id="provider-user-name-claim" label="Claim with the user name" required={true} value={form.provider.user_name_claim.clone()} error={said("user_name_claim")}
                oninput={text(|form, text| form.provider.user_name_claim = text)} />
            <SelectField id="provider-link" label="At the first sign-in, users who exist here are found" options={links.to_vec()} value={form.link()} error={said("link")}
                help="Afterwards they are known by what the provider calls them for ever (sub)."
                onchange={text(|form, name| form.choose_link(&name))} />
            <Switch id="provider-creates-users" label="Make a technician of who is new" on={form.provider.creates_users} onchange={switch(|form, on| form.provider.creates_users = on)} />
            if form.provider.creates_users {
                <SelectField id="provider-role" label="Their jump item role where no membership speaks of them" options={role_options} value={role} none="None" error={said("default_role_id")}
                    onchange={text(|form, id| form.provider.default_role_id = id.parse().ok())} />
            }
            <TextField id="provider-groups-claim" label="Claim with the groups" placeholder="groups" value={form.provider.groups_claim.clone()} error={said("groups_claim")}
                help="Its name, or a JSON pointer such as /realm_access/roles. Empty: groups count for nothing." oninput={text(|form, text| form.provider.groups_claim = text)} />
            <TeamRows rows={form.rows.clone()} teams={teams.list().to_vec()} error={said("teams")} onchange={edit(&form, |form, rows| form.rows = rows)} />
            <TextArea id="provider-allowed-groups" label="Groups that may sign in" value={form.allowed_groups.clone()} error={said("allowed_groups")}
                help="One a line. Empty: everybody whom the provider knows." oninput={text(|form, text| form.allowed_groups = text)} />
            <Switch id="provider-factor" label="The provider's second factor is enough" on={form.trusts_factor()} onchange={switch(SignOnForm::trust_factor)} />
            if form.trusts_factor() {
                <TextField id="provider-factor-marks" label="Where amr or acr says one of" placeholder="mfa otp" value={form.factor_marks.clone()} error={said("factor_marks")}
                    help="Separated by spaces. Where it says none of them, Sallyport asks. Empty: the provider is always believed."
                    oninput={text(|form, text| form.factor_marks = text)} />
            }
        </FormDialog>
    }
}

/// A change of the form by what was typed or chosen.
fn edit<T: 'static>(form: &UseStateHandle<SignOnForm>, change: impl Fn(&mut SignOnForm, T) + 'static) -> Callback<T> {
    let form = form.clone();
    Callback::from(move |with: T| {
        let mut changed = (*form).clone();
        change(&mut changed, with);
        form.set(changed);
    })
}
