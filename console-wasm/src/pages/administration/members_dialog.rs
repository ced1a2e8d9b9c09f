//! Who may do what with the items of a group.

use wire::api::{JumpGroup, JumpItemRole, JumpPolicy, Membership, Memberships, Principal, Team, User};
use wire::{JumpItemRoleId, TeamId, UserId};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::{FormDialog, Width};
use crate::components::field::SelectField;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::state::words;
use crate::submission::use_submission;

/// Properties of [`MembersDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct MembersDialogProps {
    /// The group.
    pub(super) group: JumpGroup,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog. What it shows is loaded once: a change by somebody else meanwhile is refused when it is saved.
#[component]
pub(super) fn MembersDialog(props: &MembersDialogProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let id = props.group.id;
    let known = use_loaded(id, move |api| async move { api.members(id).await });
    let users = use_loaded(id, |api| async move { api.users().await });
    let teams = use_loaded(id, |api| async move { api.teams().await });
    let roles = use_loaded(id, |api| async move { api.roles().await });
    let policies = use_loaded(id, |api| async move { api.policies().await });
    let draft = use_state(|| None::<Vec<Membership>>);
    let members = match (&*draft, &*known.value) {
        (Some(draft), _) => draft.clone(),
        (None, Some(known)) => known.members.clone(),
        (None, None) => Vec::new(),
    };
    let put = {
        let draft = draft.clone();
        Callback::from(move |members: Vec<Membership>| draft.set(Some(members)))
    };
    let onreload = {
        // The rows as they are now, in place of what was entered.
        let (draft, newest, console) = (draft.clone(), known.value.clone(), console.clone());
        let load = move || console.with_api(|api| async move { api.members(id).await });
        sending.reload(load, move |now| {
            draft.set(None);
            newest.set(Some(now));
        })
    };
    let onsubmit = {
        let (sending, onclose, members) = (sending.clone(), props.onclose.clone(), members.clone());
        let revision = known.value.as_ref().map(|it| it.revision);
        Callback::from(move |()| {
            let (api, onclose) = (console.api().clone(), onclose.clone());
            let wanted = Memberships { members: members.clone(), revision: revision.unwrap_or_default() };
            sending.send(revision.is_some(), async move { api.set_members(id, &wanted).await }, move |_| {
                onclose.emit(());
            });
        })
    };
    let is_in = |who: Principal| members.iter().any(|it| it.principal == who);
    let users_to_add = users.list().iter().map(|it| (Principal::User(it.id), user_words(it)));
    let teams_to_add = teams.list().iter().map(|it| (Principal::Team(it.id), team_words(it)));
    let to_add: Vec<_> = teams_to_add
        .chain(users_to_add)
        .filter(|(who, _)| !is_in(*who))
        .map(|(who, words)| (key(who), words))
        .collect();
    let add = {
        let (put, members) = (put.clone(), members.clone());
        Callback::from(move |text: String| {
            let Some(principal) = parsed(&text) else { return };
            let mut members = members.clone();
            members.push(Membership { principal, role_id: JumpItemRoleId::START_SESSIONS_ONLY, jump_policy_id: None });
            put.emit(members);
        })
    };
    let failed = [&known.error, &users.error, &teams.error, &roles.error, &policies.error]
        .into_iter()
        .find_map(|it| (**it).clone());
    let is_here = known.value.is_some()
        && roles.value.is_some()
        && users.value.is_some()
        && teams.value.is_some()
        && policies.value.is_some();
    html! {
        <FormDialog name="members" title={format!("Members of {}", props.group.name)} width={Width::Medium} deed="Save"
            sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <p class="sp-pale">{ "A row for a user counts before those of their teams; rows of several teams add up. Whoever has no row has their default role. Administrators may do everything." }</p>
            if let Some(error) = failed {
                <ErrorAlert id="members-load-error" {error} />
            } else if !is_here {
                { spinner("Loading members") }
            } else {
                <table class="pf-v6-c-table pf-m-compact" aria-label="Members">
                    <tbody class="pf-v6-c-table__tbody">
                        if members.is_empty() {
                            <tr class="pf-v6-c-table__tr"><td class="pf-v6-c-table__td sp-pale" colspan="4">{ "Nobody yet." }</td></tr>
                        }
                        { for members.iter().enumerate().map(|(index, member)| row(index, &members, &who_is(member.principal, users.list(), teams.list()), roles.list(), policies.list(), &put)) }
                    </tbody>
                </table>
                <SelectField id="members-add" label="Add a team or a user" options={to_add} value="" none="Choose…" onchange={add}
                    error={sending.said("members", None)} />
            }
        </FormDialog>
    }
}

