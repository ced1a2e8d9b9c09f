//! Outgoing mail with a real server: letters arrive as they were posted, wait while it is away, and survive the appliance.

use anyhow::{Context, Result, ensure};
use appliance::store::{LetterRecord, MOST_WAITING, Store};
use serde_json::{Value, json};
use tests::api_client::{ApiClient, field_message};
use tests::servers::{MAIL_PASSWORD, MAIL_USER, MailSecurity, MailServer, free_port};
use tests::site::{Site, on_a_site};
use tests::wait::{self, SOON};
use wire::Timestamp;
use wire::api::{MailSettings, Outbox, TestOutcome};

/// Settings for this server, as a form sends them.
fn settings(server: &MailServer, security: &str, revision: i64) -> Value {
    json!({
        "host": "localhost", "port": server.port, "security": security, "ca_pem": server.authority,
        "user_name": MAIL_USER, "password": MAIL_PASSWORD,
        "sender_address": "gate@example.org", "sender_name": "Torwächter, \"Gate\"", "revision": revision,
    })
}

fn with(settings: &Value, changes: &Value) -> Value {
    let mut settings = settings.clone();
    if let (Some(all), Some(changes)) = (settings.as_object_mut(), changes.as_object()) {
        all.extend(changes.clone());
        all.retain(|_, value| *value != json!("-"));
    }
    settings
}

fn put(admin: &ApiClient, settings: &Value) -> Result<MailSettings> {
    admin.put("/api/settings/mail", settings)?.ok()
}

fn test(admin: &ApiClient, to: &str) -> Result<TestOutcome> {
    admin.post("/api/settings/mail/test", &json!({ "to": to }))?.ok()
}

fn outbox(admin: &ApiClient) -> Result<Outbox> {
    admin.get("/api/settings/mail/outbox")
}

/// Posts a letter as the appliance's rooms do, into the database of an appliance that may run or not.
fn post(site: &Site, to: &str, subject: &str, text: &str) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let store = match site.appliance.database() {
            Some(url) => Store::open_postgres_beside(&url.to_owned().into()).await?,
            None => Store::open_sqlite(&site.folder().join("appliance/sallyport.db")).await?,
        };
        let at = Timestamp(i64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?);
        let letter = LetterRecord {
            id: uuid::Uuid::now_v7(),
            to: to.into(),
            subject: subject.into(),
            text: text.into(),
            posted_at: at,
            attempts: 0,
            next_attempt_at: at,
            failed_at: None,
            reason: None,
        };
        store.insert_letter(letter, MOST_WAITING).await?;
        Ok(store.close().await?)
    })
}

#[test]
fn letters_arrive_as_they_were_posted_over_tls_and_starttls() -> Result<()> {
    on_a_site(|site| {
        let mut revision = 0;
        for (security, name) in [(MailSecurity::Tls, "tls"), (MailSecurity::Starttls, "starttls")] {
            let server = MailServer::start(security)?;
            let set = put(&site.admin, &settings(&server, name, revision))?;
            revision = set.revision;
            ensure!(set.has_password && set.server.user_name == MAIL_USER, "{set:?}");
            let outcome = test(&site.admin, "tom@example.org")?;
            ensure!(outcome.worked, "{outcome:?}");
            let text = "Grüße aus Zürich: 日本語 🔑\n\n.\n.. a line of dots\nFrom here on, a very long line: ";
            let text = format!("{text}{}\n", "word ".repeat(300));
            post(site, "ben@example.org", "Sitzung für „db-prod-1“ begann\r\nBcc: evil@example.org", &text)?;
            let letters = server.wait_for_letters(2)?;
            let letter = &letters[1];
            ensure!(letter.secured && letter.user.as_deref() == Some(MAIL_USER), "{letter:?}");
            ensure!(letter.mail_from == "gate@example.org" && letter.recipients == ["ben@example.org"], "{letter:?}");
            ensure!(letter.subject == "Sitzung für „db-prod-1“ begann  Bcc: evil@example.org", "{}", letter.subject);
            ensure!(letter.header("bcc").is_empty() && letter.header("to") == "ben@example.org", "{letter:?}");
            ensure!(
                letter.header("from") == "\"Torwächter, \\\"Gate\\\"\" <gate@example.org>",
                "{}",
                letter.header("from")
            );
            ensure!(letter.header("auto-submitted") == "auto-generated", "{letter:?}");
            ensure!(letter.text.replace("\r\n", "\n").trim_end() == text.trim_end(), "{:?}", letter.text);
            wait::until_true("nothing waits any more", SOON, || Ok(outbox(&site.admin)?.waiting == 0))?;
        }
        Ok(())
    })
}

