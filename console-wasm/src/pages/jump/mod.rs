//! The Jump interface: groups at the left, items in the middle, details at the right.

mod bulk_dialog;
mod details;
mod first_steps;
mod group_dialog;
mod groups;
mod item_dialog;
mod keys;
mod remove_dialog;
mod table;
mod toolbar;
mod tunnel_fields;

use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::spawn_local;
use wire::JumpItemId;
use wire::api::{ApiError, ItemStatus, JumpItem};
use wire::limits::ITEMS_PER_JUMP;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::spinner;
use crate::console::{Console, use_console, use_now, use_store};
use crate::routes::Route;
use crate::state::items::{self, Filter, Sort};
use crate::state::selection::Selection;
use crate::state::store::{Action, Load};
use crate::state::words;

pub(crate) use group_dialog::GroupDialog;

/// What of the view stands in the address, so that it can be shared and survives a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Query {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tag: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sort: String,
}

impl Query {
    fn filter(&self) -> Filter {
        Filter {
            search: self.q.clone(),
            group: self.group.parse().ok(),
            tag: Some(self.tag.clone()).filter(|tag| !tag.is_empty()),
        }
    }
}

/// What is open above the table.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    /// A new item.
    Create,
    /// Properties of one.
    Properties(Box<JumpItem>),
    /// Properties of several.
    Bulk(Vec<JumpItem>),
    /// Removing some.
    Remove(Vec<JumpItem>),
    /// A new group.
    NewGroup,
}

/// What a person can do here, by button, by key, or in the table.
#[derive(Clone, Debug, PartialEq)]
enum Command {
    Jump,
    JumpTo(JumpItemId),
    Create,
    Properties,
    Remove,
    NewGroup,
    Query(Query),
    Select(Selection<JumpItemId>),
}

/// The page.
#[component]
pub(crate) fn JumpPage() -> Html {
    let console = use_console();
    let store = use_store();
    let navigator = use_navigator();
    let query = use_location().and_then(|location| location.query::<Query>().ok()).unwrap_or_default();
    let selection = use_state(Selection::<JumpItemId>::default);
    let open = use_state(|| None::<Open>);
    let jumping = use_state(|| false);
    let failed = use_state(Vec::<(String, ApiError)>::new);
    let now = use_now(15_000);

    let all = store.items.list();
    let sort = Sort::from_key(&query.sort);
    let rows: Vec<JumpItem> = items::visible(all, &query.filter(), sort).into_iter().cloned().collect();
    let ids: Vec<JumpItemId> = rows.iter().map(|item| item.id).collect();
    let chosen: Vec<JumpItem> = rows.iter().filter(|item| selection.contains(item.id)).cloned().collect();
    {
        let selection = selection.clone();
        use_effect_with(ids.clone(), move |ids| {
            let mut kept = (*selection).clone();
            kept.retain(ids);
            if kept != *selection {
                selection.set(kept);
            }
        });
    }

    let command = {
        let (console, selection, open, jumping, failed) =
            (console.clone(), selection.clone(), open.clone(), jumping.clone(), failed.clone());
        let (chosen, rows) = (chosen.clone(), rows.clone());
        Callback::from(move |command: Command| match command {
            Command::Jump => {
                start(&console, chosen.clone(), &navigator, &jumping, &failed);
            }
            Command::JumpTo(id) => {
                let item = rows.iter().filter(|item| item.id == id).cloned().collect();
                start(&console, item, &navigator, &jumping, &failed);
            }
            Command::Create => open.set(Some(Open::Create)),
            Command::NewGroup => open.set(Some(Open::NewGroup)),
            Command::Properties => open.set(match chosen.as_slice() {
                [] => None,
                [item] => Some(Open::Properties(Box::new(item.clone()))),
                several => Some(Open::Bulk(several.to_vec())),
            }),
            Command::Remove if chosen.is_empty() => {}
            Command::Remove => open.set(Some(Open::Remove(chosen.clone()))),
            Command::Select(changed) => selection.set(changed),
            Command::Query(query) => {
                if let Some(navigator) = &navigator {
                    // Fails only for values that cannot stand in an address; these are all text.
                    let _ = navigator.replace_with_query(&Route::Jump, &query);
                }
            }
        })
    };
    keys::use_keys(&command, &query, &selection, &ids);

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
            <groups::Groups query={query.clone()} command={command.clone()} />
            <section class="sp-jump__items" aria-label="Items">
                <toolbar::Toolbar
                    query={query.clone()}
                    chosen={chosen.clone()}
                    jumping={*jumping}
                    command={command.clone()}
                />
                { for failed.iter().enumerate().map(|(at, (name, error))| html! {
                    <ErrorAlert key={at} id={(at == 0).then_some("jump-error")} error={named(name, error)} onclose={forget_failures.clone()} />
                }) }
                <first_steps::FirstSteps command={command.clone()} />
                { match &store.items {
                    Load::Waiting => html! { <div class="sp-waiting">{ spinner("Loading items") }</div> },
                    Load::Failed(error) => html! { <ErrorAlert id="items-error" error={(**error).clone()} /> },
                    Load::Ready(_) => html! {
                        <table::ItemTable
                            rows={rows.clone()}
                            total={all.len()}
                            {sort}
                            query={query.clone()}
                            selection={(*selection).clone()}
                            {now}
                            command={command.clone()}
                        />
                    },
                } }
            </section>
            <details::Details chosen={chosen} {now} command={command.clone()} />
            { match &*open {
                None => Html::default(),
                Some(Open::Create) => html! { <item_dialog::ItemDialog item={None::<JumpItem>} onclose={close} /> },
                Some(Open::Properties(item)) => html! { <item_dialog::ItemDialog item={Some((**item).clone())} onclose={close} /> },
                Some(Open::Bulk(items)) => html! { <bulk_dialog::BulkDialog items={items.clone()} onclose={close} /> },
                Some(Open::Remove(items)) => html! { <remove_dialog::RemoveDialog items={items.clone()} onclose={close} /> },
                Some(Open::NewGroup) => html! { <GroupDialog group={None::<wire::api::JumpGroup>} onclose={close} /> },
            } }
        </div>
    }
}

