//! Stored credentials: create, change, replace the secret, remove.

use wire::api::{Credential, ItemPermission, JumpGroup};
use yew::prelude::*;

use super::credential_dialog::CredentialDialog;
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::components::listing::Listing;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::loaded::use_loaded;
use crate::state::credential_form::CredentialForm;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(CredentialForm),
    Remove(Credential),
}

const INTRO: &str = "What is stored to sign in at targets. An item names the credentials that its users are given while its tunnels are open; each time is written down. Secrets are encrypted with a key outside the database, and nobody can read them here again.";

const HEADINGS: &[&str] =
    &["Name", "Jump group", "Kind", "User name", "Given out", "Secret entered", "Items", "Comments"];

/// The section.
#[component]
pub(super) fn Credentials() -> Html {
    let store = use_store();
    let now = use_now(60_000);
    let credentials = use_loaded(store.access_changed, |api| async move { api.credentials().await });
    let open = use_state(|| None::<Open>);
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(what.clone())))
    };
    let close = {
        let (open, reload) = (open.clone(), credentials.reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    let manages = |group: &&JumpGroup| group.permissions.contains(&ItemPermission::EditCredentials);
    let groups: Vec<JumpGroup> = store.groups.list().iter().filter(manages).cloned().collect();
    let ids: Vec<_> = groups.iter().map(|it| it.id).collect();
    let row = |it: &Credential| {
        let facts = &it.facts;
        html! {
            <tr class="pf-v6-c-table__tr" key={it.id.to_string()} data-testid="credential-row" data-name={facts.name.clone()}>
                <th class="pf-v6-c-table__th" scope="row">{ &facts.name }</th>
                <td class="pf-v6-c-table__td">{ &it.group_name }</td>
                <td class="pf-v6-c-table__td">{ facts.kind.words() }</td>
                <td class="pf-v6-c-table__td">{ &facts.user_name }</td>
                <td class="pf-v6-c-table__td">{ facts.giving.words() }</td>
                <td class="pf-v6-c-table__td"><TimeText at={it.secret_at} {now} /></td>
                <td class="pf-v6-c-table__td">{ named_by(it) }</td>
                <td class="pf-v6-c-table__td sp-lines">{ &facts.comments }</td>
                <td class="pf-v6-c-table__td sp-number">
                    <Button class="sp-edit-credential" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {}", facts.name)}
                        onclick={show(Open::Edit(CredentialForm::of(it)))} />
                    <Button class="sp-remove-credential" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {}", facts.name)}
                        onclick={show(Open::Remove(it.clone()))} />
                </td>
            </tr>
        }
    };
    let obstacle = if groups.is_empty() { "Your role lets you manage credentials in no group." } else { "" };
    html! {
        <Listing id="credentials" title="Credentials" intro={INTRO} create_id="create-credential" create="Store a credential" {obstacle}
            oncreate={show(Open::Edit(CredentialForm::new(&ids)))} errors={(*credentials.error).clone().into_iter().collect::<Vec<_>>()}
            loading={credentials.value.is_none()} headings={HEADINGS}
            rows={credentials.list().iter().map(row).collect::<Vec<_>>()} empty="There are none yet: whoever uses an item is asked by its target.">
            { match &*open {
                None => Html::default(),
                Some(Open::Edit(form)) => html! { <CredentialDialog form={form.clone()} {groups} onclose={close} /> },
                Some(Open::Remove(credential)) => html! { <Removal credential={credential.clone()} onclose={close} /> },
            } }
        </Listing>
    }
}

/// The items that name it, as far as they are shown to the user.
fn named_by(it: &Credential) -> String {
    let others = match (it.items.is_empty(), it.other_items) {
        (_, 0) => None,
        (true, 1) => Some("one that you do not see".into()),
        (true, others) => Some(format!("{others} that you do not see")),
        (false, others) => Some(format!("and {others} more that you do not see")),
    };
    let named: Vec<String> = it.items.iter().cloned().chain(others).collect();
    if named.is_empty() { "none".into() } else { named.join(", ") }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    credential: Credential,
    onclose: Callback<()>,
}

#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let it = &props.credential;
    let onconfirm = {
        let (id, onclose, sending) = (it.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, onclose) = (console.api().clone(), onclose.clone());
            sending.send(true, async move { api.remove_credential(id).await }, move |()| onclose.emit(()));
        })
    };
    let words = if it.items.is_empty() && it.other_items == 0 {
        "No item names it. Its secret cannot be brought back.".to_owned()
    } else {
        format!("It can be removed once these items do not name it any more: {}.", named_by(it))
    };
    html! {
        <ConfirmDialog id="remove-credential" title={format!("Remove the credential {}?", it.facts.name)} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ words }</p>
        </ConfirmDialog>
    }
}
