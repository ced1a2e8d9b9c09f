//! What lists have above them: a field to search a text by, and the chips of the filters that hold.

use yew::prelude::*;

use super::field::target;
use super::icon::Icon;

/// A filter that holds, and the way to take it away.
#[derive(Clone, PartialEq)]
pub(crate) struct Chip {
    /// Where tests find it.
    pub(crate) testid: &'static str,
    /// What tells it from the others.
    pub(crate) key: String,
    /// What it goes by, for people.
    pub(crate) by: &'static str,
    /// Its value, for people.
    pub(crate) words: String,
    /// It is taken away.
    pub(crate) onremove: Callback<MouseEvent>,
}

/// Chips in a row.
pub(crate) fn filter_chips(chips: impl Iterator<Item = Chip>) -> Html {
    html! {
        <ul class="sp-chips" aria-label="Filters">{ for chips.map(Chip::html) }</ul>
    }
}

impl Chip {
    fn html(self) -> Html {
        let Self { testid, key, by, words, onremove } = self;
        let title = format!("{by}: {words}");
        html! {
            <li key={key.clone()} class="pf-v6-c-label pf-m-outline sp-chip" data-testid={testid} data-filter={key} title={title.clone()}>
                <span class="pf-v6-c-label__content">
                    <span class="pf-v6-c-label__text"><span class="sp-pale">{ by }</span>{ format!(" {words}") }</span>
                </span>
                <button type="button" class="sp-chip__remove" data-testid="remove-filter" aria-label={format!("Remove the filter {title}")} onclick={onremove}>
                    { Icon::Times.html() }
                </button>
            </li>
        }
    }
}

/// Properties of [`TextSearch`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct TextSearchProps {
    /// Of the field.
    pub(crate) id: AttrValue,
    /// What is searched.
    pub(crate) label: AttrValue,
    /// Where in it.
    pub(crate) placeholder: AttrValue,
    /// A text is searched. The field is empty then.
    pub(crate) onsearch: Callback<String>,
}

/// A field whose text becomes a filter on Enter.
#[component]
pub(crate) fn TextSearch(props: &TextSearchProps) -> Html {
    let text = use_state(String::new);
    let oninput = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| {
            text.set(target::<web_sys::HtmlInputElement>(event.target()).map(|it| it.value()).unwrap_or_default());
        })
    };
    let onsubmit = {
        let (text, onsearch) = (text.clone(), props.onsearch.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !text.trim().is_empty() {
                onsearch.emit((*text).clone());
                text.set(String::new());
            }
        })
    };
    html! {
        <form class="sp-search" role="search" {onsubmit}>
            <input id={props.id.clone()} type="search" aria-label={props.label.clone()} placeholder={props.placeholder.clone()} value={(*text).clone()} {oninput} />
        </form>
    }
}
