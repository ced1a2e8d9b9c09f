//! The shipped programs together, without a browser: one test program, one module per subject.
//!
//! | module | subject |
//! |---|---|
//! | `items` | what may be entered for a Protocol Tunnel Jump |
//! | `item_changes`, `own_items` | many items at once: changed, copied, removed, brought back; favourites and filter sets |
//! | `items_csv` | items as a CSV file, out and in |
//! | `changed_meanwhile` | two administrators change the same thing |
//! | `sessions` | Jump, tickets, ends, what the rows say |
//! | `tunnels` | bytes: volume, many connections, half close, refusals |
//! | `listening` | addresses and ports on the workstation |
//! | `helper` | who may ask the helper for what |
//! | `hostile` | programs that break the protocol |
//! | `sign_in` | setup, passwords, lock-out, cookies, CSRF |
//! | `second_factor` | authenticator app, recovery codes, both steps of a sign-in |
//! | `api_tokens` | keys of programs: what they may, until when |
//! | `authorization` | every endpoint of the API against a table |
//! | `audit` | what the audit trail tells, and what happens when it cannot be written |
//! | `forwarding` | audit events handed on to a syslog server and to a webhook |
//! | `retention` | how long recordings are kept, legal holds, tombstones |
//! | `recordings_verify` | every way to tamper with stored recordings is found; another key for new ones |
//! | `s3` | recordings in S3-compatible storage |
//! | `audit_fails` | the audit trail cannot be written while sessions run |
//! | `audit_walk` | every endpoint that changes something leaves an event, and no secret |
//! | `audit_tampering` | every way to tamper with the trail is found |
//! | `access` | decisions made again, bounds, whose data it is |
//! | `roles` | teams, jump item roles, memberships |
//! | `removing` | what depends on what is removed, and what becomes of it |
//! | `personal_groups` | jump groups of one user alone |
//! | `session_seals` | what is written down of a session does not change unnoticed |
//! | `session_policies` | what sessions may do |
//! | `captures`, `captures_fail`, `captures_mysql` | traffic that is captured: what the file holds, who sees it, what is asked, what happens when it cannot be written |
//! | `credentials`, `giving_credentials` | what is stored to sign in at targets: who manages it, and who is given it |
//! | `mail` | outgoing mail: a real server, certificates, what waits |
//! | `ticket_system` | a ticket system that is asked over HTTPS |
//! | `joining` | several people in one session, and who watches it |
//! | `review` | sessions for those who review them, reports, auditors |
//! | `approvals` | who may decide requests for approval |
//! | `approvals_by_mail` | requests that are decided by the link of a letter; how letters are written |
//! | `jumpoints` | enrolment, presence |
//! | `proxies` | HTTP proxies between helper, jumpoint and appliance |
//! | `cuts` | every end of a session, at both ends of its connections |
//! | `figures` | what the console counts |
//! | `metrics` | what the appliance counts of itself |
//! | `program_metrics` | what helper and jumpoint count of themselves |
//! | `nodes` | several nodes under one jumpoint: the choice, drain, death |
//! | `reverse_proxies` | nginx and HAProxy in front of the appliance |
//! | `chaos` | a database at work while links break and the appliance dies |
//! | `restarts` | the appliance stops, dies, comes back |
//! | `postgresql` | a database on a server: starts that fail, its restart, one appliance at a time, TLS |
//! | `disk_full` | the disk is full while a session starts |
//! | `http` | headers, compression, health |
//! | `connections` | connections that do not do what they are for |
//! | `chain` | the program for scripts that measure |
//! | `servers` | the servers that stand at the tunnels' ends |

mod access;
mod api_tokens;
mod approvals;
mod approvals_by_mail;
mod audit;
mod audit_fails;
mod audit_on_postgresql;
mod audit_tampering;
mod audit_walk;
mod authorization;
mod captures;
mod captures_fail;
mod captures_mysql;
mod chain;
mod changed_meanwhile;
mod chaos;
mod connections;
mod credentials;
mod cuts;
mod disk_full;
mod figures;
mod forwarding;
mod giving_credentials;
mod helper;
mod hostile;
mod http;
mod item_changes;
mod items;
mod items_csv;
mod joining;
mod jumpoints;
mod listening;
mod liveness;
mod mail;
mod metrics;
mod nodes;
mod own_items;
mod personal_groups;
mod policies;
mod postgresql;
mod program_metrics;
mod proxies;
mod recordings;
mod recordings_disk_full;
mod recordings_verify;
mod removing;
mod restarts;
mod resume;
mod retention;
mod reverse_proxies;
mod review;
mod roles;
mod s3;
mod second_factor;
mod servers;
mod session_policies;
mod session_seals;
mod sessions;
mod sign_in;
mod single_sign_on;
mod single_sign_on_hostile;
mod site_rules;
mod ticket_system;
mod tunnels;
