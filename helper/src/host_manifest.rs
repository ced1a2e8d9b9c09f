//! What tells the browsers of the helper: the native-messaging manifest and where each browser looks for it. Contents and
//! places only; [`crate::install`] writes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wire::helper_messages::{EXTENSION_ID, FIREFOX_EXTENSION_ID, HOST_NAME};

/// Browsers that can start the helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Browser {
    Chrome,
    Chromium,
    Edge,
    Brave,
    Firefox,
}

/// Operating systems the browsers run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    MacOs,
    Windows,
}

/// For whom the helper is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The user with these folders.
    User {
        /// The home folder.
        home: PathBuf,
        /// Where programs keep their configuration.
        config: PathBuf,
    },
    /// Everybody on this machine.
    Machine,
}

impl Browser {
    pub(crate) const ALL: [Self; 5] = [Self::Chrome, Self::Chromium, Self::Edge, Self::Brave, Self::Firefox];

    /// As people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chrome => "Google Chrome",
            Self::Chromium => "Chromium",
            Self::Edge => "Microsoft Edge",
            Self::Brave => "Brave",
            Self::Firefox => "Firefox",
        }
    }

    /// The folder this browser looks into for manifests. On Windows the registry names the file, see
    /// [`Browser::registry_key`], and all browsers share a folder.
    pub(crate) fn manifest_dir(self, system: System, scope: &Scope) -> PathBuf {
        match (system, scope) {
            (System::Linux, Scope::User { home, .. }) if self == Self::Firefox => {
                home.join(".mozilla/native-messaging-hosts")
            }
            (System::Linux | System::MacOs, Scope::User { config, .. }) => {
                config.join(self.profile_dir(system)).join("NativeMessagingHosts")
            }
            (System::Linux, Scope::Machine) => PathBuf::from(match self {
                Self::Chrome => "/etc/opt/chrome/native-messaging-hosts",
                Self::Chromium => "/etc/chromium/native-messaging-hosts",
                Self::Edge => "/etc/opt/edge/native-messaging-hosts",
                Self::Brave => "/etc/brave/native-messaging-hosts",
                Self::Firefox => "/usr/lib/mozilla/native-messaging-hosts",
            }),
            (System::MacOs, Scope::Machine) => PathBuf::from(match self {
                Self::Chrome => "/Library/Google/Chrome/NativeMessagingHosts",
                Self::Chromium => "/Library/Application Support/Chromium/NativeMessagingHosts",
                Self::Edge => "/Library/Microsoft/Edge/NativeMessagingHosts",
                Self::Brave => "/Library/Application Support/BraveSoftware/Brave-Browser/NativeMessagingHosts",
                Self::Firefox => "/Library/Application Support/Mozilla/NativeMessagingHosts",
            }),
            (System::Windows, Scope::User { config, .. }) => {
                config.join("Sallyport").join(if self == Self::Firefox { "Firefox" } else { "Chromium" })
            }
            (System::Windows, Scope::Machine) => {
                program_files().join("Sallyport").join(if self == Self::Firefox { "Firefox" } else { "Chromium" })
            }
        }
    }

    /// The manifest's file.
    pub(crate) fn manifest_path(self, system: System, scope: &Scope) -> PathBuf {
        self.manifest_dir(system, scope).join(manifest_file_name())
    }

    /// On Windows: the key whose default value is the manifest's path.
    pub(crate) fn registry_key(self, scope: &Scope) -> String {
        let root = if *scope == Scope::Machine { "HKLM" } else { "HKCU" };
        let browser = match self {
            Self::Chrome => r"Google\Chrome",
            Self::Chromium => "Chromium",
            Self::Edge => r"Microsoft\Edge",
            Self::Brave => r"BraveSoftware\Brave-Browser",
            Self::Firefox => "Mozilla",
        };
        format!(r"{root}\Software\{browser}\NativeMessagingHosts\{HOST_NAME}")
    }

    /// On Linux: the folder of managed policy; Firefox has another kind of policy.
    pub(crate) fn policy_dir(self) -> Option<&'static Path> {
        match self {
            Self::Chrome => Some(Path::new("/etc/opt/chrome/policies/managed")),
            Self::Chromium => Some(Path::new("/etc/chromium/policies/managed")),
            Self::Edge => Some(Path::new("/etc/opt/edge/policies/managed")),
            Self::Brave => Some(Path::new("/etc/brave/policies/managed")),
            Self::Firefox => None,
        }
    }

    /// What the manifest says: who may start `helper`.
    pub(crate) fn manifest(self, helper: &Path, extension_ids: &[String]) -> Value {
        let mut manifest = json!({
            "name": HOST_NAME,
            "description": "Sallyport helper: opens tunnels on this workstation",
            "path": helper,
            "type": "stdio",
        });
        if self == Self::Firefox {
            manifest["allowed_extensions"] = json!([FIREFOX_EXTENSION_ID]);
        } else {
            let mut origins = vec![origin_of(EXTENSION_ID)];
            for id in extension_ids {
                let origin = origin_of(id);
                if !origins.contains(&origin) {
                    origins.push(origin);
                }
            }
            manifest["allowed_origins"] = json!(origins);
        }
        manifest
    }

    fn profile_dir(self, system: System) -> &'static str {
        match (self, system) {
            (Self::Chrome, System::MacOs) => "Google/Chrome",
            (Self::Chromium, System::MacOs) => "Chromium",
            (Self::Edge, System::MacOs) => "Microsoft Edge",
            (Self::Chrome, _) => "google-chrome",
            (Self::Chromium, _) => "chromium",
            (Self::Edge, _) => "microsoft-edge",
            (Self::Brave, _) => "BraveSoftware/Brave-Browser",
            (Self::Firefox, _) => "Mozilla",
        }
    }
}

