//! People who can sign in.

use wasm_bindgen_futures::spawn_local;
use wire::Timestamp;
use wire::api::{ApiError, Principal, User, UserChange};
use yew::prelude::*;
use yew_router::prelude::Link;

use super::reset_dialog::ResetDialog;
use super::tokens_dialog::TokensDialog;
use super::user_dialog::UserDialog;
use super::uses::Uses;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::routes::Route;
use crate::state::toasts::ToastKind;
use crate::state::words::{self, Tone, Word};
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(Option<User>),
    Remove(User),
    Reset(User),
    Tokens(User),
}

/// The section.
#[component]
pub(super) fn Users() -> Html {
    let console = use_console();
    let store = use_store();
    let users = use_state(|| None::<Vec<User>>);
    let error = use_state(|| None::<ApiError>);
    let open = use_state(|| None::<Open>);
    let now = use_now(15_000);
    let first = use_mut_ref(|| true);
    {
        let (console, users, error) = (console.clone(), users.clone(), error.clone());
        use_effect_with(store.users_changed, move |_| {
            let person = first.replace(false);
            load(console, users, error, person);
        });
    }
    let show = {
        let open = open.clone();
        Callback::from(move |what: Open| open.set(Some(what)))
    };
    let close = {
        let (open, console, users, error) = (open.clone(), console.clone(), users.clone(), error.clone());
        Callback::from(move |()| {
            open.set(None);
            load(console.clone(), users.clone(), error.clone(), false);
        })
    };
    let unlock = {
        let (console, users, error) = (console.clone(), users.clone(), error.clone());
        Callback::from(move |user: User| {
            let (console, users, error) = (console.clone(), users.clone(), error.clone());
            spawn_local(async move {
                let change = UserChange { unlock: true, ..UserChange::default() };
                match console.api().change_user(user.id, &change).await {
                    Ok(_) => {
                        console.tell(ToastKind::Success, format!("{} can sign in again", user.user_name), "");
                        load(console, users, error, false);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    let create = show.reform(|_: MouseEvent| Open::Edit(None));
    let me = store.me().map(|me| me.id());
    html! {
        <section class="sp-card" id="users" aria-labelledby="users-title">
            <div class="sp-card__head">
                <h2 id="users-title">{ "Users" }</h2>
                <div class="sp-card__actions">
                    <Button id="create-user" kind={Kind::Primary} small={true} icon={Icon::Plus} label="Create user" onclick={create} />
                </div>
            </div>
            if let Some(error) = &*error {
                <ErrorAlert id="users-error" error={error.clone()} />
            }
            { match &*users {
                None => spinner("Loading users"),
                Some(list) => html! {
                    <div class="sp-table-scroll">
                    <table class="pf-v6-c-table pf-m-compact" aria-label="Users">
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">
                                { for ["User name", "Name", "Role", "State", "Second factor", "Last sign-in"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                                <td class="pf-v6-c-table__td"></td>
                            </tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">
                            { for list.iter().map(|user| row(user, now, me == Some(user.id), &show, &unlock)) }
                        </tbody>
                    </table>
                    </div>
                },
            } }
            { match &*open {
                None => Html::default(),
                Some(Open::Edit(user)) => html! { <UserDialog user={user.clone()} onclose={close} /> },
                Some(Open::Reset(user)) => html! { <ResetDialog user={user.clone()} onclose={close} /> },
                Some(Open::Tokens(user)) => html! { <TokensDialog user={user.clone()} onclose={close} /> },
                Some(Open::Remove(user)) => html! { <Removal user={user.clone()} onclose={close} /> },
            } }
        </section>
    }
}

fn load(
    console: crate::console::Console,
    users: UseStateHandle<Option<Vec<User>>>,
    error: UseStateHandle<Option<ApiError>>,
    person: bool,
) {
    spawn_local(async move {
        match console.api().by(person).users().await {
            Ok(list) => {
                users.set(Some(list));
                error.set(None);
            }
            Err(failed) => error.set(Some(failed)),
        }
    });
}

fn row(user: &User, now: Timestamp, own: bool, show: &Callback<Open>, unlock: &Callback<User>) -> Html {
    let locked = user.locked_until.is_some_and(|until| until > now);
    let edit = {
        let user = user.clone();
        show.reform(move |_: MouseEvent| Open::Edit(Some(user.clone())))
    };
    let remove = {
        let user = user.clone();
        show.reform(move |_: MouseEvent| Open::Remove(user.clone()))
    };
    let tokens = {
        let user = user.clone();
        show.reform(move |_: MouseEvent| Open::Tokens(user.clone()))
    };
    let reset = {
        let user = user.clone();
        show.reform(move |_: MouseEvent| Open::Reset(user.clone()))
    };
    let unlock = {
        let user = user.clone();
        unlock.reform(move |_: MouseEvent| user.clone())
    };
    html! {
        <tr class="pf-v6-c-table__tr" key={user.id.to_string()} data-testid="user-row" data-name={user.user_name.clone()}>
            <th class="pf-v6-c-table__th" scope="row">
                { &user.user_name }
                if own {
                    <span class="sp-pale">{ " you" }</span>
                }
            </th>
            <td class="pf-v6-c-table__td">{ &user.display_name }</td>
            <td class="pf-v6-c-table__td">{ words::role(user.role) }</td>
            <td class="pf-v6-c-table__td"><StateLabel word={state(user, locked)} /></td>
            <td class="pf-v6-c-table__td">
                if user.second_factor {
                    <StateLabel word={words::ON} />
                } else {
                    <span class="sp-pale">{ "none" }</span>
                }
            </td>
            <td class="pf-v6-c-table__td">
                { match user.last_sign_in_at {
                    Some(at) => html! { <TimeText {at} {now} /> },
                    None => html! { <span class="sp-pale">{ "never" }</span> },
                } }
            </td>
            <td class="pf-v6-c-table__td sp-number">
                if user.second_factor && !own {
                    <Button class="sp-reset-factors" small={true} label="Reset factor" title={format!("Reset the second factors of {}", user.user_name)} onclick={reset} />
                }
                if locked {
                    <Button class="sp-unlock" small={true} label="Unlock" onclick={unlock} />
                }
                <span class="sp-user-access">
                    <Link<Route> classes="pf-v6-c-button pf-m-link pf-m-small" to={Route::UserAccess { id: user.id }}>{ "Access" }</Link<Route>>
                </span>
                <Button class="sp-user-tokens" kind={Kind::Plain} small={true} icon={Icon::Key} title={format!("API tokens of {}", user.user_name)} onclick={tokens} />
                <Button class="sp-edit-user" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {}", user.user_name)} onclick={edit} />
                <Button class="sp-remove-user" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {}", user.user_name)}
                    obstacle={if own { "You cannot remove yourself." } else { "" }} onclick={remove} />
            </td>
        </tr>
    }
}

fn state(user: &User, locked: bool) -> Word {
    match (user.enabled, locked) {
        (false, _) => ("disabled", Tone::Over),
        (true, true) => ("locked out", Tone::Warning),
        (true, false) => ("enabled", Tone::Good),
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    user: User,
    onclose: Callback<()>,
}

#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let onconfirm = {
        let (id, onclose, sending) = (props.user.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, onclose) = (console.api().clone(), onclose.clone());
            sending.send(true, async move { api.remove_user(id).await }, move |()| onclose.emit(()));
        })
    };
    html! {
        <ConfirmDialog id="remove-user" title={format!("Remove the user {}?", props.user.user_name)} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ format!("{} is signed out everywhere and their sessions end. Records of past sessions keep the name. To bar somebody for a while, disable them instead.", props.user.display_name) }</p>
            <Uses id="remove-user-uses" who={Principal::User(props.user.id)} />
        </ConfirmDialog>
    }
}
