//! What is known of extension and helper on this workstation, what it means, and how to mend it.

use wire::helper_messages::{FIREFOX_EXTENSION_ID, HelperError, HelperGone};

/// What was found on this workstation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum HelperState {
    /// Nobody has answered yet, and not enough time has passed to say that nobody will.
    #[default]
    Searching,
    /// No extension answers.
    NoExtension,
    /// The extension does not serve this appliance.
    OriginRefused {
        /// The address the browser gave.
        origin: String,
    },
    /// The extension is there and reaches no helper.
    Gone {
        /// Its version.
        extension_version: String,
        /// Which way the helper is gone.
        cause: HelperGone,
        /// What the browser said.
        detail: String,
    },
    /// The helper refuses to talk with this page.
    Refused {
        /// Version of the extension.
        extension_version: String,
        /// Why.
        error: HelperError,
    },
    /// Both are there.
    Found {
        /// Version of the extension.
        extension_version: String,
        /// Version of the helper.
        helper_version: String,
        /// Operating system as the helper names it.
        os: String,
    },
}

/// What it comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HelperStatus {
    /// Tunnels can be opened.
    Ready,
    /// Tunnels can be opened, but one of the two is older than the appliance.
    Update,
    /// It is still being looked for.
    Searching,
    /// Something is not installed.
    Missing,
    /// Something is installed and does not work.
    Broken,
}

impl HelperStatus {
    /// For the attribute `data-state`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Update => "update",
            Self::Searching => "searching",
            Self::Missing => "missing",
            Self::Broken => "broken",
        }
    }
}

/// What to do so that it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What is the matter.
    pub(crate) headline: String,
    /// What to do about it.
    pub(crate) text: String,
    /// Whether running the install command again mends it.
    pub(crate) install_command: bool,
}

/// Version of this console, which is the appliance's that serves it.
pub(crate) const OUR_VERSION: &str = env!("CARGO_PKG_VERSION");

impl HelperState {
    /// What it comes down to.
    pub(crate) fn status(&self) -> HelperStatus {
        self.status_for(OUR_VERSION)
    }

    /// What it comes down to for an appliance of this version.
    fn status_for(&self, ours: &str) -> HelperStatus {
        match self {
            Self::Searching => HelperStatus::Searching,
            Self::NoExtension => HelperStatus::Missing,
            Self::Gone { cause: HelperGone::NotInstalled, .. } => HelperStatus::Missing,
            Self::OriginRefused { .. } | Self::Gone { .. } | Self::Refused { .. } => HelperStatus::Broken,
            Self::Found { extension_version, helper_version, .. } => {
                if is_older(helper_version, ours) || is_older(extension_version, ours) {
                    HelperStatus::Update
                } else {
                    HelperStatus::Ready
                }
            }
        }
    }

    /// A few words for the header.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Searching => "looking for the helper",
            Self::NoExtension => "extension missing",
            Self::OriginRefused { .. } => "extension refuses",
            Self::Gone { cause: HelperGone::NotInstalled, .. } => "helper missing",
            Self::Gone { .. } => "helper does not run",
            Self::Refused { .. } => "helper refuses",
            Self::Found { .. } if self.status() == HelperStatus::Update => "helper: update",
            Self::Found { .. } => "helper ready",
        }
    }

    /// Version of the extension, once it has answered.
    pub(crate) fn extension_version(&self) -> Option<&str> {
        match self {
            Self::Searching | Self::NoExtension | Self::OriginRefused { .. } => None,
            Self::Gone { extension_version, .. }
            | Self::Refused { extension_version, .. }
            | Self::Found { extension_version, .. } => Some(extension_version),
        }
    }

    /// What is missing and how to mend it; none when nothing is.
    pub(crate) fn advice(&self) -> Option<Advice> {
        Some(match self {
            Self::Searching => return None,
            Self::NoExtension => Advice::new(
                "The Sallyport extension is not in this browser",
                "The install command brings it when it is run with --system --policy. Where it was just installed, wait a few seconds or start the browser again.",
                true,
            ),
            Self::OriginRefused { origin } => Advice::new(
                "The extension does not serve this appliance",
                &format!(
                    "A policy of this workstation lists the appliances the extension may serve, and {origin} is not among them. Run the install command of this appliance with --system --policy, or ask whoever manages the workstation."
                ),
                true,
            ),
            Self::Gone { cause, detail, .. } => gone(*cause, detail),
            Self::Refused { error, .. } => refused(error),
            Self::Found { helper_version, extension_version, .. } => {
                if self.status() == HelperStatus::Ready {
                    return None;
                }
                Advice::new(
                    "An update is ready",
                    &format!(
                        "This workstation has helper {helper_version} and extension {extension_version}; the appliance has {OUR_VERSION}. Tunnels work meanwhile. Load the helper again and run the install command; a managed extension updates by itself."
                    ),
                    true,
                )
            }
        })
    }
}

impl Advice {
    fn new(headline: &str, text: &str, install_command: bool) -> Self {
        Self { headline: headline.into(), text: text.into(), install_command }
    }
}

