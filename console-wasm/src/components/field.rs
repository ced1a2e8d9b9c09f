//! Fields of forms: label, control, help, and what is wrong.

use wasm_bindgen::JsCast;
use web_sys::{EventTarget, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::icon::Icon;

/// Properties of [`Labelled`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct LabelledProps {
    /// Id of the control.
    pub(crate) id: AttrValue,
    /// What the field is.
    pub(crate) label: AttrValue,
    /// Whether it has to be filled in.
    #[prop_or_default]
    pub(crate) required: bool,
    /// What to enter.
    #[prop_or_default]
    pub(crate) help: Html,
    /// What is wrong with it.
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    /// The control.
    pub(crate) children: Html,
}

/// A control with its label above and its help or error below.
#[component]
pub(crate) fn Labelled(props: &LabelledProps) -> Html {
    html! {
        <div class="pf-v6-c-form__group">
            <div class="pf-v6-c-form__group-label">
                <label class="pf-v6-c-form__label" for={props.id.clone()}>
                    <span class="pf-v6-c-form__label-text">{ &props.label }</span>
                    if props.required {
                        <span class="pf-v6-c-form__label-required" aria-hidden="true">{ "\u{a0}*" }</span>
                    }
                </label>
            </div>
            <div class="pf-v6-c-form__group-control">
                { props.children.clone() }
                { below(&props.id, props.error.as_ref(), props.help.clone()) }
            </div>
        </div>
    }
}

/// The error of a field, or its help when there is none.
pub(crate) fn below(id: &str, error: Option<&AttrValue>, help: Html) -> Html {
    if error.is_none() && help == Html::default() {
        return Html::default();
    }
    html! {
        <div class="pf-v6-c-form__helper-text" aria-live="polite">
            <div class="pf-v6-c-helper-text" id={format!("{id}-text")}>
                if let Some(error) = error {
                    <div class="pf-v6-c-helper-text__item pf-m-error" data-testid={format!("{id}-error")}>
                        <span class="pf-v6-c-helper-text__item-icon">{ Icon::Failure.html() }</span>
                        <span class="pf-v6-c-helper-text__item-text">{ error }</span>
                    </div>
                } else {
                    <div class="pf-v6-c-helper-text__item">
                        <span class="pf-v6-c-helper-text__item-text">{ help }</span>
                    </div>
                }
            </div>
        </div>
    }
}

/// Properties of [`TextField`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct TextFieldProps {
    /// Its id in the page.
    pub(crate) id: AttrValue,
    /// What it is.
    pub(crate) label: AttrValue,
    /// What stands in it.
    pub(crate) value: AttrValue,
    /// `text`, `password` and so on.
    #[prop_or(AttrValue::Static("text"))]
    pub(crate) kind: AttrValue,
    /// Whether it has to be filled in.
    #[prop_or_default]
    pub(crate) required: bool,
    /// What to enter.
    #[prop_or_default]
    pub(crate) help: Html,
    /// What is wrong with it.
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    /// What stands there, pale, while it is empty.
    #[prop_or_default]
    pub(crate) placeholder: Option<AttrValue>,
    /// What the browser may fill in.
    #[prop_or(AttrValue::Static("off"))]
    pub(crate) autocomplete: AttrValue,
    /// What keyboard a telephone shows: `text`, `numeric` and so on.
    #[prop_or_default]
    pub(crate) inputmode: Option<AttrValue>,
    /// Id of a list of suggestions.
    #[prop_or_default]
    pub(crate) list: Option<AttrValue>,
    /// Whether the label is only for screen readers.
    #[prop_or_default]
    pub(crate) bare: bool,
    /// Each change.
    pub(crate) oninput: Callback<String>,
    /// The focus left it.
    #[prop_or_default]
    pub(crate) onleave: Callback<()>,
}

/// A line of text.
#[component]
pub(crate) fn TextField(props: &TextFieldProps) -> Html {
    let invalid = props.error.is_some();
    let described = (invalid || props.help != Html::default()).then(|| format!("{}-text", props.id));
    let read = |target_of: Option<EventTarget>| {
        target::<HtmlInputElement>(target_of).map(|input| input.value()).unwrap_or_default()
    };
    let oninput = props.oninput.reform(move |event: InputEvent| read(event.target()));
    // What fills fields in by itself may tell of a change without any input.
    let onchange = props.oninput.reform(move |event: Event| read(event.target()));
    let control = html! {
        <span class={classes!("pf-v6-c-form-control", invalid.then_some("pf-m-error"))}>
            <input
                id={props.id.clone()}
                name={props.id.clone()}
                type={props.kind.clone()}
                value={props.value.clone()}
                placeholder={props.placeholder.clone()}
                autocomplete={props.autocomplete.clone()}
                inputmode={props.inputmode.clone()}
                list={props.list.clone()}
                spellcheck="false"
                required={props.required}
                aria-label={props.bare.then(|| props.label.clone())}
                aria-invalid={invalid.then_some("true")}
                aria-describedby={described}
                {oninput}
                {onchange}
                onblur={props.onleave.reform(|_| ())}
            />
            if invalid {
                <span class="pf-v6-c-form-control__utilities">
                    <span class="pf-v6-c-form-control__icon pf-m-status">{ Icon::Failure.html() }</span>
                </span>
            }
        </span>
    };
    if props.bare {
        return html! { <>{ control }{ below(&props.id, props.error.as_ref(), props.help.clone()) }</> };
    }
    html! {
        <Labelled id={props.id.clone()} label={props.label.clone()} required={props.required} help={props.help.clone()} error={props.error.clone()}>
            { control }
        </Labelled>
    }
}

