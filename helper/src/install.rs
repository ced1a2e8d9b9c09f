//! `sallyport-helper install` and `uninstall`: configuration, manifests and, where wanted, managed policy.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use link::trust::{TrustError, fingerprint_of};
use link::{ApplianceUrl, Dialer, ProxyChoice, Trust};
use serde_json::Value;
use tracing::debug;
use wire::api::Installation;

use crate::command_line::{Install, Uninstall};
use crate::config::{ApplianceEntry, Config, PackedExtension, named_file, path_for, user_scope};
use crate::host_manifest::{Browser, Scope, System, is_extension_id, machine_program, manifest_file_name};
use crate::policy;

/// Where the appliance shows its certificate authority.
const CA_PATH: &str = "/ca.pem";

/// Installs; returns what was done, for the person.
///
/// # Errors
/// What could not be done.
pub(crate) async fn install(it: Install) -> anyhow::Result<String> {
    let scope = if it.system { Scope::Machine } else { user_scope()? };
    let config_path = named_file().unwrap_or_else(|| path_for(System::here(), &scope));
    let mut config = Config::read(&config_path)?;
    let mut said = Vec::new();
    let mut entry = entry_for(&it).await?;
    match Box::pin(ask_appliance(&entry)).await {
        Ok(extension) => entry.extension = Some(extension),
        Err(error) if it.policy => {
            return Err(error.context("the policy needs the appliance's answer about its extension"));
        }
        Err(error) => {
            // What it said the last time still holds.
            entry.extension = config.appliance_of(&entry.url).and_then(|known| known.extension.clone());
            said.push(format!(
                "Note: the appliance did not answer ({error:#}). The helper is installed; if the extension that your \
                 administrator rolled out is refused later, run this again while the appliance can be reached."
            ));
        }
    }
    config.put(entry);
    for id in it.extension_ids {
        if !config.extension_ids.contains(&id) {
            config.extension_ids.push(id);
        }
    }
    config.write(&config_path, &scope)?;
    said.insert(0, format!("This helper now serves {} (configuration: {}).", it.appliance, config_path.display()));

    let helper = place_program(&scope)?;
    write_manifests(it.manifest_dir.as_deref(), &scope, &helper, &config)?;
    if it.manifest_dir.is_none() {
        let names = Browser::ALL.map(Browser::name).join(", ");
        said.push(format!("{names} start it from {}; leave it there.", helper.display()));
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
        config.write(&config_path, &scope)?;
        // The extension of the one that goes may not start the helper any more.
        write_manifests(it.manifest_dir.as_deref(), &scope, &program_of(&scope)?, &config)?;
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
        let program = machine_program(System::here());
        remove(&program).context("close every browser and try again")?;
        if let Some(folder) = program.parent() {
            // Where something else lies in it, it stays.
            let _ = fs::remove_dir(folder);
        }
    }
    said.push("The helper is uninstalled. The program file that you installed from can be deleted now.".into());
    Ok(said.join("\n"))
}

/// Writes a file, whole or not at all, readable by everybody: manifests and policy are read by other users' browsers.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_file(path: &Path, text: &str, scope: &Scope) -> anyhow::Result<()> {
    replace(path, scope, 0o644, |file| file.write_all(text.as_bytes()))
}

/// Writes a file, whole or not at all, for its owner alone.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_private_file(path: &Path, text: &str, scope: &Scope) -> anyhow::Result<()> {
    replace(path, scope, 0o600, |file| file.write_all(text.as_bytes()))
}

/// Puts a new file in the place of one, with the folders on the way. `mode` is for systems that know such.
fn replace(
    path: &Path,
    scope: &Scope,
    mode: u32,
    fill: impl FnOnce(&mut fs::File) -> io::Result<()>,
) -> anyhow::Result<()> {
    let write = || {
        make_folder(path.parent().ok_or_else(|| io::Error::other("it has no folder"))?, scope)?;
        let new = path.with_extension("new");
        let mut file = create(&new)?;
        fill(&mut file)?;
        allow(&file, mode)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&new, path)
    };
    write().map_err(|error: io::Error| {
        let forbidden = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
        let hint =
            if forbidden && *scope == Scope::Machine { "; --system needs the machine's administrator" } else { "" };
        anyhow::Error::new(error).context(format!("{} cannot be written{hint}", path.display()))
    })
}

