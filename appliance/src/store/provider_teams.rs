//! Teams that a provider of single sign-on puts people into.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use wire::{SignOnProviderId, TeamId, UserId};

use super::entities::{team, team_member};
use super::{Store, StoreError};
use crate::sign_on::teams::changes;

/// Names of the teams that a user is in, by name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TeamNames {
    /// The teams.
    pub teams: Vec<String>,
}

impl Store {
    /// Puts a user into the teams that a provider wants them in, and takes them out of those that it had put them into and does not
    /// want any more. Teams that an administrator put them into stay. Gives the names before and after; none when nothing changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_teams_by_provider(
        &self,
        user: UserId,
        provider: SignOnProviderId,
        wanted: &[TeamId],
    ) -> Result<Option<(TeamNames, TeamNames)>, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let all = team::Entity::find().all(&transaction).await?;
        let names: BTreeMap<TeamId, String> = all.into_iter().map(|row| (TeamId(row.id), row.name)).collect();
        let rows = team_member::Entity::find().filter(team_member::Column::UserId.eq(user.0)).all(&transaction).await?;
        let is_in: BTreeMap<TeamId, Option<SignOnProviderId>> =
            rows.into_iter().map(|row| (TeamId(row.team_id), row.provider_id.map(SignOnProviderId))).collect();
        // A team that was removed is nobody's.
        let wanted: Vec<TeamId> = wanted.iter().copied().filter(|it| names.contains_key(it)).collect();
        let changes = changes(&is_in, &wanted, provider);
        if changes.is_empty() {
            return Ok(None);
        }
        for id in &changes.into {
            let row = team_member::Model { team_id: id.0, user_id: user.0, provider_id: Some(provider.0) };
            team_member::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        }
        for id in &changes.out_of {
            team_member::Entity::delete_by_id((id.0, user.0)).exec(&transaction).await?;
        }
        // Whoever looked at one of these teams before is told so when they change it.
        for id in changes.into.iter().chain(&changes.out_of) {
            team::Entity::update_many()
                .col_expr(team::Column::Revision, Expr::col(team::Column::Revision).add(1))
                .filter(team::Column::Id.eq(id.0))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        let named = |ids: &mut dyn Iterator<Item = TeamId>| {
            let mut teams: Vec<String> = ids.filter_map(|id| names.get(&id).cloned()).collect();
            teams.sort();
            TeamNames { teams }
        };
        let before = named(&mut is_in.keys().copied());
        let left = is_in.keys().copied().filter(|it| !changes.out_of.contains(it));
        let after = named(&mut left.chain(changes.into.iter().copied()));
        Ok(Some((before, after)))
    }
}
