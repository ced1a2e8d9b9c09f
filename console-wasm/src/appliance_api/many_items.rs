//! Many items at once, favourites and filter sets.

use gloo::net::http::Method;
use wire::api::{
    CopyJumpItems, JumpItem, JumpItemIds, JumpItemsChange, JumpItemsRemoved, SavedFilter, SavedFilterDraft,
};
use wire::{JumpItemId, SavedFilterId};

use super::{Answer, Api, path};

impl Api {
    /// `PATCH /api/jump-items`.
    pub(crate) async fn change_items(&self, change: &JumpItemsChange) -> Answer<Vec<JumpItem>> {
        self.send(Method::PATCH, "/api/jump-items", Some(change)).await
    }

    /// `POST /api/jump-items/copy`.
    pub(crate) async fn copy_items(&self, copy: &CopyJumpItems) -> Answer<Vec<JumpItem>> {
        self.send(Method::POST, "/api/jump-items/copy", Some(copy)).await
    }

    /// `POST /api/jump-items/remove`.
    pub(crate) async fn remove_items(&self, item_ids: Vec<JumpItemId>) -> Answer<JumpItemsRemoved> {
        self.send(Method::POST, "/api/jump-items/remove", Some(&JumpItemIds { item_ids })).await
    }

    /// `POST /api/jump-items/restore`.
    pub(crate) async fn restore_items(&self, item_ids: Vec<JumpItemId>) -> Answer<Vec<JumpItem>> {
        self.send(Method::POST, "/api/jump-items/restore", Some(&JumpItemIds { item_ids })).await
    }

    /// `PUT` or `DELETE /api/me/favourites/{item_id}`.
    pub(crate) async fn set_favourite(&self, id: JumpItemId, favourite: bool) -> Answer<()> {
        let method = if favourite { Method::PUT } else { Method::DELETE };
        self.change(method, &path("/api/me/favourites", id)).await
    }

    /// `GET /api/me/filters`.
    pub(crate) async fn filters(&self) -> Answer<Vec<SavedFilter>> {
        self.get("/api/me/filters").await
    }

    /// `POST /api/me/filters`, or `PUT /api/me/filters/{id}` for one that exists.
    pub(crate) async fn save_filter(&self, id: Option<SavedFilterId>, draft: &SavedFilterDraft) -> Answer<SavedFilter> {
        match id {
            None => self.send(Method::POST, "/api/me/filters", Some(draft)).await,
            Some(id) => self.send(Method::PUT, &path("/api/me/filters", id), Some(draft)).await,
        }
    }

    /// `DELETE /api/me/filters/{id}`.
    pub(crate) async fn remove_filter(&self, id: SavedFilterId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/me/filters", id)).await
    }
}
