//! What a session policy says, as fields: the same for all of them.

use wire::api::{SessionTool, ToolRule};
use yew::prelude::*;

use crate::components::field::{SelectField, TextField};
use crate::state::session_policy_form::{IdleKind, RuleFields, TOOL_RULES, tool_rule_key};

/// Properties of [`RuleFieldset`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct RuleFieldsetProps {
    /// What the ids of the fields begin with.
    pub(super) id: AttrValue,
    /// What stands in them.
    pub(super) rules: RuleFields,
    /// Whether nothing can be left open.
    pub(super) defines_all: bool,
    /// What is wrong with the time.
    pub(super) idle_error: Option<AttrValue>,
    /// What stands in them next.
    pub(super) onchange: Callback<RuleFields>,
}

/// What an entry changes.
type Change = Box<dyn Fn(&mut RuleFields, String)>;

/// The fields.
#[component]
pub(super) fn RuleFieldset(props: &RuleFieldsetProps) -> Html {
    let RuleFieldsetProps { id, rules, defines_all, .. } = props;
    let is_offered = |open: bool| !(*defines_all && open);
    let change = |set: Change| {
        let (rules, onchange) = (rules.clone(), props.onchange.clone());
        Callback::from(move |text: String| {
            let mut changed = rules.clone();
            set(&mut changed, text);
            onchange.emit(changed);
        })
    };
    let tool_options: Vec<(String, String)> = TOOL_RULES
        .iter()
        .filter(|(rule, ..)| is_offered(*rule == ToolRule::NotDefined))
        .map(|(_, key, words)| ((*key).to_owned(), (*words).to_owned()))
        .collect();
    let tool = |(tool, words): (SessionTool, &'static str)| {
        let onchange = change(Box::new(move |rules, key| {
            if let Some((rule, ..)) = TOOL_RULES.iter().find(|(_, it, _)| *it == key) {
                rules.set_tool(tool, *rule);
            }
        }));
        html! {
            <SelectField key={words} id={format!("{id}-tool-{}", words.to_lowercase().replace(' ', "-"))} label={words}
                options={tool_options.clone()} value={tool_rule_key(rules.tool(tool))} {onchange} />
        }
    };
    let idle_options: Vec<(String, String)> = IdleKind::ALL
        .iter()
        .filter(|(kind, ..)| is_offered(*kind == IdleKind::NotDefined))
        .map(|(_, key, words)| ((*key).to_owned(), (*words).to_owned()))
        .collect();
    let choose_idle = change(Box::new(|rules, key| {
        if let Some((kind, ..)) = IdleKind::ALL.iter().find(|(_, it, _)| *it == key) {
            rules.idle = *kind;
        }
    }));
    html! {
        <>
            { for SessionTool::ALL.into_iter().map(tool) }
            <div class="sp-columns">
                <SelectField id={format!("{id}-idle")} label="Idle sessions end" options={idle_options} value={rules.idle.key()}
                    help="Idle is a session through whose tunnels no byte goes." onchange={choose_idle} />
                if rules.idle == IdleKind::After {
                    <TextField id={format!("{id}-minutes")} label="Minutes" required={true} value={rules.minutes.clone()} inputmode="numeric"
                        error={props.idle_error.clone()} oninput={change(Box::new(|rules, text| rules.minutes = text))} />
                }
            </div>
        </>
    }
}
