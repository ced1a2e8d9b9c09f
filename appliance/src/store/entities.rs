//! The tables as SeaORM sees them; `migrations` makes them.

#![expect(unreachable_pub, reason = "SeaORM's derives ask for public items")]

mod api_tokens;
mod audit;
mod credentials;
mod outside;
pub(super) mod recordings;
pub(super) mod review;
mod second_factors;
mod sign_on;

pub(super) use api_tokens::api_token;
pub(super) use audit::{audit_event, audit_head, audit_tail, forwarding_cursor};
pub(super) use credentials::credential;
pub(super) use outside::{outbox, service};
pub(super) use second_factors::{factor_reset, passkey, recovery_code, sign_in_challenge, totp};
pub(super) use sign_on::{sign_on_attempt, sign_on_identity, sign_on_provider};
mod own_items;

pub(super) use own_items::{own_item, saved_filter};
mod policies;

pub(super) use policies::{approval, approval_link, jump_policy, session_policy};

pub(super) mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_name: String,
        pub user_name_key: String,
        pub display_name: String,
        pub email: Option<String>,
        pub role: String,
        pub enabled: bool,
        pub password_hash: String,
        pub created_at: i64,
        pub last_sign_in_at: Option<i64>,
        pub preferences: String,
        pub default_role_id: Option<Uuid>,
        pub session_policy_id: Option<Uuid>,
        pub personal_role_id: Option<Uuid>,
        pub methods: String,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod browser {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "browser")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub token_hash: Vec<u8>,
        pub csrf_token: String,
        pub user_agent: String,
        pub address: String,
        pub signed_in_at: i64,
        pub last_seen_at: i64,
        pub expires_at: i64,
        pub needs_factor: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod jumpoint {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "jumpoint")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub comments: String,
        pub enabled: bool,
        pub protocol_tunnel_enabled: bool,
        pub created_at: i64,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod agent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "agent")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub jumpoint_id: Uuid,
        pub public_key: Vec<u8>,
        pub hostname: String,
        pub version: String,
        pub os: String,
        pub addresses: String,
        pub remote_address: Option<String>,
        pub last_seen_at: Option<i64>,
        pub enrolled_at: i64,
        pub draining: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod enrolment_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "enrolment_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub jumpoint_id: Uuid,
        pub secret_hash: Vec<u8>,
        pub created_at: i64,
        pub expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod jump_group {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "jump_group")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub comments: String,
        pub created_at: i64,
        pub members_revision: i64,
        pub owner_id: Option<Uuid>,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod jump_item_role {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "jump_item_role")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub description: String,
        pub permissions: String,
        pub built_in: bool,
        pub created_at: i64,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod team {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "team")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub comments: String,
        pub created_at: i64,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod team_member {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "team_member")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        pub provider_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod membership {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "membership")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub group_id: Uuid,
        pub user_id: Option<Uuid>,
        pub team_id: Option<Uuid>,
        pub role_id: Uuid,
        pub jump_policy_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod jump_item {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "jump_item")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub jumpoint_id: Uuid,
        pub group_id: Uuid,
        pub hostname: String,
        pub local_address: String,
        pub tunnels: String,
        pub tag: Option<String>,
        pub comments: String,
        pub created_at: i64,
        pub updated_at: i64,
        pub last_used_at: Option<i64>,
        pub removed_at: Option<i64>,
        pub removed_by: Option<Uuid>,
        pub jump_policy_id: Option<Uuid>,
        pub session_policy_id: Option<Uuid>,
        pub credentials: String,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod item_copy {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "item_copy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub item_id: Uuid,
        pub first_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod session {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub item_id: Option<Uuid>,
        pub group_id: Option<Uuid>,
        pub item_name: String,
        pub user_id: Uuid,
        pub user_name: String,
        pub hostname: String,
        pub jumpoint_id: Uuid,
        pub jumpoint_name: String,
        pub node_hostname: Option<String>,
        pub user_address: String,
        pub state: String,
        pub end: Option<String>,
        pub end_message: Option<String>,
        pub created_at: i64,
        pub tunnelling_at: Option<i64>,
        pub ended_at: Option<i64>,
        pub tunnels: String,
        pub bytes_sent: i64,
        pub bytes_received: i64,
        pub connections_total: i64,
        pub node_id: Option<Uuid>,
        pub node_run: Option<Uuid>,
        pub resume_hash: Option<Vec<u8>>,
        pub seen_at: Option<i64>,
        pub approvals: String,
        pub link_grace_seconds: Option<i32>,
        pub ticket: Option<String>,
        pub told_of_end: String,
        pub joined_id: Option<Uuid>,
        pub joined_owner: Option<String>,
        pub session_policy: Option<String>,
        pub recording: Option<String>,
        pub capture: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod session_event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub session_id: Uuid,
        pub at: i64,
        pub kind: String,
        pub message: String,
        pub user_name: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod connection {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "connection")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub session_id: Uuid,
        pub tunnel: i32,
        pub client_address: Option<String>,
        pub client_program: Option<String>,
        pub opened_at: i64,
        pub established: bool,
        pub closed_at: Option<i64>,
        pub bytes_sent: i64,
        pub bytes_received: i64,
        pub end: Option<String>,
        pub end_message: String,
        pub stream: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod setting {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "setting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub value: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod sign_in_failure {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_failure")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub count: i32,
        pub first_at: i64,
        pub locked_until: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
