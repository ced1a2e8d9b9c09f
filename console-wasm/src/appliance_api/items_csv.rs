//! Items as a CSV file.

use gloo::net::http::{Method, RequestBuilder};
use js_sys::Uint8Array;
use wire::JumpItemId;
use wire::api::{ItemsImport, JumpItemIds};

use super::{Answer, Api, broken, build, fetched, read, refusal, unreachable_appliance};

impl Api {
    /// `POST /api/jump-items/import`; with `dry_run` the file is only looked at.
    pub(crate) async fn import_items(&self, file: &[u8], dry_run: bool) -> Answer<ItemsImport> {
        let path = format!("/api/jump-items/import?dry_run={dry_run}");
        let request = self.request(Method::POST, &path).header("content-type", "text/csv");
        let request = request.body(Uint8Array::from(file));
        let request = request.map_err(|error| broken("send the file", &error.to_string()))?;
        self.heard(read(fetched(request).await?).await)
    }

    /// `POST /api/jump-items/export`: the file.
    pub(crate) async fn export_items(&self, item_ids: Vec<JumpItemId>) -> Answer<Vec<u8>> {
        let request = self.request(Method::POST, "/api/jump-items/export");
        self.file(request, Some(&JumpItemIds { item_ids })).await
    }

    /// `GET /api/jump-items/import-template`: the file.
    pub(crate) async fn import_template(&self) -> Answer<Vec<u8>> {
        self.file(self.request(Method::GET, "/api/jump-items/import-template"), None::<&()>).await
    }

    async fn file(&self, request: RequestBuilder, body: Option<&impl serde::Serialize>) -> Answer<Vec<u8>> {
        let request = build(request, body).map_err(|detail| broken("send the request", &detail))?;
        let response = fetched(request).await?;
        let answer = if response.ok() {
            response.binary().await.map_err(|_| unreachable_appliance())
        } else {
            Err(refusal(&response).await?)
        };
        self.heard(answer)
    }
}
