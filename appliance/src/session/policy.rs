//! What a session may do: the item's session policy goes before the user's, and that before the global one, value by value.
//! Pure.

use wire::api::{
    EffectiveSessionPolicy, EffectiveTool, IdleRule, PolicySource, SessionRules, SessionTool, SessionToolRule, ToolRule,
};

/// A session policy of an item or a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// What it says.
    pub rules: SessionRules,
}

impl Named {
    /// Stands for one that is named and not there: it allows nothing.
    #[must_use]
    pub fn missing() -> Self {
        let tools = SessionTool::ALL.iter().map(|(tool, _)| SessionToolRule { tool: *tool, rule: ToolRule::Disabled });
        Self { name: "(removed)".into(), rules: SessionRules { tools: tools.collect(), idle: IdleRule::NotDefined } }
    }
}

/// What holds for a session of a user on an item.
#[must_use]
pub fn effective(item: Option<&Named>, user: Option<&Named>, global: &SessionRules) -> EffectiveSessionPolicy {
    let item = item.map(|it| (PolicySource::Item(it.name.clone()), &it.rules));
    let user = user.map(|it| (PolicySource::User(it.name.clone()), &it.rules));
    let in_order: Vec<_> = item.into_iter().chain(user).chain([(PolicySource::Global, global)]).collect();
    let tool = |(tool, _): (SessionTool, &str)| {
        let said = in_order.iter().find_map(|(source, rules)| match rules.rule(tool) {
            ToolRule::Enabled => Some((true, source.clone())),
            ToolRule::Disabled => Some((false, source.clone())),
            ToolRule::NotDefined => None,
        });
        // A global policy that was saved before the tool existed leaves it as the product comes.
        let (allowed, source) = said.unwrap_or((true, PolicySource::Global));
        EffectiveTool { tool, allowed, source }
    };
    let idle = in_order.iter().find_map(|(source, rules)| match rules.idle {
        IdleRule::After(minutes) => Some((Some(minutes), source.clone())),
        IdleRule::Never => Some((None, source.clone())),
        IdleRule::NotDefined => None,
    });
    let (idle_minutes, idle_source) = idle.unwrap_or((None, PolicySource::Global));
    EffectiveSessionPolicy { tools: SessionTool::ALL.into_iter().map(tool).collect(), idle_minutes, idle_source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: SessionTool = SessionTool::ProtocolTunneling;

    fn rules(rule: ToolRule, idle: IdleRule) -> SessionRules {
        SessionRules { tools: vec![SessionToolRule { tool: TOOL, rule }], idle }
    }

    fn named(name: &str, rule: ToolRule, idle: IdleRule) -> Named {
        Named { name: name.into(), rules: rules(rule, idle) }
    }

    #[test]
    fn every_row_of_the_precedence_table() {
        use ToolRule::{Disabled, Enabled, NotDefined};
        let said = |rule| (rule != NotDefined).then_some(rule == Enabled);
        for item in [Enabled, Disabled, NotDefined] {
            for user in [Enabled, Disabled, NotDefined] {
                for global in [Enabled, Disabled] {
                    let never = IdleRule::Never;
                    let found = effective(
                        Some(&named("i", item, never)),
                        Some(&named("u", user, never)),
                        &rules(global, never),
                    );
                    let expected = match (said(item), said(user)) {
                        (Some(allowed), _) => (allowed, PolicySource::Item("i".into())),
                        (None, Some(allowed)) => (allowed, PolicySource::User("u".into())),
                        (None, None) => (global == Enabled, PolicySource::Global),
                    };
                    let tool = &found.tools[0];
                    assert_eq!((tool.allowed, tool.source.clone()), expected, "{item:?} {user:?} {global:?}");
                    assert_eq!(found.allows(TOOL), expected.0);
                }
            }
        }
    }

    #[test]
    fn each_value_comes_from_the_first_that_says_it() {
        let item = named("i", ToolRule::Disabled, IdleRule::NotDefined);
        let user = named("u", ToolRule::Enabled, IdleRule::After(15));
        let found = effective(Some(&item), Some(&user), &rules(ToolRule::Enabled, IdleRule::Never));
        assert_eq!((found.allows(TOOL), found.idle_minutes), (false, Some(15)));
        assert_eq!(found.idle_source, PolicySource::User("u".into()));
        let never = named("i", ToolRule::NotDefined, IdleRule::Never);
        let found = effective(Some(&never), Some(&user), &rules(ToolRule::Enabled, IdleRule::After(5)));
        assert_eq!((found.idle_minutes, found.idle_source), (None, PolicySource::Item("i".into())));
    }

    #[test]
    fn without_policies_the_global_one_holds() {
        let found = effective(None, None, &rules(ToolRule::Disabled, IdleRule::After(30)));
        assert_eq!((found.allows(TOOL), found.idle_minutes), (false, Some(30)));
        assert!(effective(None, None, &SessionRules::default()).allows(TOOL), "as before there were policies");
    }

    #[test]
    fn one_that_is_missing_allows_nothing() {
        let found = effective(Some(&Named::missing()), None, &rules(ToolRule::Enabled, IdleRule::Never));
        assert!(found.tools.iter().all(|it| !it.allowed));
    }
}
