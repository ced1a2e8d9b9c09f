//! What depends on users and teams.

use wire::api::{Principal, PrincipalUses};

use super::{Answer, Api, path};

impl Api {
    /// `GET /api/users/{id}/uses` or `GET /api/teams/{id}/uses`.
    pub(crate) async fn uses(&self, who: Principal) -> Answer<PrincipalUses> {
        let theirs = match who {
            Principal::User(id) => path("/api/users", id),
            Principal::Team(id) => path("/api/teams", id),
        };
        self.get(&format!("{theirs}/uses")).await
    }
}