/// Makes a folder with those above it. What is for everybody can be read by everybody, whatever the administrator's umask
/// says.
fn make_folder(folder: &Path, scope: &Scope) -> io::Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|it| !it.exists()).collect();
    fs::create_dir_all(folder)?;
    if *scope == Scope::Machine {
        for made in missing.into_iter().filter(|it| !it.as_os_str().is_empty()) {
            #[cfg(unix)]
            fs::set_permissions(made, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            #[cfg(not(unix))]
            let _ = made;
        }
    }
    Ok(())
}

/// A new file, until it is whole for its owner alone.
fn create(path: &Path) -> io::Result<fs::File> {
    // A leftover could have other rights.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn allow(file: &fs::File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Other systems give a file the rights of its folder.
#[cfg(not(unix))]
fn allow(_file: &fs::File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// The program that browsers shall start. Everybody's browsers start a copy where only the administrator writes: this one may
/// lie in somebody's home, who could put another in its place.
fn place_program(scope: &Scope) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program's own path is unknown")?;
    let place = program_of(scope)?;
    if fs::canonicalize(&own).ok() != fs::canonicalize(&place).ok() {
        let mut program = fs::File::open(&own).with_context(|| format!("{} cannot be read", own.display()))?;
        replace(&place, scope, 0o755, |file| io::copy(&mut program, file).map(drop))?;
    }
    Ok(place)
}

fn program_of(scope: &Scope) -> anyhow::Result<PathBuf> {
    match scope {
        Scope::Machine => Ok(machine_program(System::here())),
        Scope::User { .. } => std::env::current_exe().context("this program's own path is unknown"),
    }
}

fn write_manifests(only: Option<&Path>, scope: &Scope, helper: &Path, config: &Config) -> anyhow::Result<()> {
    if let Some(folder) = only {
        return write_manifest(&folder.join(manifest_file_name()), Browser::Chromium, scope, helper, config);
    }
    for browser in Browser::ALL {
        write_manifest(&browser.manifest_path(System::here(), scope), browser, scope, helper, config)?;
        register(browser, scope)?;
    }
    Ok(())
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
    let proxy = it.proxy.as_ref().and_then(ProxyChoice::written);
    Ok(ApplianceEntry { url: it.appliance.to_string(), dial: it.dial.clone(), proxy, ca_pem, extension: None })
}

/// Loads the authority from the appliance; the connection is verified against the fingerprint already.
async fn load_authority(it: &Install, fingerprint: &str) -> anyhow::Result<String> {
    let trust = Trust::from_fingerprint(fingerprint)?;
    let through = it.dial.as_deref().and_then(link::tcp::host_and_port);
    let dialer = Dialer::new(ApplianceUrl::clone(&it.appliance), &trust)?.through(through);
    let pem = dialer.by_proxy(it.proxy.clone().unwrap_or_default()).get(CA_PATH).await?;
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

fn write_manifest(path: &Path, browser: Browser, scope: &Scope, helper: &Path, config: &Config) -> anyhow::Result<()> {
    debug!("writing {}", path.display());
    let manifest = browser.manifest(helper, &config.all_extension_ids());
    write_file(path, &format!("{manifest:#}\n"), scope)
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
        write_file(&folder.join(policy::FILE_NAME), &format!("{contents:#}\n"), &Scope::Machine)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn what_is_for_everybody_can_be_read_by_everybody() {
        use std::os::unix::fs::PermissionsExt as _;
        let top = tempfile::tempdir().unwrap();
        // As narrow as a umask of 077 would make it.
        fs::set_permissions(top.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let path = top.path().join("a/b/file.json");
        write_file(&path, "{}", &Scope::Machine).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&top.path().join("a"))), (0o644, 0o755, 0o755));
        assert_eq!(mode(top.path()), 0o700, "a folder that was there is left alone");
        replace(&path, &Scope::Machine, 0o755, |file| file.write_all(b"x")).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o755, b"x".to_vec()));
    }

    #[test]
    fn who_lacks_the_right_is_told_whom_it_takes() {
        let path = Path::new("/nowhere/file");
        let refused = |kind: io::ErrorKind, scope: &Scope| {
            let top = tempfile::tempdir().unwrap();
            replace(&top.path().join("file"), scope, 0o644, |_| Err(kind.into())).unwrap_err().to_string()
        };
        let user = Scope::User { home: path.into(), config: path.into() };
        assert!(refused(io::ErrorKind::PermissionDenied, &Scope::Machine).contains("administrator"));
        assert!(!refused(io::ErrorKind::PermissionDenied, &user).contains("administrator"));
        assert!(!refused(io::ErrorKind::StorageFull, &Scope::Machine).contains("administrator"));
    }
}
