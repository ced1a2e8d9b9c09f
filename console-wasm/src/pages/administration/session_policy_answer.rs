//! What a session of one user on one item may do, and which policy says so.

use wire::api::SessionPolicyAnswer;
use wire::{JumpItemId, UserId};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::field::SelectField;
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::console::use_store;
use crate::loaded::use_loaded;
use crate::state::words::Tone;

/// The card, with the choice of user and item.
#[component]
pub(super) fn EffectiveCard() -> Html {
    let store = use_store();
    let users = use_loaded(store.users_changed, |api| async move { api.users().await });
    let user = use_state(|| None::<UserId>);
    let item = use_state(|| None::<JumpItemId>);
    let user_options: Vec<_> =
        users.list().iter().map(|it| (it.id.to_string(), format!("{} ({})", it.display_name, it.user_name))).collect();
    let items = store.items.list().iter();
    let item_options: Vec<_> =
        items.map(|it| (it.id.to_string(), format!("{} in {}", it.definition.name, it.group_name))).collect();
    let choose_user = {
        let user = user.clone();
        Callback::from(move |id: String| user.set(id.parse().ok()))
    };
    let choose_item = {
        let item = item.clone();
        Callback::from(move |id: String| item.set(id.parse().ok()))
    };
    html! {
        <section class="sp-card" id="effective-session-policy" aria-labelledby="effective-title">
            <div class="sp-card__head"><h2 id="effective-title">{ "What holds for…" }</h2></div>
            <div class="sp-columns">
                <SelectField id="effective-user" label="User" options={user_options} none="Choose a user" value={user.map(|id| id.to_string()).unwrap_or_default()} onchange={choose_user} />
                <SelectField id="effective-item" label="Jump item" options={item_options} none="Choose an item" value={item.map(|id| id.to_string()).unwrap_or_default()} onchange={choose_item} />
            </div>
            if let (Some(user), Some(item)) = (*user, *item) {
                <Answer {user} {item} />
            }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct AnswerProps {
    user: UserId,
    item: JumpItemId,
}

#[component]
fn Answer(props: &AnswerProps) -> Html {
    let store = use_store();
    let AnswerProps { user, item } = *props;
    let version = (user, item, store.access_changed, store.users_changed);
    let answer = use_loaded(version, move |api| async move { api.effective_session_policy(user, item).await });
    if let Some(error) = &*answer.error {
        return html! { <ErrorAlert id="effective-error" error={error.clone()} /> };
    }
    match &*answer.value {
        None => spinner("Looking at the policies"),
        Some(answer) => answered(answer),
    }
}

fn answered(answer: &SessionPolicyAnswer) -> Html {
    let policy = &answer.policy;
    let tools = policy.tools.iter().map(|it| {
        let words = it.tool.words();
        html! {
            <li key={words} data-testid="effective-tool" data-name={words} data-allowed={it.allowed.to_string()}>
                <StateLabel word={if it.allowed { ("yes", Tone::Good) } else { ("no", Tone::Over) }} />
                <span><b>{ words }</b><span class="sp-pale">{ format!(" by {}", it.source.words()) }</span></span>
            </li>
        }
    });
    let idle = match policy.idle_minutes {
        None => "An idle session goes on.".to_owned(),
        Some(1) => "A session ends after 1 idle minute.".to_owned(),
        Some(minutes) => format!("A session ends after {minutes} idle minutes."),
    };
    html! {
        <>
            <p>{ format!("A session of {} on {}:", answer.user_name, answer.item_name) }</p>
            <ul class="sp-answers">{ for tools }</ul>
            <p id="effective-idle">{ idle }<span class="sp-pale">{ format!(" By {}.", policy.idle_source.words()) }</span></p>
        </>
    }
}
