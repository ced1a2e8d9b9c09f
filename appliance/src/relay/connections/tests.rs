//! What the table makes of frames.

use super::*;
use bytes::{Bytes, BytesMut};
use wire::stream::{StreamId, frame};

const NOW: Timestamp = Timestamp(1000);

fn table() -> ConnectionTable {
    ConnectionTable::new("db".into(), vec![5432, 22])
}

fn unwritten(table: &mut ConnectionTable) -> Vec<Connection> {
    table.take_unwritten().into_iter().map(|row| row.connection).collect()
}

fn made(make: impl FnOnce(&mut BytesMut)) -> Frame {
    let mut out = BytesMut::new();
    make(&mut out);
    frame::next(&mut Bytes::from(out)).unwrap().unwrap()
}

fn open(table: &mut ConnectionTable, stream: u32, tunnel: u16) -> Verdict {
    let frame = made(|out| frame::put_open(out, StreamId(stream), tunnel, b"hi"));
    table.observe(From::Helper, &frame, NOW, || Uuid::from_u128(stream.into())).unwrap()
}

fn see(table: &mut ConnectionTable, from: From, make: impl FnOnce(&mut BytesMut)) -> Verdict {
    table.observe(from, &made(make), NOW, Uuid::nil).unwrap()
}

#[test]
fn bytes_count_once_even_when_sent_again() {
    let mut table = table();
    open(&mut table, 1, 1);
    for _ in 0..2 {
        see(&mut table, From::Helper, |out| frame::put_data(out, StreamId(1), 2, b"abc"));
        see(&mut table, From::Jumpoint, |out| frame::put_data(out, StreamId(1), 0, b"answer"));
    }
    assert_eq!(table.bytes(), (5, 6));
    assert_eq!(table.counts()[1], TunnelCount { open: 1, sent: 5, received: 6 });
    assert!(table.open_rows()[0].connection.established);
}

#[test]
fn a_connection_ends_when_both_sides_finished() {
    let mut table = table();
    open(&mut table, 1, 0);
    see(&mut table, From::Helper, |out| frame::put_fin(out, StreamId(1), 2));
    assert_eq!(table.open_count(), 1);
    see(&mut table, From::Jumpoint, |out| frame::put_fin(out, StreamId(1), 0));
    assert_eq!(table.open_count(), 0);
    let rows = unwritten(&mut table);
    assert_eq!(rows.len(), 1, "opened and ended: one row");
    assert_eq!((rows[0].end, rows[0].closed_at), (Some(EndReason::Finished), Some(NOW)));
    assert_eq!(
        see(&mut table, From::Jumpoint, |out| frame::put_credit(out, StreamId(1), 2, 9, true)),
        Verdict::Pass,
        "what is on its way still passes"
    );
}

#[test]
fn connection_257_and_unknown_tunnels_are_refused_and_their_frames_dropped() {
    let mut table = table();
    for stream in 1..=256 {
        assert_eq!(open(&mut table, stream, 0), Verdict::Pass);
    }
    assert_eq!(open(&mut table, 257, 0), Verdict::Refuse(EndReason::Limit));
    let data = |out: &mut BytesMut| frame::put_data(out, StreamId(257), 2, b"x");
    assert_eq!(see(&mut table, From::Helper, data), Verdict::Drop);
    assert_eq!(table.open_count(), 256);
    see(&mut table, From::Jumpoint, |out| frame::put_reset(out, StreamId(1), EndReason::Refused, 0, ""));
    assert_eq!(open(&mut table, 258, 2), Verdict::Refuse(EndReason::NotAllowed));
    assert_eq!(open(&mut table, 259, 1), Verdict::Pass);
    let refused: Vec<_> = unwritten(&mut table).into_iter().filter(|row| row.fault.is_some()).collect();
    assert_eq!(refused.len(), 3);
    assert!(refused[1].end_message.contains("db:5432"), "{}", refused[1].end_message);
}

#[test]
fn frames_of_the_wrong_side_are_violations() {
    let mut table = table();
    let opening = made(|out| frame::put_open(out, StreamId(1), 0, b""));
    assert!(table.observe(From::Jumpoint, &opening, NOW, Uuid::nil).is_err());
    let opened = made(|out| frame::put_opened(out, StreamId(1)));
    assert!(table.observe(From::Helper, &opened, NOW, Uuid::nil).is_err());
}

#[test]
fn who_connected_may_come_late() {
    let mut table = table();
    open(&mut table, 1, 0);
    see(&mut table, From::Jumpoint, |out| frame::put_reset(out, StreamId(1), EndReason::Refused, 0, ""));
    unwritten(&mut table);
    table.set_source(1, "127.0.0.1:5000".into(), Some("curl".into()));
    let rows = unwritten(&mut table);
    assert_eq!(rows[0].client_program.as_deref(), Some("curl"));
    assert_eq!(rows[0].end, Some(EndReason::Refused));
}

