//! The Jump interface: groups at the left, items in the middle, details at the right.

mod bulk_dialog;
mod columns_menu;
mod copy_dialog;
mod credential_fields;
mod csv_files;
mod details;
mod filter_bar;
mod first_steps;
mod group_dialog;
mod groups;
mod headings;
mod import_dialog;
mod item_dialog;
mod keys;
mod last_sessions;
mod menus;
mod remove_dialog;
mod rows;
mod saved_filters;
mod search;
mod start_dialog;
mod starting;
mod table;
mod toolbar;
mod tunnel_fields;

use wire::JumpItemId;
use wire::api::{ItemPermission, JumpGroup, JumpItem};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::spinner;
use crate::console::{use_console, use_now, use_store};
use crate::state::columns::{Layout, PREFERENCE};
use crate::state::selection::Selection;
use crate::state::store::Load;
use crate::state::toasts::ToastKind;
use crate::state::view::View;
use crate::state::{bulk_form, permitted};
use rows::How;

pub(crate) use group_dialog::GroupDialog;

/// What is open above the table.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    /// A new item.
    Create,
    /// Properties of one.
    Properties(Box<JumpItem>),
    /// Properties of several.
    Bulk(Vec<JumpItem>),
    /// Copying some into other groups.
    Copy(Vec<JumpItem>),
    /// Removing some.
    Remove(Vec<JumpItem>),
    /// What the policies of items ask for, of one after the other.
    Start(Vec<JumpItem>),
    /// A new group.
    NewGroup,
    /// Items from a file.
    Import,
    /// What can be done with the selected rows, at a place of the window.
    RowMenu(i32, i32),
    /// What can be done with these items of a group or a tag that is called so.
    GroupMenu(i32, i32, String, Vec<JumpItemId>),
}

/// What a person can do here, by button, by key, or in the table.
#[derive(Clone, Debug, PartialEq)]
enum Command {
    Jump,
    JumpTo(Vec<JumpItemId>),
    Create,
    Properties,
    Copy,
    Remove,
    Favourite,
    NewGroup,
    Export(Vec<JumpItemId>),
    Search(String),
    Show(View, How),
    Select(Selection<JumpItemId>),
    Arrange(Layout),
    Open(Open),
}

/// How long nobody has to type until the search stands in the address, in milliseconds.
const TYPED_MILLIS: u32 = 400;

