//! Tests of `filters`.

use std::rc::Rc;

use wire::api::{ItemStatus, JumpItem};
use wire::{JumpGroupId, JumpointId, SessionId, Timestamp};

use super::catalogue::Catalogue;
use super::columns::Layout;
use super::filters::{Category, Filter, RECENT, choices, recent_count, shown};
use super::samples::{item, number};
use super::view::{Place, View};

const DAY: i64 = 24 * 60 * 60 * 1000;
const NOW: Timestamp = Timestamp(1_000 * DAY);

fn catalogue() -> Catalogue {
    let mut items = vec![item("billing-db"), item("shop-db"), item("shop-web"), item("plc")];
    items[0].definition.tag = Some("billing".into());
    items[0].last_used_at = Some(Timestamp(NOW.0 - DAY / 2));
    items[0].favourite = true;
    items[1].last_used_at = Some(Timestamp(NOW.0 - 5 * DAY));
    items[1].status = ItemStatus::JumpointOffline;
    items[1].used_by_you_at = Some(Timestamp(7));
    items[2].definition.group_id = JumpGroupId(number(2));
    items[2].definition.comments = "Öffentlich".into();
    items[2].running_sessions = vec![SessionId(number(1))];
    items[3].definition.jumpoint_id = JumpointId(number(2));
    items[3].definition.hostname = "PLC.example".into();
    items[3].last_used_at = Some(Timestamp(NOW.0 - 200 * DAY));
    Catalogue::new(Rc::new(items))
}

fn names(view: &View) -> Vec<String> {
    let it = catalogue();
    let order = it.sorted(Layout::default().sort());
    shown(&it, &order, view, NOW).iter().filter_map(|at| Some(it.item(*at)?.definition.name.clone())).collect()
}

fn filtered(filters: &[&str]) -> Vec<String> {
    let mut view = View::default();
    for text in filters {
        view.add(Filter::from_text(text).unwrap());
    }
    names(&view)
}

#[test]
fn each_category_filters() {
    let two = number(2).to_string();
    let table: [(&str, &[&str]); 13] = [
        ("name:SHOP", &["shop-db", "shop-web"]),
        (&format!("group:{two}"), &["shop-web"]),
        ("tag:billing", &["billing-db"]),
        ("kind:tunnel", &["billing-db", "plc", "shop-db", "shop-web"]),
        ("kind:shell", &[]),
        (&format!("jumpoint:{two}"), &["plc"]),
        ("host:plc", &["plc"]),
        ("status:jumpoint_offline", &["shop-db"]),
        ("status:in_use", &["shop-web"]),
        ("comments:öff", &["shop-web"]),
        ("used:1d", &["billing-db"]),
        ("used:not-180d", &["plc", "shop-web"]),
        ("used:never", &["shop-web"]),
    ];
    for (filter, expected) in table {
        assert_eq!(filtered(&[filter]), expected, "{filter}");
    }
    for nothing in ["group:none", "jumpoint:x", "status:other", "used:later"] {
        assert!(filtered(&[nothing]).is_empty(), "{nothing}");
    }
}

#[test]
fn filters_of_one_category_widen_and_of_several_narrow() {
    assert_eq!(filtered(&["used:1d", "used:never"]), ["billing-db", "shop-web"]);
    assert_eq!(filtered(&["name:db", "name:web", "used:7d"]), ["billing-db", "shop-db"]);
}

#[test]
fn place_search_and_filters_hold_together() {
    let place = |place| names(&View { place, ..View::default() });
    assert_eq!(place(Place::Favourites), ["billing-db"]);
    assert_eq!(place(Place::Recent), ["shop-db"]);
    assert_eq!(place(Place::Group(JumpGroupId(number(1)), Some("billing".into()))), ["billing-db"]);
    assert_eq!(place(Place::Group(JumpGroupId(number(1)), None)), ["billing-db", "plc", "shop-db"]);
    let mut view = View { search: "DB".into(), ..View::default() };
    view.add(Filter::from_text("used:7d").unwrap());
    view.place = Place::Recent;
    assert_eq!(names(&view), ["shop-db"]);
}

#[test]
fn recently_used_ends_somewhere() {
    let mut items: Vec<JumpItem> = (0..30).map(|at| item(&format!("item {at}"))).collect();
    for (at, item) in (0..).zip(items.iter_mut()) {
        item.used_by_you_at = Some(Timestamp(at));
    }
    assert_eq!(recent_count(&items), RECENT);
    let it = Catalogue::new(Rc::new(items));
    let order = it.sorted(Layout::default().sort());
    let view = View { place: Place::Recent, ..View::default() };
    let rows = shown(&it, &order, &view, NOW);
    assert_eq!(rows.len(), RECENT);
    assert!(rows.iter().all(|at| *at >= 10));
}

#[test]
fn every_choice_is_told_in_words() {
    let it = catalogue();
    for category in Category::ALL {
        let choices = choices(category, it.items(), &[], &[]);
        assert_eq!(Category::from_key(category.key()), Some(category));
        for (value, said) in choices {
            let filter = Filter { category, value };
            assert_eq!(filter.words(&[], &[]), said);
            assert_eq!(Filter::from_text(&filter.to_text()), Some(filter));
        }
    }
    let status = choices(Category::Status, it.items(), &[], &[]);
    let keys: Vec<&str> = status.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["ready", "in_use", "jumpoint_offline"]);
}