#[test]
fn bytes_of_no_open_connection_are_dropped_and_gaps_are_violations() {
    let mut table = table();
    let data = |offset: u64| move |out: &mut BytesMut| frame::put_data(out, StreamId(1), offset, b"abc");
    open(&mut table, 1, 0);
    assert_eq!(see(&mut table, From::Helper, data(2)), Verdict::Pass);
    let gap = table.observe(From::Helper, &made(data(6)), NOW, Uuid::nil);
    assert!(gap.is_err(), "{gap:?}");
    see(&mut table, From::Helper, |out| frame::put_reset(out, StreamId(1), EndReason::ResetByClient, 5, ""));
    assert_eq!(see(&mut table, From::Helper, data(5)), Verdict::Drop);
    assert_eq!(see(&mut table, From::Jumpoint, data(0)), Verdict::Drop);
    assert_eq!(open(&mut table, 1, 0), Verdict::Drop, "a number is used once");
    assert_eq!((table.total(), table.bytes()), (1, (5, 0)));
}

#[test]
fn news_wait_for_the_next_call_and_a_failure_is_told_once() {
    let mut table = table();
    for stream in 1..=20 {
        open(&mut table, stream, 0);
        see(&mut table, From::Jumpoint, |out| frame::put_reset(out, StreamId(stream), EndReason::Refused, 0, ""));
    }
    assert_eq!(table.take_failed(100).len(), 20);
    assert_eq!(table.take_changed(15).len(), 15);
    assert!(table.has_news());
    assert_eq!(table.take_changed(15).len(), 5);
    table.set_source(7, "127.0.0.1:5000".into(), None);
    assert_eq!(table.take_changed(15).len(), 1);
    assert!(table.take_failed(100).is_empty());
}

/// What one end tells after its links were joined: number, received, whether the FIN came.
fn greet(table: &mut ConnectionTable, from: From, epoch: u64, highest: u32, positions: &[(u32, u64, bool)]) {
    see(table, from, |out| frame::put_resume(out, epoch, highest));
    for &(stream, received, fin) in positions {
        let flags = if fin { frame::FLAG_FIN_SEEN } else { 0 };
        see(table, from, |out| frame::put_position(out, StreamId(stream), 0, received, 0, flags));
    }
    see(table, from, |out| frame::put_resumed(out, epoch));
}

#[test]
fn a_new_pair_of_links_settles_what_is_open() {
    let mut table = table();
    for stream in 1..=4 {
        open(&mut table, stream, 0);
    }
    see(&mut table, From::Helper, |out| frame::put_fin(out, StreamId(1), 2));
    see(&mut table, From::Jumpoint, |out| frame::put_fin(out, StreamId(1), 0));
    assert_eq!(table.open_count(), 3);
    table.begin_epoch(2);
    // On its way when the links before broke: a gap that is none.
    let late = made(|out| frame::put_data(out, StreamId(2), 9_000, b"late"));
    assert_eq!(table.observe(From::Jumpoint, &late, NOW, Uuid::nil), Ok(Verdict::Drop));
    // The ends do not know yet that 1 is over; 2 goes on; 3 is gone at the jumpoint; 4 never came there.
    greet(&mut table, From::Jumpoint, 1, 9, &[]);
    greet(&mut table, From::Helper, 2, 4, &[(1, 0, true), (2, 500, false), (3, 0, false), (4, 0, false)]);
    greet(&mut table, From::Jumpoint, 2, 3, &[(1, 2, true), (2, 40, false)]);
    assert_eq!(table.open_count(), 2);
    assert_eq!(table.bytes(), (2 + 40 + 2 + 2, 500));
    let rows = unwritten(&mut table);
    let end_of = |stream: u128| rows.iter().find(|row| row.id.0 == Uuid::from_u128(stream)).and_then(|row| row.end);
    assert_eq!((end_of(1), end_of(3)), (Some(EndReason::Finished), Some(EndReason::LinkLost)));
    assert_eq!(table.counted().ended.iter().sum::<u64>(), 2, "1 was over, went on and is over again");
    assert_eq!(open(&mut table, 4, 0), Verdict::Pass, "it is opened again");
    assert_eq!(table.total(), 4);
}

