//! Stored credentials, and their secrets in a session.

use gloo::net::http::Method;
use wire::api::{Credential, CredentialDraft, RevealSecret, RevealedSecret, SessionCredentials};
use wire::{CredentialId, SessionId};

use super::{Answer, Api, path};

impl Api {
    /// `GET /api/credentials`.
    pub(crate) async fn credentials(&self) -> Answer<Vec<Credential>> {
        self.get("/api/credentials").await
    }

    /// `POST /api/credentials` or `PUT /api/credentials/{id}`.
    pub(crate) async fn save_credential(
        &self,
        id: Option<CredentialId>,
        draft: &CredentialDraft,
    ) -> Answer<Credential> {
        self.save("/api/credentials", id, draft).await
    }

    /// `DELETE /api/credentials/{id}`.
    pub(crate) async fn remove_credential(&self, id: CredentialId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/credentials", id)).await
    }

    /// `GET /api/sessions/{id}/credentials`.
    pub(crate) async fn session_credentials(&self, session: SessionId) -> Answer<SessionCredentials> {
        self.get(&format!("/api/sessions/{session}/credentials")).await
    }

    /// `POST /api/sessions/{id}/credentials/{credential_id}/reveal`: a secret, which is written down.
    pub(crate) async fn reveal(
        &self,
        session: SessionId,
        credential: CredentialId,
        asked: RevealSecret,
    ) -> Answer<RevealedSecret> {
        self.send(Method::POST, &format!("/api/sessions/{session}/credentials/{credential}/reveal"), Some(&asked)).await
    }
}
