//! Checks of session policies.

use super::{check, longer_than, name_within};
use crate::api::{FieldError, GlobalSessionPolicy, IdleRule, SessionPolicyDraft, SessionRules, SessionTool, ToolRule};
use crate::limits::{IDLE_MINUTES, POLICY_DESCRIPTION_CHARS, POLICY_NAME_CHARS};

/// Every field of a session policy. Field names are those of [`SessionPolicyDraft`].
#[must_use]
pub fn session_policy(draft: &SessionPolicyDraft) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check(&mut errors, "name", name_within(&draft.name, POLICY_NAME_CHARS));
    check(&mut errors, "description", longer_than(&draft.description, POLICY_DESCRIPTION_CHARS, "description"));
    if !draft.for_users && !draft.for_items {
        let message = "Make it available to users, to jump items, or to both; otherwise nobody could use it.";
        errors.push(FieldError::new("for_items", message));
    }
    rules(&draft.rules, &mut errors);
    errors
}

/// Every field of the global session policy, which leaves nothing open.
#[must_use]
pub fn global_session_policy(it: &GlobalSessionPolicy) -> Vec<FieldError> {
    let mut errors = Vec::new();
    rules(&it.rules, &mut errors);
    if it.rules.idle == IdleRule::NotDefined {
        errors.push(FieldError::new("idle", "The global policy has to say it: after some minutes, or never."));
    }
    if SessionTool::ALL.iter().any(|(tool, _)| it.rules.rule(*tool) == ToolRule::NotDefined) {
        errors.push(FieldError::new("tools", "The global policy enables or disables every tool."));
    }
    errors
}

fn rules(it: &SessionRules, errors: &mut Vec<FieldError>) {
    if let IdleRule::After(minutes) = it.idle
        && !(1..=IDLE_MINUTES).contains(&minutes)
    {
        errors.push(FieldError::new("idle", &format!("Give 1 to {IDLE_MINUTES} minutes.")));
    }
    let is_twice = |tool: SessionTool| it.tools.iter().filter(|rule| rule.tool == tool).count() > 1;
    if it.tools.iter().any(|rule| is_twice(rule.tool)) {
        errors.push(FieldError::new("tools", "A tool is named twice."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::SessionToolRule;

    fn draft() -> SessionPolicyDraft {
        SessionPolicyDraft {
            name: "Short".into(),
            description: String::new(),
            for_users: false,
            for_items: true,
            rules: SessionRules::default(),
            revision: 0,
        }
    }

    fn fields(errors: &[FieldError]) -> Vec<&str> {
        errors.iter().map(|it| it.field.as_str()).collect()
    }

    #[test]
    fn a_policy_that_says_nothing_may_be() {
        assert!(session_policy(&draft()).is_empty());
    }

    #[test]
    fn a_name_has_its_limit() {
        let named = |chars| SessionPolicyDraft { name: "x".repeat(chars), ..draft() };
        assert!(session_policy(&named(POLICY_NAME_CHARS)).is_empty());
        assert_eq!(fields(&session_policy(&named(POLICY_NAME_CHARS + 1))), ["name"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let rule = SessionToolRule { tool: SessionTool::ProtocolTunneling, rule: ToolRule::Disabled };
        let rules = SessionRules { tools: vec![rule, rule], idle: IdleRule::After(0) };
        let wrong = SessionPolicyDraft { name: " ".into(), for_items: false, rules, ..draft() };
        assert_eq!(fields(&session_policy(&wrong)), ["name", "for_items", "idle", "tools"]);
        let long = SessionRules { idle: IdleRule::After(IDLE_MINUTES + 1), ..SessionRules::default() };
        assert_eq!(fields(&session_policy(&SessionPolicyDraft { rules: long, ..draft() })), ["idle"]);
    }

    #[test]
    fn the_global_one_leaves_nothing_open() {
        let open = GlobalSessionPolicy { rules: SessionRules::default(), revision: 0 };
        assert_eq!(fields(&global_session_policy(&open)), ["idle", "tools"]);
        let tools = SessionTool::ALL.iter().map(|(tool, _)| SessionToolRule { tool: *tool, rule: ToolRule::Enabled });
        let rules = SessionRules { tools: tools.collect(), idle: IdleRule::Never };
        assert!(global_session_policy(&GlobalSessionPolicy { rules, revision: 0 }).is_empty());
    }
}
