//! Teams: create, change, remove.

use wire::api::{Principal, Team};
use yew::prelude::*;

use super::team_dialog::TeamDialog;
use super::uses::Uses;
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::components::listing::Listing;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::format::count;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(Option<Team>),
    Remove(Team),
}

const HEADINGS: &[&str] = &["Name", "Members", "Jump groups", "Comments"];

/// The section.
#[component]
pub(super) fn Teams() -> Html {
    let store = use_store();
    let changed = (store.access_changed, store.users_changed);
    let teams = use_loaded(changed, |api| async move { api.teams().await });
    let users = use_loaded(changed, |api| async move { api.users().await });
    let open = use_state(|| None::<Open>);
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(what.clone())))
    };
    let close = {
        let (open, reload) = (open.clone(), teams.reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    let names = |team: &Team| {
        let known = users.list().iter().filter(|user| team.members.contains(&user.id));
        known.map(|user| user.display_name.clone()).collect::<Vec<_>>().join(", ")
    };
    let row = |team: &Team| {
        html! {
            <tr class="pf-v6-c-table__tr" key={team.id.to_string()} data-testid="team-row" data-name={team.name.clone()}>
                <th class="pf-v6-c-table__th" scope="row">{ &team.name }</th>
                <td class="pf-v6-c-table__td">{ names(team) }</td>
                <td class="pf-v6-c-table__td">{ team.groups }</td>
                <td class="pf-v6-c-table__td sp-lines">{ &team.comments }</td>
                <td class="pf-v6-c-table__td sp-number">
                    <Button class="sp-edit-team" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {}", team.name)} onclick={show(Open::Edit(Some(team.clone())))} />
                    <Button class="sp-remove-team" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {}", team.name)} onclick={show(Open::Remove(team.clone()))} />
                </td>
            </tr>
        }
    };
    let errors: Vec<_> = [&teams.error, &users.error].into_iter().filter_map(|it| (**it).clone()).collect();
    html! {
        <Listing id="teams" title="Teams" intro="A team can be a member of jump groups: everybody in it then has its role there."
            create_id="create-team" create="Create team" oncreate={show(Open::Edit(None))} {errors} loading={teams.value.is_none()}
            headings={HEADINGS} rows={teams.list().iter().map(row).collect::<Vec<_>>()}
            empty="There are no teams yet.">
            { match &*open {
                None => Html::default(),
                Some(Open::Edit(team)) => html! { <TeamDialog team={team.clone()} users={users.list().to_vec()} onclose={close} /> },
                Some(Open::Remove(team)) => html! { <Removal team={team.clone()} onclose={close} /> },
            } }
        </Listing>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    team: Team,
    onclose: Callback<()>,
}

#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let onconfirm = {
        let (id, onclose, sending) = (props.team.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, onclose) = (console.api().clone(), onclose.clone());
            sending.send(true, async move { api.remove_team(id).await }, move |()| onclose.emit(()));
        })
    };
    let groups = match props.team.groups {
        0 => "It is a member of no jump group.".to_owned(),
        groups => format!(
            "It is a member of {}: what its {} may do there through it ends, and so do sessions that depend on it.",
            count(groups.into(), "jump group"),
            count(props.team.members.len() as u64, "member"),
        ),
    };
    html! {
        <ConfirmDialog id="remove-team" title={format!("Remove the team {}?", props.team.name)} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ groups }</p>
            <Uses id="remove-team-uses" who={Principal::Team(props.team.id)} />
        </ConfirmDialog>
    }
}
