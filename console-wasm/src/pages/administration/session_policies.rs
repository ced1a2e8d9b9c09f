//! Session policies: create, copy, change, remove; the global one; and what holds for a user and an item.

use wire::api::SessionPolicy;
use yew::prelude::*;

use super::session_policy_answer::EffectiveCard;
use super::session_policy_dialog::SessionPolicyDialog;
use super::session_policy_global::GlobalCard;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::format;
use crate::state::session_policy_form::SessionPolicyForm;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(SessionPolicyForm),
    Remove(SessionPolicy),
}

/// The section.
#[component]
pub(super) fn SessionPolicies() -> Html {
    let store = use_store();
    let policies = use_loaded(store.access_changed, |api| async move { api.session_policies().await });
    let open = use_state(|| None::<Open>);
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(what.clone())))
    };
    let close = {
        let (open, reload) = (open.clone(), policies.reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    let row = |policy: &SessionPolicy| {
        let name = &policy.definition.name;
        html! {
            <tr class="pf-v6-c-table__tr" key={policy.id.to_string()} data-testid="session-policy-row" data-name={name.clone()}>
                <th class="pf-v6-c-table__th" scope="row">{ name }</th>
                <td class="pf-v6-c-table__td">{ policy.definition.rules.summary() }</td>
                <td class="pf-v6-c-table__td">{ available(policy) }</td>
                <td class="pf-v6-c-table__td">{ named_by(policy) }</td>
                <td class="pf-v6-c-table__td sp-lines">{ &policy.definition.description }</td>
                <td class="pf-v6-c-table__td sp-number">
                    <Button class="sp-edit-policy" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {name}")}
                        onclick={show(Open::Edit(SessionPolicyForm::of(policy)))} />
                    <Button class="sp-copy-policy" kind={Kind::Plain} small={true} icon={Icon::Copy} title={format!("Copy {name}")}
                        onclick={show(Open::Edit(SessionPolicyForm::copy_of(policy)))} />
                    <Button class="sp-remove-policy" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {name}")}
                        onclick={show(Open::Remove(policy.clone()))} />
                </td>
            </tr>
        }
    };
    html! {
        <>
            <section class="sp-card" id="session-policies" aria-labelledby="session-policies-title">
                <div class="sp-card__head">
                    <h2 id="session-policies-title">{ "Session policies" }</h2>
                    <div class="sp-card__actions">
                        <Button id="create-session-policy" kind={Kind::Primary} small={true} icon={Icon::Plus} label="Create session policy"
                            onclick={show(Open::Edit(SessionPolicyForm::new()))} />
                    </div>
                </div>
                <p class="sp-pale">{ "A session policy says what sessions may do. An item's goes before the user's, and that before the global one; what one leaves open the next one says. Changes hold for running sessions at once." }</p>
                if let Some(error) = &*policies.error {
                    <ErrorAlert id="session-policies-error" error={error.clone()} />
                }
                if policies.value.is_none() {
                    { spinner("Loading session policies") }
                } else if policies.list().is_empty() {
                    <p>{ "There is none yet: the global policy below holds everywhere." }</p>
                } else {
                    <div class="sp-table-scroll">
                    <table class="pf-v6-c-table pf-m-compact" aria-label="Session policies">
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">
                                { for ["Name", "Says", "Available to", "Named by", "Description"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                                <td class="pf-v6-c-table__td"></td>
                            </tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">{ for policies.list().iter().map(row) }</tbody>
                    </table>
                    </div>
                }
                { match &*open {
                    None => Html::default(),
                    Some(Open::Edit(form)) => html! { <SessionPolicyDialog form={form.clone()} onclose={close} /> },
                    Some(Open::Remove(policy)) => html! { <Removal policy={policy.clone()} onclose={close} /> },
                } }
            </section>
            <GlobalCard />
            <EffectiveCard />
        </>
    }
}

fn available(policy: &SessionPolicy) -> &'static str {
    match (policy.definition.for_users, policy.definition.for_items) {
        (true, true) => "users, jump items",
        (true, false) => "users",
        (false, _) => "jump items",
    }
}

fn named_by(policy: &SessionPolicy) -> String {
    let counts = [(policy.items, "item"), (policy.users, "user")];
    let named: Vec<_> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, of)| format::count(count.into(), of)).collect();
    if named.is_empty() { "nothing".into() } else { named.join(", ") }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    policy: SessionPolicy,
    onclose: Callback<()>,
}

#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let onconfirm = {
        let (id, onclose, sending) = (props.policy.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, onclose) = (console.api().clone(), onclose.clone());
            sending.send(true, async move { api.remove_session_policy(id).await }, move |()| onclose.emit(()));
        })
    };
    let title = format!("Remove the session policy {}?", props.policy.definition.name);
    html! {
        <ConfirmDialog id="remove-session-policy" {title} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ format!("It is named by {}.", named_by(&props.policy)) }</p>
        </ConfirmDialog>
    }
}
