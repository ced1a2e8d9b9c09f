//! The audit trail.

use gloo::net::http::Method;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;
use wire::api::{AuditHeads, AuditPage};

use super::{Answer, Api, broken, build, fetched, refusal, unreachable_appliance};

/// A file that comes piece by piece.
pub(crate) struct Pieces(ReadableStreamDefaultReader);

impl Pieces {
    /// The next piece; none at the end.
    pub(crate) async fn next(&self) -> Answer<Option<Vec<u8>>> {
        let read = JsFuture::from(self.0.read()).await.map_err(|_| unreachable_appliance())?;
        if Reflect::get(&read, &"done".into()).is_ok_and(|done| done.is_truthy()) {
            return Ok(None);
        }
        let value = Reflect::get(&read, &"value".into()).map_err(|_| unreachable_appliance())?;
        let piece = value.dyn_into::<Uint8Array>().map_err(|_| unreachable_appliance())?;
        Ok(Some(piece.to_vec()))
    }
}

impl Api {
    /// `GET /api/audit`; `query` is what stands behind the question mark.
    pub(crate) async fn audit(&self, query: &str) -> Answer<AuditPage> {
        self.get(&format!("/api/audit?{query}")).await
    }

    /// `GET /api/audit/heads`.
    pub(crate) async fn audit_heads(&self) -> Answer<AuditHeads> {
        self.get("/api/audit/heads").await
    }

    /// `GET /api/audit/export`: the whole trail, however long.
    pub(crate) async fn audit_export(&self) -> Answer<Pieces> {
        let request = build(self.request(Method::GET, "/api/audit/export"), None::<&()>);
        let response = fetched(request.map_err(|detail| broken("send the request", &detail))?).await?;
        if !response.ok() {
            return self.heard(Err(refusal(&response).await?));
        }
        let body = response.body().ok_or_else(unreachable_appliance)?;
        let reader = body.get_reader().dyn_into().map_err(|_| unreachable_appliance())?;
        Ok(Pieces(reader))
    }
}
