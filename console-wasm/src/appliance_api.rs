//! The one client of the console API. Every answer that is not a success is an [`ApiError`] with words for the person,
//! also when there was no answer at all.

mod audit;
mod captures;
mod credentials;
mod forwarding;
mod items_csv;
mod many_items;
mod passkeys;
mod policies;
mod recordings;
mod review;
mod session_policies;
mod settings;
mod sign_on;
mod uses;

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;

use gloo::net::http::{Method, Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::api::{
    ApiError, ApiToken, BACKGROUND_HEADER, BeginTotp, BothFactors, Browser, CSRF_HEADER, ChangePassword, ConfirmTotp,
    CreatedApiToken, EndSession, Fault, Installation, JumpGroup, JumpGroupDraft, JumpItem, JumpItemRole,
    JumpItemRoleDraft, Jumpoint, JumpointChange, Me, Memberships, NewApiToken, NewEnrolmentKey, NewJumpoint, NewUser,
    NodeChange, Preferences, RecoveryCodes, ResetSecondFactors, SecondFactorRequest, SecondFactors, Session,
    SessionDetails, SessionPage, SetupRequest, SetupState, SignInAnswer, SignInRequest, SignInSettings, Team,
    TeamDraft, TotpOffer, TunnelJumpDraft, TunnelTicket, User, UserAccess, UserChange,
};
use wire::{
    AgentId, ApiTokenId, BrowserId, EnrolmentKeyId, JumpGroupId, JumpItemId, JumpItemRoleId, JumpointId, SecretText,
    SessionId, TeamId, UserId,
};
use yew::Callback;

/// Code of the error that stands for no answer at all.
pub(crate) const UNREACHABLE: &str = "unreachable";
/// Sessions of one page of the list.
const SESSIONS_PER_PAGE: u32 = 50;

/// What a call gives.
pub(crate) type Answer<T> = Result<T, ApiError>;

/// The client. Clones share the sign-in.
#[derive(Clone)]
pub(crate) struct Api {
    csrf_token: Rc<RefCell<Option<SecretText>>>,
    signed_out: Callback<()>,
    background: bool,
}

impl Api {
    /// A client that tells here when the appliance no longer knows the sign-in.
    pub(crate) fn new(signed_out: Callback<()>) -> Self {
        Self { csrf_token: Rc::default(), signed_out, background: false }
    }

    /// The client for what the console asks by itself, after an event or a reconnect: such requests do not keep the
    /// sign-in alive, so that the appliance can tell when nobody is there any more.
    pub(crate) fn in_background(&self) -> Self {
        Self { background: true, ..self.clone() }
    }

    /// The client for a request a person caused, or for one the console makes by itself.
    pub(crate) fn by(&self, person: bool) -> Self {
        if person { self.clone() } else { self.in_background() }
    }

    /// `GET /api/setup`.
    pub(crate) async fn setup_state(&self) -> Answer<SetupState> {
        self.get("/api/setup").await
    }

    /// `POST /api/setup`.
    pub(crate) async fn set_up(&self, request: &SetupRequest) -> Answer<Me> {
        self.remember(self.send_quietly(Method::POST, "/api/setup", Some(request)).await)
    }

    /// `POST /api/sign-in`.
    pub(crate) async fn sign_in(&self, request: &SignInRequest) -> Answer<SignInAnswer> {
        let answer = self.send_quietly(Method::POST, "/api/sign-in", Some(request)).await?;
        if let SignInAnswer::SignedIn(me) = &answer {
            self.keep_csrf_token(me);
        }
        Ok(answer)
    }

    /// `POST /api/sign-in/second-factor`.
    pub(crate) async fn show_second_factor(&self, request: &SecondFactorRequest) -> Answer<Me> {
        self.remember(self.send_quietly(Method::POST, "/api/sign-in/second-factor", Some(request)).await)
    }

    /// `POST /api/sign-out`.
    pub(crate) async fn sign_out(&self) -> Answer<()> {
        self.change(Method::POST, "/api/sign-out").await
    }

    /// `GET /api/me`: the signed-in user, or none.
    pub(crate) async fn me(&self) -> Answer<Option<Me>> {
        match self.remember(self.send_quietly(Method::GET, "/api/me", None::<&()>).await) {
            Ok(me) => Ok(Some(me)),
            Err(error) if error.code == UNAUTHORISED => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `GET /api/me/preferences`.
    pub(crate) async fn preferences(&self) -> Answer<Preferences> {
        self.get("/api/me/preferences").await
    }

    /// `PUT /api/me/preferences`.
    pub(crate) async fn save_preferences(&self, preferences: &Preferences) -> Answer<()> {
        self.send(Method::PUT, "/api/me/preferences", Some(preferences)).await.map(ignore)
    }

    /// `GET /api/me/browsers`.
    pub(crate) async fn browsers(&self) -> Answer<Vec<Browser>> {
        self.get("/api/me/browsers").await
    }

    /// `DELETE /api/me/browsers/{id}`.
    pub(crate) async fn sign_out_browser(&self, id: BrowserId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/me/browsers", id)).await
    }

    /// `PUT /api/me/password`.
    pub(crate) async fn change_password(&self, request: &ChangePassword) -> Answer<()> {
        self.send(Method::PUT, "/api/me/password", Some(request)).await.map(ignore)
    }

    /// `GET /api/me/second-factors`.
    pub(crate) async fn second_factors(&self) -> Answer<SecondFactors> {
        self.get("/api/me/second-factors").await
    }

    /// `POST /api/me/totp`.
    pub(crate) async fn begin_totp(&self, request: &BeginTotp) -> Answer<TotpOffer> {
        self.send(Method::POST, "/api/me/totp", Some(request)).await
    }

    /// `POST /api/me/totp/confirm`.
    pub(crate) async fn confirm_totp(&self, request: &ConfirmTotp) -> Answer<RecoveryCodes> {
        self.send(Method::POST, "/api/me/totp/confirm", Some(request)).await
    }

    /// `POST /api/me/totp/remove`.
    pub(crate) async fn remove_totp(&self, request: &BothFactors) -> Answer<()> {
        self.send(Method::POST, "/api/me/totp/remove", Some(request)).await.map(ignore)
    }

    /// `POST /api/me/recovery-codes`.
    pub(crate) async fn renew_recovery_codes(&self, request: &BothFactors) -> Answer<RecoveryCodes> {
        self.send(Method::POST, "/api/me/recovery-codes", Some(request)).await
    }

    /// `GET /api/me/api-tokens`, or those of another user.
    pub(crate) async fn api_tokens(&self, user: Option<UserId>) -> Answer<Vec<ApiToken>> {
        self.get(&tokens_path(user)).await
    }

    /// `POST /api/me/api-tokens`.
    pub(crate) async fn create_api_token(&self, new: &NewApiToken) -> Answer<CreatedApiToken> {
        self.send(Method::POST, &tokens_path(None), Some(new)).await
    }

    /// `DELETE /api/me/api-tokens/{id}`, or one of another user.
    pub(crate) async fn revoke_api_token(&self, user: Option<UserId>, id: ApiTokenId) -> Answer<()> {
        self.change(Method::DELETE, &path(&tokens_path(user), id)).await
    }

    /// `GET /api/settings/sign-in`.
    pub(crate) async fn sign_in_settings(&self) -> Answer<SignInSettings> {
        self.get("/api/settings/sign-in").await
    }

    /// `PUT /api/settings/sign-in`.
    pub(crate) async fn set_sign_in_settings(&self, settings: &SignInSettings) -> Answer<SignInSettings> {
        self.send(Method::PUT, "/api/settings/sign-in", Some(settings)).await
    }

    /// `POST /api/users/{id}/reset-second-factors`.
    pub(crate) async fn reset_second_factors(&self, id: UserId, request: &ResetSecondFactors) -> Answer<()> {
        let path = format!("/api/users/{id}/reset-second-factors");
        self.send(Method::POST, &path, Some(request)).await.map(ignore)
    }

    /// `GET /api/users/{id}/access`.
    pub(crate) async fn user_access(&self, id: UserId) -> Answer<UserAccess> {
        self.get(&format!("{}/access", path("/api/users", id))).await
    }

    /// `GET /api/teams`.
    pub(crate) async fn teams(&self) -> Answer<Vec<Team>> {
        self.get("/api/teams").await
    }

    /// `POST /api/teams` or `PUT /api/teams/{id}`.
    pub(crate) async fn save_team(&self, id: Option<TeamId>, draft: &TeamDraft) -> Answer<Team> {
        self.save("/api/teams", id, draft).await
    }

    /// `DELETE /api/teams/{id}`.
    pub(crate) async fn remove_team(&self, id: TeamId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/teams", id)).await
    }

    /// `GET /api/jump-item-roles`.
    pub(crate) async fn roles(&self) -> Answer<Vec<JumpItemRole>> {
        self.get("/api/jump-item-roles").await
    }

    /// `POST /api/jump-item-roles` or `PUT /api/jump-item-roles/{id}`.
    pub(crate) async fn save_role(
        &self,
        id: Option<JumpItemRoleId>,
        draft: &JumpItemRoleDraft,
    ) -> Answer<JumpItemRole> {
        self.save("/api/jump-item-roles", id, draft).await
    }

    /// `DELETE /api/jump-item-roles/{id}`.
    pub(crate) async fn remove_role(&self, id: JumpItemRoleId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/jump-item-roles", id)).await
    }

    /// `GET /api/jump-groups/{id}/members`.
    pub(crate) async fn members(&self, id: JumpGroupId) -> Answer<Memberships> {
        self.get(&format!("{}/members", path("/api/jump-groups", id))).await
    }

    /// `PUT /api/jump-groups/{id}/members`.
    pub(crate) async fn set_members(&self, id: JumpGroupId, members: &Memberships) -> Answer<Memberships> {
        self.send(Method::PUT, &format!("{}/members", path("/api/jump-groups", id)), Some(members)).await
    }

    /// Makes something, or changes what has this id.
    async fn save<I: Display, D: Serialize, T: DeserializeOwned>(
        &self,
        all: &str,
        id: Option<I>,
        draft: &D,
    ) -> Answer<T> {
        match id {
            None => self.send(Method::POST, all, Some(draft)).await,
            Some(id) => self.send(Method::PUT, &path(all, id), Some(draft)).await,
        }
    }

    /// `GET /api/users`.
    pub(crate) async fn users(&self) -> Answer<Vec<User>> {
        self.get("/api/users").await
    }

    /// `POST /api/users`.
    pub(crate) async fn create_user(&self, user: &NewUser) -> Answer<User> {
        self.send(Method::POST, "/api/users", Some(user)).await
    }

    /// `PATCH /api/users/{id}`.
    pub(crate) async fn change_user(&self, id: UserId, change: &UserChange) -> Answer<User> {
        self.send(Method::PATCH, &path("/api/users", id), Some(change)).await
    }

    /// `DELETE /api/users/{id}`.
    pub(crate) async fn remove_user(&self, id: UserId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/users", id)).await
    }

    /// `GET /api/jumpoints`.
    pub(crate) async fn jumpoints(&self) -> Answer<Vec<Jumpoint>> {
        self.get("/api/jumpoints").await
    }

    /// `POST /api/jumpoints`.
    pub(crate) async fn create_jumpoint(&self, jumpoint: &NewJumpoint) -> Answer<Jumpoint> {
        self.send(Method::POST, "/api/jumpoints", Some(jumpoint)).await
    }

    /// `PATCH /api/jumpoints/{id}`.
    pub(crate) async fn change_jumpoint(&self, id: JumpointId, change: &JumpointChange) -> Answer<Jumpoint> {
        self.send(Method::PATCH, &path("/api/jumpoints", id), Some(change)).await
    }

    /// `DELETE /api/jumpoints/{id}`.
    pub(crate) async fn remove_jumpoint(&self, id: JumpointId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/jumpoints", id)).await
    }

    /// `POST /api/jumpoints/{id}/enrolment-keys`.
    pub(crate) async fn create_enrolment_key(&self, id: JumpointId) -> Answer<NewEnrolmentKey> {
        self.send(Method::POST, &format!("/api/jumpoints/{id}/enrolment-keys"), None::<&()>).await
    }

    /// `DELETE /api/jumpoints/{id}/enrolment-keys/{key}`.
    pub(crate) async fn revoke_enrolment_key(&self, id: JumpointId, key: EnrolmentKeyId) -> Answer<()> {
        self.change(Method::DELETE, &format!("/api/jumpoints/{id}/enrolment-keys/{key}")).await
    }

    /// `PATCH /api/jumpoints/{id}/nodes/{agent}`.
    pub(crate) async fn change_node(&self, id: JumpointId, agent: AgentId, change: &NodeChange) -> Answer<Jumpoint> {
        self.send(Method::PATCH, &format!("/api/jumpoints/{id}/nodes/{agent}"), Some(change)).await
    }

    /// `DELETE /api/jumpoints/{id}/nodes/{agent}`.
    pub(crate) async fn remove_node(&self, id: JumpointId, agent: AgentId) -> Answer<()> {
        self.change(Method::DELETE, &format!("/api/jumpoints/{id}/nodes/{agent}")).await
    }

    /// `GET /api/jump-groups`.
    pub(crate) async fn groups(&self) -> Answer<Vec<JumpGroup>> {
        self.get("/api/jump-groups").await
    }

    /// `POST /api/jump-groups`, or `PUT /api/jump-groups/{id}` for one that exists.
    pub(crate) async fn save_group(&self, id: Option<JumpGroupId>, draft: &JumpGroupDraft) -> Answer<JumpGroup> {
        match id {
            None => self.send(Method::POST, "/api/jump-groups", Some(draft)).await,
            Some(id) => self.send(Method::PUT, &path("/api/jump-groups", id), Some(draft)).await,
        }
    }

    /// `DELETE /api/jump-groups/{id}`.
    pub(crate) async fn remove_group(&self, id: JumpGroupId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/jump-groups", id)).await
    }

    /// `GET /api/jump-items`.
    pub(crate) async fn items(&self) -> Answer<Vec<JumpItem>> {
        self.get("/api/jump-items").await
    }

    /// `GET /api/jump-items/{id}`.
    pub(crate) async fn item(&self, id: JumpItemId) -> Answer<JumpItem> {
        self.get(&path("/api/jump-items", id)).await
    }

    /// `POST /api/jump-items`, or `PUT /api/jump-items/{id}` for one that exists.
    pub(crate) async fn save_item(&self, id: Option<JumpItemId>, draft: &TunnelJumpDraft) -> Answer<JumpItem> {
        match id {
            None => self.send(Method::POST, "/api/jump-items", Some(draft)).await,
            Some(id) => self.send(Method::PUT, &path("/api/jump-items", id), Some(draft)).await,
        }
    }

    /// `GET /api/sessions`: all, or only those that run or are over; `before` the last one of the page before.
    pub(crate) async fn sessions(&self, live: Option<bool>, before: Option<SessionId>) -> Answer<SessionPage> {
        self.sessions_on(None, live, before).await
    }

    /// The last sessions on an item, newest first.
    pub(crate) async fn last_sessions_on(&self, item: JumpItemId, most: u32) -> Answer<SessionPage> {
        self.get(&format!("/api/sessions?limit={most}&item_id={item}")).await
    }

    /// `GET /api/sessions`, of one item or any.
    pub(crate) async fn sessions_on(
        &self,
        item: Option<JumpItemId>,
        live: Option<bool>,
        before: Option<SessionId>,
    ) -> Answer<SessionPage> {
        let mut path = format!("/api/sessions?limit={SESSIONS_PER_PAGE}");
        if let Some(item) = item {
            path.push_str(&format!("&item_id={item}"));
        }
        if let Some(live) = live {
            path.push_str(&format!("&live={live}"));
        }
        if let Some(before) = before {
            path.push_str(&format!("&before={before}"));
        }
        self.get(&path).await
    }

    /// `GET /api/sessions/{id}`.
    pub(crate) async fn session(&self, id: SessionId) -> Answer<SessionDetails> {
        self.get(&path("/api/sessions", id)).await
    }

    /// `POST /api/sessions/{id}/ticket`.
    pub(crate) async fn ticket(&self, id: SessionId) -> Answer<TunnelTicket> {
        self.send(Method::POST, &format!("/api/sessions/{id}/ticket"), None::<&()>).await
    }

    /// `POST /api/sessions/{id}/end`.
    pub(crate) async fn end_session(&self, id: SessionId, reason: &str) -> Answer<Session> {
        let end = EndSession { reason: reason.to_owned() };
        self.send(Method::POST, &format!("/api/sessions/{id}/end"), Some(&end)).await
    }

    /// `GET /api/installation`.
    pub(crate) async fn installation(&self) -> Answer<Installation> {
        self.get("/api/installation").await
    }

    fn remember(&self, answer: Answer<Me>) -> Answer<Me> {
        if let Ok(me) = &answer {
            self.keep_csrf_token(me);
        }
        answer
    }

    fn keep_csrf_token(&self, me: &Me) {
        *self.csrf_token.borrow_mut() = Some(me.csrf_token.clone());
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        self.send(Method::GET, path, None::<&()>).await
    }

    async fn change(&self, method: Method, path: &str) -> Answer<()> {
        self.send(method, path, None::<&()>).await.map(ignore)
    }

    /// Sends a request; an answer that nobody is signed in takes everybody to the sign-in page.
    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Answer<T> {
        self.heard(self.send_quietly(method, path, body).await)
    }

    /// An answer; one that nobody is signed in takes everybody to the sign-in page.
    fn heard<T>(&self, answer: Answer<T>) -> Answer<T> {
        if let Err(error) = &answer
            && error.code == UNAUTHORISED
        {
            self.signed_out.emit(());
        }
        answer
    }

    async fn send_quietly<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Answer<T> {
        let request = build(self.request(method, path), body).map_err(|detail| broken("send the request", &detail))?;
        read(fetched(request).await?).await
    }

    /// A request with what says that it comes from here.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = RequestBuilder::new(path).header("accept", "application/json");
        if self.background {
            request = request.header(BACKGROUND_HEADER, "1");
        }
        if method != Method::GET
            && let Some(token) = self.csrf_token.borrow().as_ref()
        {
            request = request.header(CSRF_HEADER, token.expose());
        }
        request.method(method)
    }
}

/// Code under which the console keeps an answer 401, whatever the appliance calls it: what was shown stays readable,
/// and callers need to know this one alone.
const UNAUTHORISED: &str = "unauthorised";

fn build(request: RequestBuilder, body: Option<&impl Serialize>) -> Result<Request, String> {
    match body {
        Some(body) => request.json(body),
        None => request.build(),
    }
    .map_err(|error| error.to_string())
}

async fn fetched(request: Request) -> Answer<Response> {
    request.send().await.map_err(|_| unreachable_appliance())
}

async fn read<T: DeserializeOwned>(response: Response) -> Answer<T> {
    if !response.ok() {
        return Err(refusal(&response).await?);
    }
    let text = response.text().await.map_err(|_| unreachable_appliance())?;
    // An answer without a body is one of the type with one value, which JSON writes as null.
    let text = if text.is_empty() { "null" } else { &text };
    serde_json::from_str(text).map_err(|error| broken("read the answer", &error.to_string()))
}

/// What the appliance refused.
async fn refusal(response: &Response) -> Answer<ApiError> {
    let text = response.text().await.map_err(|_| unreachable_appliance())?;
    let mut error: ApiError = serde_json::from_str(&text).unwrap_or_else(|_| unknown_answer(response.status()));
    if response.status() == 401 && !response.url().contains("/api/sign-in") {
        error.code = UNAUTHORISED.into();
    }
    Ok(error)
}

/// An answer whose contents do not matter.
fn ignore(_: serde::de::IgnoredAny) {}

fn path(collection: &str, id: impl Display) -> String {
    format!("{collection}/{id}")
}

fn tokens_path(user: Option<UserId>) -> String {
    user.map_or_else(|| "/api/me/api-tokens".to_owned(), |user| format!("/api/users/{user}/api-tokens"))
}

fn unreachable_appliance() -> ApiError {
    ApiError {
        code: UNREACHABLE.into(),
        message: "The appliance does not answer.".into(),
        next_step: "Check this workstation's network, and try again.".into(),
        fault: Fault::Network,
        fields: Vec::new(),
        request_id: String::new(),
    }
}

fn unknown_answer(status: u16) -> ApiError {
    ApiError {
        code: "unknown_answer".into(),
        message: format!("Something between this browser and the appliance answered with status {status}."),
        next_step: "Try again; if it stays so, tell your administrator.".into(),
        fault: Fault::Network,
        fields: Vec::new(),
        request_id: String::new(),
    }
}

fn broken(what: &str, detail: &str) -> ApiError {
    ApiError {
        code: "console".into(),
        message: format!("The console could not {what} ({detail})."),
        next_step: "Load the page again: the appliance may have been updated.".into(),
        fault: Fault::Appliance,
        fields: Vec::new(),
        request_id: String::new(),
    }
}
