//! PatternFly's styles: the base and the components the console uses, in one sheet, with its fonts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Where npm puts PatternFly, below `www`.
const PATTERNFLY: &str = "node_modules/@patternfly/patternfly";

/// The sheets that are taken, in the order PatternFly itself has them. The whole of it is five times as large.
const SHEETS: &[&str] = &[
    "patternfly-base.css",
    "components/Alert/alert.css",
    "components/Alert/alert-group.css",
    "components/Backdrop/backdrop.css",
    "components/Badge/badge.css",
    "components/Banner/banner.css",
    "components/Button/button.css",
    "components/Card/card.css",
    "components/Check/check.css",
    "components/DescriptionList/description-list.css",
    "components/Divider/divider.css",
    "components/EmptyState/empty-state.css",
    "components/Form/form.css",
    "components/FormControl/form-control.css",
    "components/HelperText/helper-text.css",
    "components/InputGroup/input-group.css",
    "components/Label/label.css",
    "components/Masthead/masthead.css",
    "components/Menu/menu.css",
    "components/MenuToggle/menu-toggle.css",
    "components/ModalBox/modal-box.css",
    "components/Nav/nav.css",
    "components/SkipToContent/skip-to-content.css",
    "components/Spinner/spinner.css",
    "components/Switch/switch.css",
    "components/Table/table.css",
    "components/Tabs/tabs.css",
    "components/TextInputGroup/text-input-group.css",
    "components/Title/title.css",
    "components/ToggleGroup/toggle-group.css",
    "components/Toolbar/toolbar.css",
];

/// A style sheet and the files it names.
pub(crate) struct StyleSheet {
    /// The text, with each file named as [`StyleSheet::files`] names it.
    pub(crate) text: String,
    /// By the name used in the text: where the file is.
    pub(crate) files: BTreeMap<String, PathBuf>,
}

/// Reads PatternFly's sheets below `www` and joins them.
pub(crate) fn patternfly(www: &Path) -> Result<StyleSheet> {
    let folder = www.join(PATTERNFLY);
    let mut joined = StyleSheet { text: String::new(), files: BTreeMap::new() };
    for sheet in SHEETS {
        let path = folder.join(sheet);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let base = path.parent().unwrap_or(&folder);
        let (text, names) = resolve_urls(&text);
        joined.text.push_str(&text);
        joined.text.push('\n');
        for (name, relative) in names {
            joined.files.insert(name, base.join(relative));
        }
    }
    Ok(joined)
}

/// Replaces every `url("path/name.woff2")` by `url("name.woff2")` and says which path each name stands for. Pictures
/// become `none`: they are backgrounds of themes the console does not use.
fn resolve_urls(sheet: &str) -> (String, Vec<(String, String)>) {
    let mut text = String::with_capacity(sheet.len());
    let mut names = Vec::new();
    let mut rest = sheet;
    while let Some(start) = rest.find("url(") {
        let (before, from) = rest.split_at(start);
        let Some(end) = from.find(')') else { break };
        let (call, after) = from.split_at(end + 1);
        let target = call[4..end].trim().trim_matches(['"', '\'']);
        text.push_str(before);
        match Path::new(target).file_name().and_then(|name| name.to_str()) {
            _ if target.starts_with("data:") => text.push_str(call),
            Some(name) if name.ends_with(".woff2") => {
                text.push_str(&format!("url(\"{name}\")"));
                names.push((name.to_owned(), target.to_owned()));
            }
            _ => text.push_str("none"),
        }
        rest = after;
    }
    text.push_str(rest);
    (text, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_kept_pictures_are_dropped_and_data_stays() {
        let sheet = r#"@font-face { src: url("./assets/fonts/A/A.woff2") format("woff2"); }
.a { background: var(--x, url("./assets/images/b.svg")); } .b { background: url(data:image/png;base64,AA==); }"#;
        let (text, names) = resolve_urls(sheet);
        assert_eq!(
            text,
            r#"@font-face { src: url("A.woff2") format("woff2"); }
.a { background: var(--x, none); } .b { background: url(data:image/png;base64,AA==); }"#
        );
        assert_eq!(names, [("A.woff2".to_owned(), "./assets/fonts/A/A.woff2".to_owned())]);
    }
}
