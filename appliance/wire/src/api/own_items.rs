use super::api_type;
use crate::SavedFilterId;

api_type! {
    /// A filter set that the signed-in user keeps under a name.
    #[derive(Eq)]
    pub struct SavedFilter {
        /// Its id.
        pub id: SavedFilterId,
        /// Its name, unique for its user.
        pub name: String,
        /// What stands in the address of the Jump interface after the `?`.
        pub query: String,
    }

    /// `POST /api/me/filters` and `PUT /api/me/filters/{id}`.
    #[derive(Eq)]
    pub struct SavedFilterDraft {
        /// Its name.
        pub name: String,
        /// What stands in the address after the `?`, at most [`crate::limits::FILTER_QUERY_CHARS`].
        pub query: String,
    }
}