#[test]
fn after_a_new_start_the_ends_tell_what_there_is() {
    let mut table = table();
    table.begin_epoch(7);
    greet(&mut table, From::Helper, 7, 12, &[(12, 100, false)]);
    greet(&mut table, From::Jumpoint, 7, 12, &[(12, 30, false)]);
    assert_eq!((table.open_count(), table.bytes()), (1, (30, 100)));
    see(&mut table, From::Helper, |out| frame::put_data(out, StreamId(12), 30, b"on"));
    assert_eq!(table.bytes(), (32, 100));
    assert_eq!(open(&mut table, 11, 0), Verdict::Drop);
    assert_eq!(open(&mut table, 13, 0), Verdict::Pass);
}

#[test]
fn a_fin_that_was_lost_finds_its_connection_open() {
    let mut table = table();
    open(&mut table, 1, 0);
    see(&mut table, From::Jumpoint, |out| frame::put_fin(out, StreamId(1), 0));
    table.begin_epoch(2);
    greet(&mut table, From::Helper, 2, 1, &[(1, 0, false)]);
    greet(&mut table, From::Jumpoint, 2, 1, &[(1, 2, false)]);
    see(&mut table, From::Helper, |out| frame::put_fin(out, StreamId(1), 2));
    let again = see(&mut table, From::Jumpoint, |out| frame::put_fin(out, StreamId(1), 0));
    assert_eq!((again, table.open_count()), (Verdict::Pass, 0));
}

#[test]
fn what_ended_before_a_new_start_has_one_row() {
    let mut before = table();
    open(&mut before, 1, 0);
    see(&mut before, From::Jumpoint, |out| frame::put_reset(out, StreamId(1), EndReason::ResetByTarget, 0, ""));
    let ended = before.take_unwritten().into_iter().filter_map(|row| Some((row.stream?, row.connection))).collect();
    let counts = vec![TunnelCount { sent: 2, ..TunnelCount::default() }, TunnelCount::default()];
    let mut table = table().restored(WrittenDown { ended, counts, total: 1, ..WrittenDown::default() });
    table.begin_epoch(1);
    // The RESET never came to the helper, and of a tunnel that the session does not have nothing is kept.
    see(&mut table, From::Helper, |out| frame::put_resume(out, 1, 2));
    see(&mut table, From::Helper, |out| frame::put_position(out, StreamId(1), 0, 0, 0, 0));
    see(&mut table, From::Helper, |out| frame::put_position(out, StreamId(2), 9, 0, 0, 0));
    see(&mut table, From::Helper, |out| frame::put_resumed(out, 1));
    greet(&mut table, From::Jumpoint, 1, 1, &[(1, 2, false)]);
    assert_eq!((table.total(), table.open_count(), table.bytes()), (1, 1, (2, 0)));
    assert_eq!(open(&mut table, 2, 9), Verdict::Refuse(EndReason::NotAllowed));
    assert_eq!(table.total(), 2);
}

#[test]
fn a_row_is_written_as_it_stands() {
    let mut table = table();
    open(&mut table, 1, 0);
    see(&mut table, From::Jumpoint, |out| frame::put_data(out, StreamId(1), 0, b"answer"));
    let rows = unwritten(&mut table);
    assert_eq!((rows.len(), rows[0].bytes_received, rows[0].established), (1, 6, true));
}

#[test]
fn who_connected_may_be_told_before_the_connection() {
    let mut table = table();
    table.set_source(1, "127.0.0.1:5000".into(), Some("curl".into()));
    open(&mut table, 1, 0);
    let rows = unwritten(&mut table);
    assert_eq!(rows[0].client_address.as_deref(), Some("127.0.0.1:5000"));
    assert_eq!(rows[0].client_program.as_deref(), Some("curl"));
    for stream in 3..1000 {
        table.set_source(stream, "127.0.0.1:5000".into(), None);
    }
    assert_eq!(table.early_sources.len(), EARLY_SOURCES);
}

#[test]
fn a_reset_stays_noted_while_the_ends_do_not_both_know_it() {
    let mut table = table();
    open(&mut table, 1, 0);
    see(&mut table, From::Helper, |out| frame::put_reset(out, StreamId(1), EndReason::ResetByClient, 2, ""));
    let noted = unwritten(&mut table).pop().unwrap();
    table.begin_epoch(2);
    greet(&mut table, From::Helper, 2, 1, &[(1, 0, false)]);
    greet(&mut table, From::Jumpoint, 2, 1, &[(1, 1, false)]);
    assert_eq!((table.open_count(), table.counts()[0].open), (1, 0));
    assert_eq!(unwritten(&mut table), []);
    // The RESET arrives at last, and the jumpoint forgets the connection before it can be told of that.
    table.begin_epoch(3);
    greet(&mut table, From::Helper, 3, 1, &[(1, 0, false)]);
    greet(&mut table, From::Jumpoint, 3, 1, &[]);
    assert_eq!((table.open_count(), table.counts()[0].open), (0, 0));
    assert_eq!(unwritten(&mut table), [noted]);
}
