//! The recording that a session needs, and where it stands. Pure; time is handed in.
//!
//! ```text
//! Wanted ──first chunk──▶ Running ──a screen stops, or stalls──▶ Paused ──first chunk of a new one──▶ Running
//!                                                                   └──nothing for a minute──▶ the session ends
//! ```

use wire::api::{RecordingPhase, RecordingQuality, RecordingStop, SessionRecording};
use wire::limits::{RECORDING_RESUME_SECONDS, RECORDING_SCREENS, RECORDING_STALL_SECONDS};
use wire::{RecordingId, Timestamp};

/// Milliseconds within which something has to come of a recording that runs.
const STALL_MILLIS: u64 = RECORDING_STALL_SECONDS as u64 * 1_000;
/// Milliseconds for which a session waits for a recording that stopped.
const RESUME_MILLIS: i64 = RECORDING_RESUME_SECONDS as i64 * 1_000;

/// Where the recording of one session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorder {
    quality: RecordingQuality,
    phase: Phase,
    screens: Vec<Screen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Wanted,
    Running,
    Paused { until: Timestamp },
}

/// One screen that is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Screen {
    id: RecordingId,
    /// When something last came of it.
    heard: Timestamp,
    /// Whether a chunk of it is on disk.
    arrived: bool,
}

/// What something that happened to a recording means for its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing new.
    Nothing,
    /// The first frames are here: tunnels may be opened.
    Began,
    /// The tunnels go on.
    Resumed,
    /// Nothing may go through the tunnels from now on.
    Paused,
}

/// What is due because time goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecorderDue {
    /// Nothing.
    Nothing,
    /// Nothing came of these screens for too long. Tunnels pause, if they were not already.
    Stalled(Vec<RecordingId>, Meaning),
    /// The session ends.
    End,
}

impl Recorder {
    /// Of a session that has just begun.
    #[must_use]
    pub fn new(quality: RecordingQuality) -> Self {
        Self { quality, phase: Phase::Wanted, screens: Vec::new() }
    }

    /// Of a session that goes on after a new start of the appliance. The screens that were recorded before are announced again.
    #[must_use]
    pub fn restored(quality: RecordingQuality, now: Timestamp) -> Self {
        Self { quality, phase: Phase::Paused { until: now.plus_millis(RESUME_MILLIS) }, screens: Vec::new() }
    }

    /// Whether bytes may go through the tunnels.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// How finely it records.
    #[must_use]
    pub fn quality(&self) -> RecordingQuality {
        self.quality
    }

    /// As consoles see it.
    #[must_use]
    pub fn view(&self) -> SessionRecording {
        let (phase, resume_by) = match self.phase {
            Phase::Wanted => (RecordingPhase::Wanted, None),
            Phase::Running => (RecordingPhase::Running, None),
            Phase::Paused { until } => (RecordingPhase::Paused, Some(until)),
        };
        let screens = self.screens.iter().filter(|it| it.arrived).count();
        SessionRecording {
            quality: self.quality,
            phase,
            resume_by,
            screens: u32::try_from(screens).unwrap_or(u32::MAX),
        }
    }

    /// A screen is shared. False when there are too many already.
    pub fn announced(&mut self, id: RecordingId, now: Timestamp) -> bool {
        let has_room = self.screens.len() < RECORDING_SCREENS;
        if has_room {
            self.screens.push(Screen { id, heard: now, arrived: false });
        }
        has_room
    }

    /// Takes an announcement back that came to nothing.
    pub fn withdrawn(&mut self, id: RecordingId) {
        self.screens.retain(|it| it.id != id);
    }

    /// A chunk of a screen is on disk.
    pub fn kept(&mut self, id: RecordingId, now: Timestamp) -> Meaning {
        let Some(screen) = self.screens.iter_mut().find(|it| it.id == id) else { return Meaning::Nothing };
        (screen.heard, screen.arrived) = (now, true);
        // All that were shared have to be here: a desktop is recorded whole or not.
        if self.screens.iter().any(|it| !it.arrived) {
            return Meaning::Nothing;
        }
        match std::mem::replace(&mut self.phase, Phase::Running) {
            Phase::Wanted => Meaning::Began,
            Phase::Paused { .. } => Meaning::Resumed,
            Phase::Running => Meaning::Nothing,
        }
    }

    /// A screen that does not change has nothing to send, but its page says that it is there.
    pub fn heard(&mut self, id: RecordingId, now: Timestamp) {
        if let Some(screen) = self.screens.iter_mut().find(|it| it.id == id) {
            screen.heard = now;
        }
    }

    /// A screen is recorded no more.
    pub fn stopped(&mut self, id: RecordingId, now: Timestamp) -> Meaning {
        let before = self.screens.len();
        self.screens.retain(|it| it.id != id);
        if self.screens.len() == before { Meaning::Nothing } else { self.pause(now) }
    }

