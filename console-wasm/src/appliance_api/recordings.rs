//! Recordings: bringing one, and looking at those that are kept.

use gloo::net::http::Method;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wire::api::{
    CSRF_HEADER, ChangeHold, ChunkKept, DeleteRecording, HoldState, NewRecording, Recording, RecordingStop,
    StopRecording,
};
use wire::{RecordingId, SessionId};

use super::{Answer, Api, broken, fetched, ignore, read};

impl Api {
    /// `POST /api/sessions/{id}/recordings`.
    pub(crate) async fn announce_recording(&self, session: SessionId, new: &NewRecording) -> Answer<Recording> {
        self.send(Method::POST, &format!("/api/sessions/{session}/recordings"), Some(new)).await
    }

    /// `GET /api/sessions/{id}/recordings`.
    pub(crate) async fn recordings(&self, session: SessionId) -> Answer<Vec<Recording>> {
        self.get(&format!("/api/sessions/{session}/recordings")).await
    }

    /// `PUT /api/recordings/{id}/chunks/{number}`.
    pub(crate) async fn keep_chunk(&self, id: RecordingId, number: u64, chunk: &[u8]) -> Answer<ChunkKept> {
        let request = self.request(Method::PUT, &format!("/api/recordings/{id}/chunks/{number}"));
        let request = request.header("content-type", "application/octet-stream").body(Uint8Array::from(chunk));
        let request = request.map_err(|error| broken("send the recording", &error.to_string()))?;
        self.heard(read(fetched(request).await?).await)
    }

    /// `POST /api/recordings/{id}/alive`.
    pub(crate) async fn recording_is_alive(&self, id: RecordingId) -> Answer<ChunkKept> {
        self.send(Method::POST, &format!("/api/recordings/{id}/alive"), None::<&()>).await
    }

    /// `POST /api/recordings/{id}/stop`.
    pub(crate) async fn stop_recording(&self, id: RecordingId, because: RecordingStop) -> Answer<()> {
        let stop = StopRecording { because };
        self.send(Method::POST, &format!("/api/recordings/{id}/stop"), Some(&stop)).await.map(ignore)
    }

    /// `POST /api/recordings/{id}/delete`.
    pub(crate) async fn delete_recording(&self, id: RecordingId, delete: &DeleteRecording) -> Answer<()> {
        self.send(Method::POST, &format!("/api/recordings/{id}/delete"), Some(delete)).await.map(ignore)
    }

    /// `GET /api/sessions/{id}/hold`.
    pub(crate) async fn legal_hold(&self, session: SessionId) -> Answer<HoldState> {
        self.get(&format!("/api/sessions/{session}/hold")).await
    }

    /// `POST /api/sessions/{id}/hold`, or `…/lift`.
    pub(crate) async fn change_legal_hold(
        &self,
        session: SessionId,
        lift: bool,
        change: &ChangeHold,
    ) -> Answer<HoldState> {
        let lift = if lift { "/lift" } else { "" };
        self.send(Method::POST, &format!("/api/sessions/{session}/hold{lift}"), Some(change)).await
    }

    /// The same from a page that goes away: the browser sends it though nobody waits for the answer any more.
    pub(crate) fn stop_recording_while_leaving(&self, id: RecordingId) -> Option<()> {
        let body = serde_json::to_string(&StopRecording { because: RecordingStop::PageClosed }).ok()?;
        let headers = web_sys::Headers::new().ok()?;
        headers.append("content-type", "application/json").ok()?;
        headers.append(CSRF_HEADER, self.csrf_token.borrow().as_ref()?.expose()).ok()?;
        let init = web_sys::RequestInit::new();
        init.set_method("POST");
        init.set_headers(&headers);
        init.set_body(&JsValue::from_str(&body));
        js_sys::Reflect::set(&init, &"keepalive".into(), &JsValue::TRUE).ok()?;
        // The page that would look at the answer is gone by then.
        drop(gloo::utils::window().fetch_with_str_and_init(&format!("/api/recordings/{id}/stop"), &init));
        Some(())
    }
}
