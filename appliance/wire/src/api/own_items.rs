use super::api_type;
use crate::SavedFilterId;

/// What a filter set is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FilteredPage {
    /// The Jump interface.
    #[default]
    Jump,
    /// The list of sessions for reviewers.
    Review,
}

api_type! {
    /// A filter set that the signed-in user keeps under a name.
    #[derive(Eq)]
    pub struct SavedFilter {
        /// Its id.
        pub id: SavedFilterId,
        /// Its name, unique for its user and page.
        pub name: String,
        /// What stands in the page's address after the `?`.
        pub query: String,
        /// The page that it is for.
        #[serde(default)]
        pub page: FilteredPage,
    }

    /// `POST /api/me/filters` and `PUT /api/me/filters/{id}`.
    #[derive(Eq)]
    pub struct SavedFilterDraft {
        /// Its name.
        pub name: String,
        /// What stands in the address after the `?`, at most [`crate::limits::FILTER_QUERY_CHARS`].
        pub query: String,
        /// The page that it is for.
        #[serde(default)]
        pub page: FilteredPage,
    }
}
