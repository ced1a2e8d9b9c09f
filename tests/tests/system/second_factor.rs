//! Authenticator app, recovery codes, and the two steps of a sign-in. The codes are those of a real app (`oathtool`), and the
//! appliance's clock is moved, so that nobody waits for the next one.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{ApiClient, field_message};
use tests::authenticator::Authenticator;
use tests::clock::Clock;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, TECHNICIAN_PASSWORD, on_a_site_with_clock};
use wire::SecretText;
use wire::api::{
    BeginTotp, BothFactors, ChangePassword, ConfirmTotp, Me, RecoveryCodes, ResetSecondFactors, SecondFactors,
    ShownFactor, SignInSettings, TotpOffer, User,
};

/// Until the next code.
const NEXT: Duration = Duration::from_secs(30);

fn secret(text: &str) -> SecretText {
    SecretText::new(text.into())
}

/// Sets an app up for who is signed in.
pub(crate) fn enrol(
    client: &ApiClient,
    password: Option<&str>,
    clock: &mut Clock,
) -> Result<(Authenticator, Vec<String>)> {
    let offer: TotpOffer = client.post("/api/me/totp", &BeginTotp { password: password.map(secret) })?.ok()?;
    let app = Authenticator::new(offer.secret.expose());
    let confirm = ConfirmTotp { code: secret(&app.code(clock)?) };
    let made: RecoveryCodes = client.post("/api/me/totp/confirm", &confirm)?.ok()?;
    clock.pass(NEXT)?;
    Ok((app, made.codes.iter().map(|code| code.expose().to_owned()).collect()))
}

fn require(site: &Site, required: bool) -> Result<()> {
    let now: SignInSettings = site.admin.get("/api/settings/sign-in")?;
    let wanted = SignInSettings { second_factor_required: required, ..now };
    site.admin.put("/api/settings/sign-in", &wanted)?.success()
}

fn user(site: &Site, name: &str) -> Result<User> {
    let users: Vec<User> = site.admin.get("/api/users")?;
    users.into_iter().find(|it| it.user_name == name).with_context(|| format!("no {name}"))
}

#[test]
fn an_app_is_set_up_and_then_asked_for() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        let refused = tom.post("/api/me/totp", &BeginTotp::default())?.refused(422)?;
        field_message(&refused, "password")?;
        tom.post("/api/me/totp", &BeginTotp { password: Some(secret("wrong wrong wrong")) })?.refused(422)?;
        let begin = BeginTotp { password: Some(secret(TECHNICIAN_PASSWORD)) };
        let offer: TotpOffer = tom.post("/api/me/totp", &begin)?.ok()?;
        ensure!(offer.uri.expose().contains(offer.secret.expose()), "the address lacks the secret");
        let app = Authenticator::new(offer.secret.expose());
        // Until a code was shown nothing is asked for.
        tom.post("/api/me/totp/confirm", &ConfirmTotp { code: secret("000000") })?.refused(422)?;
        site.admin.stranger().sign_in("tom", TECHNICIAN_PASSWORD)?;
        let code = app.code(clock)?;
        let made: RecoveryCodes = tom.post("/api/me/totp/confirm", &ConfirmTotp { code: secret(&code) })?.ok()?;
        ensure!(made.codes.len() == 10, "{} recovery codes", made.codes.len());
        tom.post("/api/me/totp", &begin)?.refused(409)?;
        ensure!(user(site, "tom")?.second_factor && !user(site, ADMIN)?.second_factor);

        let stranger = site.admin.stranger();
        let answer = stranger.try_sign_in("tom", TECHNICIAN_PASSWORD)?;
        ensure!(answer.header("set-cookie").is_empty(), "a password alone gives a cookie");
        let challenge = stranger.challenge("tom", TECHNICIAN_PASSWORD)?;
        ensure!(
            stranger.try_code(&challenge, &code)?.refused(401)?.code == "wrong_code",
            "the code it was set up with"
        );
        clock.pass(NEXT)?;
        let code = app.code(clock)?;
        stranger.try_code(&challenge, &code)?.success()?;
        stranger.get::<Me>("/api/me")?;
        ensure!(stranger.try_code(&challenge, &code)?.refused(401)?.code == "challenge_over", "one sign-in each");
        let other = site.admin.stranger();
        let again = other.challenge("tom", TECHNICIAN_PASSWORD)?;
        ensure!(other.try_code(&again, &code)?.refused(401)?.code == "wrong_code", "a code is good once");
        clock.pass(NEXT)?;
        // As people type it.
        let code = app.code(clock)?;
        other.try_code(&again, &format!("{} {}", &code[..3], &code[3..]))?.success()
    })
}

#[test]
fn a_recovery_code_is_good_once() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        let (_, codes) = enrol(&tom, Some(TECHNICIAN_PASSWORD), clock)?;
        let stranger = site.admin.stranger();
        stranger.sign_in_with("tom", TECHNICIAN_PASSWORD, || Ok(codes[3].to_uppercase()))?;
        let state: SecondFactors = stranger.get("/api/me/second-factors")?;
        ensure!(state.recovery_codes_left == 9 && state.totp_since.is_some(), "{state:?}");
        let challenge = stranger.challenge("tom", TECHNICIAN_PASSWORD)?;
        stranger.try_code(&challenge, &codes[3])?.refused(401)?;
        stranger.try_code(&challenge, &codes[4])?.success()
    })
}

