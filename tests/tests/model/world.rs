//! Both ends, the appliance and the network between them, and the time that passes for all of them.

use std::hash::Hasher as _;
use std::time::Duration;

use wire::stream::{Config, EndReason};

use crate::appliance::Appliance;
use crate::dice::Dice;
use crate::end::End;
use crate::network::{LinkId, Network};
use crate::reference;
use crate::trace::Trace;

/// Everything of one history.
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) dice: Dice,
    pub(crate) config: Config,
    pub(crate) network: Network,
    pub(crate) ends: [End; 2],
    pub(crate) appliance: Appliance,
    pub(crate) trace: Trace,
    /// Links on their way to the appliance.
    dialled: Vec<Dialled>,
}

/// A link that the appliance hears of soon.
struct Dialled {
    arrives: Duration,
    side: usize,
    link: LinkId,
    epoch: u64,
    /// Nobody waits for it any more: the end gave it up, and the appliance cannot know.
    is_late: bool,
}

/// No history takes longer than this to come to rest, in its own time.
const REST_WITHIN: Duration = Duration::from_secs(3600);
/// Nor more turns than this.
const TURNS_MOST: u32 = 2_000_000;

impl World {
    pub(crate) fn new(seed: u64, aloud: bool) -> Self {
        let mut dice = Dice::new(seed);
        let initial_window = dice.one_of(&[1_000, 4_096, 16_384]);
        let config = Config {
            initial_window,
            max_window: initial_window * dice.one_of(&[1, 4, 16]),
            session_budget: initial_window * dice.one_of(&[4, 16, 64]),
            max_streams: dice.one_of(&[4, 16, 300]),
            frame_bytes: dice.one_of(&[100, 1_000, 8_000]),
            write_ahead: dice.one_of(&[500, 4_000, 32_000]),
        };
        let ends = [0, 1].map(|side| End::new(side, config, &mut dice));
        Self {
            now: Duration::ZERO,
            config,
            network: Network::default(),
            ends,
            appliance: Appliance::new(),
            trace: Trace { aloud, ..Trace::default() },
            dialled: Vec::new(),
            dice,
        }
    }

    /// A hash over all that happened and all that came of it.
    pub(crate) fn hash(mut self) -> u64 {
        for end in &self.ends {
            end.describe(&mut self.trace.hasher);
        }
        self.trace.hasher.write(format!("{:?}", self.appliance.database).as_bytes());
        self.trace.hasher.finish()
    }

    /// Lets this much time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        self.run(|due| due <= until);
        self.now = until;
    }

    /// Until nothing moves and nothing is waited for.
    pub(crate) fn rest(&mut self) {
        let until = self.now + REST_WITHIN;
        self.run(|due| {
            assert!(due < until, "it never comes to rest");
            true
        });
    }

    fn run(&mut self, goes_on: impl Fn(Duration) -> bool) {
        for _ in 0..TURNS_MOST {
            while self.turn() {}
            reference::hold_within_bounds(self);
            match self.due() {
                Some(due) if goes_on(due) => self.now = self.now.max(due),
                _ => return,
            }
        }
        panic!("it turns in a circle");
    }

    /// Everybody does what they can now. True when something moved.
    fn turn(&mut self) -> bool {
        let mut moved = false;
        if self.appliance.starts_at.is_some_and(|at| at <= self.now) {
            self.trace.say(self.now, format_args!("the appliance starts"));
            self.appliance.start();
            moved = true;
        }
        moved |= self.links_arrive();
        moved |= self.appliance.act(&mut self.network, self.now, &mut self.dice, &mut self.trace);
        for side in [0, 1] {
            let end = &mut self.ends[side];
            if end.dials_at.is_some_and(|at| at <= self.now) {
                end.dials_at = None;
                let arrives = self.now + self.dice.up_to_millis(100);
                self.dial(side, arrives, false);
                moved = true;
            }
            let end = &mut self.ends[side];
            moved |= end.act(&mut self.network, self.now, &mut self.dice, &mut self.trace);
        }
        moved
    }

    fn dial(&mut self, side: usize, arrives: Duration, is_late: bool) {
        let link = self.network.new_link(&mut self.dice);
        let epoch = self.ends[side].endpoint.epoch();
        self.trace.say(self.now, format_args!("side {side} dials link {link}, late {is_late}"));
        self.dialled.push(Dialled { arrives, side, link, epoch, is_late });
    }

    /// A dial that was given up, as far as the end knows, and comes through all the same.
    pub(crate) fn dial_late(&mut self, side: usize) {
        let arrives = self.now + self.dice.up_to_millis(500);
        self.dial(side, arrives, true);
    }

    fn links_arrive(&mut self) -> bool {
        let now = self.now;
        let arrived: Vec<Dialled> = self.dialled.extract_if(.., |it| it.arrives <= now).collect();
        let moved = !arrived.is_empty();
        for Dialled { side, link, epoch, is_late, .. } in arrived {
            let end = &mut self.ends[side];
            let is_down = self.appliance.starts_at.is_some() || self.appliance.is_over;
            if !is_down {
                self.appliance.bring(side, link, epoch, &mut self.network, now, &mut self.dice);
            }
            if is_late {
                self.network.leave_as_end(link, now, &mut self.dice);
            } else if is_down {
                end.dials_at = (!end.is_over).then(|| now + self.dice.up_to_millis(200));
            } else {
                end.link = Some(link);
            }
        }
        moved
    }

    fn due(&self) -> Option<Duration> {
        let dialled = self.dialled.iter().map(|it| it.arrives);
        let ends = self.ends.iter().filter_map(End::due);
        // What has come and is not taken in waits for room, and so for something else that is due.
        let later = |at: &Duration| *at > self.now;
        dialled.chain(ends).chain(self.network.due(self.now)).chain(self.appliance.starts_at).filter(later).min()
    }

    /// Cuts the cable of one end's link.
    pub(crate) fn cut(&mut self, side: usize) {
        if let Some(link) = self.ends[side].link {
            self.trace.say(self.now, format_args!("link {link} of side {side} is cut"));
            self.network.cut(link, self.now, &mut self.dice);
        }
    }

    /// One end believes that its link is gone.
    pub(crate) fn give_up_link(&mut self, side: usize) {
        self.trace.say(self.now, format_args!("side {side} gives its link up"));
        self.ends[side].lose_link(&mut self.network, self.now, &mut self.dice);
    }

    pub(crate) fn kill_appliance(&mut self) {
        if self.appliance.starts_at.is_none() {
            self.trace.say(self.now, format_args!("the appliance dies"));
            self.appliance.die(&mut self.network, self.now, &mut self.dice);
        }
    }

    pub(crate) fn open(&mut self, tunnel: u16, first: usize) {
        let end = &mut self.ends[0];
        if let Some(stream) = end.applications.open(&mut end.endpoint, tunnel, first) {
            self.trace.say(self.now, format_args!("{stream:?} is opened with {first} bytes"));
        }
    }

    pub(crate) fn reset(&mut self, side: usize, after_data: bool) {
        let end = &mut self.ends[side];
        let reason = [EndReason::ResetByClient, EndReason::ResetByTarget][side];
        if let Some(stream) = end.applications.any_live(&mut self.dice) {
            self.trace.say(self.now, format_args!("side {side} resets {stream:?}, after data {after_data}"));
            end.applications.reset(&mut end.endpoint, stream, reason, after_data);
        }
    }
}
