//! The first administrator of a new appliance, by the one-time link that it printed. The token stands in the address
//! after `#`, which browsers do not send anywhere.

use wasm_bindgen_futures::spawn_local;
use wire::api::{FieldError, SetupRequest};
use wire::{SecretText, validate};
use yew::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, use_first_focus};
use crate::components::frame::brand_mark;
use crate::console::use_console;
use crate::state::store::Action;

/// The page.
#[component]
pub(crate) fn Setup() -> Html {
    let console = use_console();
    let token = use_memo((), |()| token_in_address());
    let user_name = use_state(String::new);
    let display_name = use_state(String::new);
    let password = use_state(String::new);
    let submitted = use_state(|| false);
    let busy = use_state(|| false);
    let error = use_state(|| None::<wire::api::ApiError>);
    let open = use_state(|| true);
    use_first_focus("setup-user-name");
    {
        let (console, open) = (console.clone(), open.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                if let Ok(state) = console.api().setup_state().await {
                    open.set(state.needed);
                }
            });
        });
    }
    let wrong: Vec<FieldError> = [
        ("user_name", validate::user_name(user_name.trim())),
        ("display_name", validate::name(&display_name)),
        ("password", validate::password(&password)),
    ]
    .into_iter()
    .filter_map(|(field, message)| Some(FieldError::new(field, &message?)))
    .collect();
    let said = |field: &str| -> Option<AttrValue> {
        let refused = error.as_ref().map(|error| error.fields.as_slice()).unwrap_or_default();
        let own: &[FieldError] = if *submitted { &wrong } else { &[] };
        own.iter().chain(refused).find(|error| error.field == field).map(|error| error.message.clone().into())
    };
    let onsubmit = {
        let (user_name, display_name, password) = (user_name.clone(), display_name.clone(), password.clone());
        let (submitted, busy, error) = (submitted.clone(), busy.clone(), error.clone());
        let valid = wrong.is_empty();
        let token = token.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            submitted.set(true);
            if !valid || *busy {
                return;
            }
            busy.set(true);
            error.set(None);
            let request = SetupRequest {
                token: SecretText::new((*token).clone()),
                user_name: user_name.trim().to_owned(),
                display_name: display_name.trim().to_owned(),
                password: SecretText::new((*password).clone()),
            };
            let (console, busy, error) = (console.clone(), busy.clone(), error.clone());
            spawn_local(async move {
                match console.api().set_up(&request).await {
                    Ok(me) => console.dispatch(Action::SignedIn(Box::new(me))),
                    Err(failed) => {
                        busy.set(false);
                        error.set(Some(failed));
                    }
                }
            });
        })
    };
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |text| state.set(text))
    };
    html! {
        <main class="sp-gate" id="setup">
            <div class="sp-gate__card">
                <div class="sp-gate__brand">{ brand_mark() }<span>{ "Sallyport" }</span></div>
                <h1 class="pf-v6-c-title pf-m-xl">{ "Make the first administrator" }</h1>
                if !*open {
                    <Alert id="setup-done" severity={Severity::Info} title="This appliance is set up already">
                        <p>{ "The one-time link was used. " }<a href="/">{ "Sign in" }</a>{ " instead." }</p>
                    </Alert>
                } else if token.is_empty() {
                    <Alert id="setup-no-token" severity={Severity::Warning} title="The link is incomplete">
                        <p>{ "Open the whole link that the appliance printed when it started, with all that stands after #." }</p>
                    </Alert>
                }
                if let Some(error) = &*error {
                    <ErrorAlert id="setup-error" error={error.clone()} />
                }
                if *open && !token.is_empty() {
                    <form class="pf-v6-c-form" novalidate={true} {onsubmit}>
                        <TextField id="setup-user-name" label="User name" required={true} value={(*user_name).clone()} autocomplete="username"
                            help="What you sign in with: letters, digits and . _ - @" error={said("user_name")} oninput={set(&user_name)} />
                        <TextField id="setup-display-name" label="Your name" required={true} value={(*display_name).clone()} autocomplete="name"
                            help="What others see." error={said("display_name")} oninput={set(&display_name)} />
                        <TextField id="setup-password" label="Password" kind="password" required={true} value={(*password).clone()} autocomplete="new-password"
                            help="At least 12 characters; a few words are easier to remember than signs." error={said("password")} oninput={set(&password)} />
                        <Button id="setup-submit" kind={Kind::Primary} label="Make administrator and sign in" busy={*busy} submit={true} block={true} />
                    </form>
                }
            </div>
        </main>
    }
}

fn token_in_address() -> String {
    let fragment = gloo::utils::window().location().hash().unwrap_or_default();
    fragment.trim_start_matches('#').strip_prefix("token=").unwrap_or_default().to_owned()
}
