//! What scope a token needs for which endpoint. One that is not here is not for tokens at all.

use wire::api::TokenScope::{self, Administer, Jump, Read};

/// Method, path as the router has it, scope.
const SCOPES: &[(&str, &str, TokenScope)] = &[
    ("GET", "/api/jump-groups", Read),
    ("GET", "/api/jump-items", Read),
    ("GET", "/api/jump-items/{id}", Read),
    ("GET", "/api/jump-items/export", Read),
    ("POST", "/api/jump-items/export", Read),
    ("GET", "/api/jump-items/import-template", Read),
    ("GET", "/api/jumpoints", Read),
    ("GET", "/api/sessions", Read),
    ("GET", "/api/sessions/{id}", Read),
    ("GET", "/api/jump-items/{id}/start", Read),
    ("GET", "/api/jump-policies/names", Read),
    ("GET", "/api/time-zones", Read),
    ("GET", "/api/approvals", Read),
    // A program may ask; only a person at the console decides.
    ("POST", "/api/approvals", Jump),
    ("POST", "/api/approvals/{id}/withdraw", Jump),
    ("POST", "/api/sessions", Jump),
    ("POST", "/api/sessions/{id}/ticket", Jump),
    ("POST", "/api/sessions/{id}/end", Jump),
    ("POST", "/api/jump-groups", Administer),
    ("PUT", "/api/jump-groups/{id}", Administer),
    ("DELETE", "/api/jump-groups/{id}", Administer),
    ("GET", "/api/jump-groups/{id}/members", Administer),
    ("PUT", "/api/jump-groups/{id}/members", Administer),
    ("GET", "/api/teams", Administer),
    ("POST", "/api/teams", Administer),
    ("PUT", "/api/teams/{id}", Administer),
    ("DELETE", "/api/teams/{id}", Administer),
    ("GET", "/api/jump-item-roles", Administer),
    ("POST", "/api/jump-item-roles", Administer),
    ("PUT", "/api/jump-item-roles/{id}", Administer),
    ("DELETE", "/api/jump-item-roles/{id}", Administer),
    ("GET", "/api/jump-policies", Administer),
    ("POST", "/api/jump-policies", Administer),
    ("PUT", "/api/jump-policies/{id}", Administer),
    ("DELETE", "/api/jump-policies/{id}", Administer),
    ("POST", "/api/jump-items", Administer),
    ("PUT", "/api/jump-items/{id}", Administer),
    ("DELETE", "/api/jump-items/{id}", Administer),
    ("PATCH", "/api/jump-items", Administer),
    ("POST", "/api/jump-items/copy", Administer),
    ("POST", "/api/jump-items/remove", Administer),
    ("POST", "/api/jump-items/restore", Administer),
    ("POST", "/api/jump-items/import", Administer),
    ("POST", "/api/jumpoints", Administer),
    ("PATCH", "/api/jumpoints/{id}", Administer),
    ("DELETE", "/api/jumpoints/{id}", Administer),
    ("POST", "/api/jumpoints/{id}/enrolment-keys", Administer),
    ("DELETE", "/api/jumpoints/{id}/enrolment-keys/{key_id}", Administer),
    ("PATCH", "/api/jumpoints/{id}/nodes/{agent_id}", Administer),
    ("DELETE", "/api/jumpoints/{id}/nodes/{agent_id}", Administer),
    ("GET", "/api/audit", Administer),
    ("GET", "/api/audit/heads", Administer),
    ("GET", "/api/audit/export", Administer),
    ("GET", "/api/health-checks", Administer),
    // Who manages users sets passwords and takes second factors away: a token may only look at them.
    ("GET", "/api/users", Administer),
    ("GET", "/api/users/{id}/access", Administer),
];

/// The scope a token needs; none when the endpoint is not for tokens.
pub(super) fn needed(method: &str, path: &str) -> Option<TokenScope> {
    SCOPES.iter().find(|(its_method, its_path, _)| (*its_method, *its_path) == (method, path)).map(|it| it.2)
}
