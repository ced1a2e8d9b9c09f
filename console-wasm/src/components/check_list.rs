//! Several choices, any number of which can be on.

use yew::prelude::*;

/// Properties of [`CheckList`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct CheckListProps {
    /// Its id in the page; each box is `{id}-{value}`.
    pub(crate) id: AttrValue,
    /// What is chosen.
    pub(crate) label: AttrValue,
    /// The choices: value and words.
    pub(crate) options: Vec<(String, String)>,
    /// The values that are on.
    pub(crate) chosen: Vec<String>,
    /// What is wrong with the choice.
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    /// A value was switched on or off.
    pub(crate) onchange: Callback<(String, bool)>,
    /// What stands there when there is nothing to choose from.
    #[prop_or_default]
    pub(crate) empty: Option<AttrValue>,
}

/// The list.
#[component]
pub(crate) fn CheckList(props: &CheckListProps) -> Html {
    let row = |(value, words): &(String, String)| {
        let id = format!("{}-{value}", props.id);
        let on = props.chosen.contains(value);
        let value = value.clone();
        html! {
            <div class="pf-v6-c-check" key={id.clone()}>
                <input class="pf-v6-c-check__input" type="checkbox" id={id.clone()} checked={on}
                    onchange={props.onchange.reform(move |_: Event| (value.clone(), !on))} />
                <label class="pf-v6-c-check__label" for={id}>{ words }</label>
            </div>
        }
    };
    html! {
        <fieldset class="pf-v6-c-form__group sp-check-list" id={props.id.clone()}>
            <legend class="pf-v6-c-form__label"><span class="pf-v6-c-form__label-text">{ &props.label }</span></legend>
            <div class="sp-check-list__boxes">
                { for props.options.iter().map(row) }
                if let Some(empty) = props.empty.as_ref().filter(|_| props.options.is_empty()) {
                    <span class="sp-pale">{ empty }</span>
                }
            </div>
            if let Some(error) = &props.error {
                <div class="pf-v6-c-form__helper-text" aria-live="polite">
                    <div class="pf-v6-c-helper-text__item pf-m-error" data-testid={format!("{}-error", props.id)}>{ error }</div>
                </div>
            }
        </fieldset>
    }
}

/// A list after one of its values was switched on or off.
pub(crate) fn switched<T: Clone + PartialEq>(list: &[T], value: &T, on: bool) -> Vec<T> {
    let mut list: Vec<T> = list.iter().filter(|it| *it != value).cloned().collect();
    if on {
        list.push(value.clone());
    }
    list
}
