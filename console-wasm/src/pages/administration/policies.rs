//! Jump policies: create, change, remove.

use wire::api::JumpPolicy;
use yew::prelude::*;

use super::policy_dialog::PolicyDialog;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::format;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(Option<JumpPolicy>),
    Remove(JumpPolicy),
}

/// The section.
#[component]
pub(super) fn Policies() -> Html {
    let store = use_store();
    let policies = use_loaded(store.access_changed, |api| async move { api.policies().await });
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
    html! {
        <section class="sp-card" id="policies" aria-labelledby="policies-title">
            <div class="sp-card__head">
                <h2 id="policies-title">{ "Jump policies" }</h2>
                <div class="sp-card__actions">
                    <Button id="create-policy" kind={Kind::Primary} small={true} icon={Icon::Plus} label="Create policy" onclick={show(Open::Edit(None))} />
                </div>
            </div>
            <p class="sp-pale">{ "A policy says when items may be used and what is asked for before. It does nothing until an item's properties or a row in a group's members names it; where several do, each of them has to agree." }</p>
            if let Some(error) = &*policies.error {
                <ErrorAlert id="policies-error" error={error.clone()} />
            }
            if policies.value.is_none() {
                { spinner("Loading policies") }
            } else if policies.list().is_empty() {
                <p>{ "There is no policy yet: items can be used at any time by whoever has a role for them." }</p>
            } else {
                <div class="sp-table-scroll">
                <table class="pf-v6-c-table pf-m-compact" aria-label="Jump policies">
                    <thead class="pf-v6-c-table__thead">
                        <tr class="pf-v6-c-table__tr">
                            { for ["Name", "Asks for", "Named by", "Description"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                            <td class="pf-v6-c-table__td"></td>
                        </tr>
                    </thead>
                    <tbody class="pf-v6-c-table__tbody">
                        { for policies.list().iter().map(|policy| html! {
                            <tr class="pf-v6-c-table__tr" key={policy.id.to_string()} data-testid="policy-row" data-name={policy.definition.name.clone()}>
                                <th class="pf-v6-c-table__th" scope="row">{ &policy.definition.name }</th>
                                <td class="pf-v6-c-table__td">{ policy.definition.summary() }</td>
                                <td class="pf-v6-c-table__td">{ named_by(policy) }</td>
                                <td class="pf-v6-c-table__td sp-lines">{ &policy.definition.description }</td>
                                <td class="pf-v6-c-table__td sp-number">
                                    <Button class="sp-edit-policy" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {}", policy.definition.name)} onclick={show(Open::Edit(Some(policy.clone())))} />
                                    <Button class="sp-remove-policy" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {}", policy.definition.name)}
                                        onclick={show(Open::Remove(policy.clone()))} />
                                </td>
                            </tr>
                        }) }
                    </tbody>
                </table>
                </div>
            }
            { match &*open {
                None => Html::default(),
                Some(Open::Edit(policy)) => html! { <PolicyDialog policy={policy.clone()} onclose={close} /> },
                Some(Open::Remove(policy)) => html! { <Removal policy={policy.clone()} onclose={close} /> },
            } }
        </section>
    }
}

fn named_by(policy: &JumpPolicy) -> String {
    match (policy.items, policy.memberships) {
        (0, 0) => "nothing".into(),
        (items, 0) => format::count(items.into(), "item"),
        (0, rows) => format::count(rows.into(), "membership"),
        (items, rows) => {
            format!("{}, {}", format::count(items.into(), "item"), format::count(rows.into(), "membership"))
        }
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    policy: JumpPolicy,
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
            sending.send(true, async move { api.remove_policy(id).await }, move |()| onclose.emit(()));
        })
    };
    html! {
        <ConfirmDialog id="remove-policy" title={format!("Remove the policy {}?", props.policy.definition.name)} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ format!("It is named by {}.", named_by(&props.policy)) }</p>
        </ConfirmDialog>
    }
}
