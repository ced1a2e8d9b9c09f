//! The form for the ticket system.

use wire::SecretText;
use wire::api::{
    FieldError, TicketCondition, TicketHeader, TicketMethod, TicketSystem, TicketSystemDraft, TicketSystemSettings,
};
use wire::limits::TICKET_HEADERS;
use wire::validate;

/// What stands in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TicketForm {
    /// The system; its time-out and condition are what the fields below say.
    pub(crate) system: TicketSystem,
    /// The time-out in seconds as it was typed.
    pub(crate) time_out: String,
    /// Where in the answer something has to stand; empty for no condition.
    pub(crate) pointer: String,
    /// What has to stand there.
    pub(crate) equals: String,
    /// Headers that are sent along.
    pub(crate) headers: Vec<HeaderForm>,
    revision: i64,
}

/// A header.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HeaderForm {
    /// Its name.
    pub(crate) name: String,
    /// A new value; empty for the kept one.
    pub(crate) value: String,
    /// Whether a value is kept.
    pub(crate) kept: bool,
}

impl TicketForm {
    /// With what is kept.
    pub(crate) fn new(settings: &TicketSystemSettings) -> Self {
        let header = |name: &String| HeaderForm { name: name.clone(), value: String::new(), kept: true };
        let condition = settings.system.condition.clone();
        let (pointer, equals) = condition.map(|it| (it.pointer, it.equals)).unwrap_or_default();
        Self {
            system: settings.system.clone(),
            time_out: settings.system.time_out_seconds.to_string(),
            pointer,
            equals,
            headers: settings.headers.iter().map(header).collect(),
            revision: settings.revision,
        }
    }

    /// Chooses how it is asked, by the method's name.
    pub(crate) fn choose_method(&mut self, name: &str) {
        self.system.method = if name == "POST" { TicketMethod::Post } else { TicketMethod::Get };
    }

    /// Why no other header can be added; empty when one can.
    pub(crate) fn no_more_headers(&self) -> String {
        let is_full = self.headers.len() >= TICKET_HEADERS;
        if is_full { format!("At most {TICKET_HEADERS} headers can be sent along.") } else { String::new() }
    }

    /// What is sent.
    pub(crate) fn draft(&self) -> TicketSystemDraft {
        let mut system = self.system.clone();
        for text in [&mut system.url, &mut system.body, &mut system.ca_pem, &mut system.message_pointer] {
            *text = text.trim().to_owned();
        }
        if system.method == TicketMethod::Get {
            system.body = String::new();
        }
        system.time_out_seconds = self.time_out.trim().parse().unwrap_or(0);
        let pointer = self.pointer.trim();
        let has_condition = !pointer.is_empty() || !self.equals.is_empty();
        system.condition =
            has_condition.then(|| TicketCondition { pointer: pointer.to_owned(), equals: self.equals.clone() });
        let headers = self.headers.iter().map(|header| TicketHeader {
            name: header.name.trim().to_owned(),
            value: (!header.value.is_empty() || !header.kept).then(|| SecretText::new(header.value.clone())),
        });
        TicketSystemDraft { system, headers: headers.collect(), revision: self.revision }
    }

    /// What is wrong with it, as far as the form can tell.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let draft = self.draft();
        let mut errors = validate::ticket_system(&draft.system, &draft.headers);
        let url = &draft.system.url;
        let is_address = url.starts_with("https://") || (draft.system.unsecured_accepted && url.starts_with("http://"));
        if !url.is_empty() && !is_address {
            errors.insert(0, FieldError::new("url", "The address has to begin with https://."));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> TicketForm {
        let system = TicketSystem {
            url: "https://tickets.example/{ticket}".into(),
            condition: Some(TicketCondition { pointer: "/state".into(), equals: "open".into() }),
            ..TicketSystem::default()
        };
        TicketForm::new(&TicketSystemSettings { system, headers: vec!["Authorization".into()], revision: 3 })
    }

    #[test]
    fn what_was_not_changed_is_sent_as_it_was() {
        let it = form();
        let draft = it.draft();
        assert_eq!((draft.system, draft.revision), (it.system.clone(), 3));
        assert_eq!(draft.headers, [TicketHeader { name: "Authorization".into(), value: None }]);
        assert_eq!(it.errors(), []);
    }

    #[test]
    fn new_headers_need_values_and_kept_ones_do_not() {
        let mut it = form();
        it.headers.push(HeaderForm { name: "X-Tenant".into(), ..HeaderForm::default() });
        assert_eq!(it.errors()[0].field, "headers[1].value");
        it.headers[1].value = "a".into();
        assert_eq!(it.errors(), []);
        it.headers = vec![HeaderForm::default(); TICKET_HEADERS];
        assert!(!it.no_more_headers().is_empty());
    }

    #[test]
    fn what_get_does_not_send_is_left_out() {
        let mut it = form();
        it.choose_method("POST");
        it.system.body = " {\"id\":\"{ticket}\"} ".into();
        assert_eq!(it.draft().system.body, "{\"id\":\"{ticket}\"}");
        it.choose_method("GET");
        assert_eq!(it.draft().system.body, "");
        it.pointer = String::new();
        assert_eq!(it.errors()[0].field, "condition.pointer");
        it.equals = String::new();
        assert_eq!(it.draft().system.condition, None);
        it.time_out = "soon".into();
        assert_eq!(it.errors()[0].field, "time_out_seconds");
        it.system.url = "http://localhost/{ticket}".into();
        assert_eq!(it.errors()[0].field, "url");
        it.system.unsecured_accepted = true;
        assert_eq!(it.errors()[0].field, "time_out_seconds");
    }
}
