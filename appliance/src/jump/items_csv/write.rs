//! Items into the bytes of a file.

use csv::{Terminator, WriterBuilder};
use wire::api::TunnelJumpDraft;

use super::{Column, cell, pairs};

/// An item with the names that stand for its ids.
#[derive(Clone, Debug)]
pub struct NamedItem<'a> {
    /// The item.
    pub definition: &'a TunnelJumpDraft,
    /// Its group.
    pub group: &'a str,
    /// Its jumpoint.
    pub jumpoint: &'a str,
    /// Its jump policy; empty: none.
    pub policy: &'a str,
    /// Its session policy; empty: none.
    pub session_policy: &'a str,
    /// Its credentials, as [`super::credentials`] writes them.
    pub credentials: String,
}

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the file could not be written")]
pub struct NotWritten(#[from] csv::Error);

/// A file with these items, in this order: byte order mark, commas, CR LF.
///
/// # Errors
/// When memory cannot be written to, which does not happen.
pub fn write<'a>(items: impl IntoIterator<Item = NamedItem<'a>>) -> Result<Vec<u8>, NotWritten> {
    let mut bytes = BYTE_ORDER_MARK.to_vec();
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(&mut bytes);
    writer.write_record(Column::ALL.map(Column::name))?;
    for NamedItem { definition, group, jumpoint, policy, session_policy, credentials } in items {
        let tunnels = pairs::written(&definition.tunnels);
        let cells = Column::ALL.map(|column| match column {
            Column::Name => definition.name.as_str(),
            Column::Group => group,
            Column::Tag => definition.tag.as_deref().unwrap_or_default(),
            Column::Jumpoint => jumpoint,
            Column::Hostname => definition.hostname.as_str(),
            Column::LocalAddress => definition.local_address.as_str(),
            Column::Tunnels => tunnels.as_str(),
            Column::Comments => definition.comments.as_str(),
            Column::JumpPolicy => policy,
            Column::SessionPolicy => session_policy,
            Column::Credentials => credentials.as_str(),
        });
        writer.write_record(cells.map(cell::guarded))?;
    }
    writer.flush().map_err(csv::Error::from)?;
    drop(writer);
    Ok(bytes)
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
