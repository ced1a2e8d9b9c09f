//! A team: a new one, or name, comments and members of one that exists.

use wire::api::{Team, TeamDraft, User};
use wire::{UserId, validate};
use yew::prelude::*;

use crate::components::check_list::{CheckList, switched};
use crate::components::dialog::FormDialog;
use crate::components::field::{TextArea, TextField};
use crate::console::use_console;
use crate::submission::use_submission;

/// Properties of [`TeamDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct TeamDialogProps {
    /// The team; none for a new one.
    pub(super) team: Option<Team>,
    /// Everybody who could be in it.
    pub(super) users: Vec<User>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn TeamDialog(props: &TeamDialogProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let draft = use_state(|| {
        props.team.as_ref().map_or_else(
            || TeamDraft { name: String::new(), comments: String::new(), members: Vec::new(), revision: 0 },
            draft_of,
        )
    });
    let edit = |change: fn(&mut TeamDraft, String)| {
        let draft = draft.clone();
        Callback::from(move |text: String| {
            let mut changed = (*draft).clone();
            change(&mut changed, text);
            draft.set(changed);
        })
    };
    let choose = {
        let draft = draft.clone();
        Callback::from(move |(id, on): (String, bool)| {
            let Ok(id) = id.parse::<UserId>() else { return };
            draft.set(TeamDraft { members: switched(&draft.members, &id, on), ..(*draft).clone() });
        })
    };
    let wrong = validate::name(&draft.name);
    let onsubmit = {
        let (draft, sending) = (draft.clone(), sending.clone());
        let (console, onclose, right) = (console.clone(), props.onclose.clone(), wrong.is_none());
        let id = props.team.as_ref().map(|it| it.id);
        Callback::from(move |()| {
            let (api, draft, onclose) = (console.api().clone(), (*draft).clone(), onclose.clone());
            sending.send(right, async move { api.save_team(id, &draft).await }, move |_| onclose.emit(()));
        })
    };
    let onreload = props.team.as_ref().map(|team| {
        let (id, draft) = (team.id, draft.clone());
        let load = move || console.with_api(|api| async move { api.teams().await });
        sending.reload(load, move |teams| {
            if let Some(newest) = teams.iter().find(|it| it.id == id) {
                draft.set(draft_of(newest));
            }
        })
    });
    let (title, deed) = match &props.team {
        None => ("Create a team".to_owned(), "Create"),
        Some(team) => (format!("Properties of {}", team.name), "Save"),
    };
    let users: Vec<_> = props
        .users
        .iter()
        .map(|user| (user.id.to_string(), format!("{} ({})", user.display_name, user.user_name)))
        .collect();
    html! {
        <FormDialog name="team" {title} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <TextField id="team-name" label="Name" required={true} value={draft.name.clone()} error={sending.said("name", wrong)}
                oninput={edit(|draft, text| draft.name = text)} />
            <CheckList id="team-members" label="Members" options={users} chosen={draft.members.iter().map(ToString::to_string).collect::<Vec<_>>()}
                error={sending.said("members", None)} onchange={choose} empty="There are no users." />
            <TextArea id="team-comments" label="Comments" value={draft.comments.clone()} error={sending.said("comments", None)}
                oninput={edit(|draft, text| draft.comments = text)} />
        </FormDialog>
    }
}

fn draft_of(team: &Team) -> TeamDraft {
    TeamDraft {
        name: team.name.clone(),
        comments: team.comments.clone(),
        members: team.members.clone(),
        revision: team.revision,
    }
}
