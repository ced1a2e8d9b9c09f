//! Who is at the console: passwords, signed-in browsers, lock-out, the first administrator.

pub mod attempts;
pub mod browsers;
pub mod lockout;
pub mod password;
pub mod setup;