    /// What is due at this moment.
    pub fn look(&mut self, now: Timestamp) -> RecorderDue {
        if matches!(self.phase, Phase::Paused { until } if until <= now) {
            return RecorderDue::End;
        }
        let is_stalled = |it: &Screen| now.millis_since(it.heard) > STALL_MILLIS;
        let stalled: Vec<RecordingId> = self.screens.iter().filter(|it| is_stalled(it)).map(|it| it.id).collect();
        if stalled.is_empty() {
            return RecorderDue::Nothing;
        }
        self.screens.retain(|it| !stalled.contains(&it.id));
        let meaning = self.pause(now);
        RecorderDue::Stalled(stalled, meaning)
    }

    /// With one screen missing the desktop is not recorded any more. Whoever paused already gets no more time by pausing again.
    fn pause(&mut self, now: Timestamp) -> Meaning {
        if self.phase != Phase::Running {
            return Meaning::Nothing;
        }
        self.phase = Phase::Paused { until: now.plus_millis(RESUME_MILLIS) };
        Meaning::Paused
    }

    /// A sentence for the events of its session.
    #[must_use]
    pub fn paused_because(because: RecordingStop) -> String {
        format!(
            "The recording stopped: {}. Nothing goes through the tunnels until it runs again; without it the session ends in {} seconds.",
            because.words(),
            RECORDING_RESUME_SECONDS
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> RecordingId {
        RecordingId(uuid::Uuid::from_u128(number))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(1_700_000_000_000 + seconds * 1_000)
    }

    fn running() -> Recorder {
        let mut it = Recorder::new(RecordingQuality::default());
        assert!(it.announced(id(1), at(0)));
        assert_eq!(it.kept(id(1), at(1)), Meaning::Began);
        it
    }

    #[test]
    fn tunnels_open_with_the_first_frames_and_not_before() {
        let mut it = Recorder::new(RecordingQuality::default());
        assert!(!it.is_running());
        assert!(it.announced(id(1), at(0)));
        it.heard(id(1), at(1));
        assert!(!it.is_running(), "a word is no frame");
        assert_eq!(it.kept(id(2), at(1)), Meaning::Nothing, "of no screen of this session");
        assert!(!it.is_running());
        assert_eq!(it.kept(id(1), at(2)), Meaning::Began);
        assert!(it.is_running());
        assert_eq!(it.kept(id(1), at(3)), Meaning::Nothing);
    }

    #[test]
    fn of_several_screens_all_have_to_be_there() {
        let mut it = Recorder::new(RecordingQuality::default());
        assert!(it.announced(id(1), at(0)) && it.announced(id(2), at(0)));
        assert_eq!(it.kept(id(1), at(1)), Meaning::Nothing);
        assert_eq!(it.kept(id(2), at(1)), Meaning::Began);
        assert_eq!(it.stopped(id(1), at(2)), Meaning::Paused, "the other one alone is not the desktop");
        assert_eq!(it.view().resume_by, Some(at(62)));
    }

    #[test]
    fn one_that_stopped_pauses_and_goes_on_with_another_one() {
        let mut it = running();
        assert_eq!(it.stopped(id(1), at(5)), Meaning::Paused);
        assert_eq!(it.stopped(id(1), at(6)), Meaning::Nothing);
        assert!(!it.is_running());
        assert_eq!(it.kept(id(1), at(7)), Meaning::Nothing, "what comes late of the old one starts nothing");
        assert!(it.announced(id(2), at(30)));
        assert_eq!(it.kept(id(2), at(31)), Meaning::Resumed);
        assert!(it.is_running());
    }

    #[test]
    fn a_minute_without_ends_the_session_whatever_is_announced() {
        let mut it = running();
        it.stopped(id(1), at(5));
        assert!(it.announced(id(2), at(60)));
        assert_eq!(it.stopped(id(2), at(61)), Meaning::Nothing, "no second minute");
        assert_eq!(it.look(at(64)), RecorderDue::Nothing);
        assert_eq!(it.look(at(65)), RecorderDue::End);
    }

    #[test]
    fn silence_is_a_stall_and_a_word_is_not() {
        let mut it = running();
        it.heard(id(1), at(10));
        assert_eq!(it.look(at(20)), RecorderDue::Nothing);
        assert_eq!(it.look(at(21)), RecorderDue::Stalled(vec![id(1)], Meaning::Paused));
        assert_eq!(it.look(at(22)), RecorderDue::Nothing);
        assert_eq!(it.look(at(81)), RecorderDue::End);
    }

    #[test]
    fn a_new_start_of_the_appliance_is_a_pause_in_which_the_same_recording_goes_on() {
        let restored = || {
            let mut it = Recorder::restored(RecordingQuality::default(), at(0));
            assert!(it.announced(id(1), at(0)));
            it
        };
        let mut it = restored();
        assert!(!it.is_running());
        assert_eq!(it.kept(id(1), at(4)), Meaning::Resumed);
        let mut nobody = restored();
        assert_eq!(nobody.look(at(11)), RecorderDue::Stalled(vec![id(1)], Meaning::Nothing));
        assert_eq!(nobody.look(at(60)), RecorderDue::End);
    }

    #[test]
    fn screens_have_a_bound() {
        let mut it = Recorder::new(RecordingQuality::default());
        for number in 0..RECORDING_SCREENS {
            assert!(it.announced(id(number as u128), at(0)));
        }
        assert!(!it.announced(id(99), at(0)));
        it.withdrawn(id(0));
        assert!(it.announced(id(99), at(0)));
    }
}