#[test]
fn letters_wait_while_the_server_is_away_and_survive_the_appliance() -> Result<()> {
    on_a_site(|site| {
        let mut server = MailServer::start(MailSecurity::Starttls)?;
        put(&site.admin, &settings(&server, "starttls", 0))?;
        server.stop()?;
        post(site, "tom@example.org", "While you were away", "text")?;
        let waiting = wait::until("the outbox says why it waits", SOON, || {
            Ok(Some(outbox(&site.admin)?).filter(|it| it.obstacle.is_some()))
        })?;
        ensure!(waiting.waiting == 1 && waiting.waiting_since.is_some() && waiting.failures.is_empty(), "{waiting:?}");
        let obstacle = waiting.obstacle.context("no obstacle")?;
        ensure!(obstacle.contains("cannot be reached"), "{obstacle}");
        // Posted, and killed before anybody could send it.
        site.appliance.program.kill()?;
        post(site, "tom@example.org", "Before the end", "text")?;
        site.appliance.start_again()?;
        ensure!(outbox(&site.admin)?.waiting == 2, "a letter is lost");
        server.start_again()?;
        let mut subjects: Vec<_> = server.wait_for_letters(2)?.into_iter().map(|it| it.subject).collect();
        subjects.sort();
        ensure!(subjects == ["Before the end", "While you were away"], "{subjects:?}");
        wait::until_true("nothing waits any more", SOON, || {
            let outbox = outbox(&site.admin)?;
            Ok(outbox.waiting == 0 && outbox.obstacle.is_none())
        })?;
        // It stops in time while nobody answers.
        server.stop()?;
        post(site, "tom@example.org", "Later", "text")?;
        site.appliance.program.stop()?;
        Ok(())
    })
}

#[test]
fn a_letter_that_nobody_takes_is_shown() -> Result<()> {
    on_a_site(|site| {
        let server = MailServer::start(MailSecurity::Tls)?;
        put(&site.admin, &settings(&server, "tls", 0))?;
        for to in ["unknown@example.org", "no address", "tom@example.org"] {
            post(site, to, "A session began", "text")?;
        }
        // Trying it out has it look at once.
        ensure!(test(&site.admin, "tom@example.org")?.worked, "the test does not go");
        let letters = server.wait_for_letters(2)?;
        ensure!(letters[1].recipients == ["tom@example.org"], "{letters:?}");
        let shown = wait::until("both are shown", SOON, || {
            Ok(Some(outbox(&site.admin)?).filter(|it| it.failures.len() == 2 && it.waiting == 0))
        })?;
        let reason = |to: &str| shown.failures.iter().find(|it| it.to == to).map_or("", |it| it.reason.as_str());
        ensure!(reason("unknown@example.org").contains("550 5.1.1 No such person here: Grün"), "{shown:?}");
        ensure!(reason("no address").contains("not a mail address"), "{shown:?}");
        Ok(())
    })
}

