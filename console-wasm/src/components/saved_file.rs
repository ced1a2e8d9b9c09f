//! Files that the page hands to the browser, and files that it is given.

use gloo::timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};

/// How long the browser is given to take a file, in milliseconds.
const TAKEN_MILLIS: u32 = 60_000;

/// Hands a file to the browser, which saves it as it saves what is downloaded. False when the browser does not take it.
pub(crate) fn save(name: &str, kind: &str, content: &[u8]) -> bool {
    offer(name, kind, content).is_ok()
}

fn offer(name: &str, kind: &str, content: &[u8]) -> Result<(), JsValue> {
    let properties = BlobPropertyBag::new();
    properties.set_type(kind);
    let parts = Array::of1(&Uint8Array::from(content));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &properties)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = gloo::utils::document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    spawn_local(async move {
        TimeoutFuture::new(TAKEN_MILLIS).await;
        // Fails only for what is no address.
        let _ = Url::revoke_object_url(&url);
    });
    Ok(())
}

/// What a file holds now; none when the browser cannot read it any more.
pub(crate) async fn content(file: &File) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}
