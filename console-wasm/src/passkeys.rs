//! Passkeys in this browser: making one and asking for one (Web Authentication, level 3).

use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wire::api::{PasskeyCeremony, ShownPasskey};

/// Whether this browser can do what is needed.
pub(crate) fn are_known() -> bool {
    class().is_some()
}

/// Makes a passkey. Gives what it says, or a sentence for the person.
pub(crate) async fn make(asked: &PasskeyCeremony) -> Result<ShownPasskey, String> {
    perform(asked, "parseCreationOptionsFromJSON", "create").await
}

/// Asks for a passkey. Gives what it says, or a sentence for the person.
pub(crate) async fn show(asked: &PasskeyCeremony) -> Result<ShownPasskey, String> {
    perform(asked, "parseRequestOptionsFromJSON", "get").await
}

const UNKNOWN: &str = "This browser knows no passkeys, or is too old for them. Update it, or use another way.";

async fn perform(asked: &PasskeyCeremony, parse: &str, deed: &str) -> Result<ShownPasskey, String> {
    let class = class().ok_or(UNKNOWN)?;
    let credential = credential(&class, &asked.options, parse, deed).await.map_err(|error| words(&error))?;
    Ok(ShownPasskey { ceremony: asked.ceremony.clone(), credential })
}

/// The class, where it can read and write JSON.
fn class() -> Option<JsValue> {
    let class = Reflect::get(&js_sys::global(), &"PublicKeyCredential".into()).ok()?;
    let reads = Reflect::get(&class, &"parseRequestOptionsFromJSON".into()).ok()?;
    reads.is_function().then_some(class)
}

async fn credential(class: &JsValue, options: &str, parse: &str, deed: &str) -> Result<String, JsValue> {
    let public_key = Reflect::get(&JSON::parse(options)?, &"publicKey".into())?;
    let public_key = method(class, parse)?.call1(class, &public_key)?;
    let argument = Object::new();
    Reflect::set(&argument, &"publicKey".into(), &public_key)?;
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let credentials = Reflect::get(&navigator, &"credentials".into())?;
    let promise: Promise = method(&credentials, deed)?.call1(&credentials, &argument)?.dyn_into()?;
    let credential = JsFuture::from(promise).await?;
    let plain = method(&credential, "toJSON")?.call0(&credential)?;
    Ok(String::from(JSON::stringify(&plain)?))
}

fn method(of: &JsValue, name: &str) -> Result<Function, JsValue> {
    Reflect::get(of, &name.into())?.dyn_into()
}

/// What went wrong, for a person. Browsers tell no more than this on purpose.
fn words(error: &JsValue) -> String {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|it| it.as_string()).unwrap_or_default();
    match name.as_str() {
        "NotAllowedError" => "No passkey was given: it was cancelled, or it took too long.".into(),
        "InvalidStateError" => "This device holds a passkey of your account already.".into(),
        "SecurityError" => "The browser does not allow passkeys at this address.".into(),
        _ => format!("The browser could not use a passkey ({name})."),
    }
}