/// How to mend a helper that cannot be reached.
fn gone(cause: HelperGone, detail: &str) -> Advice {
    match cause {
        HelperGone::NotInstalled => Advice::new(
            "The helper is not installed for this browser",
            "The extension is here and looks for the helper. Run the install command once, as yourself; the browser need not be started again.",
            true,
        ),
        HelperGone::Forbidden => Advice::new(
            "The helper is installed for another extension",
            "It was installed for another appliance's extension and does not admit this one. Run the install command of this appliance: it adds this extension and keeps the others.",
            true,
        ),
        HelperGone::Exited => Advice::new(
            "The helper starts and ends at once",
            "Run `sallyport-helper status` in a terminal: it says what is wrong. Often the program was moved or removed after its installation, or a virus scanner stops it; then put it back and run the install command again.",
            true,
        ),
        HelperGone::BadMessage => Advice::new(
            "Something else answers in the helper's place",
            "The program at the helper's path does not speak its language: it is damaged, or far older than this appliance. Load the helper again and run the install command.",
            true,
        ),
        HelperGone::Other => Advice::new(
            "The helper cannot be reached",
            &format!("The browser said: {detail} Run `sallyport-helper status` in a terminal: it says what is wrong."),
            true,
        ),
    }
}

/// How to mend a helper that refuses. The error itself is a sentence that ends with the next step.
fn refused(error: &HelperError) -> Advice {
    let install = matches!(
        error,
        HelperError::OriginNotServed { .. }
            | HelperError::ConfigurationDamaged { .. }
            | HelperError::CertificateRefused { .. }
            | HelperError::Incompatible { .. }
    );
    let headline = match error {
        HelperError::OriginNotServed { .. } => "The helper was not installed for this appliance",
        HelperError::ConfigurationDamaged { .. } => "The helper's configuration is damaged",
        HelperError::BadMessage { .. } => "Helper and console do not understand each other",
        HelperError::Incompatible { .. } => "Helper and appliance are of different generations",
        HelperError::CertificateRefused { .. } => "The helper does not trust the appliance's certificate",
        HelperError::ApplianceUnreachable { .. } => "The helper does not reach the appliance",
        HelperError::Refused { .. } => "The appliance refused the helper",
        HelperError::NoSuchSession => "The helper does not have this session",
        HelperError::TooManySessions { .. } => "The helper has as many sessions as it may",
    };
    Advice { headline: headline.into(), text: sentence(&error.to_string()), install_command: install }
}

/// Advice for a request the helper refused, for the place where the person pressed the button.
pub(crate) fn advice_for(error: &HelperError) -> Advice {
    refused(error)
}

/// An error's text as a sentence: errors are written without capital and full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut sentence: String = first.to_uppercase().chain(chars).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// The command that installs the helper for an appliance. `ca_sha256` is the fingerprint of the appliance's own
/// certificate authority, where it has one. `managed` also brings the extension, for the whole machine.
pub(crate) fn install_command(origin: &str, ca_sha256: Option<&str>, managed: bool) -> String {
    let (sudo, policy) = if managed { ("sudo ", " --system --policy") } else { ("", "") };
    let ca = ca_sha256.map(|fingerprint| format!(" --ca-fingerprint {fingerprint}")).unwrap_or_default();
    format!("{sudo}./sallyport-helper install --appliance {origin}{policy}{ca}")
}

/// Whether an extension id is one of Firefox, which pages cannot connect to.
pub(crate) fn is_for_firefox(id: &str) -> bool {
    id == FIREFOX_EXTENSION_ID || id.contains('@')
}

/// Whether one version comes before another. Parts that are not numbers count as 0.
fn is_older(version: &str, than: &str) -> bool {
    let parts = |text: &str| -> Vec<u64> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        core.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    let (mut a, mut b) = (parts(version), parts(than));
    let length = a.len().max(b.len());
    a.resize(length, 0);
    b.resize(length, 0);
    a < b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(extension_version: &str, helper_version: &str) -> HelperState {
        HelperState::Found {
            extension_version: extension_version.into(),
            helper_version: helper_version.into(),
            os: "linux".into(),
        }
    }

    #[test]
    fn an_older_helper_or_extension_asks_for_an_update_and_a_newer_one_does_not() {
        assert_eq!(found("1.2.0", "1.10.0").status_for("1.2.0"), HelperStatus::Ready);
        assert_eq!(found("1.2", "1.1.9").status_for("1.2.0"), HelperStatus::Update);
        assert_eq!(found("0.9.0", "1.2.0").status_for("1.2.0"), HelperStatus::Update);
    }

    #[test]
    fn every_cause_has_advice_of_its_own() {
        let causes = [
            HelperGone::NotInstalled,
            HelperGone::Forbidden,
            HelperGone::Exited,
            HelperGone::BadMessage,
            HelperGone::Other,
        ];
        let headlines: std::collections::HashSet<String> =
            causes.map(|cause| gone(cause, "x").headline).into_iter().collect();
        assert_eq!(headlines.len(), causes.len());
    }

    #[test]
    fn errors_become_sentences() {
        assert_eq!(sentence("the helper cannot reach x: refused"), "The helper cannot reach x: refused.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
        let advice = advice_for(&HelperError::OriginNotServed { origin: "https://a".into() });
        assert!(advice.install_command);
        assert!(!advice_for(&HelperError::NoSuchSession).install_command);
    }

    #[test]
    fn the_install_command_names_the_authority_only_where_there_is_an_own_one() {
        assert_eq!(
            install_command("https://gw.example.org", None, false),
            "./sallyport-helper install --appliance https://gw.example.org"
        );
        assert_eq!(
            install_command("https://localhost:1", Some("ab"), true),
            "sudo ./sallyport-helper install --appliance https://localhost:1 --system --policy --ca-fingerprint ab"
        );
    }
}