/// Properties of [`TextArea`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct TextAreaProps {
    /// Its id in the page.
    pub(crate) id: AttrValue,
    /// What it is.
    pub(crate) label: AttrValue,
    /// What stands in it.
    pub(crate) value: AttrValue,
    /// What to enter.
    #[prop_or_default]
    pub(crate) help: Html,
    /// What is wrong with it.
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    /// Each change.
    pub(crate) oninput: Callback<String>,
}

/// Several lines of text.
#[component]
pub(crate) fn TextArea(props: &TextAreaProps) -> Html {
    let read = |target_of: Option<EventTarget>| {
        target::<HtmlTextAreaElement>(target_of).map(|area| area.value()).unwrap_or_default()
    };
    let oninput = props.oninput.reform(move |event: InputEvent| read(event.target()));
    let onchange = props.oninput.reform(move |event: Event| read(event.target()));
    html! {
        <Labelled id={props.id.clone()} label={props.label.clone()} help={props.help.clone()} error={props.error.clone()}>
            <span class={classes!("pf-v6-c-form-control", "pf-m-textarea", "pf-m-resize-vertical", props.error.is_some().then_some("pf-m-error"))}>
                <textarea id={props.id.clone()} rows="2" value={props.value.clone()} {oninput} {onchange} />
            </span>
        </Labelled>
    }
}

/// Properties of [`SelectField`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SelectFieldProps {
    /// Its id in the page.
    pub(crate) id: AttrValue,
    /// What it is.
    pub(crate) label: AttrValue,
    /// The choices: value and words.
    pub(crate) options: Vec<(String, String)>,
    /// The value chosen; empty for none.
    pub(crate) value: AttrValue,
    /// What stands there while nothing is chosen; without it something always is.
    #[prop_or_default]
    pub(crate) none: Option<AttrValue>,
    /// Whether something has to be chosen.
    #[prop_or_default]
    pub(crate) required: bool,
    /// What to choose.
    #[prop_or_default]
    pub(crate) help: Html,
    /// What is wrong with it.
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    /// The choice.
    pub(crate) onchange: Callback<String>,
}

/// One choice of several.
#[component]
pub(crate) fn SelectField(props: &SelectFieldProps) -> Html {
    let onchange = props.onchange.reform(|event: Event| {
        target::<HtmlSelectElement>(event.target()).map(|select| select.value()).unwrap_or_default()
    });
    html! {
        <Labelled id={props.id.clone()} label={props.label.clone()} required={props.required} help={props.help.clone()} error={props.error.clone()}>
            <span class={classes!("pf-v6-c-form-control", props.error.is_some().then_some("pf-m-error"))}>
                <select id={props.id.clone()} {onchange} aria-invalid={props.error.is_some().then_some("true")}>
                    if let Some(none) = &props.none {
                        <option value="" selected={props.value.is_empty()}>{ none }</option>
                    }
                    { for props.options.iter().map(|(value, words)| html! {
                        <option key={value.clone()} value={value.clone()} selected={props.value == *value}>{ words }</option>
                    }) }
                </select>
                <span class="pf-v6-c-form-control__utilities">
                    <span class="pf-v6-c-form-control__toggle-icon">{ Icon::CaretDown.html() }</span>
                </span>
            </span>
        </Labelled>
    }
}

/// Properties of [`Switch`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SwitchProps {
    /// Its id in the page.
    pub(crate) id: AttrValue,
    /// What it switches.
    pub(crate) label: AttrValue,
    /// Whether it is on.
    pub(crate) on: bool,
    /// Whether it only shows.
    #[prop_or_default]
    pub(crate) readonly: bool,
    /// The new position.
    pub(crate) onchange: Callback<bool>,
}

/// Something that is on or off.
#[component]
pub(crate) fn Switch(props: &SwitchProps) -> Html {
    let on = props.on;
    html! {
        <label class="pf-v6-c-switch" for={props.id.clone()}>
            <input
                class="pf-v6-c-switch__input"
                type="checkbox"
                role="switch"
                id={props.id.clone()}
                checked={on}
                disabled={props.readonly}
                onchange={props.onchange.reform(move |_| !on)}
            />
            <span class="pf-v6-c-switch__toggle"></span>
            <span class="pf-v6-c-switch__label">{ &props.label }</span>
        </label>
    }
}

/// Keeps what is typed.
pub(crate) fn kept_in(state: &UseStateHandle<String>) -> Callback<String> {
    let state = state.clone();
    Callback::from(move |text| state.set(text))
}

/// Puts the cursor into a field when the page that has it is drawn first.
#[hook]
pub(crate) fn use_first_focus(id: &'static str) {
    use_effect_with((), move |()| focus(id));
}

/// Puts the cursor into a field, if it is there.
pub(crate) fn focus(id: &str) {
    let element = gloo::utils::document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Fails only for what cannot have the focus.
        let _ = element.focus();
    }
}

/// The element an event came from.
pub(crate) fn target<T: JsCast>(target: Option<EventTarget>) -> Option<T> {
    target.and_then(|target| target.dyn_into::<T>().ok())
}