/// The page.
#[component]
pub(crate) fn JumpPage() -> Html {
    let console = use_console();
    let store = use_store();
    let navigator = use_navigator();
    let address = rows::use_address();
    let typed = use_state(|| None::<String>);
    let selection = use_state(Selection::<JumpItemId>::default);
    let open = use_state(|| None::<Open>);
    let jumping = use_state(|| false);
    let failed = use_state(starting::Refused::new);
    let now = use_now(15_000);

    let view = View { search: (*typed).clone().unwrap_or_else(|| address.search.clone()), ..address.clone() };
    let kept = store.preferences.view.get(PREFERENCE).cloned();
    let layout = use_memo(kept, |kept| kept.as_deref().map(Layout::from_text).unwrap_or_default());
    let rows = rows::use_rows(&store, &view, &layout, now);
    let chosen = rows::use_chosen(&rows, &selection);
    {
        let selection = selection.clone();
        use_effect_with(rows.ids.clone(), move |ids| {
            let mut kept = (*selection).clone();
            kept.retain(ids);
            if kept != *selection {
                selection.set(kept);
            }
        });
    }
    {
        // Another address, by *Back* or by a link, is what is searched for from now on.
        let typed = typed.clone();
        use_effect_with(address.search.clone(), move |_| typed.set(None));
    }
    {
        let (navigator, address, typed) = (navigator.clone(), address.clone(), (*typed).clone());
        use_effect_with(typed, move |typed| {
            let timeout = typed.clone().map(|search| {
                gloo::timers::callback::Timeout::new(TYPED_MILLIS, move || {
                    // A search is one step: *Back* leads to before it.
                    let how = if address.search.is_empty() { How::Push } else { How::Replace };
                    rows::go(navigator.as_ref(), &View { search, ..address.clone() }, how);
                })
            });
            move || drop(timeout)
        });
    }

    let command = {
        let (console, selection, open, jumping, failed, typed) =
            (console.clone(), selection.clone(), open.clone(), jumping.clone(), failed.clone(), typed.clone());
        let (chosen, rows, navigator) = (chosen.clone(), rows.clone(), navigator.clone());
        let groups = store.groups.clone();
        let ask = {
            let open = open.clone();
            Callback::from(move |items| open.set(Some(Open::Start(items))))
        };
        Callback::from(move |command: Command| match command {
            Command::Jump => starting::start(&console, chosen.to_vec(), &navigator, &jumping, &failed, ask.clone()),
            Command::JumpTo(ids) => {
                let items = ids.iter().filter_map(|id| rows.catalogue.by_id(*id)).cloned().collect();
                starting::start(&console, items, &navigator, &jumping, &failed, ask.clone());
            }
            Command::Create if !permitted::anywhere(groups.list(), ItemPermission::Add) => {}
            Command::Create => open.set(Some(Open::Create)),
            Command::NewGroup => open.set(Some(Open::NewGroup)),
            Command::Export(ids) => csv_files::export(&console, ids),
            Command::Properties => match (chosen.as_slice(), bulk_form::obstacle(&chosen)) {
                ([], _) => {}
                ([item], _) => open.set(Some(Open::Properties(Box::new(item.clone())))),
                (_, Some(obstacle)) => console.tell(ToastKind::Info, "Not of these items together", obstacle),
                (several, None) => open.set(Some(Open::Bulk(several.to_vec()))),
            },
            Command::Copy | Command::Remove if chosen.is_empty() => {}
            Command::Copy => match permitted::obstacle(groups.list(), &chosen, ItemPermission::AssignGroup) {
                why if why.is_empty() => open.set(Some(Open::Copy(chosen.to_vec()))),
                why => console.tell(ToastKind::Info, "Not permitted", why),
            },
            Command::Remove => match permitted::obstacle(groups.list(), &chosen, ItemPermission::Remove) {
                why if why.is_empty() => open.set(Some(Open::Remove(chosen.to_vec()))),
                why => console.tell(ToastKind::Info, "Not permitted", why),
            },
            Command::Favourite if chosen.is_empty() => {}
            Command::Favourite => {
                let all = chosen.iter().all(|item| item.favourite);
                let changed = chosen.iter().filter(|item| item.favourite == all).map(|item| item.id).collect();
                console.set_favourites(changed, !all);
            }
            Command::Select(changed) => selection.set(changed),
            Command::Search(text) => typed.set(Some(text)),
            Command::Show(view, how) => {
                typed.set(None);
                rows::go(navigator.as_ref(), &view, how);
            }
            Command::Arrange(layout) => {
                console.change_preferences(|it| drop(it.view.insert(PREFERENCE.into(), layout.to_text())));
            }
            Command::Open(what) => open.set(Some(what)),
        })
    };
    keys::use_keys(&command, &view, &selection, &rows.ids);

    let close = {
        let open = open.clone();
        Callback::from(move |()| open.set(None))
    };
    let forget_failures = {
        let failed = failed.clone();
        Callback::from(move |()| failed.set(Vec::new()))
    };
    html! {
        <div class="sp-jump">
            <h1 class="pf-v6-screen-reader">{ "Jump" }</h1>
            <groups::Groups catalogue={rows.catalogue.clone()} view={address.clone()} command={command.clone()} />
            <section class="sp-jump__items" aria-label="Items">
                <toolbar::Toolbar chosen={chosen.clone()} shown={rows.ids.clone()} jumping={*jumping} command={command.clone()} />
                <filter_bar::FilterBar
                    view={view.clone()}
                    layout={layout.clone()}
                    catalogue={rows.catalogue.clone()}
                    shown={rows.shown.len()}
                    selected={selection.len()}
                    command={command.clone()}
                />
                { for failed.iter().enumerate().map(|(at, (name, error))| html! {
                    <ErrorAlert key={at} id={(at == 0).then_some("jump-error")} error={starting::named(name, error)} onclose={forget_failures.clone()} />
                }) }
                <first_steps::FirstSteps command={command.clone()} />
                { match &store.items {
                    Load::Waiting => html! { <div class="sp-waiting">{ spinner("Loading items") }</div> },
                    Load::Failed(error) => html! { <ErrorAlert id="items-error" error={(**error).clone()} /> },
                    Load::Ready(_) => html! {
                        <table::ItemTable
                            rows={rows.clone()}
                            view={view.clone()}
                            {layout}
                            selection={(*selection).clone()}
                            {now}
                            may_create={permitted::anywhere(store.groups.list(), ItemPermission::Add)}
                            command={command.clone()}
                        />
                    },
                } }
            </section>
            <details::Details chosen={chosen.clone()} {now} command={command.clone()} />
            { opened(&open, &chosen, store.groups.list(), &command, close) }
        </div>
    }
}

fn opened(
    open: &Option<Open>,
    chosen: &[JumpItem],
    groups: &[JumpGroup],
    command: &Callback<Command>,
    onclose: Callback<()>,
) -> Html {
    match open.clone() {
        None => Html::default(),
        Some(Open::Create) => html! { <item_dialog::ItemDialog item={None::<JumpItem>} {onclose} /> },
        Some(Open::Properties(item)) => html! { <item_dialog::ItemDialog item={Some(*item)} {onclose} /> },
        Some(Open::Bulk(items)) => html! { <bulk_dialog::BulkDialog {items} {onclose} /> },
        Some(Open::Copy(items)) => html! { <copy_dialog::CopyDialog {items} {onclose} /> },
        Some(Open::Remove(items)) => html! { <remove_dialog::RemoveDialog {items} {onclose} /> },
        Some(Open::Start(items)) => html! { <start_dialog::StartDialogs {items} {onclose} /> },
        Some(Open::NewGroup) => html! { <GroupDialog group={None::<JumpGroup>} {onclose} /> },
        Some(Open::Import) => html! { <import_dialog::ImportDialog {onclose} /> },
        Some(Open::RowMenu(x, y)) => menus::of_rows((x, y), chosen, groups, command, onclose),
        Some(Open::GroupMenu(x, y, name, ids)) => menus::of_group((x, y), &name, ids, command, onclose),
    }
}
