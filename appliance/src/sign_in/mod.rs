//! Who is at the console: passwords, second factors, signed-in browsers, API tokens, lock-out, the first administrator.

pub mod api_tokens;
pub mod attempts;
pub mod browsers;
pub mod challenge;
pub mod lockout;
pub mod passkeys;
pub mod password;
pub mod second_factor;
pub mod setup;
pub mod totp;
