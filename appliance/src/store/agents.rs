use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use wire::agent_messages::HostFacts;
use wire::{AgentId, EnrolmentKeyId, JumpointId, Timestamp};

use super::entities::{agent, enrolment_key, jump_item, jumpoint};
use super::item_changes::forget_removed;
use super::{Store, StoreError, from_json, to_json};

/// A jumpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpointRecord {
    /// Its id.
    pub id: JumpointId,
    /// Its name.
    pub name: String,
    /// Free text.
    pub comments: String,
    /// Whether it takes sessions.
    pub enabled: bool,
    /// Whether Protocol Tunnel Jumps may use it.
    pub protocol_tunnel_enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Goes up with each change.
    pub revision: i64,
}

/// An enrolled agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRecord {
    /// Its id.
    pub id: AgentId,
    /// Its jumpoint.
    pub jumpoint_id: JumpointId,
    /// Its Ed25519 public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// What it told of its host last.
    pub facts: HostFacts,
    /// Address it last dialled from.
    pub remote_address: Option<String>,
    /// When it was last heard of.
    pub last_seen_at: Option<Timestamp>,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// Takes no new sessions.
    pub draining: bool,
}

/// An enrolment key that was not used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentKeyRecord {
    /// Its id.
    pub id: EnrolmentKeyId,
    /// The jumpoint it is for.
    pub jumpoint_id: JumpointId,
    /// SHA-256 of its secret.
    pub secret_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl From<jumpoint::Model> for JumpointRecord {
    fn from(row: jumpoint::Model) -> Self {
        Self {
            id: JumpointId(row.id),
            name: row.name,
            comments: row.comments,
            enabled: row.enabled,
            protocol_tunnel_enabled: row.protocol_tunnel_enabled,
            created_at: Timestamp(row.created_at),
            revision: row.revision,
        }
    }
}

impl From<&JumpointRecord> for jumpoint::Model {
    fn from(it: &JumpointRecord) -> Self {
        Self {
            id: it.id.0,
            name: it.name.clone(),
            comments: it.comments.clone(),
            enabled: it.enabled,
            protocol_tunnel_enabled: it.protocol_tunnel_enabled,
            created_at: it.created_at.0,
            revision: it.revision,
        }
    }
}

impl TryFrom<agent::Model> for AgentRecord {
    type Error = StoreError;

    fn try_from(row: agent::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: AgentId(row.id),
            jumpoint_id: JumpointId(row.jumpoint_id),
            public_key: row.public_key,
            facts: HostFacts {
                version: row.version,
                hostname: row.hostname,
                os: row.os,
                addresses: from_json("agent.addresses", &row.addresses)?,
            },
            remote_address: row.remote_address,
            last_seen_at: row.last_seen_at.map(Timestamp),
            enrolled_at: Timestamp(row.enrolled_at),
            draining: row.draining,
        })
    }
}

impl From<enrolment_key::Model> for EnrolmentKeyRecord {
    fn from(row: enrolment_key::Model) -> Self {
        Self {
            id: EnrolmentKeyId(row.id),
            jumpoint_id: JumpointId(row.jumpoint_id),
            secret_hash: row.secret_hash,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        }
    }
}

fn agent_row(it: &AgentRecord) -> Result<agent::Model, StoreError> {
    Ok(agent::Model {
        id: it.id.0,
        jumpoint_id: it.jumpoint_id.0,
        public_key: it.public_key.clone(),
        hostname: it.facts.hostname.clone(),
        version: it.facts.version.clone(),
        os: it.facts.os.clone(),
        addresses: to_json("agent.addresses", &it.facts.addresses)?,
        remote_address: it.remote_address.clone(),
        last_seen_at: it.last_seen_at.map(|at| at.0),
        enrolled_at: it.enrolled_at.0,
        draining: it.draining,
    })
}

impl Store {
    /// Every jumpoint, by name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn jumpoints(&self) -> Result<Vec<JumpointRecord>, StoreError> {
        let rows = jumpoint::Entity::find().order_by_asc(jumpoint::Column::Name).all(&self.db).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// One jumpoint.
    ///
    /// # Errors
    /// See above.
    pub async fn jumpoint(&self, id: JumpointId) -> Result<Option<JumpointRecord>, StoreError> {
        Ok(jumpoint::Entity::find_by_id(id.0).one(&self.db).await?.map(Into::into))
    }