fn who_is(principal: Principal, users: &[User], teams: &[Team]) -> String {
    let who = match principal {
        Principal::User(id) => users.iter().find(|it| it.id == id).map(user_words),
        Principal::Team(id) => teams.iter().find(|it| it.id == id).map(team_words),
    };
    who.unwrap_or_else(|| "removed meanwhile".into())
}

fn row(
    index: usize,
    members: &[Membership],
    who: &str,
    roles: &[JumpItemRole],
    policies: &[JumpPolicy],
    put: &Callback<Vec<Membership>>,
) -> Html {
    let Some(member) = members.get(index) else { return Html::default() };
    let change = |set: fn(&mut Membership, String)| {
        let (members, put) = (members.to_vec(), put.clone());
        Callback::from(move |text: String| {
            let mut members = members.clone();
            if let Some(member) = members.get_mut(index) {
                set(member, text);
            }
            put.emit(members);
        })
    };
    let choose = change(|member, text| {
        if let Ok(role_id) = text.parse::<JumpItemRoleId>() {
            member.role_id = role_id;
        }
    });
    let choose_policy = change(|member, text| member.jump_policy_id = text.parse().ok());
    let policy_options: Vec<_> = policies.iter().map(|it| (it.id.to_string(), it.definition.name.clone())).collect();
    let policy = member.jump_policy_id.map(|id| id.to_string()).unwrap_or_default();
    let remove = {
        let (members, put) = (members.to_vec(), put.clone());
        Callback::from(move |_: MouseEvent| {
            let mut members = members.clone();
            members.remove(index);
            put.emit(members);
        })
    };
    let options: Vec<_> = roles.iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let allows = roles.iter().find(|it| it.id == member.role_id).map(|it| words::permissions(&it.permissions));
    html! {
        <tr class="pf-v6-c-table__tr" key={key(member.principal)} data-testid="member-row" data-name={who.to_owned()}>
            <th class="pf-v6-c-table__th" scope="row">{ who }</th>
            <td class="pf-v6-c-table__td">
                <SelectField id={format!("member-role-{index}")} label={format!("Role of {who}")} {options} value={member.role_id.to_string()}
                    help={allows.unwrap_or_default()} onchange={choose} />
            </td>
            <td class="pf-v6-c-table__td">
                <SelectField id={format!("member-policy-{index}")} label={format!("Jump policy of {who}")} options={policy_options} value={policy}
                    none="No policy" onchange={choose_policy} />
            </td>
            <td class="pf-v6-c-table__td sp-number">
                <Button class="sp-remove-member" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Take {who} out")} onclick={remove} />
            </td>
        </tr>
    }
}

pub(super) fn user_words(user: &User) -> String {
    format!("{} ({})", user.display_name, user.user_name)
}

pub(super) fn team_words(team: &Team) -> String {
    format!("Team {}", team.name)
}

pub(super) fn key(who: Principal) -> String {
    match who {
        Principal::User(id) => format!("user:{id}"),
        Principal::Team(id) => format!("team:{id}"),
    }
}

pub(super) fn parsed(key: &str) -> Option<Principal> {
    let (kind, id) = key.split_once(':')?;
    match kind {
        "user" => id.parse::<UserId>().ok().map(Principal::User),
        "team" => id.parse::<TeamId>().ok().map(Principal::Team),
        _ => None,
    }
}
