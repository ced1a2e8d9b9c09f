//! Managed policy for Chromium's family: installs the appliance's extension without a click, tells it which appliance it
//! serves, and makes the browser believe the appliance's certificate authority. Contents only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use link::Trust;
use serde_json::{Map, Value, json};

use crate::config::ApplianceEntry;

/// The policy's file in each browser's policy folder.
pub(crate) const FILE_NAME: &str = "sallyport.json";

/// The policies this file sets. A browser takes each from one file only.
pub(crate) const POLICIES: [&str; 3] = ["ExtensionSettings", "3rdparty", "CACertificates"];

/// The policy for these appliances; those without a packed extension add nothing but their authority.
pub(crate) fn contents(appliances: &[ApplianceEntry]) -> Value {
    let mut settings = Map::new();
    let mut extensions = Map::new();
    let mut authorities = Vec::new();
    for appliance in appliances {
        if let Some(extension) = &appliance.extension {
            let install = json!({ "installation_mode": "force_installed", "update_url": extension.update_url });
            settings.insert(extension.id.clone(), install);
            let origins =
                &mut extensions.entry(extension.id.clone()).or_insert_with(|| json!({ "origins": [] }))["origins"];
            if let Some(origins) = origins.as_array_mut() {
                origins.push(json!(appliance.url));
            }
        }
        for der in appliance.ca_pem.iter().flat_map(|pem| certificates(pem)) {
            if !authorities.contains(&der) {
                authorities.push(der);
            }
        }
    }
    json!({
        "ExtensionSettings": settings,
        "3rdparty": { "extensions": extensions },
        "CACertificates": authorities,
    })
}

/// Which of our policies another file in the same folder sets as well.
pub(crate) fn conflicts(other: &Value) -> Vec<&'static str> {
    POLICIES.into_iter().filter(|policy| other.get(policy).is_some()).collect()
}

fn certificates(pem: &str) -> Vec<String> {
    match Trust::from_pem(pem.as_bytes()) {
        Ok(Trust::Authorities(certificates)) => certificates.iter().map(|der| STANDARD.encode(der)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PackedExtension;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";

    fn appliance(url: &str, id: Option<&str>) -> ApplianceEntry {
        ApplianceEntry {
            url: url.into(),
            ca_pem: Some(PEM.into()),
            dial: None,
            extension: id
                .map(|id| PackedExtension { id: id.into(), update_url: format!("{url}/extension/updates.xml") }),
        }
    }

    #[test]
    fn an_appliance_brings_its_extension_its_origin_and_its_authority() {
        assert_eq!(
            contents(&[appliance("https://gate", Some("abc"))]),
            json!({
                "ExtensionSettings": { "abc": {
                    "installation_mode": "force_installed",
                    "update_url": "https://gate/extension/updates.xml",
                } },
                "3rdparty": { "extensions": { "abc": { "origins": ["https://gate"] } } },
                "CACertificates": ["AAEC"],
            })
        );
    }

    #[test]
    fn several_appliances_share_what_they_have_in_common() {
        let policy = contents(&[
            appliance("https://one", Some("abc")),
            appliance("https://two", Some("abc")),
            appliance("https://three", None),
        ]);
        assert_eq!(policy["3rdparty"]["extensions"]["abc"]["origins"], json!(["https://one", "https://two"]));
        assert_eq!(policy["CACertificates"], json!(["AAEC"]));
    }

    #[test]
    fn conflicts_are_named() {
        assert_eq!(conflicts(&json!({ "CACertificates": [], "HomepageLocation": "x" })), ["CACertificates"]);
        assert!(conflicts(&json!([])).is_empty());
    }
}
