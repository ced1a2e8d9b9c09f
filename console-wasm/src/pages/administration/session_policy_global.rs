//! The session policy that holds where neither item nor user says anything.

use wire::api::GlobalSessionPolicy;
use yew::prelude::*;

use super::session_policy_fields::RuleFieldset;
use super::settings::kept_form::refusal;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::spinner;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::session_policy_form::{GlobalForm, RuleFields};
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// The card.
#[component]
pub(super) fn GlobalCard() -> Html {
    let store = use_store();
    let global = use_loaded(store.access_changed, |api| async move { api.global_session_policy().await });
    html! {
        <section class="sp-card" id="global-session-policy" aria-labelledby="global-session-policy-title">
            <div class="sp-card__head"><h2 id="global-session-policy-title">{ "Global session policy" }</h2></div>
            <p class="sp-pale">{ "What holds where neither the item's session policy nor the user's says anything." }</p>
            if let Some(error) = &*global.error {
                <ErrorAlert id="global-session-policy-load-error" error={error.clone()} />
            }
            { match &*global.value {
                None if global.error.is_some() => Html::default(),
                None => spinner("Loading the global session policy"),
                Some(policy) => html! { <GlobalFields policy={policy.clone()} /> },
            } }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct GlobalFieldsProps {
    policy: GlobalSessionPolicy,
}

#[component]
fn GlobalFields(props: &GlobalFieldsProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    // What the appliance kept when the form was filled with it.
    let kept = use_state(|| GlobalForm::of(&props.policy));
    let form = use_state(|| (*kept).clone());
    let is_changed = *form != *kept;
    let fill = {
        let (form, kept) = (form.clone(), kept.clone());
        move |policy: GlobalSessionPolicy| {
            let now = GlobalForm::of(&policy);
            form.set(now.clone());
            kept.set(now);
        }
    };
    {
        // Somebody else's change comes into a form in which nobody entered anything; otherwise saving tells of it.
        let fill = fill.clone();
        use_effect_with(props.policy.clone(), move |policy| {
            if !is_changed {
                fill(policy.clone());
            }
        });
    }
    let reload = {
        let console = console.clone();
        let load = move || console.with_api(|api| async move { api.global_session_policy().await });
        sending.reload(load, fill.clone())
    };
    let set_rules = {
        let form = form.clone();
        Callback::from(move |rules: RuleFields| form.set((*form).clone().with_rules(rules)))
    };
    let save = {
        let (form, sending) = (form.clone(), sending.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Ok(draft) = form.draft() else { return sending.hold() };
            let (console, api, fill) = (console.clone(), console.api().clone(), fill.clone());
            let saving = async move { api.set_global_session_policy(&draft).await };
            sending.send(true, saving, move |policy| {
                console.tell(
                    ToastKind::Success,
                    "The global session policy is saved",
                    "It holds for running sessions, too.",
                );
                fill(policy);
            });
        })
    };
    html! {
        <form class="pf-v6-c-form" onsubmit={save} novalidate={true}>
            <RuleFieldset id="global-policy" rules={form.rules.clone()} defines_all={true} idle_error={sending.said("idle", form.wrong("idle"))} onchange={set_rules} />
            { refusal("global-session-policy-error", &sending, &reload) }
            <div>
                <Button id="save-global-policy" kind={Kind::Primary} submit={true} label="Save" busy={sending.is_busy()}
                    obstacle={if is_changed { String::new() } else { "Nothing was changed.".to_owned() }} />
            </div>
        </form>
    }
}