/// The refusal of one item's session, with the item's name.
fn named(name: &str, error: &ApiError) -> ApiError {
    ApiError { message: format!("{name}: {}", error.message), ..error.clone() }
}

/// Why these items cannot be jumped to; empty when they can.
fn obstacle(chosen: &[JumpItem]) -> String {
    match chosen {
        [] => "Select an item first.".into(),
        [item] => words::item_obstacle(item.status, &item.jumpoint_name).unwrap_or_default(),
        several if several.len() > ITEMS_PER_JUMP => {
            format!("At most {ITEMS_PER_JUMP} items can be jumped to at once; {} are selected.", several.len())
        }
        several if several.iter().all(|item| item.status != ItemStatus::Ready) => {
            "None of the selected items can be used now; see their status.".into()
        }
        _ => String::new(),
    }
}

/// Starts a session for each item and opens the tab of the last one.
fn start(
    console: &Console,
    items: Vec<JumpItem>,
    navigator: &Option<Navigator>,
    jumping: &UseStateHandle<bool>,
    failed: &UseStateHandle<Vec<(String, ApiError)>>,
) {
    if **jumping || items.is_empty() || !obstacle(&items).is_empty() {
        return;
    }
    jumping.set(true);
    let (console, navigator, jumping, failed) = (console.clone(), navigator.clone(), jumping.clone(), failed.clone());
    spawn_local(async move {
        let mut opened = None;
        let mut refused = Vec::new();
        for item in items {
            match console.api().jump(item.id).await {
                Ok(session) => {
                    opened = Some(session.id);
                    console.dispatch(Action::Session(Box::new(session)));
                }
                Err(error) => refused.push((item.definition.name, error)),
            }
        }
        jumping.set(false);
        let all_well = refused.is_empty();
        failed.set(refused);
        if let (Some(id), Some(navigator), true) = (opened, navigator, all_well) {
            navigator.push(&Route::Session { id });
        }
    });
}
