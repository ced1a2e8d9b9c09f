//! `sallyport-helper install` and `uninstall`: configuration, manifests and, where wanted, managed policy.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use link::trust::{TrustError, fingerprint_of};
use link::{ApplianceUrl, Dialer, Trust};
use serde_json::Value;
use tracing::debug;
use wire::api::Installation;

use crate::command_line::{Install, Uninstall};
use crate::config::{ApplianceEntry, Config, PackedExtension, named_file, path_for, user_scope};
use crate::host_manifest::{Browser, Scope, System, is_extension_id, manifest_file_name};
use crate::policy;

/// Where the appliance shows its certificate authority.
const CA_PATH: &str = "/ca.pem";

/// Installs; returns what was done, for the person.
///
/// # Errors
/// What could not be done.
pub(crate) async fn install(it: Install) -> anyhow::Result<String> {
    let scope = if it.system { Scope::Machine } else { user_scope()? };
    let mut said = Vec::new();
    let mut entry = entry_for(&it).await?;
    match Box::pin(ask_appliance(&entry)).await {
        Ok(extension) => entry.extension = Some(extension),
        Err(error) if it.policy => {
            return Err(error.context("the policy needs the appliance's answer about its extension"));
        }
        Err(error) => said.push(format!(
            "Note: the appliance did not answer ({error:#}). The helper is installed; if the extension that your \
             administrator rolled out is refused later, run this again while the appliance can be reached."
        )),
    }
    let config_path = named_file().unwrap_or_else(|| path_for(System::here(), &scope));
    let mut config = Config::read(&config_path)?;
    config.put(entry);
    for id in it.extension_ids {
        if !config.extension_ids.contains(&id) {
            config.extension_ids.push(id);
        }
    }
    config.write(&config_path)?;
    said.insert(0, format!("This helper now serves {} (configuration: {}).", it.appliance, config_path.display()));

    let helper = std::env::current_exe().context("this program's own path is unknown")?;
    match &it.manifest_dir {
        Some(folder) => write_manifest(&folder.join(manifest_file_name()), Browser::Chromium, &helper, &config)?,
        None => {
            for browser in Browser::ALL {
                write_manifest(&browser.manifest_path(System::here(), &scope), browser, &helper, &config)?;
                register(browser, &scope)?;
            }
            let names = Browser::ALL.map(Browser::name).join(", ");
            said.push(format!("{names} start it from {}; leave it there.", helper.display()));
        }
    }
    if it.policy {
        said.extend(write_policies(&config)?);
    }
    said.push(
        "Next: open the appliance in the browser; its page \"Get the helper\" shows whether everything is found."
            .into(),
    );
    Ok(said.join("\n"))
}

/// Undoes it; returns what was done.
///
/// # Errors
/// What could not be done.
pub(crate) fn uninstall(it: Uninstall) -> anyhow::Result<String> {
    let scope = if it.system { Scope::Machine } else { user_scope()? };
    let config_path = named_file().unwrap_or_else(|| path_for(System::here(), &scope));
    let mut config = Config::read(&config_path)?;
    let mut said = Vec::new();
    if let Some(url) = &it.appliance {
        let url = url.to_string();
        ensure!(config.appliance_of(&url).is_some(), "{url} is not in {}", config_path.display());
        config.appliances.retain(|it| it.url != url);
        said.push(format!("This helper does not serve {url} any more."));
    } else {
        config.appliances.clear();
    }
    if !config.appliances.is_empty() {
        config.write(&config_path)?;
        if it.system {
            said.extend(update_policies(&config)?);
        }
        return Ok(said.join("\n"));
    }
    remove(&config_path)?;
    match &it.manifest_dir {
        Some(folder) => remove(&folder.join(manifest_file_name()))?,
        None => {
            for browser in Browser::ALL {
                remove(&browser.manifest_path(System::here(), &scope))?;
                unregister(browser, &scope);
            }
        }
    }
    if it.system {
        for folder in Browser::ALL.into_iter().filter_map(Browser::policy_dir) {
            remove(&folder.join(policy::FILE_NAME))?;
        }
    }
    said.push("The helper is uninstalled. Its program file can be deleted now.".into());
    Ok(said.join("\n"))
}

/// Writes a file, whole or not at all, readable by everybody: manifests and policy are read by other users' browsers.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        let folder = path.parent().ok_or_else(|| io::Error::other("it has no folder"))?;
        fs::create_dir_all(folder)?;
        let new = path.with_extension("new");
        let mut file = fs::File::create(&new)?;
        file.write_all(text.as_bytes())?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().with_context(|| match fs::metadata(path.parent().unwrap_or(path)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            format!("{} cannot be written; with --system this needs the machine's administrator", path.display())
        }
        _ => format!("{} cannot be written", path.display()),
    })
}

