//! What is recorded of sessions, and which connections a capture of traffic holds.

pub(in crate::store) mod recording {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "recording")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub session_id: Uuid,
        pub kind: String,
        pub label: String,
        pub state: String,
        pub started_at: i64,
        pub ended_at: Option<i64>,
        pub duration_millis: i64,
        pub width: i32,
        pub height: i32,
        pub bytes: i64,
        pub sha256: Option<String>,
        pub sealed_key: Vec<u8>,
        pub store: String,
        pub deleted_at: Option<i64>,
        pub deleted_because: Option<String>,
        pub object_gone: bool,
        pub key_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Sessions of which nothing is deleted.
pub(in crate::store) mod legal_hold {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "legal_hold")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub session_id: Uuid,
        pub reason: String,
        pub set_by: String,
        pub set_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Keys that the keys of recordings are sealed with.
pub(in crate::store) mod recording_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "recording_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub sealed_key: Vec<u8>,
        pub made_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::store) mod captured_connection {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "captured_connection")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub recording_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub stream: i64,
        pub tunnel: i32,
        pub opened_at: i64,
        pub last_at: i64,
        pub starts: i64,
        pub ends: i64,
        pub bytes_sent: i64,
        pub bytes_received: i64,
        pub protocol: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
