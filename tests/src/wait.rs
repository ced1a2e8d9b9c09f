//! Waiting for something to become true, with an end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::stop;

/// How long a thing that should happen at once may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer.
///
/// # Errors
/// When there is none within `limit`, or this program is asked to stop; `what` says what was waited for.
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    until_in_any_case(what, limit, || {
        stop::check()?;
        ask()
    })
}

/// Like [`until`], for the end of a program: being asked to stop is what it is for.
///
/// # Errors
/// When there is no answer within `limit`.
pub fn until_in_any_case<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            bail!("waited {} s in vain until {what}", limit.as_secs_f32());
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// Like [`until`], for something that is true or not.
///
/// # Errors
/// When it does not become true within `limit`.
pub fn until_true(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<bool>) -> Result<()> {
    until(what, limit, || Ok(ask()?.then_some(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_comes_back() {
        let mut asked = 0;
        let answer = until("three questions were asked", SOON, || {
            asked += 1;
            Ok((asked == 3).then_some(asked))
        });
        assert_eq!(answer.unwrap(), 3);
    }

    #[test]
    fn waiting_ends_and_says_for_what() {
        let error = until_true("pigs fly", Duration::from_millis(20), || Ok(false)).unwrap_err();
        assert!(error.to_string().contains("until pigs fly"), "{error}");
    }
}
