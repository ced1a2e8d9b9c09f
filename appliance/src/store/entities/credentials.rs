//! What is stored to sign in at targets.

pub(in crate::store) mod credential {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "credential")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub group_id: Uuid,
        pub name: String,
        pub kind: String,
        pub user_name: String,
        pub comments: String,
        pub giving: String,
        pub secret: Vec<u8>,
        pub passphrase: Option<Vec<u8>>,
        pub created_at: i64,
        pub secret_at: i64,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
