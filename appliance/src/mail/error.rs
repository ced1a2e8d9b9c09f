use wire::api::{Fault, TestOutcome};

use crate::sealing::SealingError;
use crate::store::StoreError;

/// Why a letter did not go.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Nobody said where letters are handed over.
    #[error("no mail server is set up")]
    NotConfigured,
    /// The kept password is of no use.
    #[error("the password for the mail server cannot be read: {0}")]
    Sealed(#[from] SealingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority that an administrator gave is of no use.
    #[error("the certificate authority for the mail server cannot be used: {0}")]
    Authority(#[from] link::trust::TrustError),
    /// Not an address of a mailbox.
    #[error("{0:?} is not a mail address")]
    Address(String),
    /// The letter cannot be written down.
    #[error("the letter cannot be written: {0}")]
    Letter(String),
    /// No connection.
    #[error("the mail server {server} cannot be reached: {detail}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the system says.
        detail: String,
    },
    /// No answer in time.
    #[error("the mail server {0} did not answer in time")]
    TimedOut(String),
    /// Its certificate is not believed.
    #[error("the mail server's certificate is refused: {0}")]
    Certificate(String),
    /// It cannot secure the connection.
    #[error("the mail server offers no STARTTLS, so nothing was sent")]
    NoStartTls,
    /// It cannot be signed in to.
    #[error("the mail server offers no sign-in with a password on this connection")]
    NoSignIn,
    /// It said no.
    #[error("the mail server refused {stage}: {code} {said}")]
    Refused {
        /// What it refused.
        stage: Stage,
        /// Its reply code, RFC 5321, section 4.2.
        code: u16,
        /// Its own words.
        said: String,
    },
    /// It does not speak SMTP, or stopped in between.
    #[error("the connection to the mail server broke: {0}")]
    Broken(String),
    /// The appliance stops.
    #[error("the appliance stops")]
    Stopping,
}

/// What a mail server was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A connection.
    Connecting,
    /// To accept user and password.
    SigningIn,
    /// To take a letter.
    Sending,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connecting => "the connection",
            Self::SigningIn => "the sign-in",
            Self::Sending => "the letter",
        })
    }
}

/// What a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The server: no letter would go now.
    Server,
    /// This letter, which may go later.
    LetterNow,
    /// This letter, which will never go.
    LetterForGood,
}

/// Reply code of a server that is about to close the connection, RFC 5321, section 3.8.
const CLOSING: u16 = 421;

impl MailError {
    /// What it is about.
    pub(super) fn about(&self) -> About {
        match self {
            Self::Address(_) | Self::Letter(_) => About::LetterForGood,
            Self::Refused { stage: Stage::Sending, code, .. } => match code {
                500.. => About::LetterForGood,
                &CLOSING => About::Server,
                _ => About::LetterNow,
            },
            _ => About::Server,
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotConfigured | Self::Address(_) | Self::Letter(_) | Self::Authority(_) => Fault::User,
            Self::Sealed(_) | Self::Store(_) | Self::Stopping => Fault::Appliance,
            Self::Unreachable { .. } | Self::TimedOut(_) => Fault::Network,
            Self::Certificate(_) | Self::NoStartTls | Self::NoSignIn | Self::Refused { .. } | Self::Broken(_) => {
                Fault::Target
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NotConfigured => "Set one up under Administration, Settings.",
            Self::Sealed(_) => "Enter the password again.",
            Self::Store(_) => "Try again; if it stays, look into the appliance's log.",
            Self::Authority(_) => "Paste the certificate of the authority in PEM.",
            Self::Address(_) => "Correct the address.",
            Self::Letter(_) => "Look at the sender's name and address.",
            Self::Unreachable { .. } | Self::TimedOut(_) => {
                "Check host and port, and whether a firewall stands between. Letters wait for 24 hours."
            }
            Self::Certificate(_) => {
                "Enter the host by the name that its certificate has, and paste its authority if this machine does not know it."
            }
            Self::NoStartTls => "Choose TLS, mostly on port 465, or ask whoever runs the mail server.",
            Self::NoSignIn => "Leave user and password empty, or ask whoever runs the mail server.",
            Self::Refused { stage: Stage::SigningIn, .. } => "Check user and password.",
            Self::Refused { .. } => "Ask whoever runs the mail server; its own words say why.",
            Self::Broken(_) => "Check that port and kind of security fit each other.",
            Self::Stopping => "Try again once the appliance runs.",
        }
    }

    /// For whoever tries it.
    #[must_use]
    pub fn outcome(&self) -> TestOutcome {
        TestOutcome { worked: false, message: sentence(&self.to_string()), next_step: self.next_step().to_owned() }
    }
}

/// With a capital letter at the beginning and a full stop at the end.
pub(crate) fn sentence(text: &str) -> String {
    let mut signs = text.chars();
    let Some(first) = signs.next() else { return String::new() };
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), signs.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_about_the_letter_or_the_server() {
        let refused = |stage, code| MailError::Refused { stage, code, said: String::new() }.about();
        assert_eq!(refused(Stage::Sending, 550), About::LetterForGood);
        assert_eq!(refused(Stage::Sending, 451), About::LetterNow);
        assert_eq!(refused(Stage::Sending, 421), About::Server);
        assert_eq!(refused(Stage::SigningIn, 535), About::Server);
        assert_eq!(MailError::TimedOut("mail:25".into()).about(), About::Server);
        assert_eq!(MailError::Address("x".into()).about(), About::LetterForGood);
    }

    #[test]
    fn sentences() {
        assert_eq!(
            sentence("the mail server refused it: 5.1.1 No such person."),
            "The mail server refused it: 5.1.1 No such person."
        );
        assert_eq!(sentence("öl"), "Öl.");
        assert_eq!(sentence(""), "");
    }
}
