//! Captured traffic.

use wire::api::{CapturedBytes, CapturedConnectionPage, CapturedStatements, Recording};
use wire::{RecordingId, SessionId};

use super::{Answer, Api};

impl Api {
    /// `GET /api/sessions/{id}/captures`.
    pub(crate) async fn captures(&self, session: SessionId) -> Answer<Vec<Recording>> {
        self.get(&format!("/api/sessions/{session}/captures")).await
    }

    /// `GET /api/captures/{id}/connections`.
    pub(crate) async fn captured_connections(
        &self,
        id: RecordingId,
        after: Option<u64>,
    ) -> Answer<CapturedConnectionPage> {
        let query = after.map_or_else(String::new, |it| format!("?after={it}"));
        self.get(&format!("/api/captures/{id}/connections{query}")).await
    }

    /// `GET /api/captures/{id}/connections/{stream}/bytes`.
    pub(crate) async fn captured_bytes(
        &self,
        id: RecordingId,
        stream: u32,
        from: Option<u64>,
    ) -> Answer<CapturedBytes> {
        let query = from.map_or_else(String::new, |it| format!("?from={it}"));
        self.get(&format!("/api/captures/{id}/connections/{stream}/bytes{query}")).await
    }

    /// `GET /api/captures/{id}/connections/{stream}/statements`.
    pub(crate) async fn captured_statements(
        &self,
        id: RecordingId,
        stream: u32,
        from: Option<u64>,
    ) -> Answer<CapturedStatements> {
        let query = from.map_or_else(String::new, |it| format!("?from={it}"));
        self.get(&format!("/api/captures/{id}/connections/{stream}/statements{query}")).await
    }
}