#[test]
fn wrong_codes_lock_like_wrong_passwords_also_with_the_right_password_in_between() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        let (app, _) = enrol(&tom, Some(TECHNICIAN_PASSWORD), clock)?;
        let stranger = site.admin.stranger();
        let mut tried = 0;
        for _ in 0..20 {
            let Ok(challenge) = stranger.challenge("tom", TECHNICIAN_PASSWORD) else { break };
            if stranger.try_code(&challenge, "000000")?.status == 429 {
                break;
            }
            tried += 1;
        }
        ensure!(tried == 5, "{tried} codes could be tried");
        ensure!(user(site, "tom")?.locked_until.is_some());
        ensure!(stranger.try_sign_in("tom", TECHNICIAN_PASSWORD)?.status == 429);
        // What needs both factors counts with it, also for who is signed in.
        let both =
            BothFactors { password: secret(TECHNICIAN_PASSWORD), shown: ShownFactor::code(secret(&app.code(clock)?)) };
        tom.post("/api/me/totp/remove", &both)?.refused(429)?;
        Ok(())
    })
}

#[test]
fn the_second_step_has_five_minutes_five_codes_and_one_password() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        let (app, codes) = enrol(&tom, Some(TECHNICIAN_PASSWORD), clock)?;
        let stranger = site.admin.stranger();
        let late = stranger.challenge("tom", TECHNICIAN_PASSWORD)?;
        clock.pass(Duration::from_secs(301))?;
        ensure!(stranger.try_code(&late, &app.code(clock)?)?.refused(401)?.code == "challenge_over");
        ensure!(stranger.try_code(&secret("guess"), &codes[0])?.refused(401)?.code == "challenge_over");

        let challenge = stranger.challenge("tom", TECHNICIAN_PASSWORD)?;
        let new = "another long password";
        let change = ChangePassword { current: secret(TECHNICIAN_PASSWORD), new: secret(new) };
        tom.put("/api/me/password", &change)?.success()?;
        ensure!(stranger.try_code(&challenge, &codes[0])?.refused(401)?.code == "challenge_over", "the old password");
        stranger.sign_in_with("tom", new, || Ok(codes[0].clone()))?;

        let challenge = stranger.challenge("tom", new)?;
        site.admin.patch(&format!("/api/users/{}", user(site, "tom")?.id), &json!({ "enabled": false }))?.success()?;
        ensure!(stranger.try_code(&challenge, &codes[1])?.refused(401)?.code == "challenge_over", "a disabled user");
        Ok(())
    })
}

#[test]
fn turning_it_off_and_new_recovery_codes_ask_for_both_factors() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        let (app, codes) = enrol(&tom, Some(TECHNICIAN_PASSWORD), clock)?;
        let both = |password: &str, code: &str| BothFactors {
            password: secret(password),
            shown: ShownFactor::code(secret(code)),
        };
        for path in ["/api/me/totp/remove", "/api/me/recovery-codes"] {
            let refused = tom.post(path, &both("wrong wrong wrong", &codes[0]))?.refused(422)?;
            field_message(&refused, "password")?;
            let refused = tom.post(path, &both(TECHNICIAN_PASSWORD, "000000"))?.refused(422)?;
            field_message(&refused, "code")?;
            // Four wrong ones in all, which do not lock yet; then something right.
            let right = both(TECHNICIAN_PASSWORD, &codes[0]);
            if path.ends_with("codes") {
                let renewed: RecoveryCodes = tom.post(path, &right)?.ok()?;
                let old = both(TECHNICIAN_PASSWORD, &codes[1]);
                tom.post("/api/me/totp/remove", &old)?.refused(422)?;
                let new = both(TECHNICIAN_PASSWORD, renewed.codes[1].expose());
                require(site, true)?;
                tom.post("/api/me/totp/remove", &new)?.refused(409)?;
                require(site, false)?;
                tom.post("/api/me/totp/remove", &both(TECHNICIAN_PASSWORD, &app.code(clock)?))?.success()?;
            }
        }
        site.admin.stranger().sign_in("tom", TECHNICIAN_PASSWORD)?;
        ensure!(!user(site, "tom")?.second_factor);
        Ok(())
    })
}

#[test]
fn an_administrator_resets_the_factors_of_who_lost_them_and_says_why() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        enrol(&tom, Some(TECHNICIAN_PASSWORD), clock)?;
        let path = |id| format!("/api/users/{id}/reset-second-factors");
        let reset = |reason: &str| ResetSecondFactors { reason: reason.into() };
        let (own, toms) = (user(site, ADMIN)?.id, user(site, "tom")?.id);
        site.admin.post(&path(own), &reset("Mine"))?.refused(409)?;
        site.admin.post(&path(toms), &reset(" "))?.refused(422)?;
        let challenge = site.admin.stranger().challenge("tom", TECHNICIAN_PASSWORD)?;
        site.admin.post(&path(toms), &reset("You lost your telephone"))?.success()?;
        tom.send("GET", "/api/me", None)?.refused(401)?;
        site.admin.stranger().try_code(&challenge, "000000")?.refused(401)?;
        let me = tom.sign_in("tom", TECHNICIAN_PASSWORD)?;
        let told = me.factors_reset.context("the user is not told")?;
        ensure!(told.reason == "You lost your telephone", "{told:?}");
        enrol(&tom, Some(TECHNICIAN_PASSWORD), clock)?;
        ensure!(tom.get::<Me>("/api/me")?.factors_reset.is_none(), "it is told for ever");
        Ok(())
    })
}

