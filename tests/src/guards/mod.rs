//! Rules of the source tree that the compiler does not check. Each guard gives the sentences that say what is wrong; none = all well.

mod dependencies;
mod sources;

pub use dependencies::{forbidden_dependencies, unused_dependencies};
pub use sources::{Source, long_files, own_paths, registry_hosts, room_walls, tracked_sources, undescribed_routes};

use anyhow::{Result, bail};

/// All guards together.
///
/// # Errors
/// With one sentence for each broken rule.
pub fn check() -> Result<()> {
    let sources = tracked_sources()?;
    let mut broken = forbidden_dependencies()?;
    broken.extend(unused_dependencies(&sources)?);
    broken.extend(room_walls(&sources));
    broken.extend(long_files(&sources));
    broken.extend(undescribed_routes(&sources));
    broken.extend(own_paths(&sources, &crate::workspace::root()));
    broken.extend(registry_hosts(&sources));
    if broken.is_empty() {
        return Ok(());
    }
    bail!("{} rules of the source tree are broken:\n- {}", broken.len(), broken.join("\n- "));
}
