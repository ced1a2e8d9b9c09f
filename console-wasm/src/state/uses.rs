//! What depends on a user or a team, in words, before they are removed.

use wire::api::{Principal, PrincipalUses};

/// One line: what it is about, with names, and whether it keeps them from being removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What is told.
    pub(crate) words: String,
    /// Whether it has to be changed first.
    pub(crate) first: bool,
}

/// What depends on them, what has to be changed first at the top.
pub(crate) fn lines(who: Principal, uses: &PrincipalUses) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |names: &[String], first: bool, words: &str| {
        if !names.is_empty() {
            lines.push(Line { words: format!("{words}: {}", names.join(", ")), first });
        }
    };
    let is_team = matches!(who, Principal::Team(_));
    say(
        &uses.last_to_approve,
        true,
        "Nobody else could approve under these jump policies; name somebody else there first",
    );
    if is_team {
        let words = "These single sign-on providers put people into it; take it out of their groups first";
        say(&uses.providers, true, words);
    }
    let others: Vec<String> = uses.approves.iter().filter(|it| !uses.last_to_approve.contains(it)).cloned().collect();
    say(&others, false, "No longer approves under the jump policies");
    say(&uses.groups, false, "No longer has a role in the jump groups");
    say(&uses.teams, false, "No longer is in the teams");
    if !is_team {
        say(&uses.providers, false, "No longer is known to the single sign-on providers");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::samples::number;
    use super::*;
    use wire::{TeamId, UserId};

    #[test]
    fn what_has_to_be_changed_first_is_told_first() {
        let names = |name: &str| vec![name.to_owned()];
        let uses = PrincipalUses {
            approves: vec!["Four eyes".into(), "Office".into()],
            last_to_approve: names("Four eyes"),
            groups: names("Production"),
            providers: names("Corp"),
            teams: Vec::new(),
        };
        let told = |who| {
            let lines = lines(who, &uses).into_iter();
            lines.map(|it| (it.first, it.words.rsplit(": ").next().unwrap_or_default().to_owned())).collect::<Vec<_>>()
        };
        let line = |first, name: &str| (first, name.to_owned());
        let team = [line(true, "Four eyes"), line(true, "Corp"), line(false, "Office"), line(false, "Production")];
        assert_eq!(told(Principal::Team(TeamId(number(1)))), team);
        let user = [line(true, "Four eyes"), line(false, "Office"), line(false, "Production"), line(false, "Corp")];
        assert_eq!(told(Principal::User(UserId(number(1)))), user);
        assert!(lines(Principal::User(UserId(number(1))), &PrincipalUses::default()).is_empty());
    }
}
