//! Whether, and how finely, the desktop of whoever uses an item is recorded.

use wire::api::{RecordingQuality, RecordingRule};

use super::Policy;

/// What these policies together ask for, where the settings say `settings`: one that records outweighs those that do not.
#[must_use]
pub fn recording(policies: &[Policy], settings: Option<RecordingQuality>) -> Option<RecordingQuality> {
    let rule = |rule: RecordingRule| policies.iter().map(|it| &it.definition).filter(move |it| it.recording == rule);
    let asked = rule(RecordingRule::On).map(|it| it.recording_quality).reduce(RecordingQuality::finer);
    asked.or_else(|| settings.filter(|_| rule(RecordingRule::Off).next().is_none()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::JumpPolicyId;
    use wire::api::JumpPolicyDraft;

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
