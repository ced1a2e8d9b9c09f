//! Signing in by way of a provider.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::api::{
    ApiError, BeginSignOn, ConsoleEvent, Fault, FinishSignOn, JumpMethod, Role, SignInAnswer, SignOnBegun,
    SignOnButton, SignOnFinished, SignOnLink,
};
use wire::audit::Action;
use wire::{Timestamp, UserId};

use super::error::Body;
use super::server::ConnectionInfo;
use super::sign_in::{How, ask_for_factor, refused_attempt, sign_browser_in};
use super::signed_in::cookie;
use super::users::{entry, told};
use super::{Failure, permitted};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::events::Audience;
use crate::random;
use crate::services::Services;
use crate::sign_on::decision::{Known, NotLetIn, Who, looked_for, who};
use crate::sign_on::person::Person;
use crate::sign_on::teams::wanted;
use crate::sign_on::{Arrived, COOKIE, GOOD_FOR, ProviderError, SignOnError, Turned};
use crate::store::{Store, StoreError, UserRecord};

/// What stands beside the form for name and password.
#[utoipa::path(get, path = "/api/sign-on", tag = "sign-in", responses((status = 200, body = Vec<SignOnButton>)))]
pub(super) async fn buttons(State(services): State<Services>) -> Result<Json<Vec<SignOnButton>>, Failure> {
    let all = services.store.sign_on_providers().await?.into_iter();
    let button = all.filter(|it| it.provider.enabled).map(|it| SignOnButton { id: it.id, name: it.provider.name });
    Ok(Json(button.collect()))
}

/// Begins to sign in by way of a provider: gives its page, and a cookie with which to come back.
#[utoipa::path(post, path = "/api/sign-on/begin", tag = "sign-in", request_body = BeginSignOn, responses((status = 200, body = SignOnBegun), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 429, body = ApiError), (status = 502, body = ApiError)))]
pub(super) async fn begin(
    State(services): State<Services>,
    axum::Extension(connection): axum::Extension<ConnectionInfo>,
    headers: HeaderMap,
    Body(request): Body<BeginSignOn>,
) -> Result<Response, Failure> {
    let address = connection.peer.ip();
    let may = services.attempts.check_address(address).await;
    may.map_err(|error| refused_attempt(&services, error))?;
    came_by_the_right_address(&headers, &services.public_url)?;
    let held = cookie(&headers, COOKIE);
    let begun = services.sign_on.begin(request.provider_id, &request.return_to, held, address, now()).await;
    let begun = begun.map_err(|error| {
        tracing::warn!(provider.id = %request.provider_id, error = %error, "a sign-in by way of a provider did not begin");
        services.metrics.sign_in_failed("provider");
        failure(error)
    })?;
    let cookie = format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
        begun.browser.expose(),
        GOOD_FOR / 1000
    );
    let mut response = Json(SignOnBegun { address: begun.address }).into_response();
    set_cookie(&mut response, &cookie);
    Ok(response)
}

