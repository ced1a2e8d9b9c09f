//! What is stored to sign in at targets. Secrets come here sealed, and leave it so.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;
use wire::api::{CredentialFacts, TunnelJumpDraft};
use wire::{CredentialId, JumpGroupId, JumpItemId, Timestamp};

use super::entities::{credential, jump_item};
use super::{JumpItemRecord, Store, StoreError, from_text, to_text};

/// A stored credential.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Its id.
    pub id: CredentialId,
    /// Everything but the secret.
    pub facts: CredentialFacts,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// The sealed passphrase of a key.
    pub passphrase: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret was entered.
    pub secret_at: Timestamp,
    /// Goes up with each change.
    pub revision: i64,
}

/// What decides about a credential wherever it is only named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialPlace {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group_id: JumpGroupId,
}

/// An item that names a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialUses {
    /// The item.
    pub item: JumpItemId,
    /// Its name.
    pub name: String,
    /// Its group.
    pub group_id: JumpGroupId,
    /// Whether it was removed and can still be brought back.
    pub is_removed: bool,
}

impl std::fmt::Debug for CredentialRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialRecord").field("id", &self.id).field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl TryFrom<credential::Model> for CredentialRecord {
    type Error = StoreError;

    fn try_from(row: credential::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: CredentialId(row.id),
            facts: CredentialFacts {
                name: row.name,
                group_id: JumpGroupId(row.group_id),
                kind: from_text("credential.kind", &row.kind)?,
                user_name: row.user_name,
                comments: row.comments,
                giving: from_text("credential.giving", &row.giving)?,
            },
            secret: row.secret,
            passphrase: row.passphrase,
            created_at: Timestamp(row.created_at),
            secret_at: Timestamp(row.secret_at),
            revision: row.revision,
        })
    }
}

fn row_of(it: &CredentialRecord) -> credential::Model {
    credential::Model {
        id: it.id.0,
        group_id: it.facts.group_id.0,
        name: it.facts.name.clone(),
        kind: to_text(&it.facts.kind),
        user_name: it.facts.user_name.clone(),
        comments: it.facts.comments.clone(),
        giving: to_text(&it.facts.giving),
        secret: it.secret.clone(),
        passphrase: it.passphrase.clone(),
        created_at: it.created_at.0,
        secret_at: it.secret_at.0,
        revision: it.revision,
    }
}

impl Store {
    /// Every credential of these groups, by name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn credentials_in(&self, groups: &[JumpGroupId]) -> Result<Vec<CredentialRecord>, StoreError> {
        let rows = credential::Entity::find()
            .filter(credential::Column::GroupId.is_in(groups.iter().map(|id| id.0)))
            .order_by_asc(credential::Column::Name)
            .order_by_asc(credential::Column::Id)
            .all(&self.db)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// One credential.
    ///
    /// # Errors
    /// See above.
    pub async fn credential(&self, id: CredentialId) -> Result<Option<CredentialRecord>, StoreError> {
        credential::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// Name and group of every credential.
    ///
    /// # Errors
    /// See above.
    pub async fn credential_places(&self) -> Result<HashMap<CredentialId, CredentialPlace>, StoreError> {
        let rows: Vec<(Uuid, String, Uuid)> = credential::Entity::find()
            .select_only()
            .columns([credential::Column::Id, credential::Column::Name, credential::Column::GroupId])
            .into_tuple()
            .all(&self.db)
            .await?;
        let place = |(id, name, group): (Uuid, String, Uuid)| {
            (CredentialId(id), CredentialPlace { name, group_id: JumpGroupId(group) })
        };
        Ok(rows.into_iter().map(place).collect())
    }

    /// How many credentials a group has.
    ///
    /// # Errors
    /// See above.
    pub async fn credential_count(&self, group: JumpGroupId) -> Result<u64, StoreError> {
        Ok(credential::Entity::find().filter(credential::Column::GroupId.eq(group.0)).count(&self.db).await?)
    }

    /// Which items name each credential, those among them that were removed and can be brought back; by the items' names.
    ///
    /// # Errors
    /// See above.
    pub async fn credential_uses(&self) -> Result<HashMap<CredentialId, Vec<CredentialUses>>, StoreError> {
        let rows = jump_item::Entity::find()
            .filter(jump_item::Column::Credentials.ne("[]"))
            .order_by_asc(jump_item::Column::Name)
            .all(&self.db)
            .await?;
        let mut uses: HashMap<CredentialId, Vec<CredentialUses>> = HashMap::new();
        for row in rows {
            let is_removed = row.removed_at.is_some();
            let JumpItemRecord { id: item, definition, .. } = row.try_into()?;
            for named in definition.credentials.iter().flatten() {
                let of = uses.entry(named.credential_id).or_default();
                if of.iter().all(|it| it.item != item) {
                    let (name, group_id) = (definition.name.clone(), definition.group_id);
                    of.push(CredentialUses { item, name, group_id, is_removed });
                }
            }
        }
        Ok(uses)
    }

    /// Stores a credential.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken in its group, [`StoreError::Dependent`] when the group is gone.
    pub async fn insert_credential(&self, it: &CredentialRecord) -> Result<(), StoreError> {
        credential::Entity::insert(row_of(it).into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a credential that has this revision; afterwards it has the next one. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken in its group, [`StoreError::ChangedMeanwhile`] when it has another
    /// revision, [`StoreError::Dependent`] when the group is gone.
    pub async fn update_credential(&self, it: &CredentialRecord) -> Result<bool, StoreError> {
        let row = credential::Model { revision: it.revision + 1, ..row_of(it) };
        let row = sea_orm::ActiveModelTrait::reset_all(row.into_active_model());
        let transaction = self.db.begin_alone().await?;
        let done = credential::Entity::update_many()
            .set(row)
            .filter(credential::Column::Id.eq(it.id.0))
            .filter(credential::Column::Revision.eq(it.revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            let is_there = credential::Entity::find_by_id(it.id.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(false) };
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes a credential that no item names. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] while an item names it, also one that was removed and can be brought back.
    pub async fn delete_credential(&self, id: CredentialId) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let named = jump_item::Entity::find()
            .filter(jump_item::Column::Credentials.contains(id.0.to_string()))
            .count(&transaction)
            .await?;
        if named > 0 {
            return Err(StoreError::Dependent);
        }
        let done = credential::Entity::delete_by_id(id.0).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected > 0)
    }
}

/// Makes sure that the credentials of these items exist, in the transaction that writes what names them.
///
/// # Errors
/// [`StoreError::Dependent`] when one is gone.
pub(super) async fn require_credentials<'a>(
    db: &impl ConnectionTrait,
    items: impl Iterator<Item = &'a TunnelJumpDraft>,
) -> Result<(), StoreError> {
    let mut ids: Vec<Uuid> =
        items.flat_map(|it| it.credentials.iter().flatten()).map(|it| it.credential_id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    // A statement has a limit of values.
    for some in ids.chunks(CHUNK) {
        let found = credential::Entity::find().filter(credential::Column::Id.is_in(some.iter().copied())).count(db);
        if usize::try_from(found.await?) != Ok(some.len()) {
            return Err(StoreError::Dependent);
        }
    }
    Ok(())
}

const CHUNK: usize = 500;
