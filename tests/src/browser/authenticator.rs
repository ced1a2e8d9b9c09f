//! An authenticator that the browser plays itself (Web Authentication, level 3, section 11): a device with a platform passkey.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Browser;

/// A device that keeps passkeys for one browser. It says that somebody is there whenever it is asked.
pub struct VirtualAuthenticator {
    url: String,
}

impl Browser {
    /// Gives the browser such a device.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn add_authenticator(&self) -> Result<VirtualAuthenticator> {
        let all = format!("{}/webauthn/authenticator", self.session_url);
        let device = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserConsenting": true, "isUserVerified": true,
        });
        let id = post(&all, &device)?;
        let id = id.as_str().context("the browser gave no id for the authenticator")?;
        Ok(VirtualAuthenticator { url: format!("{all}/{id}") })
    }
}

impl VirtualAuthenticator {
    /// Whether it recognises its owner from now on.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn recognises(&self, owner: bool) -> Result<()> {
        post(&format!("{}/uv", self.url), &json!({ "isUserVerified": owner })).map(drop)
    }
}

fn post(url: &str, body: &Value) -> Result<Value> {
    let mut answer = ureq::post(url)
        .header("content-type", "application/json")
        .send(body.to_string())
        .with_context(|| format!("asking the browser for {url}"))?;
    let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    Ok(answer["value"].clone())
}