    /// Makes a jumpoint.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_jumpoint(&self, it: &JumpointRecord) -> Result<(), StoreError> {
        let row = jumpoint::Model::from(it).into_active_model();
        jumpoint::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a jumpoint that has this revision; afterwards it has the next one. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken, [`StoreError::ChangedMeanwhile`] when it has another revision.
    pub async fn update_jumpoint(&self, it: &JumpointRecord) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let row = jumpoint::Model { revision: it.revision + 1, ..it.into() };
        let done = jumpoint::Entity::update_many()
            .set(row.into_active_model().reset_all())
            .filter(jumpoint::Column::Id.eq(it.id.0))
            .filter(jumpoint::Column::Revision.eq(it.revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            let is_there = jumpoint::Entity::find_by_id(it.id.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(false) };
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes a jumpoint with its agents and keys.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] while items use it.
    pub async fn delete_jumpoint(&self, id: JumpointId) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        forget_removed(&transaction, jump_item::Column::JumpointId.eq(id.0)).await?;
        jumpoint::Entity::delete_by_id(id.0).exec(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Every enrolled agent.
    ///
    /// # Errors
    /// See above.
    pub async fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let rows = agent::Entity::find()
            .order_by_asc(agent::Column::EnrolledAt)
            .order_by_asc(agent::Column::Id)
            .all(&self.db)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// One agent.
    ///
    /// # Errors
    /// See above.
    pub async fn agent(&self, id: AgentId) -> Result<Option<AgentRecord>, StoreError> {
        agent::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// Writes what an agent told of itself and when it was heard of; not what an administrator decided of it. Nothing happens
    /// when it was removed.
    ///
    /// # Errors
    /// See above.
    pub async fn update_agent(&self, it: &AgentRecord) -> Result<(), StoreError> {
        let mut told = agent_row(it)?.into_active_model().reset_all();
        told.not_set(agent::Column::Draining);
        agent::Entity::update_many().set(told).filter(agent::Column::Id.eq(it.id.0)).exec(&self.db).await?;
        Ok(())
    }

    /// Keeps an agent from new sessions, or lets it have them again. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn set_draining(&self, jumpoint: JumpointId, id: AgentId, draining: bool) -> Result<bool, StoreError> {
        let done = agent::Entity::update_many()
            .col_expr(agent::Column::Draining, Expr::value(draining))
            .filter(agent::Column::Id.eq(id.0))
            .filter(agent::Column::JumpointId.eq(jumpoint.0))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Removes an agent. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_agent(&self, jumpoint: JumpointId, id: AgentId) -> Result<bool, StoreError> {
        let done = agent::Entity::delete_many()
            .filter(agent::Column::Id.eq(id.0))
            .filter(agent::Column::JumpointId.eq(jumpoint.0))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Every unused enrolment key.
    ///
    /// # Errors
    /// See above.
    pub async fn enrolment_keys(&self) -> Result<Vec<EnrolmentKeyRecord>, StoreError> {
        let rows = enrolment_key::Entity::find()
            .order_by_asc(enrolment_key::Column::CreatedAt)
            .order_by_asc(enrolment_key::Column::Id)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Keeps a new enrolment key.
    ///
    /// # Errors
    /// See above.
    pub async fn insert_enrolment_key(&self, it: &EnrolmentKeyRecord) -> Result<(), StoreError> {
        let row = enrolment_key::ActiveModel {
            id: Set(it.id.0),
            jumpoint_id: Set(it.jumpoint_id.0),
            secret_hash: Set(it.secret_hash.clone()),
            created_at: Set(it.created_at.0),
            expires_at: Set(it.expires_at.0),
        };
        enrolment_key::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Revokes a key. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_enrolment_key(&self, jumpoint: JumpointId, id: EnrolmentKeyId) -> Result<bool, StoreError> {
        let done = enrolment_key::Entity::delete_many()
            .filter(enrolment_key::Column::Id.eq(id.0))
            .filter(enrolment_key::Column::JumpointId.eq(jumpoint.0))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Forgets keys that do not work any more.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_expired_enrolment_keys(&self, now: Timestamp) -> Result<(), StoreError> {
        let is_over = enrolment_key::Column::ExpiresAt.lte(now.0);
        self.delete_alone(enrolment_key::Entity::delete_many().filter(is_over)).await?;
        Ok(())
    }

    /// The key with this secret, if it is still good.
    ///
    /// # Errors
    /// See above.
    pub async fn enrolment_key_by_secret(
        &self,
        secret_hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<EnrolmentKeyRecord>, StoreError> {
        let row = enrolment_key::Entity::find()
            .filter(enrolment_key::Column::SecretHash.eq(secret_hash))
            .filter(enrolment_key::Column::ExpiresAt.gt(now.0))
            .one(&self.db)
            .await?;
        Ok(row.map(Into::into))
    }

    /// Uses a key up and enrols the agent, both or nothing: a key is worth one agent, and a jumpoint has `most` at most.
    ///
    /// # Errors
    /// See above.
    pub async fn enrol(&self, key: EnrolmentKeyId, it: &AgentRecord, most: u64) -> Result<Enrolled, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let used = enrolment_key::Entity::delete_by_id(key.0).exec(&transaction).await?;
        if used.rows_affected == 0 {
            return Ok(Enrolled::KeyUsed);
        }
        let of_jumpoint = agent::Entity::find().filter(agent::Column::JumpointId.eq(it.jumpoint_id.0));
        if of_jumpoint.count(&transaction).await? >= most {
            return Ok(Enrolled::JumpointFull);
        }
        agent::Entity::insert(agent_row(it)?.into_active_model()).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(Enrolled::Done)
    }
}

/// What came of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// The agent is enrolled.
    Done,
    /// The key was used meanwhile.
    KeyUsed,
    /// The jumpoint has as many agents as it may; the key stays.
    JumpointFull,
}
