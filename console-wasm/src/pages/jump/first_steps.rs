//! The short path on a new appliance.

use wire::api::ItemPermission;
use yew::prelude::*;
use yew_router::prelude::*;

use super::Command;
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::console::{use_console, use_store};
use crate::routes::Route;
use crate::state::first_steps::{Place, Step, Theirs, first_steps};
use crate::state::permitted;

/// Name under which the preferences keep that the path was put away.
const PUT_AWAY: &str = "first-steps";

/// Properties of [`FirstSteps`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct FirstStepsProps {
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The path; nothing once all of it happened or it was put away.
#[component]
pub(super) fn FirstSteps(props: &FirstStepsProps) -> Html {
    let console = use_console();
    let store = use_store();
    if store.items.ready().is_none() || store.jumpoints.ready().is_none() {
        return Html::default();
    }
    if store.preferences.view.contains_key(PUT_AWAY) {
        return Html::default();
    }
    let enrolled = store.jumpoints.list().iter().any(|jumpoint| !jumpoint.nodes.is_empty());
    let items = store.items.list();
    let used = !store.tabs.is_empty() || items.iter().any(|item| item.last_used_at.is_some());
    let theirs = Theirs {
        jumpoints: store.is_administrator(),
        items: permitted::anywhere(store.groups.list(), ItemPermission::Add),
    };
    if items.is_empty() && !theirs.items {
        return Html::default();
    }
    let Some(steps) = first_steps(theirs, enrolled, !items.is_empty(), &store.helper, used) else {
        return Html::default();
    };
    let put_away = Callback::from(move |_: MouseEvent| {
        console.change_preferences(|preferences| {
            preferences.view.insert(PUT_AWAY.into(), "put away".into());
        });
    });
    let next = steps.iter().position(|step| !step.done);
    html! {
        <section class="sp-steps" id="first-steps" aria-label="First steps">
            <div class="sp-steps__head">
                <h2>{ "First steps" }</h2>
                <Button id="first-steps-close" kind={Kind::Plain} small={true} icon={Icon::Times} title="Put these steps away" onclick={put_away} />
            </div>
            <ol>
                { for steps.iter().enumerate().map(|(at, step)| entry(at, step, next == Some(at), &props.command)) }
            </ol>
        </section>
    }
}

fn entry(at: usize, step: &Step, next: bool, command: &Callback<Command>) -> Html {
    let create = {
        let command = command.clone();
        Callback::from(move |_: MouseEvent| command.emit(Command::Create))
    };
    let action = match step.place {
        _ if !next => Html::default(),
        Place::Agents => html! { <Link<Route> to={Route::Agents}>{ "Go to Agents" }</Link<Route>> },
        Place::GetHelper => html! { <Link<Route> to={Route::GetHelper}>{ "Get the helper" }</Link<Route>> },
        Place::CreateItem => {
            html! { <Button id="steps-create" kind={Kind::Link} class="pf-m-inline" label="Create an item" onclick={create} /> }
        }
        Place::Jump => Html::default(),
    };
    html! {
        <li
            key={at}
            class={classes!("sp-step", step.done.then_some("sp-m-done"), next.then_some("sp-m-next"))}
            data-testid={format!("first-step-{}", at + 1)}
            data-done={step.done.to_string()}
            aria-current={next.then_some("step")}
        >
            <span class="sp-step__mark">
                { if step.done { Icon::Check.html() } else { html! { { at + 1 } } } }
                <span class="pf-v6-screen-reader">{ if step.done { "done:" } else { "to do:" } }</span>
            </span>
            <div>
                <strong>{ step.title }</strong>
                <p>{ step.text }</p>
                { action }
            </div>
        </li>
    }
}