impl System {
    /// The one this program runs on.
    pub(crate) const fn here() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }

    /// As the page is told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::MacOs => "macos",
            Self::Windows => "windows",
        }
    }
}

/// On Windows: where only administrators write.
pub(crate) fn program_files() -> PathBuf {
    std::env::var_os("ProgramFiles").map_or_else(|| r"C:\Program Files".into(), PathBuf::from)
}

/// Where the program lies that everybody's browsers start: only the machine's administrator can replace it.
pub(crate) fn machine_program(system: System) -> PathBuf {
    match system {
        System::Linux => "/usr/local/lib/sallyport/sallyport-helper".into(),
        System::MacOs => "/Library/Application Support/Sallyport/sallyport-helper".into(),
        System::Windows => program_files().join(r"Sallyport\sallyport-helper.exe"),
    }
}

/// The manifest's file name, the same for all browsers.
pub(crate) fn manifest_file_name() -> String {
    format!("{HOST_NAME}.json")
}

/// Whether this is an extension's id as Chromium makes them: 32 letters from a to p.
pub(crate) fn is_extension_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
}

/// Whether a browser started this program: Chromium names the extension, Firefox its manifest and the extension.
pub(crate) fn is_started_by_browser(arguments: &[String]) -> bool {
    match arguments {
        [first, ..] if first.starts_with("chrome-extension://") => true,
        [_, second, ..] => second == FIREFOX_EXTENSION_ID,
        _ => false,
    }
}

fn origin_of(extension_id: &str) -> String {
    format!("chrome-extension://{extension_id}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ana() -> Scope {
        Scope::User { home: "/home/ana".into(), config: "/home/ana/.config".into() }
    }

    #[test]
    fn chromiums_manifest_names_the_extensions_each_once() {
        let ids = ["a".repeat(32), EXTENSION_ID.to_owned(), "a".repeat(32)];
        let manifest = Browser::Chromium.manifest(Path::new("/opt/sallyport-helper"), &ids);
        assert_eq!(
            manifest,
            json!({
                "name": "org.sallyport.helper",
                "description": "Sallyport helper: opens tunnels on this workstation",
                "path": "/opt/sallyport-helper",
                "type": "stdio",
                "allowed_origins": [
                    format!("chrome-extension://{EXTENSION_ID}/"),
                    format!("chrome-extension://{}/", "a".repeat(32)),
                ],
            })
        );
    }

    #[test]
    fn firefoxs_manifest_names_the_add_on() {
        let manifest = Browser::Firefox.manifest(Path::new("/opt/sallyport-helper"), &["a".repeat(32)]);
        assert_eq!(manifest["allowed_extensions"], json!([FIREFOX_EXTENSION_ID]));
        assert_eq!(manifest.get("allowed_origins"), None);
    }

    #[test]
    fn each_browser_has_its_place() {
        let path = |browser: Browser| browser.manifest_path(System::Linux, &ana());
        let name = "org.sallyport.helper.json";
        let config = Path::new("/home/ana/.config");
        assert_eq!(path(Browser::Chrome), config.join("google-chrome/NativeMessagingHosts").join(name));
        assert_eq!(path(Browser::Chromium), config.join("chromium/NativeMessagingHosts").join(name));
        assert_eq!(path(Browser::Firefox), Path::new("/home/ana/.mozilla/native-messaging-hosts").join(name));
        let library =
            Scope::User { home: "/Users/ana".into(), config: "/Users/ana/Library/Application Support".into() };
        assert_eq!(
            Browser::Chrome.manifest_dir(System::MacOs, &library),
            Path::new("/Users/ana/Library/Application Support/Google/Chrome/NativeMessagingHosts")
        );
        for system in [System::Linux, System::MacOs] {
            let places: std::collections::HashSet<_> =
                Browser::ALL.map(|it| it.manifest_dir(system, &Scope::Machine)).into();
            assert_eq!(places.len(), Browser::ALL.len());
        }
    }

    #[test]
    fn windows_has_a_registry_key_for_each_browser() {
        let key = Browser::Edge.registry_key(&Scope::Machine);
        assert_eq!(key, r"HKLM\Software\Microsoft\Edge\NativeMessagingHosts\org.sallyport.helper");
        assert!(Browser::Chrome.registry_key(&ana()).starts_with("HKCU\\"));
        let keys: std::collections::HashSet<_> = Browser::ALL.map(|it| it.registry_key(&ana())).into();
        assert_eq!(keys.len(), Browser::ALL.len());
    }

    #[test]
    fn a_browsers_start_is_told_from_a_persons() {
        let arguments = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(is_started_by_browser(&arguments(&["chrome-extension://abc/"])));
        assert!(is_started_by_browser(&arguments(&["chrome-extension://abc/", "--parent-window=0"])));
        assert!(is_started_by_browser(&arguments(&["/x/org.sallyport.helper.json", FIREFOX_EXTENSION_ID])));
        assert!(!is_started_by_browser(&arguments(&["install", "--appliance"])));
        assert!(!is_started_by_browser(&[]));
    }

    #[test]
    fn extension_ids_are_recognised() {
        assert!(is_extension_id(EXTENSION_ID));
        for bad in ["", "abc", &"q".repeat(32), &"A".repeat(32), &"a".repeat(33)] {
            assert!(!is_extension_id(bad), "{bad}");
        }
    }
}
