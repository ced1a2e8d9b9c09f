//! The form for the mail server.

use wire::SecretText;
use wire::api::{FieldError, MailDraft, MailSecurity, MailServer, MailSettings};
use wire::validate;

/// What stands in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MailForm {
    /// The server; its port is what `port` says.
    pub(crate) server: MailServer,
    /// The port as it was typed.
    pub(crate) port: String,
    /// A new password; empty for the kept one.
    pub(crate) password: String,
    has_password: bool,
    revision: i64,
}

/// How a connection is secured, in the order of the form, with words and the port that is usual then.
const SECURITIES: [(MailSecurity, &str, &str, &str); 3] = [
    (MailSecurity::Tls, "tls", "TLS from the beginning", "465"),
    (MailSecurity::Starttls, "starttls", "STARTTLS, required", "587"),
    (MailSecurity::None, "none", "None", "25"),
];

impl MailForm {
    /// With what is kept.
    pub(crate) fn new(settings: &MailSettings) -> Self {
        let port = if settings.server.port == 0 { "465".into() } else { settings.server.port.to_string() };
        Self {
            server: settings.server.clone(),
            port,
            password: String::new(),
            has_password: settings.has_password,
            revision: settings.revision,
        }
    }

    /// The choices of how the connection is secured.
    pub(crate) fn securities() -> Vec<(String, String)> {
        SECURITIES.iter().map(|(_, key, words, _)| ((*key).to_owned(), (*words).to_owned())).collect()
    }

    /// The one that is chosen.
    pub(crate) fn security(&self) -> &'static str {
        SECURITIES.iter().find(|(it, ..)| *it == self.server.security).map_or("", |(_, key, ..)| key)
    }

    /// Chooses another one. A port that was the usual one becomes the usual one.
    pub(crate) fn choose_security(&mut self, key: &str) {
        let Some((security, _, _, usual)) = SECURITIES.iter().find(|(_, it, ..)| *it == key) else { return };
        if SECURITIES.iter().any(|(.., port)| *port == self.port) {
            (*usual).clone_into(&mut self.port);
        }
        self.server.security = *security;
    }

    /// Whether a password is kept that need not be entered again.
    pub(crate) fn keeps_password(&self) -> bool {
        self.has_password
    }

    /// What is sent.
    pub(crate) fn draft(&self) -> MailDraft {
        let mut server = self.server.clone();
        for text in [&mut server.host, &mut server.sender_address, &mut server.sender_name, &mut server.ca_pem] {
            *text = text.trim().to_owned();
        }
        server.port = self.port.trim().parse().unwrap_or(0);
        let password = (!self.password.is_empty()).then(|| SecretText::new(self.password.clone()));
        MailDraft { server, password, revision: self.revision }
    }

    /// What is wrong with it, as far as the form can tell.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let draft = self.draft();
        let mut errors = validate::mail_server(&draft.server);
        let is_asked = !draft.server.host.is_empty() && !draft.server.user_name.is_empty();
        if is_asked && self.password.is_empty() && !self.has_password {
            errors.push(FieldError::new("password", "Enter the password of this user."));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> MailForm {
        let server = MailServer {
            host: "mail.example".into(),
            port: 465,
            user_name: "gate".into(),
            sender_address: "gate@example.org".into(),
            ..MailServer::default()
        };
        MailForm::new(&MailSettings { server, has_password: true, revision: 3 })
    }

    #[test]
    fn what_was_not_changed_is_sent_as_it_was() {
        let it = form();
        let draft = it.draft();
        assert_eq!((draft.server, draft.password, draft.revision), (it.server.clone(), None, 3));
        assert_eq!(it.errors(), []);
    }

    #[test]
    fn the_usual_port_goes_with_the_security() {
        let mut it = form();
        it.choose_security("starttls");
        assert_eq!((it.port.as_str(), it.security()), ("587", "starttls"));
        it.port = "2525".into();
        it.choose_security("none");
        assert_eq!((it.port.as_str(), it.server.security), ("2525", MailSecurity::None));
        it.choose_security("other");
        assert_eq!(it.security(), "none");
        let fresh = MailForm::new(&MailSettings { server: MailServer::default(), has_password: false, revision: 0 });
        assert_eq!(fresh.port, "465");
        assert_eq!(fresh.errors(), []);
    }

    #[test]
    fn a_user_needs_a_password() {
        let mut it = MailForm { has_password: false, ..form() };
        assert_eq!(it.errors()[0].field, "password");
        it.password = "secret".into();
        assert_eq!(it.errors(), []);
        assert_eq!(it.draft().password, Some(SecretText::new("secret".into())));
        it.port = "x".into();
        assert_eq!(it.errors()[0].field, "port");
    }
}
