//! The console: what people see in the browser.
//!
//! | file | holds |
//! |---|---|
//! | `app` | the root: store, background tasks, sign-in or page |
//! | `routes` | the addresses of the pages |
//! | `appliance_api` | the one typed client of the appliance's HTTP API |
//! | `event_socket`, `loading` | what happens on the appliance, and loading what is shown |
//! | `helper_port` | the way to extension and helper |
//! | `passkeys` | passkeys in this browser |
//! | `recorder/` | recording this workstation's screens |
//! | `console` | what every component can reach |
//! | `submission` | sending a form |
//! | `state/` | all that is known and decided, without a browser; tested natively |
//! | `components/` | what pages are made of |
//! | `pages/` | one for each screen |
//!
//! # Names for tests
//!
//! Tests in a browser find things by `id`, or by `data-testid` where there are many of a kind (written here
//! with `=` before it).
//!
//! | where | names |
//! |---|---|
//! | frame | `header`, `navigation` with `nav-jump` `nav-sessions` `nav-agents` `nav-administration` or `nav-credentials`, `main`, `keys`, `keys-overlay`, `user-menu` with `account` `sign-out`, `toasts` |
//! | helper in the header | `helper-status` with `data-state` = `searching` `ready` `update` `missing` `broken` |
//! | banners | `appliance-lost` with `retry-now`, `appliance-stopping`, `appliance-updated` with `reload` |
//! | session tabs | `session-tabs`, `=session-tab` with `data-session-id` and `data-item-name`, `=close-session-tab`, `end-by-tab` with `end-by-tab-confirm` |
//! | sign-in | `sign-in`, `user-name`, `password`, `sign-in-submit`, `sign-in-error`, `signed-out`, `setup-needed` |
//! | sign-in, second step | `second-step`, `code`, `code-submit`, `code-error`, `other-factor`, `use-passkey`, `code-back`; `first-factor` with `first-factor-sign-out`, `factors-reset` |
//! | setup | `setup`, `setup-user-name`, `setup-display-name`, `setup-password`, `setup-submit`, `setup-error`, `setup-done`, `setup-no-token` |
//! | Jump: bar | `jump`, `create` with `create-tunnel-jump` `create-group`, `properties`, `copy`, `remove`, `files` with `export` `import`, `jump-error` |
//! | Jump: filters | `item-search`, `search-fields` with `search-in-all` `search-in-name` and so on; `add-filter` with `filter-by-tag` and so on, then `=filter-choice` with `data-value` or `filter-text` `filter-add`; `=filter-chip` with `data-filter` and in it `=remove-filter`; `clear-filters`, `item-count` with `data-shown`; `saved-filters` with `save-filters`, `copy-link`, `=saved-filter` with `data-name` and in it the classes `sp-rename` `sp-forget`; `filter-dialog` with `filter-name` `filter-save`; `columns` with `column-name` and so on, `columns-reset` |
//! | Jump: groups | `groups`, `=favourites-entry`, `=recent-entry`, `=group-entry` and `=tag-entry` with `data-name` and `data-count`, `=fold-group`, `new-group` |
//! | Jump: table | `items` in `items-scroll`, `=item-row` with `data-item-name` and `data-item-id` for the rows in sight, headings with `data-column`, in them `=sort-name` `=edge-name` and so on, `no-items` with `create-first`, `no-matches` with `clear-filter` |
//! | Jump: menus | `row-menu` with `menu-jump` `menu-properties` `menu-copy` `menu-favourite` `menu-remove` `menu-export`; `group-menu` with `group-menu-jump` or `group-menu-none` |
//! | Jump: the rest | `details` with `details-favourite` `details-session-policy` `details-sessions` with `=last-session`, `details-no-sessions` `details-all-sessions`, `first-steps` with `=first-step-1` to `=first-step-4` and `data-done`, `remove-items` with `remove-items-confirm`, in the notice after it `undo-remove` |
//! | item dialog | `item-dialog`, `item-name`, `item-jumpoint`, `item-hostname`, `item-local-address` with `use-free-address`, `tunnel-0-label` `tunnel-0-local-port` `tunnel-0-remote-port` `tunnel-0-remove`, `add-tunnel`, `item-group`, `item-tag`, `item-credentials` with `add-credential` `item-credential-0` `item-credential-0-pair` `item-credential-0-remove`, `item-comments`, `item-save`, `item-cancel`, `item-error` |
//! | several items | `bulk-dialog`, `bulk-jumpoint`, `bulk-group`, `bulk-hostname`, `bulk-local-address`, `bulk-tag`, `bulk-comments`, `bulk-save`, `bulk-error`; `copy-dialog`, `=copy-group` with `data-name`, `copy-policy`, `copy-session-policy`, `copy-save`, `copy-groups-error` |
//! | import dialog | `import-dialog`, `import-template`, `import-file`, `import-file-name`, `import-problems`, `import-ready`, `import-warnings`, `=import-remark` with `data-line` and `data-column`, `import-save`, `import-cancel`, `import-error` |
//! | group dialog | `group-dialog`, `group-name`, `group-comments`, `group-save`, `group-error` |
//! | errors of fields | `=FIELD-error`, for example `=item-name-error` |
//! | session | `session` with `data-state`, `session-state`, `end-session` with `end-dialog` `end-reason` `end-dialog-confirm`, `watching`, `session-company`, `participants` with `=participant` and `data-name`, `session-reconnecting`, `session-helper-died` with `start-again`, `session-end`, `jump-again`, `session-error` |
//! | session: start | `start`, `protocol-tunneling`, `helper-advice`, `tunnel-error` |
//! | session: recording | `recording-prompt` with `recording-ok` `recording-cancel`, `recording-indicator` with `data-here`, `recording-paused` with `share-again`, `add-screen`; `recordings` with `=recording` and in it `=recording-video` `=recording-file` |
//! | session: tunnels | `current-tunnels`, `tunnel-0`, `tunnel-0-address`, `tunnel-0-copy-address`, `tunnel-0-command`, `tunnel-0-state`, `tunnel-0-problem`, `tunnel-0-retry`, `tunnels-elsewhere`, `=connection-refused` |
//! | session: credentials | `session-credentials` with `session-credentials-refused`, `=session-credential` with `data-name` and in it `=hidden-secret` `=shown-secret` and the classes `sp-show-secret` `sp-hide-secret` `sp-copy-secret`; the same with `passphrase` |
//! | session: figures | `network-statistics`, `bytes-sent`, `bytes-received`, `helper-round-trip`, `jumpoint-round-trip`, `traffic-chart` |
//! | session: records | `connections`, `connection-count`, `=connection-row` with `data-state`, `session-events`, `=session-event` with `data-kind` |
//! | Sessions | `sessions-page`, `sessions-all` `sessions-live` `sessions-past`, `sessions-item` with `sessions-any-item`, `sessions`, `=session-row` with `data-item-name` and `data-session-id`, in it `=company` and the class `sp-end-session`, `more-sessions`, `no-sessions` |
//! | Review | `review-page` with its tabs `review-sessions` `review-usage` `review-last-use` `review-reach`; `review-list`, `review-search`, `review-filter` with `review-by-…` `review-typed` `=review-choice` `review-address`, `review-files` with `review-csv` `review-jsonl`, `=review-chip`, `review-clear`, `=review-sort-…`, `=review-row` with `data-session-id` and `data-item-name`, `review-more`, `review-empty`; `not-reviewer` |
//! | Review: a session | `review-session` with `data-runs`, `review-facts` with `review-seal`, `review-state`, `copy-moment`, `mark-reviewed`, `reviewed-mark`, `review-end`, `review-runs`; `review-player` with `review-video` `=choose-recording` `review-newest` `review-file`; `review-axis` with `review-area` `review-moment` `=axis-heat` `=axis-recording` `=axis-note`; `review-events` with `=review-event` and `data-kind`, `review-connections` with `=review-connection`; `review-notes` with `=note` `note-text` `note-save` `note-stop` and in it the classes `sp-note__edit` `sp-note__remove` `sp-note__sure` |
//! | Review: reports | `usage` with `usage-by` `usage-days` `=usage-row`, `last-use` with `=last-use-row`, `reach` with `=reach-row`; each with `…-csv` and `…-jsonl` |
//! | the link of a letter | `approve-by-mail` with `request-facts`, `link-note`, `link-approve`, `link-refuse`, `link-decided`, `link-error` |
//! | Agents | `agents-page`, `create-jumpoint`, `=jumpoint` with `data-name` and in it the classes `sp-enrol` `sp-properties` `sp-remove`, `jumpoint-enabled-ID`, `jumpoint-method-ID`, `=node-row` with `data-node-id`, `data-online` and `data-draining` and in it the classes `sp-drain-node` `sp-remove-node`, `=enrolment-key-row`, `no-jumpoints` |
//! | Agents: dialogs | `jumpoint-dialog`, `jumpoint-name`, `jumpoint-comments`, `jumpoint-save`; `enrolment-dialog`, `enrolment-command`, `enrolment-install`, `enrolment-key`, `enrolment-came`, `enrolment-done`; `remove-agent` with `remove-agent-confirm` |
//! | Administration | `administration-page`, its tabs `section-dashboard` `section-users` `section-teams` `section-groups` `section-roles` `section-policies` `section-session-policies` `section-credentials` `section-sign-in` `section-settings`, `users`, `create-user`, `=user-row` with `data-name` and in it the classes `sp-edit-user` `sp-remove-user` `sp-unlock` `sp-reset-factors` `sp-user-tokens` `sp-user-access`, `jump-groups`, `create-jump-group`, `=group-row` with `data-name` and in it the classes `sp-members` `sp-edit-group` `sp-remove-group`, `teams`, `create-team`, `=team-row`, `roles`, `create-role`, `=role-row` |
//! | Administration: credentials | `credentials`, `create-credential`, `=credential-row` with `data-name` and in it the classes `sp-edit-credential` `sp-remove-credential`; `credential-dialog` with `credential-name` `credential-group` `credential-kind` `credential-user-name` `credential-secret` `credential-passphrase` `credential-giving` `credential-comments` `credential-save` `credential-error`; `remove-credential` with `remove-credential-confirm` |
//! | Administration: dashboard | `dashboard` with `dashboard-sessions` with `data-count` and in it `=live-session` with `data-item-name` and `data-user-name` and the classes `sp-watch` `sp-end-session`; `dashboard-approvals` with `=request`; `dashboard-agents` with `=dashboard-node` and `data-online`; `dashboard-health` with `=health-check`, `data-subject` and `data-level` |
//! | Administration: letters | `letter-settings` with `letter-kind` `letter-subject` `letter-text` `letter-words` `letter-preview` `=preview-subject` `=preview-text` `letters-save` `letter-reset` `letters-error` |
//! | Administration: what a user can do | `=method-answer`, `=group-answer` with `=group-policies` in it, `=permission-answer` with `data-name` and `data-allowed` |
//! | Administration: dialogs | `user-dialog`, `user-user-name`, `user-display-name`, `user-role`, `user-password`, `user-enabled`, `user-save`, `user-error`; `user-default-role`, `user-methods-…`; `team-dialog`, `team-name`, `team-members-…`; `role-dialog`, `role-name`, `role-permissions-…`; `members-dialog`, `members-add`, `member-role-0`, `members-save`; `remove-user-confirm` `remove-user-uses`, `remove-group-confirm`, `remove-team-confirm` `remove-team-uses`, `remove-role-confirm`; `reset-factors-dialog`, `reset-factors-reason`, `reset-factors-save`; `sign-in-rules`, `second-factor-required`; `tokens-dialog`, `tokens-done` |
//! | Administration: settings | `mail-settings` with `mail-host` `mail-security` `mail-port` `mail-user-name` `mail-password` `mail-sender-address` `mail-sender-name` `mail-unsecured-accepted` `mail-ca-pem` `mail-save` `mail-error`; `mail-test-to`, `mail-test`, `mail-test-outcome`; `outbox-waiting` with `data-waiting`, `outbox-obstacle`, `=failed-letter`; `ticket-system-settings` with `ticket-url` `ticket-method` `ticket-time-out` `ticket-body` `add-ticket-header` `ticket-header-0-name` `ticket-header-0-value` `ticket-pointer` `ticket-equals` `ticket-message-pointer` `ticket-ca-pem` `ticket-unsecured-accepted` `ticket-save` `ticket-error`; `ticket-test-number`, `ticket-test`, `ticket-test-outcome`, `ticket-exchange` |
//! | Account | `account-page`, `browsers`, `=browser-row` with `data-current` and in it the class `sp-sign-out-there`, `current-password`, `new-password`, `repeated-password`, `change-password-submit` |
//! | Account: second factor | `second-factor`, `set-up-totp`, `totp-password`, `totp-begin`, `totp-qr`, `totp-secret`, `totp-code`, `totp-confirm`, `totp-cancel`, `recovery-codes` with `=recovery-code` and `recovery-codes-kept`, `totp-state`, `recovery-codes-left`, `renew-recovery-codes`, `remove-totp`, `add-passkey`, `=passkey-row` with `data-name` and in it the class `sp-remove-passkey`, `passkey-dialog` with `passkey-name` `passkey-password` `passkey-save`, `both-dialog` with `both-password` `both-code` `both-save`, `factors-reset` |
//! | Account: API tokens | `api-tokens`, `create-token`, `no-tokens`, `=token-row` with `data-name` and in it the class `sp-revoke-token`; `token-dialog` with `token-name` `token-scope` `token-days` `token-password` `token-save`; `token-created` with `token-text` `token-done` |
//! | Get the helper | `get-helper-page`, `helper-found`, `extension-found` and `helper-program-found` with `data-found`, `helper-advice`, `helper-ready`, `install-managed`, `install-own`, `=helper-download`, `download-ca`, `extension-id`, `extension-update-url` |

#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "what uses it is drawn in a browser; natively only the tests do")
)]
mod state;

#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod appliance_api;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod console;
#[cfg(target_arch = "wasm32")]
mod event_socket;
#[cfg(target_arch = "wasm32")]
mod helper_port;
#[cfg(target_arch = "wasm32")]
mod loaded;
#[cfg(target_arch = "wasm32")]
mod loading;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod passkeys;
#[cfg(target_arch = "wasm32")]
mod recorder;
#[cfg(target_arch = "wasm32")]
mod routes;
#[cfg(target_arch = "wasm32")]
mod submission;

#[cfg(target_arch = "wasm32")]
fn main() {
    if let Some(boot) = gloo::utils::document().get_element_by_id("boot") {
        boot.remove();
    }
    yew::Renderer::<app::App>::new().render();
}

/// Natively there is nothing to draw on; only the tests of `state` are built.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
