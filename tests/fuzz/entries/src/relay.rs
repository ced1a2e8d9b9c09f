//! The relay's table, fed by two hostile ends.

use bytes::Bytes;
use uuid::Uuid;
use wire::limits::CONNECTIONS_PER_SESSION;
use wire::stream::EndReason;
use wire::{ConnectionId, Timestamp};

use appliance::relay::connections::{ConnectionTable, From};
use appliance::relay::inspect::inspect;

use crate::input::Input;

/// Whatever comes, the table's sums hold, and what passes is frames.
pub fn relay_table(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut table = ConnectionTable::new("host".into(), vec![22, 80]);
    let last = std::cell::Cell::new(0);
    let mut epoch = 0;
    while !input.is_empty() {
        let new_id = || {
            last.set(last.get() + 1);
            Uuid::from_u128(last.get())
        };
        let now = Timestamp(i64::from(input.byte()));
        let choice = input.byte();
        let from = if choice & 1 == 0 { From::Helper } else { From::Jumpoint };
        match (choice >> 1) % 16 {
            0 => {
                epoch += 1;
                table.begin_epoch(epoch);
            }
            1 => {
                let taken = table.take_unwritten();
                table.give_back(taken);
            }
            2 => drop(table.take_unwritten()),
            3 => drop((table.take_changed(usize::from(input.byte())), table.take_failed(3))),
            4 => table.set_source(u32::from(input.byte() % 8), "127.0.0.1:1".into(), None),
            5 => {
                let reason = EndReason::ALL[usize::from(input.byte()) % EndReason::ALL.len()];
                let id = ConnectionId(new_id());
                table.turned_away(id, u16::from(input.byte() % 4), (String::new(), None), reason, now);
            }
            6 if input.byte() == 0 => table.end_all(EndReason::SessionEnded, now),
            _ => {
                let message = if choice > 250 {
                    let length = usize::from(input.byte());
                    Bytes::copy_from_slice(input.bytes(length))
                } else {
                    [input.frame(), input.frame()].concat().into()
                };
                let Ok(inspected) = inspect(&mut table, from, message.clone(), now, new_id) else { return };
                crate::frames::stream_frames(&inspected.onward);
                crate::frames::stream_frames(&inspected.refusals);
                assert!(inspected.onward.len() <= message.len(), "the relay adds to what passes");
            }
        }
        holds(&table);
    }
}

fn holds(table: &ConnectionTable) {
    let open: u32 = table.counts().iter().map(|it| it.open).sum();
    assert_eq!(open as usize, table.open_count(), "open connections by tunnel and in all");
    assert!(table.open_count() as u64 <= table.total());
    assert!(table.open_count() <= 8 * CONNECTIONS_PER_SESSION);
    for row in table.open_rows() {
        assert!(row.connection.closed_at.is_none() && row.connection.end.is_none(), "an open row with an end");
    }
}
