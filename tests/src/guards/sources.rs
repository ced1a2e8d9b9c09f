//! Rules about the files git knows.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::root;

/// More lines than this and a newcomer does not find the room they look for.
const MOST_LINES: usize = 600;

/// A text file of the tree.
pub struct Source {
    /// Its path from the top.
    pub path: PathBuf,
    /// Folder of the package it belongs to, from the top.
    pub package_folder: PathBuf,
    /// What it holds.
    pub text: String,
}

impl Source {
    /// Whether it is Rust.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "rs")
    }

    fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }
}

/// All text files that git tracks or would add.
///
/// # Errors
/// When git does not answer.
pub fn tracked_sources() -> Result<Vec<Source>> {
    let answer = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("starting git")?;
    ensure!(answer.status.success(), "git ls-files: {}", String::from_utf8_lossy(&answer.stderr));
    let names = String::from_utf8(answer.stdout).context("a file name that is not UTF-8")?;
    let mut sources = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let path = PathBuf::from(name);
        // A file that was removed but not committed yet is still listed; a picture is no text.
        if let Ok(Ok(text)) = std::fs::read(root().join(&path)).map(String::from_utf8) {
            sources.push(Source { package_folder: package_folder(&path), path, text });
        }
    }
    ensure!(!sources.is_empty(), "git lists no files in {}", root().display());
    Ok(sources)
}

fn package_folder(path: &Path) -> PathBuf {
    path.ancestors()
        .skip(1)
        .find(|folder| root().join(folder).join("Cargo.toml").is_file())
        .unwrap_or(Path::new(""))
        .into()
}

/// What a room of the appliance must not hold. The first column says where, the second where it is allowed all the same.
struct Wall {
    folder: &'static str,
    except: &'static [&'static str],
    forbidden: &'static [&'static str],
    why: &'static str,
}

const WALLS: [Wall; 8] = [
    Wall {
        folder: "appliance/src/jump",
        except: &[],
        forbidden: &["async fn", ".await", "axum::", "sea_orm::", "tokio::"],
        why: "who may jump to what is decided by pure functions",
    },
    Wall {
        folder: "appliance/src/session/lifecycle",
        except: &[],
        forbidden: &["async fn", ".await", "axum::", "sea_orm::", "tokio::"],
        why: "a session's life is a pure state machine",
    },
    Wall {
        folder: "appliance/src/session/recorder",
        except: &[],
        forbidden: &["async fn", ".await", "axum::", "sea_orm::", "tokio::"],
        why: "where a recording stands is a pure state machine",
    },
    Wall {
        folder: "appliance/src/recording/webm",
        except: &[],
        forbidden: &["async fn", ".await", "axum::", "tokio::", "std::fs", "std::time"],
        why: "a stream is made into a file by pure functions",
    },
    Wall {
        folder: "appliance/src/capture",
        except: &[],
        forbidden: &["async fn", ".await", "axum::", "tokio::", "std::fs", "std::time"],
        why: "frames are made into a capture, and read from it, by pure functions",
    },
    Wall {
        folder: "appliance/src",
        except: &["appliance/src/store"],
        forbidden: &["sea_orm::", "sea_orm_migration::"],
        why: "only the store knows the database",
    },
    Wall {
        folder: "appliance/src",
        except: &["appliance/src/http", "appliance/src/websocket", "appliance/src/lib.rs"],
        forbidden: &["crate::http::", "crate::websocket::"],
        why: "nothing uses the rooms that face the network",
    },
    Wall {
        folder: "appliance/wire/src",
        except: &[],
        forbidden: &["std::time::Instant", "SystemTime", "std::net::Tcp", "std::thread"],
        why: "wire does no I/O and knows no clock",
    },
];

/// Rooms that hold what they must not.
#[must_use]
pub fn room_walls(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for wall in &WALLS {
        let lifecycle_file = format!("{}.rs", wall.folder);
        let inside = sources.iter().filter(|it| {
            it.is_rust()
                && (it.is_in(wall.folder) || it.path == Path::new(&lifecycle_file))
                && !wall.except.iter().any(|except| it.is_in(except) || it.path == Path::new(&format!("{except}.rs")))
        });
        for source in inside {
            for (number, line) in source.text.lines().enumerate() {
                if line.trim_start().starts_with("//") {
                    continue;
                }
                if let Some(found) = wall.forbidden.iter().find(|word| line.contains(**word)) {
                    let place = format!("{}:{}", source.path.display(), number + 1);
                    broken.push(format!("{place} has `{found}`: {}", wall.why));
                }
            }
        }
    }
    broken
}

/// Rust files that are too long.
#[must_use]
pub fn long_files(sources: &[Source]) -> Vec<String> {
    let lengths = sources.iter().filter(|it| it.is_rust()).map(|it| (it, it.text.lines().count()));
    lengths
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(it, lines)| format!("{} has {lines} lines; {MOST_LINES} are the most", it.path.display()))
        .collect()
}

