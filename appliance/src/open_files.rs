//! How many files, and with them connections, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows as many as the system lets the process have: services are often started with a low limit that they may raise.
pub fn allow_as_many_as_possible() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        Ok(()) => tracing::debug!(before = ?limit.current, now = ?limit.maximum, "more open files are allowed"),
        Err(error) => {
            tracing::warn!(error = %error, limit = ?limit.current, "the limit on open files could not be raised");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn afterwards_nothing_more_is_to_be_had() {
        allow_as_many_as_possible();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
