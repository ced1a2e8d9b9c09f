//! What a package may depend on, and whether it uses what it depends on.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Source;
use crate::workspace::{cargo, root};

/// Packages and what must not be among all they depend on, directly or not.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    ("wire", &["tokio", "axum", "sea-orm", "web-sys", "hyper"]),
    ("link", SERVER_CODE),
    ("agent", SERVER_CODE),
    ("jumpoint", SERVER_CODE),
    ("helper", SERVER_CODE),
];
/// No database or HTTP-server code ships to a workstation or a customer's network.
const SERVER_CODE: &[&str] = &["appliance", "axum", "sea-orm", "sqlx", "tower-http", "h2", "openssl", "native-tls"];
/// Features of what they may depend on that are such code all the same.
const SERVER_FEATURES: &[(&str, &[&str])] =
    &[("hyper", &["server", "http2"]), ("hyper-util", &["server", "server-auto", "http2", "service"])];

/// Dependencies that no package may have in that place.
///
/// # Errors
/// When cargo does not answer.
pub fn forbidden_dependencies() -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for (package, forbidden) in FORBIDDEN {
        let answer = cargo()
            .args([
                "tree", "--locked", "--edges", "normal", "--target", "all", "--prefix", "none", "--format", "{p} {f}",
            ])
            .args(["-p", package])
            .output()
            .context("starting cargo tree")?;
        ensure!(answer.status.success(), "cargo tree: {}", String::from_utf8_lossy(&answer.stderr));
        let tree = String::from_utf8_lossy(&answer.stdout);
        broken.extend(found(package, forbidden, &tree));
        if forbidden == SERVER_CODE {
            broken.extend(found_features(package, SERVER_FEATURES, &tree));
        }
    }
    Ok(broken)
}

fn found(package: &str, forbidden: &[&str], tree: &str) -> Vec<String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let found = forbidden.iter().filter(|name| names.contains(**name) && **name != package);
    found.map(|name| format!("{package} must not depend on {name}; see `cargo tree -p {package} -i {name}`")).collect()
}

/// Each line of the tree is a name, a version, perhaps a place in brackets, and the features, separated by commas.
fn found_features(package: &str, forbidden: &[(&str, &[&str])], tree: &str) -> Vec<String> {
    let mut broken = BTreeSet::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        let features: Vec<&str> = words.next_back().unwrap_or_default().split(',').collect();
        let of_this = forbidden.iter().filter(|(it, _)| *it == name).flat_map(|(_, features)| features.iter());
        broken.extend(of_this.filter(|it| features.contains(it)).map(|feature| {
            format!(
                "{package} must not switch on {feature} of {name}; see `cargo tree -p {package} -e features -i {name}`"
            )
        }));
    }
    broken.into_iter().collect()
}

/// Dependencies whose name does not occur in the package's sources.
///
/// # Errors
/// When cargo does not answer.
pub fn unused_dependencies(sources: &[Source]) -> Result<Vec<String>> {
    let answer = cargo()
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .output()
        .context("starting cargo metadata")?;
    ensure!(answer.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&answer.stderr));
    let metadata: Value = serde_json::from_slice(&answer.stdout)?;
    let mut broken = Vec::new();
    for package in metadata["packages"].as_array().context("metadata without packages")? {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = package["manifest_path"].as_str().context("a package without manifest")?;
        let folder = std::path::Path::new(manifest).parent().and_then(|folder| folder.strip_prefix(root()).ok());
        let folder = folder.context("a package outside the workspace")?;
        let text: Vec<&str> = sources
            .iter()
            .filter(|it| it.is_rust() && it.package_folder == folder)
            .map(|it| it.text.as_str())
            .collect();
        for dependency in package["dependencies"].as_array().context("a package without dependencies")? {
            let called = dependency["rename"].as_str().or(dependency["name"].as_str()).unwrap_or_default();
            if !text.iter().any(|text| names(text, &called.replace('-', "_"))) {
                broken.push(format!("{name} does not use its dependency {called}"));
            }
        }
    }
    Ok(broken)
}

/// Whether a word stands in a text by itself.
fn names(text: &str, word: &str) -> bool {
    let part = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    text.match_indices(word)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_dependency_is_named() {
        let tree = "wire v0.1.0 (/somewhere)\nbytes v1.0.0\ntokio v1.4.0\n";
        assert_eq!(found("wire", &["tokio", "axum"], tree).len(), 1);
        assert!(found("wire", &["axum"], tree).is_empty());
    }

    #[test]
    fn a_forbidden_feature_is_named() {
        let tree =
            "link v0.1.0 (/somewhere) default\nhyper v1.0.0 client,http1,server\nother v1.0.0 server\nhyper v1.0.0\n";
        assert_eq!(found_features("link", SERVER_FEATURES, tree).len(), 1);
        assert!(found_features("link", SERVER_FEATURES, "hyper v1.0.0 client,http1\n").is_empty());
    }

    #[test]
    fn words_are_found_whole() {
        assert!(names("use serde_json::Value;", "serde_json"));
        assert!(!names("use serde_json::Value;", "serde"));
        assert!(!names("my_serde", "serde"));
    }
}
