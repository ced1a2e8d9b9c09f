//! How many files, and with them connections, the process may have open.

/// Allows as many as the system lets the process have: services and browsers often start programs with a low limit that
/// they may raise.
#[cfg(unix)]
pub fn allow_as_many_as_possible() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    // Some systems allow fewer than the limit they name; then what there is has to do.
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(error = %error, "the limit on open files could not be raised");
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub fn allow_as_many_as_possible() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn afterwards_nothing_more_is_to_be_had() {
        allow_as_many_as_possible();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
