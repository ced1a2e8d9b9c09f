//! Into which teams a provider puts somebody. Pure.

use std::collections::BTreeMap;

use wire::api::SignOnTeams;
use wire::{SignOnProviderId, TeamId};

/// What changes of somebody's teams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamChanges {
    /// Teams that they come into.
    pub into: Vec<TeamId>,
    /// Teams that they leave.
    pub out_of: Vec<TeamId>,
}

impl TeamChanges {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.into.is_empty() && self.out_of.is_empty()
    }
}

/// The teams of who is in these groups, each once.
#[must_use]
pub fn wanted(table: &[SignOnTeams], groups: &[String]) -> Vec<TeamId> {
    let mut teams: Vec<TeamId> =
        table.iter().filter(|row| groups.contains(&row.group)).flat_map(|row| row.teams.iter().copied()).collect();
    teams.sort();
    teams.dedup();
    teams
}

/// What a provider changes that wants somebody in these teams. `is_in` are their teams, each with the provider that put them there;
/// what an administrator or another provider did stays.
#[must_use]
pub fn changes(
    is_in: &BTreeMap<TeamId, Option<SignOnProviderId>>,
    wanted: &[TeamId],
    provider: SignOnProviderId,
) -> TeamChanges {
    let into = wanted.iter().copied().filter(|it| !is_in.contains_key(it)).collect();
    let put_there = is_in.iter().filter(|(_, by)| **by == Some(provider)).map(|(id, _)| *id);
    TeamChanges { into, out_of: put_there.filter(|it| !wanted.contains(it)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn team(number: u128) -> TeamId {
        TeamId(Uuid::from_u128(number))
    }

    const CORP: SignOnProviderId = SignOnProviderId(Uuid::from_u128(100));
    const OTHER: SignOnProviderId = SignOnProviderId(Uuid::from_u128(101));

    #[test]
    fn groups_stand_for_teams() {
        let row = |group: &str, teams: &[u128]| SignOnTeams {
            group: group.into(),
            teams: teams.iter().copied().map(team).collect(),
        };
        let table = [row("ops", &[2, 1]), row("dev", &[1, 3]), row("Ops", &[9])];
        let of = |groups: &[&str]| wanted(&table, &groups.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["ops", "dev", "cooks"]), [1, 2, 3].map(team));
        assert_eq!(of(&["dev"]), [1, 3].map(team));
        assert_eq!(of(&[]), [] as [TeamId; 0]);
    }

    #[test]
    fn only_what_the_provider_did_is_undone() {
        let is_in =
            BTreeMap::from([(team(1), None), (team(2), Some(CORP)), (team(3), Some(OTHER)), (team(4), Some(CORP))]);
        let to = |wanted: &[u128]| changes(&is_in, &wanted.iter().copied().map(team).collect::<Vec<_>>(), CORP);
        assert_eq!(to(&[]), TeamChanges { into: vec![], out_of: [2, 4].map(team).to_vec() });
        assert_eq!(to(&[1, 2, 3, 5]), TeamChanges { into: vec![team(5)], out_of: vec![team(4)] });
        assert!(to(&[2, 4]).is_empty() && to(&[1, 2, 3, 4]).is_empty());
    }
}
