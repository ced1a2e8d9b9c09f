//! Which events are shown: a search, a menu of filters, and the chips of those that hold.

use wire::audit::Category;
use yew::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::filter_chips::{Chip, TextSearch, filter_chips};
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
    let onsearch = {
        let add = add.clone();
        Callback::from(move |text: String| {
            if let Some(filter) = Filter::new(By::Text, &text) {
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
        let left = props.filters.without(filter.by);
        Chip {
            testid: "audit-chip",
            key: filter.by.key().to_owned(),
            by: filter.by.words(),
            words: filter.words.clone(),
            onremove: props.onshow.reform(move |_: MouseEvent| left.clone()),
        }
    };
    let clear = props.onshow.reform(|_: MouseEvent| Filters::default());
    html! {
        <div class="sp-filters" id="audit-filters">
            <TextSearch id="audit-search" label="Search events" placeholder="Search names, messages, changes" {onsearch} />
            <Popover id="audit-filter" label="Filter" title="Add a filter" icon={Icon::Filter} open={*open} {onopen}>
                <div class="sp-choices">
                    { choices(By::Category, categories) }
                    { choices(By::Outcome, OUTCOMES.to_vec()) }
                    { choices(By::Days, PERIODS.to_vec()) }
                </div>
            </Popover>
            { filter_chips(props.filters.0.iter().map(chip)) }
            if !props.filters.0.is_empty() {
                <Button id="audit-clear" kind={Kind::Link} class="pf-m-inline" label="Clear" onclick={clear} />
            }
        </div>
    }
}
