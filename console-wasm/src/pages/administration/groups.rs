//! Jump groups: create, rename, say who may do what, remove.

use wire::api::JumpGroup;
use yew::prelude::*;

use super::members_dialog::MembersDialog;
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::console::{use_console, use_store};
use crate::pages::jump::GroupDialog;
use crate::state::words;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(Option<JumpGroup>),
    Members(JumpGroup),
    Remove(JumpGroup),
}

/// The section.
#[component]
pub(super) fn Groups() -> Html {
    let store = use_store();
    let open = use_state(|| None::<Open>);
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(what.clone())))
    };
    let close = {
        let open = open.clone();
        Callback::from(move |()| open.set(None))
    };
    html! {
        <section class="sp-card" id="jump-groups" aria-labelledby="jump-groups-title">
            <div class="sp-card__head">
                <h2 id="jump-groups-title">{ "Jump groups" }</h2>
                <div class="sp-card__actions">
                    <Button id="create-jump-group" small={true} icon={Icon::Plus} label="Create group" onclick={show(Open::Edit(None))} />
                </div>
            </div>
            <div class="sp-table-scroll">
            <table class="pf-v6-c-table pf-m-compact" aria-label="Jump groups">
                <thead class="pf-v6-c-table__thead">
                    <tr class="pf-v6-c-table__tr">
                        { for ["Name", "Items", "Comments"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                        <td class="pf-v6-c-table__td"></td>
                    </tr>
                </thead>
                <tbody class="pf-v6-c-table__tbody">
                    { for store.groups.list().iter().map(|group| html! {
                        <tr class="pf-v6-c-table__tr" key={group.id.to_string()} data-testid="group-row" data-name={group.name.clone()}>
                            <th class="pf-v6-c-table__th" scope="row">
                                { &group.name }
                                if let Some(owner) = &group.owner {
                                    <span class="sp-pale">{ format!(" – only {} and administrators see it", owner.user_name) }</span>
                                }
                            </th>
                            <td class="pf-v6-c-table__td">{ group.item_count }</td>
                            <td class="pf-v6-c-table__td sp-lines">{ &group.comments }</td>
                            <td class="pf-v6-c-table__td sp-number">
                                <Button class="sp-members" kind={Kind::Plain} small={true} icon={Icon::User} title={format!("Members of {}", group.name)}
                                    obstacle={if group.owner.is_some() { "A personal group has no members: what its owner may do stands at the user." } else { "" }} onclick={show(Open::Members(group.clone()))} />
                                <Button class="sp-edit-group" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {}", group.name)} onclick={show(Open::Edit(Some(group.clone())))} />
                                <Button class="sp-remove-group" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {}", group.name)}
                                    obstacle={words::removal_obstacle(group.item_count, "group")} onclick={show(Open::Remove(group.clone()))} />
                            </td>
                        </tr>
                    }) }
                </tbody>
            </table>
            </div>
            { match &*open {
                None => Html::default(),
                Some(Open::Edit(group)) => html! { <GroupDialog group={group.clone()} onclose={close} /> },
                Some(Open::Members(group)) => html! { <MembersDialog group={group.clone()} onclose={close} /> },
                Some(Open::Remove(group)) => html! { <Removal group={group.clone()} onclose={close} /> },
            } }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    group: JumpGroup,
    onclose: Callback<()>,
}

#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let onconfirm = {
        let (id, onclose, sending) = (props.group.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, console, onclose) = (console.api().clone(), console.clone(), onclose.clone());
            sending.send(true, async move { api.remove_group(id).await }, move |()| {
                console.load_items();
                onclose.emit(());
            });
        })
    };
    html! {
        <ConfirmDialog id="remove-group" title={format!("Remove the group {}?", props.group.name)} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ "It is empty." }</p>
        </ConfirmDialog>
    }
}
