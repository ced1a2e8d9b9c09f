//! The first administrator of a new appliance, by the one-time link that it printed. The token stands in the address
//! after `#`, which browsers do not send anywhere.

use wasm_bindgen_futures::spawn_local;
use wire::api::SetupRequest;
use wire::{SecretText, validate};
use yew::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, kept_in, use_first_focus};
use crate::components::frame::brand_mark;
use crate::console::use_console;
use crate::state::store::Action;
use crate::submission::use_submission;

/// The page.
#[component]
pub(crate) fn Setup() -> Html {
    let console = use_console();
    let token = use_memo((), |()| token_in_address());
    let user_name = use_state(String::new);
    let display_name = use_state(String::new);
    let password = use_state(String::new);
    let sending = use_submission();
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
    let wrong = [validate::user_name(user_name.trim()), validate::name(&display_name), validate::password(&password)];
    let is_right = wrong.iter().all(Option::is_none);
    let [wrong_user_name, wrong_display_name, wrong_password] = wrong;
    let onsubmit = {
        let (user_name, display_name, password) = (user_name.clone(), display_name.clone(), password.clone());
        let (token, sending) = (token.clone(), sending.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let request = SetupRequest {
                token: SecretText::new((*token).clone()),
                user_name: user_name.trim().to_owned(),
                display_name: display_name.trim().to_owned(),
                password: SecretText::new((*password).clone()),
            };
            let (api, console) = (console.api().clone(), console.clone());
            sending.send(is_right, async move { api.set_up(&request).await }, move |me| {
                console.dispatch(Action::SignedIn(Box::new(me)));
            });
        })
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
                if let Some(error) = sending.error() {
                    <ErrorAlert id="setup-error" error={error.clone()} />
                }
                if *open && !token.is_empty() {
                    <form class="pf-v6-c-form" novalidate={true} {onsubmit}>
                        <TextField id="setup-user-name" label="User name" required={true} value={(*user_name).clone()} autocomplete="username"
                            help="What you sign in with: letters, digits and . _ - @" error={sending.said("user_name", wrong_user_name)} oninput={kept_in(&user_name)} />
                        <TextField id="setup-display-name" label="Your name" required={true} value={(*display_name).clone()} autocomplete="name"
                            help="What others see." error={sending.said("display_name", wrong_display_name)} oninput={kept_in(&display_name)} />
                        <TextField id="setup-password" label="Password" kind="password" required={true} value={(*password).clone()} autocomplete="new-password"
                            help="At least 12 characters; a few words are easier to remember than signs." error={sending.said("password", wrong_password)} oninput={kept_in(&password)} />
                        <Button id="setup-submit" kind={Kind::Primary} label="Make administrator and sign in" busy={sending.is_busy()} submit={true} block={true} />
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
