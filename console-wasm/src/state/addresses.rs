//! Local addresses: which one to offer, and which other items want the same.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use wire::JumpItemId;
use wire::api::JumpItem;

/// The first address that is offered when 127.0.0.1 is taken.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 4, 0, 1);

/// An address of 127.0.0.0/8 that no item but `except` uses.
pub(crate) fn free_address(items: &[JumpItem], except: Option<JumpItemId>) -> Ipv4Addr {
    let used: BTreeSet<Ipv4Addr> = items
        .iter()
        .filter(|item| Some(item.id) != except)
        .filter_map(|item| item.definition.local_address.parse().ok())
        .collect();
    let last = u32::from(Ipv4Addr::new(127, 255, 255, 254));
    (u32::from(FIRST)..=last)
        .map(Ipv4Addr::from)
        .find(|address| !matches!(address.octets()[3], 0 | 255) && !used.contains(address))
        .unwrap_or(FIRST)
}

/// Names of the items other than `except` that listen on this address with one of these ports: they cannot run at the
/// same time on one workstation.
pub(crate) fn rivals<'a>(
    items: &'a [JumpItem],
    except: Option<JumpItemId>,
    address: &str,
    ports: &[u32],
) -> Vec<&'a str> {
    items
        .iter()
        .filter(|item| Some(item.id) != except && item.definition.local_address == address)
        .filter(|item| {
            item.definition.tunnels.iter().any(|tunnel| tunnel.local_port != 0 && ports.contains(&tunnel.local_port))
        })
        .map(|item| item.definition.name.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::item;
    use super::*;

    #[test]
    fn the_offered_address_is_used_by_no_other_item() {
        let mut items = vec![item("a"), item("b")];
        assert_eq!(free_address(&items, None), FIRST);
        items[0].definition.local_address = "127.4.0.1".into();
        items[1].definition.local_address = "127.4.0.2".into();
        assert_eq!(free_address(&items, None), Ipv4Addr::new(127, 4, 0, 3));
        assert_eq!(free_address(&items, Some(items[0].id)), FIRST);
    }

    #[test]
    fn rivals_share_address_and_port() {
        let items = vec![item("a"), item("b")];
        let port = items[0].definition.tunnels[0].local_port;
        let address = items[0].definition.local_address.clone();
        assert_eq!(rivals(&items, Some(items[0].id), &address, &[port]), ["b"]);
        assert!(rivals(&items, Some(items[0].id), "127.9.9.9", &[port]).is_empty());
        assert!(rivals(&items, Some(items[0].id), &address, &[0, port + 1]).is_empty());
    }
}
