//! What an administrator enters for outgoing mail.

use super::{ca_pem, check, hostname, longer_than};
use crate::api::{FieldError, MailSecurity, MailServer};
use crate::limits::{HOST_CHARS, MAIL_ADDRESS_CHARS, NAME_CHARS, USER_NAME_CHARS};

/// Every field of a mail server. Without a host there is none, and nothing to check.
#[must_use]
pub fn mail_server(it: &MailServer) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if it.host.is_empty() {
        return errors;
    }
    check(&mut errors, "host", hostname(&it.host));
    let is_port = (1..=65_535).contains(&it.port);
    check(&mut errors, "port", (!is_port).then(|| "A port is a number from 1 to 65535.".into()));
    let goes_far = it.security == MailSecurity::None && !is_loopback(&it.host);
    let unsaid = goes_far && !it.unsecured_accepted;
    check(&mut errors, "unsecured_accepted", unsaid.then(|| {
        "Without TLS, whoever stands between reads the letters and the password. Accept that here, or choose TLS or STARTTLS.".into()
    }));
    check(&mut errors, "ca_pem", ca_pem(&it.ca_pem));
    let has_control = it.user_name.chars().any(char::is_control);
    check(&mut errors, "user_name", has_control.then(|| "A user name cannot hold control characters.".into()));
    check(&mut errors, "user_name", longer_than(&it.user_name, 4 * USER_NAME_CHARS, "user name"));
    check(&mut errors, "sender_address", mail_address(&it.sender_address));
    let has_control = it.sender_name.chars().any(char::is_control);
    check(
        &mut errors,
        "sender_name",
        has_control.then(|| "A name cannot hold line breaks or control characters.".into()),
    );
    check(&mut errors, "sender_name", longer_than(&it.sender_name, NAME_CHARS, "name"));
    errors
}

/// A mail address as people have them: signs that need quoting are refused.
#[must_use]
pub fn mail_address(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("Give a mail address.".into());
    }
    let is_right = text.rsplit_once('@').is_some_and(|(local, domain)| {
        let signs = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        let named = domain.len() <= HOST_CHARS && domain.parse::<std::net::IpAddr>().is_err();
        (1..=64).contains(&local.len()) && local.bytes().all(signs) && !dots && named && hostname(domain).is_none()
    });
    if !is_right {
        return Some("This is not a mail address; it has to look like ana@example.org.".into());
    }
    longer_than(text, MAIL_ADDRESS_CHARS, "mail address")
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> MailServer {
        MailServer {
            host: "mail.example".into(),
            port: 587,
            security: MailSecurity::Starttls,
            sender_address: "gate@example.org".into(),
            ..MailServer::default()
        }
    }

    fn wrong(it: &MailServer) -> Vec<String> {
        mail_server(it).into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn without_a_host_there_is_nothing_to_check() {
        assert_eq!(mail_server(&MailServer::default()), []);
        assert_eq!(mail_server(&server()), []);
    }

    #[test]
    fn without_tls_only_this_machine_or_what_was_accepted() {
        let plain = MailServer { security: MailSecurity::None, ..server() };
        assert_eq!(wrong(&plain), ["unsecured_accepted"]);
        assert_eq!(mail_server(&MailServer { unsecured_accepted: true, ..plain.clone() }), []);
        for host in ["localhost", "127.9.0.1", "::1"] {
            assert_eq!(mail_server(&MailServer { host: host.into(), ..plain.clone() }), [], "{host}");
        }
        for host in ["127.0.0.1.example", "localhost.example", "10.0.0.1"] {
            assert_eq!(wrong(&MailServer { host: host.into(), ..plain.clone() }), ["unsecured_accepted"], "{host}");
        }
    }

    #[test]
    fn every_field_is_looked_at() {
        let it = MailServer {
            host: "https://mail".into(),
            port: 0,
            ca_pem: "hello".into(),
            user_name: "a\r\nb".into(),
            sender_address: "nobody".into(),
            sender_name: "Gate\r\nBcc: all@example.org".into(),
            ..server()
        };
        assert_eq!(wrong(&it), ["host", "port", "ca_pem", "user_name", "sender_address", "sender_name"]);
    }

    #[test]
    fn mail_addresses() {
        for good in ["ana@example.org", "a.b+c@x.example", "root@localhost", "o'neil@example.org"] {
            assert_eq!(mail_address(good), None, "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "a b@example.org",
            "ana@exa mple.org",
            "ana@example.org\r\nBcc: x@y",
            "<ana@example.org>",
            "ana@example.org,bob@example.org",
            "\"a\"@example.org",
            ".a@example.org",
            "a..b@c",
            "ana@[127.0.0.1]",
            "ana@10.0.0.1",
            "änä@example.org",
            &long,
        ] {
            assert!(mail_address(bad).is_some(), "{bad}");
        }
    }
}
