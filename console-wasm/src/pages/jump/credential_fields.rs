//! The credentials of an item, for whoever may change them; others read their names.

use wire::api::{Credential, ItemPermission};
use wire::limits::CREDENTIALS_PER_ITEM;
use yew::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::field::{SelectField, below};
use crate::components::icon::Icon;
use crate::console::use_store;
use crate::loaded::use_loaded;
use crate::state::item_credentials::RowEdit;
use crate::state::item_form::{Edit, ItemForm, TunnelFields};
use crate::state::services;

/// Properties of [`CredentialFields`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct CredentialFieldsProps {
    /// The form.
    pub(super) form: ItemForm,
    /// A change of it.
    pub(super) onedit: Callback<Edit>,
}

/// One row for each credential, and a button for one more.
#[component]
pub(super) fn CredentialFields(props: &CredentialFieldsProps) -> Html {
    let store = use_store();
    let known = use_loaded(store.access_changed, |api| async move { api.credentials().await });
    let form = &props.form;
    let rows = &form.credentials.rows;
    let group = store.groups.list().iter().find(|it| Some(it.id) == form.group);
    if !group.is_some_and(|it| it.permissions.contains(&ItemPermission::EditCredentials)) {
        if rows.is_empty() {
            return Html::default();
        }
        let names: Vec<_> = rows.iter().map(|row| row.name.clone()).collect();
        return html! {
            <p class="sp-pale" id="item-credentials">
                { format!("Stored credentials: {}. Your role in this group does not let you change them.", names.join(", ")) }
            </p>
        };
    }
    let add = props.onedit.reform(|_: MouseEvent| Edit::Credentials(RowEdit::Add));
    let has_none = known.value.as_ref().is_some_and(Vec::is_empty);
    let obstacle = match (has_none, rows.len() >= CREDENTIALS_PER_ITEM) {
        (true, _) => "There are none yet that you manage: store one on the page Credentials.",
        (_, true) => "An item can have no more credentials.",
        _ => "",
    };
    let error = form.error("credentials").map(AttrValue::from);
    let help = "Whoever uses the item is given these while its tunnels are open. Without any, the target asks.";
    html! {
        <fieldset class="sp-tunnels" id="item-credentials">
            <legend class="pf-v6-c-form__label-text">{ "Credentials" }</legend>
            { for (0..rows.len()).map(|at| fields(props, known.list(), at)) }
            { below("credentials", error.as_ref(), html! { help }) }
            <Button id="add-credential" kind={Kind::Link} class="pf-m-inline" icon={Icon::Plus} label="Add a credential" {obstacle} onclick={add} />
        </fieldset>
    }
}

fn fields(props: &CredentialFieldsProps, known: &[Credential], at: usize) -> Html {
    let row = &props.form.credentials.rows[at];
    let words = |it: &Credential| match it.facts.user_name.as_str() {
        "" => format!("{} ({})", it.facts.name, it.group_name),
        user => format!("{}: {user} ({})", it.facts.name, it.group_name),
    };
    let mut options: Vec<_> = known.iter().map(|it| (it.id.to_string(), words(it))).collect();
    // One that somebody else manages may stay.
    if let Some(id) = row.id.filter(|id| known.iter().all(|it| it.id != *id)) {
        options.push((id.to_string(), row.name.clone()));
    }
    let pair = |(at, pair): (usize, &TunnelFields)| {
        let words = match pair.remote_port.trim().parse::<u16>() {
            Ok(port) => services::tunnel_and_port(&pair.label, port),
            Err(_) => format!("Pair {}", at + 1),
        };
        (at.to_string(), words)
    };
    let pairs: Vec<_> = props.form.tunnels.iter().enumerate().map(pair).collect();
    let edit =
        |edit: fn(usize, String) -> RowEdit| props.onedit.reform(move |text: String| Edit::Credentials(edit(at, text)));
    html! {
        <div class="sp-item-credential" key={at} data-testid="item-credential">
            <SelectField id={format!("item-credential-{at}")} label={format!("Credential {}", at + 1)} {options} none="Choose a credential"
                value={row.id.map(|id| id.to_string()).unwrap_or_default()} onchange={edit(|at, text| RowEdit::Choose(at, text.parse().ok()))} />
            <SelectField id={format!("item-credential-{at}-pair")} label="For" options={pairs} none="The whole item"
                value={row.pair.map(|at| at.to_string()).unwrap_or_default()} onchange={edit(|at, text| RowEdit::For(at, text.parse().ok()))} />
            <Button id={format!("item-credential-{at}-remove")} kind={Kind::Plain} icon={Icon::Minus} title={format!("Take credential {} away", at + 1)}
                onclick={props.onedit.reform(move |_: MouseEvent| Edit::Credentials(RowEdit::Remove(at)))} />
        </div>
    }
}
