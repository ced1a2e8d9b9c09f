use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use wire::{TeamId, Timestamp, UserId};

use super::database::Transaction;
use super::entities::{membership, team, team_member};
use super::{Store, StoreError};

/// A team with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamRecord {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// Free text.
    pub comments: String,
    /// Who is in it.
    pub members: Vec<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Goes up with each change.
    pub revision: i64,
}

fn team_row(it: &TeamRecord) -> team::Model {
    team::Model {
        id: it.id.0,
        name: it.name.clone(),
        comments: it.comments.clone(),
        created_at: it.created_at.0,
        revision: it.revision,
    }
}

fn team_record(row: team::Model, members: Vec<UserId>) -> TeamRecord {
    TeamRecord {
        id: TeamId(row.id),
        name: row.name,
        comments: row.comments,
        members,
        created_at: Timestamp(row.created_at),
        revision: row.revision,
    }
}

async fn write_members(transaction: &Transaction, it: &TeamRecord) -> Result<(), StoreError> {
    use team_member::Column;
    let members = it.members.iter().map(|user| user.0);
    let gone = Column::TeamId.eq(it.id.0).and(Column::UserId.is_not_in(members));
    team_member::Entity::delete_many().filter(gone).exec(transaction).await?;
    let row = |user: &UserId| team_member::ActiveModel {
        team_id: Set(it.id.0),
        user_id: Set(user.0),
        provider_id: Set(None),
    };
    if !it.members.is_empty() {
        // Who is in it already stays there as they were: by hand, or by a provider of single sign-on.
        let is_in = OnConflict::columns([Column::TeamId, Column::UserId]).do_nothing().to_owned();
        team_member::Entity::insert_many(it.members.iter().map(row))
            .on_conflict(is_in)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

impl Store {
    /// The teams that a user is in.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn team_ids_of(&self, user: UserId) -> Result<Vec<TeamId>, StoreError> {
        let ids: Vec<Uuid> = team_member::Entity::find()
            .filter(team_member::Column::UserId.eq(user.0))
            .select_only()
            .column(team_member::Column::TeamId)
            .into_tuple()
            .all(&self.db)
            .await?;
        Ok(ids.into_iter().map(TeamId).collect())
    }

    /// Every team, by name.
    ///
    /// # Errors
    /// See above.
    pub async fn teams(&self) -> Result<Vec<TeamRecord>, StoreError> {
        let mut members: HashMap<Uuid, Vec<UserId>> = HashMap::new();
        for row in team_member::Entity::find().order_by_asc(team_member::Column::UserId).all(&self.db).await? {
            members.entry(row.team_id).or_default().push(UserId(row.user_id));
        }
        let rows = team::Entity::find().order_by_asc(team::Column::Name).all(&self.db).await?;
        let with_members = |row: team::Model| {
            let members = members.remove(&row.id).unwrap_or_default();
            team_record(row, members)
        };
        Ok(rows.into_iter().map(with_members).collect())
    }

    /// How many groups each team is a member of.
    ///
    /// # Errors
    /// See above.
    pub async fn groups_of_teams(&self) -> Result<HashMap<TeamId, u32>, StoreError> {
        let teams: Vec<Option<Uuid>> = membership::Entity::find()
            .filter(membership::Column::TeamId.is_not_null())
            .select_only()
            .column(membership::Column::TeamId)
            .into_tuple()
            .all(&self.db)
            .await?;
        let mut groups = HashMap::new();
        for id in teams.into_iter().flatten() {
            *groups.entry(TeamId(id)).or_default() += 1;
        }
        Ok(groups)
    }

    /// Makes a team.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken, [`StoreError::Dependent`] when a member is gone.
    pub async fn insert_team(&self, it: &TeamRecord) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        team::Entity::insert(team_row(it).into_active_model()).exec_without_returning(&transaction).await?;
        write_members(&transaction, it).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes a team that has this revision; afterwards it has the next one. False when there is none.
    ///
    /// # Errors
    /// As for a new one, and [`StoreError::ChangedMeanwhile`] when it has another revision.
    pub async fn update_team(&self, it: &TeamRecord) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = team::Entity::update_many()
            .col_expr(team::Column::Name, Expr::value(it.name.as_str()))
            .col_expr(team::Column::Comments, Expr::value(it.comments.as_str()))
            .col_expr(team::Column::Revision, Expr::value(it.revision + 1))
            .filter(team::Column::Id.eq(it.id.0))
            .filter(team::Column::Revision.eq(it.revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            let is_there = team::Entity::find_by_id(it.id.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(false) };
        }
        write_members(&transaction, it).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes a team and its memberships. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_team(&self, id: TeamId) -> Result<bool, StoreError> {
        Ok(self.delete_alone(team::Entity::delete_many().filter(team::Column::Id.eq(id.0))).await? > 0)
    }
}
