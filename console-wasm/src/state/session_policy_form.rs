//! The forms for session policies while they are filled in.

use wire::api::{
    FieldError, GlobalSessionPolicy, IdleRule, SessionPolicy, SessionPolicyDraft, SessionRules, SessionTool,
    SessionToolRule, ToolRule,
};
use wire::{SessionPolicyId, validate};

/// When a session ends through which nothing goes, as it stands in the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdleKind {
    /// The next policy says.
    NotDefined,
    /// Never.
    Never,
    /// After some minutes.
    After,
}

impl IdleKind {
    /// Each, with its key and what it is called.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::NotDefined, "not_defined", "Not defined"),
        (Self::Never, "never", "Never"),
        (Self::After, "after", "After some minutes"),
    ];

    /// Its key.
    pub(crate) fn key(self) -> &'static str {
        Self::ALL.iter().find(|(it, ..)| *it == self).map_or("", |(_, key, _)| key)
    }
}

/// What a policy can say about a tool, with key and words.
pub(crate) const TOOL_RULES: [(ToolRule, &str, &str); 3] = [
    (ToolRule::NotDefined, "not_defined", "Not defined"),
    (ToolRule::Enabled, "enabled", "Enabled"),
    (ToolRule::Disabled, "disabled", "Disabled"),
];

/// The key of what is said about a tool.
pub(crate) fn tool_rule_key(rule: ToolRule) -> &'static str {
    TOOL_RULES.iter().find(|(it, ..)| *it == rule).map_or("", |(_, key, _)| key)
}

/// What policies say, as it stands in the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleFields {
    tools: Vec<SessionToolRule>,
    /// When it ends for being idle.
    pub(crate) idle: IdleKind,
    /// After how many minutes.
    pub(crate) minutes: String,
}

impl RuleFields {
    /// The fields with these rules.
    pub(crate) fn of(rules: &SessionRules) -> Self {
        let tool = |(tool, _): &(SessionTool, &str)| SessionToolRule { tool: *tool, rule: rules.rule(*tool) };
        let (idle, minutes) = match rules.idle {
            IdleRule::NotDefined => (IdleKind::NotDefined, "15".to_owned()),
            IdleRule::Never => (IdleKind::Never, "15".to_owned()),
            IdleRule::After(minutes) => (IdleKind::After, minutes.to_string()),
        };
        Self { tools: SessionTool::ALL.iter().map(tool).collect(), idle, minutes }
    }

    /// What is said about a tool.
    pub(crate) fn tool(&self, tool: SessionTool) -> ToolRule {
        self.tools.iter().find(|it| it.tool == tool).map_or(ToolRule::NotDefined, |it| it.rule)
    }

    /// Says something about a tool.
    pub(crate) fn set_tool(&mut self, tool: SessionTool, rule: ToolRule) {
        if let Some(it) = self.tools.iter_mut().find(|it| it.tool == tool) {
            it.rule = rule;
        }
    }

    fn rules(&self) -> SessionRules {
        let idle = match self.idle {
            IdleKind::NotDefined => IdleRule::NotDefined,
            IdleKind::Never => IdleRule::Never,
            // What is no number is none that is allowed.
            IdleKind::After => IdleRule::After(self.minutes.trim().parse().unwrap_or(0)),
        };
        SessionRules { tools: self.tools.iter().copied().filter(|it| it.rule != ToolRule::NotDefined).collect(), idle }
    }
}

/// The dialog for one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionPolicyForm {
    /// The policy that is edited; none for a new one.
    pub(crate) id: Option<SessionPolicyId>,
    revision: i64,
    /// Its name.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: String,
    /// Whether users can be given it.
    pub(crate) for_users: bool,
    /// Whether items can be given it.
    pub(crate) for_items: bool,
    /// What it says.
    pub(crate) rules: RuleFields,
}

impl SessionPolicyForm {
    /// An empty form.
    pub(crate) fn new() -> Self {
        Self {
            id: None,
            revision: 0,
            name: String::new(),
            description: String::new(),
            for_users: true,
            for_items: true,
            rules: RuleFields::of(&SessionRules::default()),
        }
    }

    /// The form with a policy.
    pub(crate) fn of(policy: &SessionPolicy) -> Self {
        let it = &policy.definition;
        Self {
            id: Some(policy.id),
            revision: it.revision,
            name: it.name.clone(),
            description: it.description.clone(),
            for_users: it.for_users,
            for_items: it.for_items,
            rules: RuleFields::of(&it.rules),
        }
    }

    /// A form for another policy that says the same.
    pub(crate) fn copy_of(policy: &SessionPolicy) -> Self {
        let name = format!("Copy of {}", policy.definition.name);
        Self { id: None, revision: 0, name, ..Self::of(policy) }
    }