async fn entry_for(it: &Install) -> anyhow::Result<ApplianceEntry> {
    let ca_pem = match (&it.ca, &it.ca_fingerprint) {
        (Some(path), _) => {
            let pem = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            Trust::from_pem(pem.as_bytes()).with_context(|| format!("{} is of no use", path.display()))?;
            Some(pem)
        }
        (None, Some(fingerprint)) => Some(Box::pin(load_authority(it, fingerprint)).await?),
        (None, None) => None,
    };
    Ok(ApplianceEntry { url: it.appliance.to_string(), dial: it.dial.clone(), ca_pem, extension: None })
}

/// Loads the authority from the appliance; the connection is verified against the fingerprint already.
async fn load_authority(it: &Install, fingerprint: &str) -> anyhow::Result<String> {
    let trust = Trust::from_fingerprint(fingerprint)?;
    let through = it.dial.as_deref().and_then(link::tcp::host_and_port);
    let pem = Dialer::new(ApplianceUrl::clone(&it.appliance), &trust)?.through(through).get(CA_PATH).await?;
    match (Trust::from_pem(&pem)?, trust) {
        (Trust::Authorities(shown), Trust::AuthorityFingerprint(wanted))
            if shown.iter().all(|certificate| fingerprint_of(certificate) == wanted) => {}
        _ => bail!("the appliance shows another certificate authority than the one with this fingerprint"),
    }
    String::from_utf8(pem.to_vec()).map_err(|error| TrustError::NotPem(error.to_string()).into())
}

async fn ask_appliance(entry: &ApplianceEntry) -> anyhow::Result<PackedExtension> {
    let installation: Installation = entry.dialer()?.get_json("/api/installation").await?;
    ensure!(
        installation.origin == entry.url,
        "the appliance says that its address is {}; install the helper with that one, as browsers show it",
        installation.origin
    );
    let id = installation.extension_ids.into_iter().find(|id| is_extension_id(id));
    let id = id.context("the appliance names no extension")?;
    let update_url = installation.extension_update_url;
    ensure!(
        update_url.starts_with(&format!("{}/", entry.url)),
        "the appliance names an extension at another address than its own: {update_url}"
    );
    Ok(PackedExtension { id, update_url })
}

fn write_manifest(path: &Path, browser: Browser, helper: &Path, config: &Config) -> anyhow::Result<()> {
    debug!("writing {}", path.display());
    let manifest = browser.manifest(helper, &config.all_extension_ids());
    write_file(path, &format!("{manifest:#}\n"))
}

fn write_policies(config: &Config) -> anyhow::Result<Vec<String>> {
    let contents = policy::contents(&config.appliances);
    if System::here() != System::Linux {
        return Ok(vec![format!(
            "Policy files exist on Linux only. Give these values to the browsers by group policy or a configuration profile:\n{contents:#}"
        )]);
    }
    let mut said = Vec::new();
    for browser in Browser::ALL {
        let Some(folder) = browser.policy_dir() else { continue };
        write_file(&folder.join(policy::FILE_NAME), &format!("{contents:#}\n"))?;
        for (file, policies) in conflicts_in(folder) {
            said.push(format!(
                "Note: {} also sets {}. {} takes each policy from one file only: move these into one.",
                file.display(),
                policies.join(", "),
                browser.name()
            ));
        }
    }
    said.insert(0, "Chrome, Chromium, Edge and Brave install the extension and believe the appliance's certificate by managed policy.".into());
    Ok(said)
}

/// Writes the policies again where there are some.
fn update_policies(config: &Config) -> anyhow::Result<Vec<String>> {
    let mut folders = Browser::ALL.into_iter().filter_map(Browser::policy_dir);
    if folders.any(|folder| folder.join(policy::FILE_NAME).exists()) { write_policies(config) } else { Ok(Vec::new()) }
}

fn conflicts_in(folder: &Path) -> Vec<(PathBuf, Vec<&'static str>)> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    files
        .filter(|path| path.file_name().is_some_and(|name| name != policy::FILE_NAME))
        .filter_map(|path| {
            let other: Value = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
            Some((path, policy::conflicts(&other)))
        })
        .filter(|(_, policies)| !policies.is_empty())
        .collect()
}

/// On Windows the registry leads to the manifest.
fn register(browser: Browser, scope: &Scope) -> anyhow::Result<()> {
    if System::here() != System::Windows {
        return Ok(());
    }
    let status = Command::new("reg.exe")
        .args(["add", &browser.registry_key(scope), "/ve", "/t", "REG_SZ", "/f", "/d"])
        .arg(browser.manifest_path(System::Windows, scope))
        .status()
        .context("the registry cannot be written")?;
    ensure!(status.success(), "the registry refused {}", browser.registry_key(scope));
    Ok(())
}

fn unregister(browser: Browser, scope: &Scope) {
    if System::here() == System::Windows {
        // A key that is not there is as good as a removed one.
        let _ = Command::new("reg.exe").args(["delete", &browser.registry_key(scope), "/f"]).status();
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}
