use wire::api::Team;
use yew::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, below, target};
use crate::components::icon::Icon;
use crate::state::sign_on_form::TeamRow;

/// Properties of [`TeamRows`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct TeamRowsProps {
    /// The rows.
    pub(super) rows: Vec<TeamRow>,
    /// Every team.
    pub(super) teams: Vec<Team>,
    /// What is wrong with them.
    pub(super) error: Option<AttrValue>,
    /// The rows after a change.
    pub(super) onchange: Callback<Vec<TeamRow>>,
}

/// Which group stands for which team.
#[component]
pub(super) fn TeamRows(props: &TeamRowsProps) -> Html {
    let rows = &props.rows;
    let edit = |at: usize, change: fn(&mut TeamRow, String)| {
        let rows = rows.clone();
        props.onchange.reform(move |text: String| {
            let mut rows = rows.clone();
            change(&mut rows[at], text);
            rows
        })
    };
    let row = |(at, row): (usize, &TeamRow)| {
        let mut rest = rows.clone();
        rest.remove(at);
        let onchoice = edit(at, |row, id| row.team = id.parse().ok()).reform(|event: Event| {
            target::<web_sys::HtmlSelectElement>(event.target()).map(|select| select.value()).unwrap_or_default()
        });
        html! {
            <div class="sp-headers__row" key={at} data-testid="team-of-group">
                <div>
                    <TextField id={format!("provider-group-{at}")} label={format!("Group {}", at + 1)} bare={true} placeholder="operations"
                        value={row.group.clone()} oninput={edit(at, |row, text| row.group = text)} />
                </div>
                <span class="pf-v6-c-form-control">
                    <select id={format!("provider-team-{at}")} aria-label={format!("Team of group {}", at + 1)} onchange={onchoice}>
                        <option value="" selected={row.team.is_none()}>{ "Choose a team" }</option>
                        { for props.teams.iter().map(|team| html! {
                            <option key={team.id.to_string()} value={team.id.to_string()} selected={row.team == Some(team.id)}>{ &team.name }</option>
                        }) }
                    </select>
                    <span class="pf-v6-c-form-control__utilities">
                        <span class="pf-v6-c-form-control__toggle-icon">{ Icon::CaretDown.html() }</span>
                    </span>
                </span>
                <Button id={format!("provider-group-{at}-remove")} kind={Kind::Plain} icon={Icon::Minus} title={format!("Remove group {}", at + 1)}
                    onclick={props.onchange.reform(move |_: MouseEvent| rest.clone())} />
            </div>
        }
    };
    let one_more = [rows.as_slice(), &[TeamRow::default()]].concat();
    let obstacle = if props.teams.is_empty() { "There are no teams yet: make one under Teams." } else { "" };
    html! {
        <fieldset class="sp-headers" id="provider-teams">
            <legend class="pf-v6-c-form__label-text">{ "Members of a group are in a team" }</legend>
            { for rows.iter().enumerate().map(row) }
            <Button id="add-provider-group" kind={Kind::Link} class="pf-m-inline" icon={Icon::Plus} label="Add a group" {obstacle}
                onclick={props.onchange.reform(move |_: MouseEvent| one_more.clone())} />
            { below("provider-teams", props.error.as_ref(), html! { "Set anew at each sign-in. Teams given by hand stay." }) }
        </fieldset>
    }
}
