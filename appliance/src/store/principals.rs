//! Users and teams wherever they are named: what depends on one, and taking it out of everything before it is removed.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;
use wire::api::{Membership, Principal, PrincipalUses};
use wire::{JumpGroupId, UserId};

use super::entities::{membership, sign_on_identity};
use super::{JumpGroupRecord, Store, StoreError, TeamRecord};
use crate::jump::policy::Policy;
use crate::jump::policy::approval::{People, is_last, names, without};

/// Who may do what in a group, before and after somebody left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLeft {
    /// The group.
    pub group: JumpGroupRecord,
    /// The list before.
    pub before: Vec<Membership>,
    /// The list now.
    pub after: Vec<Membership>,
}

impl Store {
    /// What depends on a user or a team.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn uses_of(&self, who: Principal) -> Result<PrincipalUses, StoreError> {
        let (users, teams) = (self.users().await?, self.teams().await?);
        let is_in = |team: &TeamRecord| matches!(who, Principal::User(user) if team.members.contains(&user));
        let mut uses = PrincipalUses {
            groups: self.groups_of(who).await?.into_iter().map(|it| it.name).collect(),
            teams: teams.iter().filter(|it| is_in(it)).map(|it| it.name.clone()).collect(),
            providers: self.providers_of(who).await?,
            ..PrincipalUses::default()
        };
        let people = People {
            enabled: users.into_iter().filter(|it| it.enabled).map(|it| it.id).collect(),
            teams: teams.into_iter().map(|it| (it.id, it.members)).collect(),
        };
        for policy in self.jump_policies().await? {
            let Some(rule) = &policy.definition.approval else { continue };
            if names(rule, who) {
                uses.approves.push(policy.definition.name.clone());
            }
            if is_last(rule, who, &people) {
                uses.last_to_approve.push(policy.definition.name);
            }
        }
        Ok(uses)
    }

    /// Takes a user or a team out of the policies that name it among those who approve. Gives each before and after.
    ///
    /// # Errors
    /// See above.
    pub async fn forget_approver(&self, who: Principal) -> Result<Vec<(Policy, Policy)>, StoreError> {
        let mut changed = Vec::new();
        for before in self.jump_policies().await? {
            let Some(rule) = before.definition.approval.as_ref().filter(|rule| names(rule, who)) else { continue };
            let mut after = before.clone();
            after.definition.approval = Some(without(rule, who));
            if self.update_jump_policy(&after).await? {
                changed.push((before, after));
            }
        }
        Ok(changed)
    }

    /// Takes a user or a team out of the members of every group.
    ///
    /// # Errors
    /// See above.
    pub async fn leave_groups(&self, who: Principal) -> Result<Vec<GroupLeft>, StoreError> {
        let mut left = Vec::new();
        for group in self.groups_of(who).await? {
            let Some((before, revision)) = self.memberships(group.id).await? else { continue };
            let after: Vec<_> = before.iter().filter(|it| it.principal != who).cloned().collect();
            if self.set_memberships(group.id, &after, revision).await? {
                left.push(GroupLeft { group, before, after });
            }
        }
        Ok(left)
    }

    /// Takes a user out of every team. Gives each before and after.
    ///
    /// # Errors
    /// See above.
    pub async fn leave_teams(&self, user: UserId) -> Result<Vec<(TeamRecord, TeamRecord)>, StoreError> {
        let mut left = Vec::new();
        for before in self.teams().await?.into_iter().filter(|it| it.members.contains(&user)) {
            let mut after = before.clone();
            after.members.retain(|it| *it != user);
            if self.update_team(&after).await? {
                left.push((before, after));
            }
        }
        Ok(left)
    }

    /// Groups in whose members somebody is, by name.
    async fn groups_of(&self, who: Principal) -> Result<Vec<JumpGroupRecord>, StoreError> {
        let theirs = match who {
            Principal::User(user) => membership::Column::UserId.eq(user.0),
            Principal::Team(team) => membership::Column::TeamId.eq(team.0),
        };
        let ids = membership::Entity::find().filter(theirs).select_only().column(membership::Column::GroupId);
        let ids: Vec<Uuid> = ids.into_tuple().all(&self.db).await?;
        let ids: HashSet<JumpGroupId> = ids.into_iter().map(JumpGroupId).collect();
        Ok(self.jump_groups().await?.into_iter().filter(|it| ids.contains(&it.id)).collect())
    }

    /// Names of the providers of single sign-on that put people into a team, or know a user.
    async fn providers_of(&self, who: Principal) -> Result<Vec<String>, StoreError> {
        let mut providers = self.sign_on_providers().await?;
        match who {
            Principal::Team(team) => {
                providers.retain(|it| it.provider.teams.iter().any(|row| row.teams.contains(&team)));
            }
            Principal::User(user) => {
                let of_user = sign_on_identity::Column::UserId.eq(user.0);
                let known = sign_on_identity::Entity::find().filter(of_user).all(&self.db).await?;
                providers.retain(|it| known.iter().any(|row| row.provider_id == it.id.0));
            }
        }
        Ok(providers.into_iter().map(|it| it.provider.name).collect())
    }
}
