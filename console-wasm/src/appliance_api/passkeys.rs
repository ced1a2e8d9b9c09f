//! Passkeys of the signed-in user.

use gloo::net::http::Method;
use wire::PasskeyId;
use wire::api::{BeginPasskey, BothFactors, NewPasskey, PasskeyAdded, PasskeyCeremony};

use super::{Answer, Api, path};

impl Api {
    /// `POST /api/me/passkeys/begin`.
    pub(crate) async fn begin_passkey(&self, request: &BeginPasskey) -> Answer<PasskeyCeremony> {
        self.send(Method::POST, "/api/me/passkeys/begin", Some(request)).await
    }

    /// `POST /api/me/passkeys`.
    pub(crate) async fn add_passkey(&self, new: &NewPasskey) -> Answer<PasskeyAdded> {
        self.send(Method::POST, "/api/me/passkeys", Some(new)).await
    }

    /// `POST /api/me/passkeys/ask`.
    pub(crate) async fn ask_for_passkey(&self) -> Answer<PasskeyCeremony> {
        self.send(Method::POST, "/api/me/passkeys/ask", None::<&()>).await
    }

    /// `POST /api/me/passkeys/{id}/remove`.
    pub(crate) async fn remove_passkey(&self, id: PasskeyId, both: &BothFactors) -> Answer<()> {
        let address = format!("{}/remove", path("/api/me/passkeys", id));
        self.send(Method::POST, &address, Some(both)).await.map(super::ignore)
    }
}
