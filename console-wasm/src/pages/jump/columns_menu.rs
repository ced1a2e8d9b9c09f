//! Which columns are shown.

use std::rc::Rc;

use yew::prelude::*;

use super::Command;
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::components::popover::Popover;
use crate::state::columns::{Column, Layout};

/// Properties of [`ColumnsMenu`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ColumnsMenuProps {
    /// How the table is laid out.
    pub(super) layout: Rc<Layout>,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// A menu with a box for each column, in their order.
#[component]
pub(super) fn ColumnsMenu(props: &ColumnsMenuProps) -> Html {
    let open = use_state(|| false);
    let onopen = {
        let open = open.clone();
        Callback::from(move |to| open.set(to))
    };
    let toggle = |column: Column| {
        let (command, layout) = (props.command.clone(), props.layout.clone());
        Callback::from(move |_: Event| {
            let mut layout = (*layout).clone();
            layout.toggle(column);
            command.emit(Command::Arrange(layout));
        })
    };
    let reset = props.command.reform(|_: MouseEvent| Command::Arrange(Layout::default()));
    html! {
        <Popover id="columns" title="Columns of the table" icon={Icon::Columns} plain={true} right={true} open={*open} {onopen}>
            <fieldset class="sp-choices">
                <legend>{ "Columns" }</legend>
                { for props.layout.order().iter().map(|column| {
                    let id = format!("column-{}", column.key());
                    let fixed = *column == Column::Name;
                    html! {
                        <label key={column.key()} class="sp-choice" for={id.clone()}>
                            <input {id} type="checkbox" checked={props.layout.shows(*column)} disabled={fixed} onchange={toggle(*column)} />
                            <span>{ column.heading() }</span>
                        </label>
                    }
                }) }
            </fieldset>
            <Button id="columns-reset" kind={Kind::Link} class="pf-m-inline" label="As it was at first" onclick={reset} />
        </Popover>
    }
}