/// What somebody may use who has to set up a second factor before anything else.
const BEFORE_IT: [&str; 7] = [
    "GET /api/me",
    "POST /api/sign-out",
    "GET /api/me/second-factors",
    "POST /api/me/totp",
    "POST /api/me/totp/confirm",
    "POST /api/me/passkeys/begin",
    "POST /api/me/passkeys",
];

#[test]
fn where_everybody_needs_one_nothing_works_before_it() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        require(site, true)?;
        // Who is signed in already goes on.
        tom.send("GET", "/api/jump-items", None)?.success()?;
        let arriving = site.admin.stranger();
        ensure!(arriving.sign_in("tom", TECHNICIAN_PASSWORD)?.must_enrol, "it is not required");
        let other = site.admin.stranger();
        other.sign_in("tom", TECHNICIAN_PASSWORD)?;
        let closed = closed_to(&arriving)?;
        ensure!(closed.len() > 30, "only {} endpoints were asked", closed.len());

        enrol(&arriving, None, clock)?;
        ensure!(!arriving.get::<Me>("/api/me")?.must_enrol);
        arriving.send("GET", "/api/jump-items", None)?.success()?;
        // A browser that waits for it knew the password only.
        other.send("GET", "/api/me", None)?.refused(401)?;
        require(site, false)?;
        site.admin.stranger().sign_in(ADMIN, ADMIN_PASSWORD)?;
        Ok(())
    })
}

/// Asks every endpoint that needs a sign-in, and gives those that say a second factor comes first.
fn closed_to(arriving: &ApiClient) -> Result<Vec<String>> {
    let description: Value = arriving.stranger().get("/api/openapi.json")?;
    let mut closed = Vec::new();
    for (path, operations) in description["paths"].as_object().context("no paths")? {
        for method in operations.as_object().context("no operations")?.keys() {
            let endpoint = format!("{} {path}", method.to_uppercase());
            let filled = path.replace("{id}", &uuid::Uuid::nil().to_string());
            let filled = filled.replace("{key_id}", &uuid::Uuid::nil().to_string());
            let filled = filled.replace("{token_id}", &uuid::Uuid::nil().to_string());
            let filled = filled.replace("{agent_id}", &uuid::Uuid::nil().to_string());
            let body = json!({});
            let body = (method != "get" && method != "delete").then_some(&body);
            let origin = arriving.base().to_owned();
            let ask =
                |client: &ApiClient| client.send_with(&method.to_uppercase(), &filled, body, &[("origin", &origin)]);
            if BEFORE_IT.contains(&endpoint.as_str()) || ask(&arriving.stranger())?.status != 401 || path == "/metrics"
            {
                continue;
            }
            let refused = ask(arriving)?.refused(403).with_context(|| endpoint.clone())?;
            ensure!(refused.code == "second_factor_needed", "{endpoint}: {refused:?}");
            closed.push(endpoint);
        }
    }
    Ok(closed)
}

#[test]
fn the_database_alone_gives_no_code_and_without_the_key_recovery_codes_still_work() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        let (app, codes) = enrol(&tom, Some(TECHNICIAN_PASSWORD), clock)?;
        let data = site.folder().join("appliance");
        let key = data.join("sealing-key");
        ensure!(key.metadata()?.permissions().mode() & 0o777 == 0o600, "others can read the key");
        site.appliance.program.stop()?;
        let bytes = site.appliance.stored()?;
        for code in [app.secret(), &codes[0], &codes[0].replace('-', "")] {
            ensure!(!bytes.windows(code.len()).any(|it| it == code.as_bytes()), "the database holds {code}");
        }
        std::fs::rename(&key, data.join("elsewhere"))?;
        site.appliance.start_again()?;
        ensure!(site.appliance.program.log().contains("another key"), "the log says nothing");
        let stranger = site.admin.stranger();
        let challenge = stranger.challenge("tom", TECHNICIAN_PASSWORD)?;
        let refused = stranger.try_code(&challenge, &app.code(clock)?)?.refused(500)?;
        ensure!(refused.next_step.contains("recovery code"), "{refused:?}");
        stranger.try_code(&challenge, &codes[0])?.success()?;

        site.appliance.program.stop()?;
        std::fs::rename(data.join("elsewhere"), &key)?;
        site.appliance.start_again()?;
        clock.pass(NEXT)?;
        stranger.sign_in_with("tom", TECHNICIAN_PASSWORD, || app.code(clock))?;
        Ok(())
    })
}
