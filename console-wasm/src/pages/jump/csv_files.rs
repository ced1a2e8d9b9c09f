//! Items as a CSV file, out of the table.

use wasm_bindgen_futures::spawn_local;
use wire::JumpItemId;
use wire::limits::CSV_ITEMS;

use crate::appliance_api::Answer;
use crate::components::saved_file;
use crate::console::Console;
use crate::state::format;
use crate::state::toasts::ToastKind;

/// Why these many items cannot be exported; empty when they can.
pub(super) fn obstacle(items: usize) -> String {
    match items {
        0 => "There is no item to export.".into(),
        many if many > CSV_ITEMS => format!("At most {CSV_ITEMS} at once; choose fewer, by group or by a filter."),
        _ => String::new(),
    }
}

/// Exports items.
pub(super) fn export(console: &Console, ids: Vec<JumpItemId>) {
    let console = console.clone();
    spawn_local(async move {
        let told = format!("{} exported", format::count(ids.len() as u64, "item"));
        let file = console.api().export_items(ids).await;
        if saved(&console, "jump-items.csv", file) {
            console.tell(ToastKind::Success, told, "The browser saves them as jump-items.csv.");
        }
    });
}

/// Loads the file that shows how others have to be.
pub(super) fn template(console: &Console) {
    let console = console.clone();
    spawn_local(async move {
        let file = console.api().import_template().await;
        saved(&console, "jump-items-template.csv", file);
    });
}

fn saved(console: &Console, name: &str, file: Answer<Vec<u8>>) -> bool {
    match file {
        Ok(content) if saved_file::save(name, "text/csv", &content) => true,
        Ok(_) => {
            console.tell(ToastKind::Failure, "The file was not saved", "The browser did not take it; try again.");
            false
        }
        Err(error) => {
            console.tell_error("The file was not made", &error);
            false
        }
    }
}