/// Files that name the folder of this very checkout.
#[must_use]
pub fn own_paths(sources: &[Source], checkout: &Path) -> Vec<String> {
    let folder = checkout.display().to_string();
    // A short folder such as /src stands in many a text that does not mean it.
    if checkout.components().count() < 3 {
        return Vec::new();
    }
    naming(sources, &[&folder], "a path of one machine")
}

/// Files that name hosts of package registries. Lock files belong to the tools that write them.
#[must_use]
pub fn registry_hosts(sources: &[Source]) -> Vec<String> {
    let hosts =
        [concat!("crates", ".io"), concat!("npmjs", ".org"), concat!("npmjs", ".com"), concat!("deb.debian", ".org")];
    // Cargo writes the host into the one lock file there is.
    let others: Vec<&Source> =
        sources.iter().filter(|it| it.path != Path::new("Cargo.lock") && !it.path.ends_with("deny.toml")).collect();
    naming(others, &hosts, "a package registry's host; name the package instead")
}

/// Routes that the description of the API does not have: the table of who may use what does not have them either, so each is here
/// because somebody thought about it.
const UNDESCRIBED: [&str; 9] = [
    "\"/api/openapi.json\"",
    "\"/ca.pem\"",
    "\"/extension/sallyport.crx\"",
    "\"/extension/updates.xml\"",
    "\"/download/{file}\"",
    "HELPER_LINK_PATH",
    "ENROL_PATH",
    "AGENT_CONTROL_PATH",
    "AGENT_SESSION_PATH",
];

/// Places of the appliance that add a route past the description of the API.
#[must_use]
pub fn undescribed_routes(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|it| it.is_rust() && it.is_in("appliance/src")) {
        for (number, line) in source.text.lines().enumerate() {
            let place = format!("{}:{}", source.path.display(), number + 1);
            if let Some((_, rest)) = line.split_once(".route(") {
                let route = rest.split(',').next().unwrap_or_default().trim();
                if !UNDESCRIBED.contains(&route) {
                    found.push(format!("{place} adds a route that the description of the API does not have: {line}"));
                }
            }
            if line.contains(".nest(") || line.contains(".route_service(") || line.contains(".nest_service(") {
                found.push(format!("{place} adds routes that the description of the API does not have: {line}"));
            }
        }
    }
    found
}

fn naming<'a>(sources: impl IntoIterator<Item = &'a Source>, words: &[&str], what: &str) -> Vec<String> {
    sources
        .into_iter()
        .filter(|it| words.iter().any(|word| it.text.contains(word)))
        .map(|it| format!("{} names {what}", it.path.display()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), package_folder: "appliance".into(), text: text.into() }
    }

    #[test]
    fn the_database_is_known_to_the_store_alone() {
        let text = "use sea_orm::Set;\n";
        assert_eq!(room_walls(&[source("appliance/src/agents/presence.rs", text)]).len(), 1);
        assert!(room_walls(&[source("appliance/src/store/agents.rs", text)]).is_empty());
        assert!(room_walls(&[source("appliance/src/agents/presence.rs", "// sea_orm\n")]).is_empty());
    }

    #[test]
    fn pure_rooms_stay_pure() {
        assert_eq!(room_walls(&[source("appliance/src/jump/access.rs", "pub async fn may() {}\n")]).len(), 1);
        assert_eq!(room_walls(&[source("appliance/src/session/lifecycle.rs", "x.await;\n")]).len(), 1);
        assert!(room_walls(&[source("appliance/src/session/registry.rs", "x.await;\n")]).is_empty());
    }

    #[test]
    fn routes_past_the_description_are_named() {
        let found = |text: &str| undescribed_routes(&[source("appliance/src/http/mod.rs", text)]).len();
        assert_eq!(found("api.route(\"/ca.pem\", get(ca))\n    .routes(routes!(me::me))\n"), 0);
        assert_eq!(found("api.route(\"/api/secret\", get(secret))\n"), 1);
        assert_eq!(found("api.route(\n    \"/ca.pem\", get(ca))\n"), 1);
        assert_eq!(found("api.nest(\"/api\", more)\n"), 1);
    }

    #[test]
    fn long_files_are_named() {
        assert_eq!(long_files(&[source("a.rs", &"\n".repeat(601))]).len(), 1);
        assert!(long_files(&[source("a.rs", &"\n".repeat(600)), source("a.lock", &"\n".repeat(9000))]).is_empty());
    }

    #[test]
    fn only_the_one_lock_file_names_where_packages_come_from() {
        let text = concat!("registry+https://github.com/rust-lang/crates", ".io-index");
        assert!(registry_hosts(&[source("Cargo.lock", text)]).is_empty());
        assert_eq!(registry_hosts(&[source("tests/fuzz/Cargo.lock", text)]).len(), 1);
    }

    #[test]
    fn this_checkout_is_not_named() {
        let text = "see /home/ana/sallyport/tests";
        assert_eq!(own_paths(&[source("a.md", text)], Path::new("/home/ana/sallyport")).len(), 1);
        assert!(own_paths(&[source("a.md", text)], Path::new("/src")).is_empty());
    }
}
