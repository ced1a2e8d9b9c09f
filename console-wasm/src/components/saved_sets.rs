//! Filter sets that the user keeps under a name, for one page.

use wasm_bindgen_futures::spawn_local;
use wire::api::{FilteredPage, SavedFilter, SavedFilterDraft};
use wire::validate;
use yew::prelude::*;

use super::button::{Button, Kind};
use super::copy::CopyButton;
use super::dialog::FormDialog;
use super::field::{TextField, kept_in};
use super::icon::Icon;
use super::popover::Popover;
use crate::console::{use_console, use_store};
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// Properties of [`SavedSets`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SavedSetsProps {
    /// The page.
    pub(crate) page: FilteredPage,
    /// Where it is.
    pub(crate) path: &'static str,
    /// What stands in its address after the `?`.
    pub(crate) now: String,
    /// Whether what is shown is what such an address says.
    pub(crate) is_shown: Callback<String, bool>,
    /// Shows what such an address says.
    pub(crate) onshow: Callback<String>,
}

/// A menu of the filter sets, with what can be done with each.
#[component]
pub(crate) fn SavedSets(props: &SavedSetsProps) -> Html {
    let console = use_console();
    let store = use_store();
    let open = use_state(|| false);
    let named = use_state(|| None::<(Option<SavedFilter>, String)>);
    let onopen = {
        let open = open.clone();
        Callback::from(move |to| open.set(to))
    };
    let now = props.now.clone();
    let name = {
        let (named, open) = (named.clone(), open.clone());
        Callback::from(move |what: (Option<SavedFilter>, String)| {
            open.set(false);
            named.set(Some(what));
        })
    };
    let save = {
        let (name, now) = (name.clone(), now.clone());
        Callback::from(move |_: MouseEvent| name.emit((None, now.clone())))
    };
    let row = |filter: &SavedFilter| {
        let show = {
            let (onshow, open, query) = (props.onshow.clone(), open.clone(), filter.query.clone());
            Callback::from(move |_: MouseEvent| {
                open.set(false);
                onshow.emit(query.clone());
            })
        };
        let rename = {
            let (name, filter) = (name.clone(), filter.clone());
            Callback::from(move |_: MouseEvent| name.emit((Some(filter.clone()), filter.query.clone())))
        };
        let remove = {
            let (console, filter) = (console.clone(), filter.clone());
            Callback::from(move |_: MouseEvent| {
                let (console, filter) = (console.clone(), filter.clone());
                spawn_local(async move {
                    match console.api().remove_filter(filter.id).await {
                        Ok(()) => {
                            console.tell(ToastKind::Success, format!("The filters {} were forgotten", filter.name), "");
                        }
                        Err(error) => console.tell_error("The filters are still there", &error),
                    }
                    console.load_filters();
                });
            })
        };
        let current = props.is_shown.emit(filter.query.clone());
        html! {
            <li key={filter.id.to_string()} class="sp-saved" data-testid="saved-filter" data-name={filter.name.clone()}>
                <button type="button" class={classes!("pf-v6-c-menu__item", "sp-saved__name", current.then_some("sp-m-current"))}
                    aria-current={current.then_some("true")} title={filter.name.clone()} onclick={show}>{ &filter.name }</button>
                <CopyButton text={link_to(props.path, &filter.query)} what={format!("a link to {}", filter.name)} />
                <Button kind={Kind::Plain} small={true} class="sp-rename" icon={Icon::Pen} title={format!("Rename {}", filter.name)} onclick={rename} />
                <Button kind={Kind::Plain} small={true} class="sp-forget" icon={Icon::Trash} title={format!("Forget {}", filter.name)} onclick={remove} />
            </li>
        }
    };
    let saved: Vec<_> = store.filters.list().iter().filter(|it| it.page == props.page).collect();
    let nothing = if now.is_empty() { "Search or filter for something first." } else { "" };
    html! {
        <>
            <Popover id="saved-filters" label="Saved" title="Filter sets you keep" icon={Icon::Save} open={*open} {onopen}>
                <div class="sp-choices">
                    <Button id="save-filters" kind={Kind::Secondary} small={true} icon={Icon::Plus} label="Keep what is shown" obstacle={nothing} onclick={save} />
                    if !now.is_empty() {
                        <span class="sp-saved__link">
                            <CopyButton id="copy-link" text={link_to(props.path, &now)} what="a link to what is shown" />
                            <span>{ "Link to what is shown" }</span>
                        </span>
                    }
                    if saved.is_empty() {
                        <span class="sp-pale">{ "Filters you keep stand here, on every workstation." }</span>
                    } else {
                        <ul class="sp-choices__list">{ for saved.into_iter().map(row) }</ul>
                    }
                </div>
            </Popover>
            if let Some((filter, query)) = &*named {
                <NameDialog page={props.page} filter={filter.clone()} query={query.clone()} onclose={Callback::from(move |()| named.set(None))} />
            }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct NameDialogProps {
    page: FilteredPage,
    filter: Option<SavedFilter>,
    query: String,
    onclose: Callback<()>,
}

/// Asks for the name of a filter set.
#[component]
fn NameDialog(props: &NameDialogProps) -> Html {
    let console = use_console();
    let before = props.filter.as_ref().map(|filter| filter.name.clone()).unwrap_or_default();
    let name = use_state(|| before.clone());
    let sending = use_submission();
    let wrong = validate::name(&name);
    let onsubmit = {
        let (props, name, sending, right) = (props.clone(), name.clone(), sending.clone(), wrong.is_none());
        Callback::from(move |()| {
            let draft = SavedFilterDraft { name: (*name).clone(), query: props.query.clone(), page: props.page };
            let (api, id) = (console.api().clone(), props.filter.as_ref().map(|filter| filter.id));
            let saving = async move { api.save_filter(id, &draft).await };
            let (console, onclose) = (console.clone(), props.onclose.clone());
            sending.send(right, saving, move |_| {
                console.load_filters();
                onclose.emit(());
            });
        })
    };
    let (title, deed) = match &props.filter {
        None => ("Keep these filters".to_owned(), "Keep"),
        Some(filter) => (format!("Rename {}", filter.name), "Rename"),
    };
    html! {
        <FormDialog name="filter" {title} {deed} sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <TextField id="filter-name" label="Name" required={true} value={(*name).clone()} error={sending.said("name", wrong)} oninput={kept_in(&name)} />
        </FormDialog>
    }
}

fn link_to(path: &str, query: &str) -> String {
    let origin = gloo::utils::window().location().origin().unwrap_or_default();
    format!("{origin}{path}?{query}")
}
