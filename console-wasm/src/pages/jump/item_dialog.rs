//! The dialog for a Protocol Tunnel Jump.

use wire::api::{ItemPermission, JumpItem, Jumpoint};
use yew::prelude::*;

use super::credential_fields::CredentialFields;
use super::tunnel_fields::TunnelFieldsTable;
use crate::components::button::{Button, Kind};
use crate::components::dialog::{FormDialog, Width};
use crate::components::field::{SelectField, TextArea, TextField};
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::addresses;
use crate::state::item_credentials;
use crate::state::item_form::{Edit, ItemForm};
use crate::state::items;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// Properties of [`ItemDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ItemDialogProps {
    /// The item; none for a new one.
    pub(super) item: Option<JumpItem>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The form in the hook's clothes: each edit gives the next form.
impl Reducible for ItemForm {
    type Action = Edit;

    fn reduce(self: std::rc::Rc<Self>, edit: Edit) -> std::rc::Rc<Self> {
        (*self).clone().edit(edit).into()
    }
}

/// The dialog.
#[component]
pub(super) fn ItemDialog(props: &ItemDialogProps) -> Html {
    let console = use_console();
    let store = use_store();
    let form = {
        let (store, item) = (store.clone(), props.item.clone());
        use_reducer(move || match &item {
            Some(item) => ItemForm::of(item),
            None => {
                let jumpoints: Vec<_> = store.jumpoints.list().iter().map(|jumpoint| jumpoint.id).collect();
                let groups: Vec<_> = store.groups.list().iter().map(|group| group.id).collect();
                ItemForm::new(&store.preferences, &jumpoints, &groups)
            }
        })
    };
    let sending = use_submission();
    // As it was when it was opened, or loaded anew since.
    let item = use_state(|| props.item.clone());
    let onedit = {
        let dispatcher = form.dispatcher();
        Callback::from(move |edit| dispatcher.dispatch(edit))
    };
    let onsubmit = {
        let (form, sending, onclose) = (form.clone(), sending.clone(), props.onclose.clone());
        let (store, group) = (store.clone(), item.as_ref().map(|it| it.definition.group_id));
        let console = console.clone();
        Callback::from(move |()| {
            form.dispatch(Edit::Submitted);
            let Ok(mut draft) = form.draft() else { return };
            // Who may not change them says nothing of them: a pair that got another port does not matter then.
            let group_id = group.unwrap_or(draft.group_id);
            let may = |permission| {
                store.groups.list().iter().any(|it| it.id == group_id && it.permissions.contains(&permission))
            };
            if !may(ItemPermission::EditCredentials) {
                draft.credentials = None;
            }
            let item = form.item;
            let (jumpoint, group) = (draft.jumpoint_id, draft.group_id);
            let (api, console) = (console.api().clone(), console.clone());
            let (form, onclose) = (form.clone(), onclose.clone());
            let saved = move |saved: JumpItem| {
                console.load_items();
                console.change_preferences(|preferences| {
                    preferences.last_jumpoint = Some(jumpoint);
                    preferences.last_group = Some(group);
                });
                let deed = if item.is_none() { "created" } else { "saved" };
                console.tell(
                    ToastKind::Success,
                    format!("{} was {deed}", saved.definition.name),
                    item_credentials::left(&[saved]),
                );
                onclose.emit(());
            };
            let saving = async move { api.save_item(item, &draft).await };
            sending.send_or(true, saving, saved, move |failed| form.dispatch(Edit::Refused(failed)));
        })
    };
    let onreload = (*item).as_ref().map(|it| {
        let (id, item, form) = (it.id, item.clone(), form.dispatcher());
        let load = move || console.with_api(move |api| async move { api.item(id).await });
        sending.reload(load, move |newest| {
            form.dispatch(Edit::Loaded(Box::new(ItemForm::of(&newest))));
            item.set(Some(newest));
        })
    });
    let (title, deed) = match &*item {
        None => ("Create a Protocol Tunnel Jump".to_owned(), "Create"),
        Some(item) => (format!("Properties of {}", item.definition.name), "Save"),
    };
    html! {
        <FormDialog name="item" {title} width={Width::Medium} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <Fields form={(*form).clone()} {onedit} />
        </FormDialog>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct FieldsProps {
    form: ItemForm,
    onedit: Callback<Edit>,
}

#[component]
fn Fields(props: &FieldsProps) -> Html {
    let store = use_store();
    let form = &props.form;
    let error = |field: &str| form.error(field).map(AttrValue::from);
    let edit = |edit: fn(String) -> Edit| props.onedit.reform(edit);
    let left = |field: &'static str| props.onedit.reform(move |()| Edit::Left(field.into()));
    let jumpoints: Vec<(String, String)> =
        store.jumpoints.list().iter().map(|jumpoint| (jumpoint.id.to_string(), jumpoint_choice(jumpoint))).collect();
    let groups: Vec<(String, String)> =
        store.groups.list().iter().map(|group| (group.id.to_string(), group.name.clone())).collect();
    let jumpoint_help = if jumpoints.is_empty() {
        "There is no jumpoint yet: an administrator makes one on the Agents page."
    } else {
        ""
    };
    let id = |id: Option<String>| AttrValue::from(id.unwrap_or_default());
    html! {
        <>
            <TextField id="item-name" label="Name" required={true} value={form.name.clone()} error={error("name")}
                oninput={edit(Edit::Name)} onleave={left("name")} />
            <div class="sp-columns">
                <SelectField id="item-jumpoint" label="Jumpoint" required={true} options={jumpoints} none="Choose a jumpoint"
                    value={id(form.jumpoint.map(|id| id.to_string()))} error={error("jumpoint_id")} help={jumpoint_help}
                    onchange={edit(|text| Edit::Jumpoint(text.parse().ok()))} />
                <TextField id="item-hostname" label="Host name or IP address" required={true} value={form.hostname.clone()}
                    placeholder="10.0.0.5" error={error("hostname")} oninput={edit(Edit::Hostname)} onleave={left("hostname")} />
            </div>
            <LocalAddress form={form.clone()} onedit={props.onedit.clone()} />
            <TunnelFieldsTable form={form.clone()} onedit={props.onedit.clone()} />
            <div class="sp-columns">
                <SelectField id="item-group" label="Jump group" required={true} options={groups} none="Choose a group"
                    value={id(form.group.map(|id| id.to_string()))} error={error("group_id")}
                    onchange={edit(|text| Edit::Group(text.parse().ok()))} />
                <TextField id="item-tag" label="Tag" value={form.tag.clone()} list="tags" placeholder="none" error={error("tag")}
                    oninput={edit(Edit::Tag)} onleave={left("tag")} />
            </div>
            <datalist id="tags">
                { for items::tags(store.items.list()).into_iter().map(|tag| html! { <option key={tag.clone()} value={tag} /> }) }
            </datalist>
            <PolicyField form={form.clone()} onedit={props.onedit.clone()} />
            <SessionPolicyField form={form.clone()} onedit={props.onedit.clone()} />
            <CredentialFields form={form.clone()} onedit={props.onedit.clone()} />
            <TextArea id="item-comments" label="Comments" value={form.comments.clone()} error={error("comments")} oninput={edit(Edit::Comments)} />
        </>
    }
}

/// The jump policy, for whoever may change it.
#[component]
fn PolicyField(props: &FieldsProps) -> Html {
    let names = use_loaded((), |api| async move { api.policy_names().await });
    let form = &props.form;
    if names.list().is_empty() {
        return Html::default();
    }
    let options: Vec<_> =
        names.list().iter().map(|it| (it.id.to_string(), format!("{} ({})", it.name, it.summary))).collect();
    html! {
        <SelectField id="item-policy" label="Jump policy" {options} none="No policy" value={form.policy.map(|id| id.to_string()).unwrap_or_default()}
            help="Policies of the group's members hold as well." error={form.error("jump_policy_id").map(AttrValue::from)}
            onchange={props.onedit.reform(|text: String| Edit::Policy(text.parse().ok()))} />
    }
}

/// The session policy, for whoever may change it.
#[component]
fn SessionPolicyField(props: &FieldsProps) -> Html {
    let names = use_loaded((), |api| async move { api.session_policy_names().await });
    let form = &props.form;
    let for_items = names.list().iter().filter(|it| it.for_items);
    let options: Vec<_> = for_items.map(|it| (it.id.to_string(), format!("{} ({})", it.name, it.summary))).collect();
    if options.is_empty() {
        return Html::default();
    }
    html! {
        <SelectField id="item-session-policy" label="Session policy" {options} none="No policy of its own" value={form.session_policy.map(|id| id.to_string()).unwrap_or_default()}
            help="Goes before the user's session policy and the global one." error={form.error("session_policy_id").map(AttrValue::from)}
            onchange={props.onedit.reform(|text: String| Edit::SessionPolicy(text.parse().ok()))} />
    }
}

/// The local address, with a word about items that want the same, and a free one to take instead.
#[component]
fn LocalAddress(props: &FieldsProps) -> Html {
    let store = use_store();
    let form = &props.form;
    let items = store.items.list();
    let rivals = addresses::rivals(items, form.item, &form.local_address, &form.local_ports());
    let free = addresses::free_address(items, form.item).to_string();
    let take = {
        let free = free.clone();
        props.onedit.reform(move |_: MouseEvent| Edit::LocalAddress(free.clone()))
    };
    let words = match rivals.as_slice() {
        [] => "Where your clients find it: an address of this workstation, 127.x.x.x. Each item can have its own."
            .to_owned(),
        [one] => format!("{one} listens on the same address and port: the two cannot run at the same time."),
        several => format!(
            "{} items listen on the same address and port, among them {}: they cannot run at the same time.",
            several.len(),
            several[0]
        ),
    };
    let help = html! {
        <>
            { words }
            if form.local_address != free {
                { " " }
                <Button id="use-free-address" kind={Kind::Link} class="pf-m-inline" label={format!("Use {free}")} onclick={take} />
            }
        </>
    };
    html! {
        <TextField id="item-local-address" label="Local address" required={true} value={form.local_address.clone()} {help}
            error={form.error("local_address").map(AttrValue::from)}
            oninput={props.onedit.reform(Edit::LocalAddress)}
            onleave={props.onedit.reform(|()| Edit::Left("local_address".into()))} />
    }
}

fn jumpoint_choice(jumpoint: &Jumpoint) -> String {
    let state = match (jumpoint.enabled, jumpoint.protocol_tunnel_enabled, jumpoint.online) {
        (false, ..) => " (disabled)",
        (true, false, _) => " (tunnelling is off)",
        (true, true, false) => " (offline)",
        (true, true, true) => "",
    };
    format!("{}{state}", jumpoint.name)
}
