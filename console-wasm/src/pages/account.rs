//! One's own account: where one is signed in, the second factor, the password, API tokens.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Browser, ChangePassword};
use wire::{BrowserId, SecretText, validate};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, kept_in};
use crate::components::spinner;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::pages::api_tokens::ApiTokenSection;
use crate::pages::second_factor::SecondFactorSection;
use crate::state::browser_name::browser_name;
use crate::state::toasts::ToastKind;
use crate::state::words;
use crate::submission::use_submission;

/// The page.
#[component]
pub(crate) fn AccountPage() -> Html {
    let store = use_store();
    let Some(me) = store.me() else { return Html::default() };
    html! {
        <div class="sp-page" id="account-page">
            <div class="sp-page__head">
                <h1 class="pf-v6-c-title pf-m-xl">{ "Your account" }</h1>
                <p>{ format!("{} signs in as {} · {}", me.user.display_name, me.user.user_name, words::role(me.user.role)) }</p>
            </div>
            <Browsers />
            <SecondFactorSection />
            if me.user.has_password {
                <Password />
            }
            <ApiTokenSection />
        </div>
    }
}

/// Where one is signed in.
#[component]
fn Browsers() -> Html {
    let console = use_console();
    let browsers = use_state(|| None::<Vec<Browser>>);
    let error = use_state(|| None::<ApiError>);
    let reload = use_state(|| 0_u32);
    let now = use_now(15_000);
    {
        let (console, browsers, error) = (console.clone(), browsers.clone(), error.clone());
        use_effect_with(*reload, move |_| {
            spawn_local(async move {
                match console.api().browsers().await {
                    Ok(list) => browsers.set(Some(list)),
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let sign_out = {
        let (error, reload) = (error.clone(), reload.clone());
        Callback::from(move |id: BrowserId| {
            let (console, error, reload) = (console.clone(), error.clone(), reload.clone());
            spawn_local(async move {
                match console.api().sign_out_browser(id).await {
                    Ok(()) => {
                        console.tell(ToastKind::Success, "That browser was signed out", "");
                        reload.set(*reload + 1);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    html! {
        <section class="sp-card" id="browsers" aria-labelledby="browsers-title">
            <h2 id="browsers-title">{ "Where you are signed in" }</h2>
            if let Some(error) = &*error {
                <ErrorAlert id="browsers-error" error={error.clone()} />
            }
            { match &*browsers {
                None => spinner("Loading browsers"),
                Some(list) => html! {
                    <div class="sp-table-scroll">
                    <table class="pf-v6-c-table pf-m-compact" aria-label="Signed-in browsers">
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">
                                { for ["Browser", "Address", "Signed in", "Last used"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                                <td class="pf-v6-c-table__td"></td>
                            </tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">
                            { for list.iter().map(|browser| {
                                let id = browser.id;
                                let sign_out = sign_out.clone();
                                html! {
                                    <tr class="pf-v6-c-table__tr" key={id.to_string()} data-testid="browser-row" data-current={browser.current.to_string()}>
                                        <td class="pf-v6-c-table__td"><span class="sp-cut sp-m-wide" title={browser.user_agent.clone()}>{ browser_name(&browser.user_agent) }</span></td>
                                        <td class="pf-v6-c-table__td">{ &browser.address }</td>
                                        <td class="pf-v6-c-table__td"><TimeText at={browser.signed_in_at} {now} /></td>
                                        <td class="pf-v6-c-table__td"><TimeText at={browser.last_seen_at} {now} /></td>
                                        <td class="pf-v6-c-table__td sp-number">
                                            if browser.current {
                                                <span class="sp-pale">{ "this browser" }</span>
                                            } else {
                                                <Button small={true} label="Sign out there" class="sp-sign-out-there" onclick={move |_| sign_out.emit(id)} />
                                            }
                                        </td>
                                    </tr>
                                }
                            }) }
                        </tbody>
                    </table>
                    </div>
                },
            } }
        </section>
    }
}

/// The form for a new password.
#[component]
fn Password() -> Html {
    let console = use_console();
    let store = use_store();
    let current = use_state(String::new);
    let new = use_state(String::new);
    let repeated = use_state(String::new);
    let sending = use_submission();
    let wrong_new = validate::password(&new);
    let wrong_repeated = (*new != *repeated).then(|| "The two are not the same.".to_owned());
    let onsubmit = {
        let (current, new, repeated, sending) = (current.clone(), new.clone(), repeated.clone(), sending.clone());
        let is_right = wrong_new.is_none() && wrong_repeated.is_none();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let request =
                ChangePassword { current: SecretText::new((*current).clone()), new: SecretText::new((*new).clone()) };
            let (api, console) = (console.api().clone(), console.clone());
            let fields = [current.clone(), new.clone(), repeated.clone()];
            sending.send(is_right, async move { api.change_password(&request).await }, move |()| {
                for field in fields {
                    field.set(String::new());
                }
                console.tell(ToastKind::Success, "Your password was changed", "");
            });
        })
    };
    let user_name = store.me().map(|me| me.user.user_name.clone()).unwrap_or_default();
    html! {
        <section class="sp-card" id="change-password" aria-labelledby="change-password-title">
            <h2 id="change-password-title">{ "Change your password" }</h2>
            <form class="pf-v6-c-form sp-narrow" novalidate={true} {onsubmit}>
                if let Some(error) = sending.error() {
                    <ErrorAlert id="password-change-error" error={error.clone()} />
                }
                // For password managers, which want to know whose password it is.
                <input type="text" autocomplete="username" value={user_name} hidden={true} readonly={true} />
                <TextField id="current-password" label="Present password" kind="password" value={(*current).clone()} autocomplete="current-password"
                    error={sending.said("current", None)} oninput={kept_in(&current)} />
                <TextField id="new-password" label="New password" kind="password" value={(*new).clone()} autocomplete="new-password"
                    help="At least 12 characters; a few words are easier to remember than signs."
                    error={sending.said("new", wrong_new)} oninput={kept_in(&new)} />
                <TextField id="repeated-password" label="New password once more" kind="password" value={(*repeated).clone()} autocomplete="new-password"
                    error={sending.said("repeated", wrong_repeated)} oninput={kept_in(&repeated)} />
                <div><Button id="change-password-submit" kind={Kind::Primary} label="Change password" busy={sending.is_busy()} submit={true} /></div>
            </form>
        </section>
    }
}
