//! Which events are shown: a search, a menu of filters, and the chips of those that hold.

use wire::audit::Category;
use yew::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::field::target;
use crate::components::icon::Icon;
use crate::components::popover::Popover;
use crate::state::audit::{By, Filter, Filters, OUTCOMES, PERIODS};

/// Properties of [`FilterBar`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct FilterBarProps {
    /// Those that hold.
    pub(super) filters: Filters,
    /// Others are to.
    pub(super) onshow: Callback<Filters>,
}

/// The bar.
#[component]
pub(super) fn FilterBar(props: &FilterBarProps) -> Html {
    let open = use_state(|| false);
    let text = use_state(String::new);
    let onopen = {
        let open = open.clone();
        Callback::from(move |to| open.set(to))
    };
    let add = {
        let (filters, onshow, open) = (props.filters.clone(), props.onshow.clone(), open.clone());
        Callback::from(move |filter: Filter| {
            open.set(false);
            onshow.emit(filters.with(filter));
        })
    };
    let oninput = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| {
            text.set(target::<web_sys::HtmlInputElement>(event.target()).map(|it| it.value()).unwrap_or_default());
        })
    };
    let onsubmit = {
        let (text, add) = (text.clone(), add.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(filter) = Filter::new(By::Text, &text) {
                text.set(String::new());
                add.emit(filter);
            }
        })
    };
    let choices = |by: By, all: Vec<(&'static str, &'static str)>| {
        html! {
            <>
                <span class="sp-choices__head">{ by.words() }</span>
                <ul class="sp-choices__list">
                    { for all.into_iter().filter_map(|(value, words)| {
                        let filter = Filter::new(by, value)?;
                        let onclick = add.reform(move |_: MouseEvent| filter.clone());
                        Some(html! {
                            <li key={value}>
                                <button type="button" class="pf-v6-c-menu__item" data-testid="audit-choice" data-value={format!("{}:{value}", by.key())} {onclick}>{ words }</button>
                            </li>
                        })
                    }) }
                </ul>
            </>
        }
    };
    let categories = Category::all().into_iter().map(|it| (it.name(), it.words())).collect();
    let chip = |filter: &Filter| {
        let (onshow, left) = (props.onshow.clone(), props.filters.without(filter.by));
        let remove = Callback::from(move |_: MouseEvent| onshow.emit(left.clone()));
        let title = format!("{}: {}", filter.by.words(), filter.words);
        html! {
            <li key={filter.by.key()} class="pf-v6-c-label pf-m-outline sp-chip" data-testid="audit-chip" data-by={filter.by.key()} title={title.clone()}>
                <span class="pf-v6-c-label__content">
                    <span class="pf-v6-c-label__text"><span class="sp-pale">{ filter.by.words() }</span>{ format!(" {}", filter.words) }</span>
                </span>
                <button type="button" class="sp-chip__remove" aria-label={format!("Remove the filter {title}")} onclick={remove}>
                    { Icon::Times.html() }
                </button>
            </li>
        }
    };
    let clear = props.onshow.reform(|_: MouseEvent| Filters::default());
    html! {
        <div class="sp-filters" id="audit-filters">
            <form class="sp-search" role="search" {onsubmit}>
                <input id="audit-search" type="search" aria-label="Search events" placeholder="Search names, messages, changes" value={(*text).clone()} {oninput} />
            </form>
            <Popover id="audit-filter" label="Filter" title="Add a filter" icon={Icon::Filter} open={*open} {onopen}>
                <div class="sp-choices">
                    { choices(By::Category, categories) }
                    { choices(By::Outcome, OUTCOMES.to_vec()) }
                    { choices(By::Days, PERIODS.to_vec()) }
                </div>
            </Popover>
            <ul class="sp-chips" aria-label="Filters">{ for props.filters.0.iter().map(chip) }</ul>
            if !props.filters.0.is_empty() {
                <Button id="audit-clear" kind={Kind::Link} class="pf-m-inline" label="Clear" onclick={clear} />
            }
        </div>
    }
}