#[test]
fn what_is_wrong_with_the_server_is_said_in_words() -> Result<()> {
    on_a_site(|site| {
        let none = test(&site.admin, "tom@example.org")?;
        ensure!(!none.worked && none.message == "No mail server is set up.", "{none:?}");
        let server = MailServer::start(MailSecurity::Starttls)?;
        let plain = MailServer::start(MailSecurity::None)?;
        let right = settings(&server, "starttls", 0);
        let other = MailServer::start(MailSecurity::None)?.authority;
        let mut revision = 0;
        for (changes, said) in [
            (json!({ "password": "wrong" }), "refused the sign-in: 535"),
            (json!({ "ca_pem": other }), "certificate is refused: it was not issued by"),
            (json!({ "ca_pem": "" }), "certificate is refused"),
            (json!({ "security": "tls" }), "no TLS"),
            (json!({ "port": plain.port }), "offers no STARTTLS"),
            (json!({ "port": free_port()? }), "cannot be reached"),
            (json!({ "security": "none", "user_name": "", "password": "-" }), "refused the letter: 530"),
        ] {
            let changed = with(&with(&right, &changes), &json!({ "revision": revision }));
            revision = put(&site.admin, &changed)?.revision;
            let outcome = test(&site.admin, "tom@example.org")?;
            ensure!(
                !outcome.worked && outcome.message.contains(said) && !outcome.next_step.is_empty(),
                "{said}: {outcome:?}"
            );
        }
        // Of a known authority, but for another name.
        let named = MailServer::start_as("mail.example.org", MailSecurity::Tls)?;
        revision = put(&site.admin, &settings(&named, "tls", revision))?.revision;
        let outcome = test(&site.admin, "tom@example.org")?;
        ensure!(!outcome.worked && outcome.message.contains("issued for another host name"), "{outcome:?}");
        // Without TLS and without a user, to this machine.
        let open = json!({ "port": plain.port, "security": "none", "user_name": "", "password": "-", "ca_pem": "", "revision": revision });
        put(&site.admin, &with(&right, &open))?;
        let outcome = test(&site.admin, "unknown@example.org")?;
        ensure!(!outcome.worked && outcome.message.contains("550 5.1.1 No such person here: Grün"), "{outcome:?}");
        ensure!(test(&site.admin, "tom@example.org")?.worked, "it does not go without TLS");
        ensure!(!plain.wait_for_letters(1)?[0].secured, "it is secured");
        ensure!(server.letters()?.is_empty(), "{:?}", server.letters()?);
        Ok(())
    })
}

#[test]
fn the_password_stays_where_it_is() -> Result<()> {
    on_a_site(|site| {
        let server = MailServer::start(MailSecurity::Tls)?;
        let first = settings(&server, "tls", 0);
        put(&site.admin, &first)?;
        let shown = site.admin.send("GET", "/api/settings/mail", None)?;
        ensure!(!shown.text().contains("brot"), "{}", shown.text());
        // Absent: as before, for the same server; otherwise it has to be entered again.
        let kept = with(&first, &json!({ "password": "-", "sender_name": "Gate", "revision": 1 }));
        let refused =
            site.admin.put("/api/settings/mail", &with(&kept, &json!({ "host": "127.0.0.1" })))?.refused(422)?;
        ensure!(field_message(&refused, "password")?.contains("again"), "{refused:?}");
        put(&site.admin, &kept)?;
        ensure!(test(&site.admin, "tom@example.org")?.worked, "the kept password is not used");
        // Whoever looked at an older one is told.
        let refused = site.admin.put("/api/settings/mail", &kept)?.refused(409)?;
        ensure!(refused.code == "changed_meanwhile", "{refused:?}");
        let refused = site.admin.put("/api/settings/mail", &with(&kept, &json!({ "revision": 0 })))?.refused(409)?;
        ensure!(refused.code == "changed_meanwhile", "{refused:?}");
        let data = site.appliance.stored()?;
        ensure!(!data.windows(4).any(|it| it == b"brot"), "the password lies open in the database");
        // Every field is looked at.
        let wrong = json!({
            "host": "https://mail", "port": 0, "security": "none", "ca_pem": "x", "sender_address": "gate",
            "sender_name": "a\r\nb", "user_name": "", "revision": 2,
        });
        let refused = site.admin.put("/api/settings/mail", &wrong)?.refused(422)?;
        for field in ["host", "port", "unsecured_accepted", "ca_pem", "sender_address", "sender_name"] {
            field_message(&refused, field)?;
        }
        let refused = site.admin.post("/api/settings/mail/test", &json!({ "to": "a@b\r\nc" }))?.refused(422)?;
        field_message(&refused, "to")?;
        // No host: no mail.
        let off = put(&site.admin, &json!({ "revision": 2 }))?;
        ensure!(!off.has_password && off.server.host.is_empty(), "{off:?}");
        Ok(())
    })
}
