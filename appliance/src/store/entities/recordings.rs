//! What is recorded of sessions.

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
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
