//! Protocol Tunnel Jumps as a CSV file (RFC 4180), the way in and the way out. Pure: bytes come in, items or remarks go out.
//!
//! The first line names the columns, in any order ([`Column`]). What is written has a byte order mark, by which Excel knows UTF-8,
//! and commas; what is read may be without, and may have semicolons or tabs instead, as Excel writes them in parts of Europe.
//!
//! | file | holds |
//! |---|---|
//! | `read` | bytes into rows, each with its line in the file |
//! | `import` | rows into items, as far as the user may make them, and what is wrong with them |
//! | `names` | what a file calls by name, looked up |
//! | `write` | items into bytes |
//! | `cell` | what a spreadsheet would take for a formula |
//! | `pairs` | the column of port pairs |
//! | `credentials` | the column of credentials |

pub mod cell;
pub mod credentials;
pub mod import;
mod names;
pub mod pairs;
pub mod read;
pub mod write;

/// A column of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Name of the item.
    Name,
    /// Name of its group.
    Group,
    /// Its tag; may be empty.
    Tag,
    /// Name of its jumpoint.
    Jumpoint,
    /// Host name or address of the target.
    Hostname,
    /// Address of the workstation to listen on; empty means 127.0.0.1.
    LocalAddress,
    /// Pairs of ports, see [`pairs`].
    Tunnels,
    /// Free text; may be empty and may have line breaks.
    Comments,
    /// Its jump policy, by name.
    JumpPolicy,
    /// Its session policy, by name.
    SessionPolicy,
    /// Its credentials, see [`credentials`].
    Credentials,
}

impl Column {
    /// Every column, in the order in which they are written.
    pub const ALL: [Self; 11] = [
        Self::Name,
        Self::Group,
        Self::Tag,
        Self::Jumpoint,
        Self::Hostname,
        Self::LocalAddress,
        Self::Tunnels,
        Self::Comments,
        Self::JumpPolicy,
        Self::SessionPolicy,
        Self::Credentials,
    ];

    /// Its name in the first line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::Jumpoint => "jumpoint",
            Self::Hostname => "hostname",
            Self::LocalAddress => "local_address",
            Self::Tunnels => "tunnels",
            Self::Comments => "comments",
            Self::JumpPolicy => "jump_policy",
            Self::SessionPolicy => "session_policy",
            Self::Credentials => "credentials",
        }
    }

    /// Whether a file can do without it.
    #[must_use]
    pub fn may_be_missing(self) -> bool {
        match self {
            Self::Name | Self::Group | Self::Jumpoint | Self::Hostname | Self::Tunnels => false,
            Self::Tag | Self::LocalAddress | Self::Comments => true,
            Self::JumpPolicy | Self::SessionPolicy | Self::Credentials => true,
        }
    }

    /// The column that somebody calls so: capitals, and blanks or hyphens in place of `_`, do not matter.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        let plain = |sign: char| if matches!(sign, ' ' | '-') { '_' } else { sign.to_ascii_lowercase() };
        let name: String = name.trim().chars().map(plain).collect();
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}