    /// The form with other rules.
    #[must_use]
    pub(crate) fn with_rules(self, rules: RuleFields) -> Self {
        Self { rules, ..self }
    }

    /// What the appliance gets, or what is wrong.
    pub(crate) fn draft(&self) -> Result<SessionPolicyDraft, Vec<FieldError>> {
        let draft = SessionPolicyDraft {
            name: self.name.trim().to_owned(),
            description: self.description.clone(),
            for_users: self.for_users,
            for_items: self.for_items,
            rules: self.rules.rules(),
            revision: self.revision,
        };
        let errors = validate::session_policy(&draft);
        if errors.is_empty() { Ok(draft) } else { Err(errors) }
    }

    /// What is wrong with a field.
    pub(crate) fn wrong(&self, field: &str) -> Option<String> {
        found(self.draft().err()?, field)
    }
}

/// The card of the global policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GlobalForm {
    revision: i64,
    /// What it says.
    pub(crate) rules: RuleFields,
}

impl GlobalForm {
    /// The form with the policy.
    pub(crate) fn of(policy: &GlobalSessionPolicy) -> Self {
        let mut rules = RuleFields::of(&policy.rules);
        // A tool that came with an update is allowed until somebody says otherwise.
        for (tool, _) in SessionTool::ALL {
            if rules.tool(tool) == ToolRule::NotDefined {
                rules.set_tool(tool, ToolRule::Enabled);
            }
        }
        Self { revision: policy.revision, rules }
    }

    /// The form with other rules.
    #[must_use]
    pub(crate) fn with_rules(self, rules: RuleFields) -> Self {
        Self { rules, ..self }
    }

    /// What the appliance gets, or what is wrong.
    pub(crate) fn draft(&self) -> Result<GlobalSessionPolicy, Vec<FieldError>> {
        let draft = GlobalSessionPolicy { rules: self.rules.rules(), revision: self.revision };
        let errors = validate::global_session_policy(&draft);
        if errors.is_empty() { Ok(draft) } else { Err(errors) }
    }

    /// What is wrong with a field.
    pub(crate) fn wrong(&self, field: &str) -> Option<String> {
        found(self.draft().err()?, field)
    }
}

fn found(errors: Vec<FieldError>, field: &str) -> Option<String> {
    errors.into_iter().find(|error| error.field == field).map(|error| error.message)
}

#[cfg(test)]
mod tests {
    use super::super::samples::number;
    use super::*;

    const TOOL: SessionTool = SessionTool::ProtocolTunneling;

    fn policy() -> SessionPolicy {
        let definition = SessionPolicyDraft {
            name: "Short".into(),
            description: "for auditors".into(),
            for_users: true,
            for_items: false,
            rules: SessionRules {
                tools: vec![SessionToolRule { tool: TOOL, rule: ToolRule::Disabled }],
                idle: IdleRule::After(20),
            },
            revision: 3,
        };
        SessionPolicy { id: SessionPolicyId(number(1)), definition, items: 0, users: 2 }
    }

    #[test]
    fn a_policy_goes_through_its_form_unchanged() {
        let form = SessionPolicyForm::of(&policy());
        assert_eq!(form.draft().unwrap(), policy().definition);
        assert_eq!((form.rules.minutes.as_str(), form.rules.tool(TOOL)), ("20", ToolRule::Disabled));
    }

    #[test]
    fn a_copy_is_another_policy_that_says_the_same() {
        let copy = SessionPolicyForm::copy_of(&policy());
        assert_eq!((copy.id, copy.name.as_str()), (None, "Copy of Short"));
        let draft = copy.draft().unwrap();
        assert_eq!((draft.rules, draft.revision), (policy().definition.rules, 0));
    }

    #[test]
    fn what_is_no_number_of_minutes_is_told() {
        let mut form = SessionPolicyForm::new();
        form.name = "Short".into();
        assert!(form.draft().is_ok());
        form.rules.idle = IdleKind::After;
        for minutes in ["", "soon", "0", "-1", "100000"] {
            form.rules.minutes = minutes.into();
            assert!(form.wrong("idle").is_some(), "{minutes}");
        }
        form.rules.minutes = " 15 ".into();
        assert_eq!(form.draft().unwrap().rules.idle, IdleRule::After(15));
    }

    #[test]
    fn the_global_policy_has_a_rule_for_every_tool() {
        let policy = GlobalSessionPolicy { rules: SessionRules::default(), revision: 4 };
        let mut form = GlobalForm::of(&policy);
        assert!(form.wrong("idle").is_some() && form.wrong("tools").is_none());
        form.rules.idle = IdleKind::Never;
        let draft = form.draft().unwrap();
        assert_eq!((draft.revision, draft.rules.rule(TOOL)), (4, ToolRule::Enabled));
    }
}
