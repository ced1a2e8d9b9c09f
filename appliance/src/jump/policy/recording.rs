//! Whether, and how finely, the desktop of whoever uses an item is recorded, and whether what goes through its tunnels is captured.

use wire::api::{JumpPolicyDraft, RecordingQuality, RecordingRule, TrafficCapture};

use super::Policy;

/// What these policies together ask of the recording of the desktop, where the settings say `settings`.
#[must_use]
pub fn recording(policies: &[Policy], settings: Option<RecordingQuality>) -> Option<RecordingQuality> {
    together(policies, settings, |it| (it.recording, it.recording_quality), RecordingQuality::finer)
}

/// What these policies together ask of the capture of traffic, where the settings say `settings`.
#[must_use]
pub fn capture(policies: &[Policy], settings: Option<TrafficCapture>) -> Option<TrafficCapture> {
    together(policies, settings, |it| (it.traffic, it.traffic_capture), TrafficCapture::more)
}

/// One policy that records outweighs those that do not.
fn together<T: Copy>(
    policies: &[Policy],
    settings: Option<T>,
    of: impl Fn(&JumpPolicyDraft) -> (RecordingRule, T),
    both: impl Fn(T, T) -> T,
) -> Option<T> {
    let rules: Vec<_> = policies.iter().map(|it| of(&it.definition)).collect();
    let asked = rules.iter().filter(|it| it.0 == RecordingRule::On).map(|it| it.1).reduce(both);
    asked.or_else(|| settings.filter(|_| rules.iter().all(|it| it.0 != RecordingRule::Off)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::JumpPolicyId;
    use wire::api::WhenFull;

    use super::*;

    fn policy(recording: RecordingRule, frames_per_second: u32, max_lines: u32) -> Policy {
        let missing = Policy::missing(JumpPolicyId(crate::random::id()));
        let recording_quality = RecordingQuality { frames_per_second, max_lines };
        Policy { definition: JumpPolicyDraft { recording, recording_quality, ..missing.definition }, ..missing }
    }

    fn quality(frames_per_second: u32, max_lines: u32) -> RecordingQuality {
        RecordingQuality { frames_per_second, max_lines }
    }

    #[test]
    fn every_combination_of_rules() {
        use RecordingRule::{AsSettings, Off, On};
        let site = Some(quality(3, 900));
        for (rules, settings, expected) in [
            (&[][..], None, None),
            (&[], site, site),
            (&[AsSettings], None, None),
            (&[AsSettings], site, site),
            (&[Off], site, None),
            (&[Off, AsSettings], site, None),
            (&[On], None, Some(quality(5, 720))),
            (&[On, Off], None, Some(quality(5, 720))),
            (&[Off, On], site, Some(quality(5, 720))),
        ] {
            let policies: Vec<Policy> = rules.iter().map(|rule| policy(*rule, 5, 720)).collect();
            assert_eq!(recording(&policies, settings), expected, "{rules:?} {settings:?}");
        }
    }

    #[test]
    fn of_two_that_record_each_gets_what_it_asks_for() {
        let policies = [policy(RecordingRule::On, 2, 1080), policy(RecordingRule::On, 10, 720)];
        assert_eq!(recording(&policies, None), Some(quality(10, 1080)));
    }

    #[test]
    fn traffic_is_captured_by_rules_of_its_own() {
        let with = |traffic, max_mebibytes, when_full| {
            let it = policy(RecordingRule::Off, 5, 720);
            let traffic_capture = TrafficCapture { max_mebibytes, when_full };
            Policy { definition: JumpPolicyDraft { traffic, traffic_capture, ..it.definition.clone() }, ..it }
        };
        let (site, go_on) = (TrafficCapture::default(), WhenFull::GoOn);
        assert_eq!(capture(&[policy(RecordingRule::On, 5, 720)], None), None, "a desktop is no traffic");
        assert_eq!(capture(&[policy(RecordingRule::Off, 5, 720)], Some(site)), Some(site));
        assert_eq!(capture(&[with(RecordingRule::Off, 1, go_on)], Some(site)), None);
        let two = [with(RecordingRule::On, 5, go_on), with(RecordingRule::On, 3, WhenFull::EndSession)];
        let both = TrafficCapture { max_mebibytes: 5, when_full: WhenFull::EndSession };
        assert_eq!(capture(&two, None), Some(both));
        assert_eq!(capture(&[two[0].clone(), with(RecordingRule::Off, 9, go_on)], None).unwrap().max_mebibytes, 5);
    }

    proptest! {
        /// However many policies hold besides: what one of them has recorded is recorded.
        #[test]
        fn no_policy_takes_a_recording_away_that_another_one_asks_for(
            rules in prop::collection::vec(0..3_usize, 0..6), settings: bool, place in 0..6_usize,
        ) {
            let rules = rules.into_iter().map(|it| [RecordingRule::AsSettings, RecordingRule::On, RecordingRule::Off][it]);
            let mut policies: Vec<Policy> = rules.map(|rule| policy(rule, 5, 720)).collect();
            policies.insert(place.min(policies.len()), policy(RecordingRule::On, 1, 480));
            prop_assert!(recording(&policies, settings.then(RecordingQuality::default)).is_some());
        }
    }
}
