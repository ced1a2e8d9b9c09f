//! The search: a field, and a menu of what it looks at.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::Command;
use super::rows::How;
use crate::components::field::target;
use crate::components::icon::Icon;
use crate::components::popover::Popover;
use crate::state::catalogue::Field;
use crate::state::view::View;

/// Properties of [`SearchField`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct SearchFieldProps {
    /// What is shown.
    pub(super) view: View,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The field. What is typed is searched for at once; Enter and a short rest put it into the address.
#[component]
pub(super) fn SearchField(props: &SearchFieldProps) -> Html {
    let open = use_state(|| false);
    let oninput = {
        let command = props.command.clone();
        Callback::from(move |event: InputEvent| {
            let text = target::<HtmlInputElement>(event.target()).map(|input| input.value()).unwrap_or_default();
            command.emit(Command::Search(text));
        })
    };
    let onopen = {
        let open = open.clone();
        Callback::from(move |to| open.set(to))
    };
    let toggle = |field: Option<Field>| {
        let (command, view) = (props.command.clone(), props.view.clone());
        Callback::from(move |()| {
            let mut view = view.clone();
            match field {
                Some(field) => view.toggle_field(field),
                None => view.fields.clear(),
            }
            command.emit(Command::Show(view, How::Replace));
        })
    };
    let fields = &props.view.fields;
    let named = match fields.as_slice() {
        [] => "Search".to_owned(),
        [one] => format!("Search {}", one.words().to_lowercase()),
        several => format!("Search {} fields", several.len()),
    };
    html! {
        <div class="sp-search">
            <Popover id="search-fields" title="Fields that are searched" icon={Icon::Search} plain={true} marked={!fields.is_empty()} open={*open} {onopen}>
                <fieldset class="sp-choices">
                    <legend>{ "Search in" }</legend>
                    <label class="sp-choice" for="search-in-all">
                        <input id="search-in-all" type="checkbox" checked={fields.is_empty()} onchange={toggle(None).reform(|_: Event| ())} />
                        <span>{ "All fields" }</span>
                    </label>
                    { for Field::ALL.into_iter().map(|field| {
                        let id = format!("search-in-{}", field.key());
                        html! {
                            <label key={field.key()} class="sp-choice" for={id.clone()}>
                                <input {id} type="checkbox" checked={fields.contains(&field)} onchange={toggle(Some(field)).reform(|_: Event| ())} />
                                <span>{ field.words() }</span>
                            </label>
                        }
                    }) }
                </fieldset>
            </Popover>
            <input
                id="item-search"
                type="search"
                placeholder={format!("{named}   /")}
                aria-label={format!("{named} of items")}
                aria-keyshortcuts="/"
                autocomplete="off"
                spellcheck="false"
                value={props.view.search.clone()}
                {oninput}
            />
        </div>
    }
}
