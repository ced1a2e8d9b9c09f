//! Managed policy for Chromium's family: installs the appliance's extension without a click, tells it which appliance it
//! serves, and makes the browser believe the appliance's certificate authority for that appliance alone. Contents only.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use link::{ApplianceUrl, Trust};
use serde_json::{Map, Value, json};

use crate::config::ApplianceEntry;

/// The policy's file in each browser's policy folder.
pub(crate) const FILE_NAME: &str = "sallyport.json";

/// The policies this file sets. A browser takes each from one file only.
pub(crate) const POLICIES: [&str; 3] = ["ExtensionSettings", "3rdparty", "CACertificatesWithConstraints"];

/// The policy for these appliances; those without a packed extension add nothing but their authority.
pub(crate) fn contents(appliances: &[ApplianceEntry]) -> Value {
    let mut settings = Map::new();
    let mut extensions = Map::new();
    let mut authorities: Vec<Authority> = Vec::new();
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
            let known = authorities.iter().position(|it| it.certificate == der);
            let at = known.unwrap_or_else(|| {
                authorities.push(Authority::of(der));
                authorities.len() - 1
            });
            if let (Some(authority), Ok(url)) = (authorities.get_mut(at), appliance.url.parse()) {
                authority.may_vouch_for(&url);
            }
        }
    }
    json!({
        "ExtensionSettings": settings,
        "3rdparty": { "extensions": extensions },
        "CACertificatesWithConstraints": authorities.iter().map(Authority::value).collect::<Vec<_>>(),
    })
}

/// Hosts that a certificate of the appliance's own authority names besides the appliance's: the browser refuses it when one of
/// them is not permitted, and they lead nowhere but to the workstation itself.
const OWN_NAMES: [&str; 1] = ["localhost"];
const OWN_NETWORKS: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// A certificate authority and the hosts it is believed for: whoever has its key could otherwise vouch for the whole web.
struct Authority {
    certificate: String,
    names: Vec<String>,
    networks: Vec<String>,
}

impl Authority {
    fn of(certificate: String) -> Self {
        let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        Self { certificate, names: texts(&OWN_NAMES), networks: texts(&OWN_NETWORKS) }
    }

    fn may_vouch_for(&mut self, appliance: &ApplianceUrl) {
        let host = appliance.host();
        let (list, entry) = match host.parse() {
            Ok(IpAddr::V4(address)) => (&mut self.networks, format!("{address}/32")),
            Ok(IpAddr::V6(address)) => (&mut self.networks, format!("{address}/128")),
            Err(_) => (&mut self.names, host.to_owned()),
        };
        if !list.contains(&entry) {
            list.push(entry);
        }
    }

    fn value(&self) -> Value {
        let constraints = json!({
            "permitted_dns_names": self.names,
            "permitted_cidrs": self.networks,
        });
        json!({ "certificate": self.certificate, "constraints": constraints })
    }
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
            proxy: None,
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
                "CACertificatesWithConstraints": [
                    { "certificate": "AAEC", "constraints": {
                        "permitted_dns_names": ["localhost", "gate"],
                        "permitted_cidrs": ["127.0.0.0/8", "::1/128"],
                    } },
                ],
            })
        );
    }

    #[test]
    fn several_appliances_share_what_they_have_in_common() {
        let policy = contents(&[
            appliance("https://one", Some("abc")),
            appliance("https://two", Some("abc")),
            appliance("https://three", None),
            appliance("https://10.0.0.7:8443", None),
            appliance("https://two:8443", None),
        ]);
        assert_eq!(policy["3rdparty"]["extensions"]["abc"]["origins"], json!(["https://one", "https://two"]));
        assert_eq!(
            policy["CACertificatesWithConstraints"],
            json!([{
                "certificate": "AAEC",
                "constraints": {
                    "permitted_dns_names": ["localhost", "one", "two", "three"],
                    "permitted_cidrs": ["127.0.0.0/8", "::1/128", "10.0.0.7/32"],
                },
            }])
        );
    }

    #[test]
    fn conflicts_are_named() {
        assert_eq!(conflicts(&json!({ "3rdparty": {}, "HomepageLocation": "x" })), ["3rdparty"]);
        assert!(conflicts(&json!([])).is_empty());
    }
}
