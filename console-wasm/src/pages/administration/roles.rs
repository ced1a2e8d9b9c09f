//! Jump item roles: create, change, remove.

use wire::api::JumpItemRole;
use yew::prelude::*;

use super::role_dialog::RoleDialog;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::words;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(Option<JumpItemRole>),
    Remove(JumpItemRole),
}

/// The section.
#[component]
pub(super) fn Roles() -> Html {
    let store = use_store();
    let roles = use_loaded((store.access_changed, store.users_changed), |api| async move { api.roles().await });
    let open = use_state(|| None::<Open>);
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(what.clone())))
    };
    let close = {
        let (open, reload) = (open.clone(), roles.reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    html! {
        <section class="sp-card" id="roles" aria-labelledby="roles-title">
            <div class="sp-card__head">
                <h2 id="roles-title">{ "Jump item roles" }</h2>
                <div class="sp-card__actions">
                    <Button id="create-role" kind={Kind::Primary} small={true} icon={Icon::Plus} label="Create role" onclick={show(Open::Edit(None))} />
                </div>
            </div>
            <p class="sp-pale">{ "A role says what its holders may do with the items of a group. Who has which role stands in each group's members." }</p>
            if let Some(error) = &*roles.error {
                <ErrorAlert id="roles-error" error={error.clone()} />
            }
            if roles.value.is_none() {
                { spinner("Loading roles") }
            } else {
                <div class="sp-table-scroll">
                <table class="pf-v6-c-table pf-m-compact" aria-label="Jump item roles">
                    <thead class="pf-v6-c-table__thead">
                        <tr class="pf-v6-c-table__tr">
                            { for ["Name", "Allows", "Used", "Description"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                            <td class="pf-v6-c-table__td"></td>
                        </tr>
                    </thead>
                    <tbody class="pf-v6-c-table__tbody">
                        { for roles.list().iter().map(|role| html! {
                            <tr class="pf-v6-c-table__tr" key={role.id.to_string()} data-testid="role-row" data-name={role.name.clone()}>
                                <th class="pf-v6-c-table__th" scope="row">{ &role.name }</th>
                                <td class="pf-v6-c-table__td">{ words::permissions(&role.permissions) }</td>
                                <td class="pf-v6-c-table__td">{ role.used }</td>
                                <td class="pf-v6-c-table__td sp-lines">{ &role.description }</td>
                                <td class="pf-v6-c-table__td sp-number">
                                    if role.built_in {
                                        <span class="sp-pale">{ "built in" }</span>
                                    } else {
                                        <Button class="sp-edit-role" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {}", role.name)} onclick={show(Open::Edit(Some(role.clone())))} />
                                        <Button class="sp-remove-role" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {}", role.name)}
                                            obstacle={obstacle(role.used)} onclick={show(Open::Remove(role.clone()))} />
                                    }
                                </td>
                            </tr>
                        }) }
                    </tbody>
                </table>
                </div>
            }
            { match &*open {
                None => Html::default(),
                Some(Open::Edit(role)) => html! { <RoleDialog role={role.clone()} onclose={close} /> },
                Some(Open::Remove(role)) => html! { <Removal role={role.clone()} onclose={close} /> },
            } }
        </section>
    }
}

fn obstacle(used: u32) -> &'static str {
    if used == 0 { "" } else { "Members of groups or users have this role. Give them another one first." }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    role: JumpItemRole,
    onclose: Callback<()>,
}

#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let onconfirm = {
        let (id, onclose, sending) = (props.role.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, onclose) = (console.api().clone(), onclose.clone());
            sending.send(true, async move { api.remove_role(id).await }, move |()| onclose.emit(()));
        })
    };
    html! {
        <ConfirmDialog id="remove-role" title={format!("Remove the role {}?", props.role.name)} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ "Nobody has it." }</p>
        </ConfirmDialog>
    }
}
