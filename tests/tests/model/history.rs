//! One history: what is done, drawn from a seed; then everything heals, and what has come of it is looked at.

use crate::reference;
use crate::world::World;

/// What can be done.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Open,
    OpenMany,
    Write,
    Finish,
    Reset,
    ResetAfterData,
    Stall,
    Read,
    Answer,
    Cut,
    CutBoth,
    GiveUp,
    DialLate,
    Kill,
    WriteNews,
    FailToWriteNews,
    WriteEverything,
    NameSource,
    TurnAway,
}

/// Each as often as it is likely.
const DEEDS: [(Deed, usize); 19] = [
    (Deed::Open, 6),
    (Deed::OpenMany, 0),
    (Deed::Write, 16),
    (Deed::Finish, 8),
    (Deed::Reset, 3),
    (Deed::ResetAfterData, 3),
    (Deed::Stall, 3),
    (Deed::Read, 4),
    (Deed::Answer, 3),
    (Deed::Cut, 4),
    (Deed::CutBoth, 1),
    (Deed::GiveUp, 1),
    (Deed::DialLate, 1),
    (Deed::Kill, 1),
    (Deed::WriteNews, 3),
    (Deed::FailToWriteNews, 1),
    (Deed::WriteEverything, 1),
    (Deed::NameSource, 1),
    (Deed::TurnAway, 1),
];
/// One history in so many opens more connections than a session may have.
const CROWDED_ONE_IN: u64 = 40;
/// One in so many ends with the session.
const ENDED_ONE_IN: u64 = 20;

/// Lives one history and returns a hash of it.
pub(crate) fn live(seed: u64, aloud: bool) -> u64 {
    let mut world = World::new(seed, aloud);
    let bag: Vec<Deed> = DEEDS.iter().flat_map(|(deed, times)| std::iter::repeat_n(*deed, *times)).collect();
    let is_crowded = world.dice.once_in(CROWDED_ONE_IN);
    let crowd_at = is_crowded.then(|| world.dice.below(30));
    for number in 0..5 + world.dice.amount(120) {
        let deed = if crowd_at == Some(number) { Deed::OpenMany } else { world.dice.one_of(&bag) };
        carry_out(&mut world, deed);
        let time = world.dice.up_to_millis(60);
        world.pass(time);
    }
    if world.appliance.starts_at.is_none() && world.dice.once_in(ENDED_ONE_IN) {
        world.appliance.end(world.now);
        world.ends.iter_mut().for_each(crate::end::End::end);
        reference::look_at_the_end_of_the_session(&world);
        return world.hash();
    }
    heal(&mut world);
    reference::look(&world);
    world.hash()
}

fn carry_out(world: &mut World, deed: Deed) {
    let side = world.dice.side();
    let any = world.ends[side].applications.any_live(&mut world.dice);
    match deed {
        Deed::Open => {
            // Two tunnels are the session's; a third one is not.
            let tunnel = if world.dice.once_in(20) { 2 } else { world.dice.below(2) as u16 };
            let first = world.dice.one_of(&[0, 1, 300, 900]);
            world.open(tunnel, first);
        }
        Deed::OpenMany => (0..270).for_each(|number| world.open(0, number % 3)),
        Deed::Reset => world.reset(side, false),
        Deed::ResetAfterData => world.reset(side, true),
        Deed::Cut => world.cut(side),
        Deed::CutBoth => [0, 1].into_iter().for_each(|side| world.cut(side)),
        Deed::GiveUp => world.give_up_link(side),
        Deed::DialLate => world.dial_late(side),
        Deed::Kill => world.kill_appliance(),
        // Whoever is dead writes nothing, and nobody tells it anything.
        Deed::TurnAway | Deed::WriteNews | Deed::FailToWriteNews | Deed::WriteEverything | Deed::NameSource
            if world.appliance.starts_at.is_some() => {}
        Deed::TurnAway => {
            let tunnel = world.dice.below(3) as u16;
            world.appliance.turned_away(tunnel, world.now);
        }
        Deed::WriteNews => world.appliance.write_news(),
        Deed::FailToWriteNews => world.appliance.fail_to_write_news(),
        Deed::WriteEverything => world.appliance.write_everything(),
        Deed::Write | Deed::Finish | Deed::Stall | Deed::Read | Deed::Answer | Deed::NameSource => {
            let Some(stream) = any else { return };
            let bytes = world.dice.amount(40_000);
            let end = &mut world.ends[side];
            match deed {
                Deed::Write => end.applications.want_to_write(stream, bytes),
                Deed::Finish => end.applications.want_to_finish(stream),
                Deed::Answer if side == 1 => end.applications.establish(&mut end.endpoint, stream),
                Deed::NameSource => {
                    world.appliance.table.set_source(stream.0, "127.0.0.1:50000".into(), Some("psql".into()));
                }
                deed => end.applications.stall(stream, matches!(deed, Deed::Stall)),
            }
        }
    }
}

/// Nobody cuts, kills or stalls any more. Everything has to come to its end, and everything else to rest.
fn heal(world: &mut World) {
    for end in &mut world.ends {
        end.applications.be_kind(&mut end.endpoint);
    }
    world.rest();
    world.appliance.write_everything();
    world.appliance.write_news();
}
