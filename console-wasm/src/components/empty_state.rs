//! What stands where there is nothing yet: it says what belongs here and how to get it.

use yew::prelude::*;

use super::icon::Icon;

/// Properties of [`EmptyState`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct EmptyStateProps {
    /// Its id in the page.
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// What is not there.
    pub(crate) title: AttrValue,
    /// Its picture.
    pub(crate) icon: Icon,
    /// What to do about it.
    pub(crate) children: Html,
    /// Buttons.
    #[prop_or_default]
    pub(crate) actions: Html,
}

/// Nothing is here yet.
#[component]
pub(crate) fn EmptyState(props: &EmptyStateProps) -> Html {
    html! {
        <div id={props.id.clone()} class="pf-v6-c-empty-state pf-m-sm">
            <div class="pf-v6-c-empty-state__content">
                <div class="pf-v6-c-empty-state__header">
                    <div class="pf-v6-c-empty-state__icon">{ props.icon.html() }</div>
                    <div class="pf-v6-c-empty-state__title">
                        <h2 class="pf-v6-c-empty-state__title-text">{ &props.title }</h2>
                    </div>
                </div>
                <div class="pf-v6-c-empty-state__body">{ props.children.clone() }</div>
                if props.actions != Html::default() {
                    <div class="pf-v6-c-empty-state__footer">
                        <div class="pf-v6-c-empty-state__actions">{ props.actions.clone() }</div>
                    </div>
                }
            </div>
        </div>
    }
}