/// Signs in who came back from a provider; who has a second factor may be asked for it next.
#[utoipa::path(post, path = "/api/sign-on/finish", tag = "sign-in", request_body = FinishSignOn, responses((status = 200, body = SignOnFinished), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 429, body = ApiError), (status = 502, body = ApiError)))]
pub(super) async fn finish(
    State(services): State<Services>,
    axum::Extension(connection): axum::Extension<ConnectionInfo>,
    headers: HeaderMap,
    Body(brought): Body<FinishSignOn>,
) -> Result<Response, Failure> {
    let address = connection.peer.ip();
    let may = services.attempts.check_address(address).await;
    may.map_err(|error| refused_attempt(&services, error))?;
    let by = By::nobody(&address.to_string());
    let arrived = match services.sign_on.finish(&brought, cookie(&headers, COOKIE), now()).await {
        Ok(arrived) => arrived,
        Err(turned) => return Err(turned_away(&services, &by, address, turned).await),
    };
    let user = match signed_in_user(&services, &address.to_string(), &arrived).await? {
        Ok(user) => user,
        Err(why) => return Err(not_let_in(&services, &by, address, &arrived, why).await),
    };
    let provider = &arrived.provider.provider.name;
    let has_factor = arrived.person.has_factor;
    let mut cookies = vec![format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")];
    let answer = if !has_factor && services.store.has_second_factor(user.id).await? {
        SignInAnswer::SecondFactor(ask_for_factor(&services, &user, &by, Some(provider)).await?)
    } else {
        let how = How { with: "single sign-on".into(), provider: Some(provider.clone()), has_factor };
        let (me, cookie) = sign_browser_in(&services, user, connection, &headers, how).await?;
        cookies.push(cookie);
        SignInAnswer::SignedIn(Box::new(me))
    };
    let mut response = Json(SignOnFinished { answer, return_to: arrived.return_to }).into_response();
    for cookie in cookies {
        set_cookie(&mut response, &cookie);
    }
    Ok(response)
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Providers send everybody back to the public address: a cookie of another one would be missed there.
fn came_by_the_right_address(headers: &HeaderMap, public_url: &str) -> Result<(), Failure> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    if origin.as_bytes().eq_ignore_ascii_case(public_url.as_bytes()) {
        return Ok(());
    }
    let message = "Single sign-on works at this appliance's public address alone.";
    let next_step = format!("Open {public_url} and sign in there.");
    Err(Failure::conflict("other_address", message, &next_step))
}

/// Which user somebody is who came from a provider: found, bound or made, and put into their teams, all in one change.
async fn signed_in_user(
    services: &Services,
    address: &str,
    arrived: &Arrived,
) -> Result<Result<UserRecord, Refusal>, Failure> {
    let Arrived { provider, person, .. } = arrived;
    let (settings, name, at) = (&provider.provider, provider.provider.name.as_str(), now());
    let change = services.audit.begin().await?;
    let known = known(&change, arrived).await?;
    let bound = match who(settings, person, known) {
        Ok(bound) => bound,
        Err(why) => return Ok(Err(Refusal::NotLetIn(why))),
    };
    let mut entries = Vec::new();
    let user = match bound {
        Who::Bound(user) => user,
        Who::Found(user) => user,
        Who::New(user_name) => {
            let user = new_user(settings.default_role_id, person, user_name, at);
            match change.insert_user(&user).await {
                Ok(()) => {}
                Err(StoreError::Dependent) => return Ok(Err(Refusal::RoleIsGone)),
                Err(error) => return Err(error.into()),
            }
            entries.push(entry(Action::UserCreated, &user).made(&told(&user)).with("provider", name));
            user
        }
    };
    if !user.enabled {
        return Ok(Err(Refusal::Disabled(Box::new(user))));
    }
    if change.bound_user(provider.id, &person.subject).await?.is_none() {
        match change.bind_user(provider.id, &person.subject, user.id, at).await {
            Ok(()) => {}
            Err(StoreError::Duplicate) => return Ok(Err(Refusal::BoundToAnother(Box::new(user)))),
            Err(error) => return Err(error.into()),
        }
        let bound = entry(Action::UserBound, &user).with("provider", name).with("subject", person.subject.as_str());
        entries.push(bound);
    }
    let teams = wanted(&settings.teams, &person.groups);
    let teams = change.set_teams_by_provider(user.id, provider.id, &teams).await?;
    if let Some((before, after)) = &teams {
        entries.push(entry(Action::UserTeamsByProvider, &user).changed(before, after).with("provider", name));
    }
    if entries.is_empty() {
        return Ok(Ok(user));
    }
    change.commit(&By::user(&user, address), entries).await?;
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    if teams.is_some() {
        permitted::changed_by(services, name).await?;
    }
    Ok(Ok(user))
}

async fn known(store: &Store, arrived: &Arrived) -> Result<Known<UserRecord>, Failure> {
    let Arrived { provider, person, .. } = arrived;
    let bound = store.bound_user(provider.id, &person.subject).await?;
    let by_rule = looked_for(&provider.provider, person).filter(|_| bound.is_none());
    let found = match (provider.provider.link, by_rule) {
        (SignOnLink::UserName, Some(name)) => store.user_by_name(name).await?.into_iter().collect(),
        (SignOnLink::Email, Some(email)) => store.users_by_email(email).await?,
        _ => Vec::new(),
    };
    let is_name_taken = match &person.user_name {
        Some(name) => store.user_by_name(name).await?.is_some(),
        None => false,
    };
    Ok(Known { bound, found, is_name_taken })
}

/// They have no password: single sign-on is their only way in.
fn new_user(
    default_role: Option<wire::JumpItemRoleId>,
    person: &Person,
    user_name: String,
    at: Timestamp,
) -> UserRecord {
    UserRecord {
        id: UserId(random::id()),
        display_name: person.display_name.clone().unwrap_or_else(|| user_name.clone()),
        user_name,
        email: person.email.clone().filter(|_| person.email_verified),
        role: Role::Technician,
        enabled: true,
        methods: JumpMethod::every(),
        default_role,
        personal_role: None,
        session_policy: None,
        password_hash: String::new(),
        created_at: at,
        last_sign_in_at: None,
        revision: 0,
    }
}

/// Why somebody whom a provider knows does not get in.
enum Refusal {
    NotLetIn(NotLetIn),
    Disabled(Box<UserRecord>),
    BoundToAnother(Box<UserRecord>),
    RoleIsGone,
}

/// Writes down that nobody arrived, and says why. Whoever could have had a part in it is counted, as with wrong passwords: otherwise
/// anybody could fill the trail.
async fn turned_away(services: &Services, by: &By, address: std::net::IpAddr, turned: Turned) -> Failure {
    let Turned { provider, error } = turned;
    let reason = match &error {
        SignOnError::NoProvider => "no_provider",
        SignOnError::Lost => "sign_on_lost",
        SignOnError::TooLate => "sign_on_too_late",
        SignOnError::Provider(error) => error.code(),
        SignOnError::TooMany | SignOnError::Sealing(_) | SignOnError::NoRandomness(_) | SignOnError::Store(_) => {
            return failure(error);
        }
    };
    tracing::warn!(client = %address, provider = provider.as_deref(), error = %error, reason, "a sign-in by way of a provider failed");
    let nobodys = matches!(&error, SignOnError::Provider(error) if error.is_nobodys_doing());
    let entry = Entry::new(Action::SignInFailed).failed().with("reason", reason).saying(error.to_string());
    let entry = provider.into_iter().fold(entry, |entry, name| entry.with("provider", name));
    match written_down(services, by, (!nobodys).then_some(address), entry, "provider").await {
        Ok(()) => failure(error),
        Err(other) => other,
    }
}

async fn not_let_in(
    services: &Services,
    by: &By,
    address: std::net::IpAddr,
    arrived: &Arrived,
    why: Refusal,
) -> Failure {
    let (reason, message, next_step) = words(&why, &arrived.provider.provider.name);
    let name = arrived.person.user_name.as_deref().unwrap_or_default();
    tracing::info!(client = %address, reason, provider = arrived.provider.provider.name, "a sign-in by way of a provider was refused");
    let failed = match &why {
        Refusal::Disabled(user) | Refusal::BoundToAnother(user) => entry(Action::SignInFailed, user),
        Refusal::NotLetIn(_) | Refusal::RoleIsGone => Entry::new(Action::SignInFailed),
    };
    let entry = failed
        .refused()
        .with("reason", reason)
        .with("provider", arrived.provider.provider.name.as_str())
        .with("subject", arrived.person.subject.as_str())
        .with("name", name)
        .saying(message.as_str());
    match written_down(services, by, Some(address), entry, reason).await {
        Ok(()) => Failure::new(StatusCode::FORBIDDEN, Fault::Policy, reason, &message, &next_step),
        Err(other) => other,
    }
}

async fn written_down(
    services: &Services,
    by: &By,
    counted: Option<std::net::IpAddr>,
    entry: Entry,
    reason: &'static str,
) -> Result<(), Failure> {
    services.metrics.sign_in_failed(reason);
    if let Some(address) = counted {
        services.attempts.fail_address(address).await.map_err(|error| refused_attempt(services, error))?;
    }
    Ok(services.audit.append(by, entry).await?)
}

/// A stable name, what happened, and what to do.
fn words(why: &Refusal, provider: &str) -> (&'static str, String, String) {
    let ask = |what: &str| format!("Ask an administrator {what}.");
    match why {
        Refusal::Disabled(_) => ("user_disabled", "This account is disabled.".into(), ask("to enable it")),
        Refusal::BoundToAnother(user) => (
            "bound_to_another",
            format!("The user {} belongs to somebody else whom {provider} knows.", user.user_name),
            ask("to look at it"),
        ),
        Refusal::RoleIsGone => (
            "role_is_gone",
            "You are new here, and the role that new users get was removed.".into(),
            ask("to choose another one under Administration, Settings"),
        ),
        Refusal::NotLetIn(NotLetIn::Groups) => (
            "not_in_a_group",
            format!("{provider} knows you, but you are in none of the groups that may sign in here."),
            format!("Ask whoever looks after {provider} to put you into one, and sign in again."),
        ),
        Refusal::NotLetIn(NotLetIn::Unknown) => (
            "user_unknown",
            format!("{provider} knows you, but there is no user here who belongs to you."),
            ask("to make one for you, or to let this provider do it"),
        ),
        Refusal::NotLetIn(NotLetIn::EmailNotVerified) => (
            "email_not_verified",
            format!("{provider} did not confirm that your mail address is yours, so no user here can be found by it."),
            format!("Have your mail address verified at {provider}, and sign in again."),
        ),
        Refusal::NotLetIn(NotLetIn::Ambiguous) => {
            ("user_ambiguous", "Several users here have your mail address.".into(), ask("to leave it to one of them"))
        }
        Refusal::NotLetIn(NotLetIn::NoName(wrong)) => (
            "no_user_name",
            format!("{provider} gives no name that a user here can have. {wrong}"),
            ask("to choose another claim for the user name"),
        ),
        Refusal::NotLetIn(NotLetIn::NameTaken(name)) => (
            "name_taken",
            format!("There is a user {name} here already, who is not bound to {provider}."),
            ask("to let users be found by their name, or to rename one"),
        ),
    }
}

/// What keeps somebody from signing in by way of a provider.
pub(super) fn failure(error: SignOnError) -> Failure {
    let message = crate::mail::sentence(&error.to_string());
    let refused = |status, fault, code: &str, next_step: &str| Failure::new(status, fault, code, &message, next_step);
    match &error {
        SignOnError::NoProvider => {
            refused(StatusCode::NOT_FOUND, Fault::User, "no_provider", "Load the page again and choose another way.")
        }
        SignOnError::Lost => {
            let next_step = "Begin again here. It has to be the same browser, with cookies, and works once.";
            refused(StatusCode::CONFLICT, Fault::User, "sign_on_lost", next_step)
        }
        SignOnError::TooLate => refused(StatusCode::CONFLICT, Fault::User, "sign_on_too_late", "Begin again."),
        SignOnError::TooMany => {
            refused(StatusCode::TOO_MANY_REQUESTS, Fault::User, "sign_on_too_many", "Try again in ten minutes.")
        }
        SignOnError::Provider(error) => {
            let (status, next_step) = for_people(error);
            refused(status, error.fault(), error.code(), next_step)
        }
        SignOnError::Sealing(_) => {
            tracing::error!(error = %error, "a client secret cannot be read");
            let next_step = "Ask an administrator to enter the client secret again under Administration, Settings.";
            Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                Fault::Appliance,
                "sealed",
                "The appliance cannot read the secret by which the provider knows it.",
                next_step,
            )
        }
        SignOnError::NoRandomness(_) | SignOnError::Store(_) => match error {
            SignOnError::Store(error) => error.into(),
            _ => Failure::internal(),
        },
    }
}

/// What somebody who signs in does about it; an administrator sees more.
fn for_people(error: &ProviderError) -> (StatusCode, &'static str) {
    match error {
        ProviderError::Refused(_) | ProviderError::Code(_) => (StatusCode::FORBIDDEN, error.next_step()),
        ProviderError::Unreachable(_) => (
            StatusCode::BAD_GATEWAY,
            "Try again in a moment, or sign in with name and password; if it stays, give your administrator the id below.",
        ),
        ProviderError::Clock(_) => (
            StatusCode::BAD_GATEWAY,
            "Give your administrator the id below: the clocks of provider and appliance have to agree.",
        ),
        _ => (StatusCode::BAD_GATEWAY, "Give your administrator the id below: they can try the provider out."),
    }
}
