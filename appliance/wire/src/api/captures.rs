use super::api_type;
use crate::stream::EndReason;
use crate::{ConnectionId, Timestamp};

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrafficSide {
    /// From the program on the workstation.
    Client,
    /// From the target.
    Target,
}

/// What happens when as much was captured of a session as may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// The session ends: nothing goes through that is not captured.
    #[default]
    EndSession,
    /// The session goes on, and no more of it is captured.
    GoOn,
}

/// What is spoken in a connection, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrafficProtocol {
    /// Nothing that is known here.
    #[default]
    Unknown,
    /// PostgreSQL, in clear.
    Postgresql,
    /// MySQL or MariaDB, in clear.
    Mysql,
    /// Redis, in clear.
    Redis,
    /// HTTP/1, in clear.
    Http,
    /// Encrypted by TLS.
    Tls,
    /// SSH, which is encrypted.
    Ssh,
}

api_type! {
    /// How traffic is captured.
    #[derive(Copy, Eq)]
    pub struct TrafficCapture {
        /// Size that the capture of one session may have, in MiB, at most [`crate::limits::CAPTURE_MEBIBYTES`].
        pub max_mebibytes: u32,
        /// What happens when it has that size.
        #[serde(default)]
        pub when_full: WhenFull,
    }

    /// A connection in a capture.
    #[derive(Eq)]
    pub struct CapturedConnection {
        /// Number of its stream in the session: what it is asked for by.
        pub stream: u32,
        /// The connection, where it is kept.
        pub connection_id: Option<ConnectionId>,
        /// Number of its tunnel.
        pub tunnel: u16,
        /// Address and port of the local program.
        pub client_address: Option<String>,
        /// Name of the local program.
        pub client_program: Option<String>,
        /// When it opened.
        pub opened_at: Timestamp,
        /// When something last went through it.
        pub last_at: Timestamp,
        /// Bytes from the workstation to the target.
        pub bytes_sent: u64,
        /// Bytes from the target to the workstation.
        pub bytes_received: u64,
        /// Why it ended.
        pub end: Option<EndReason>,
        /// What is spoken in it.
        pub protocol: TrafficProtocol,
    }

    /// `GET /api/captures/{id}/connections`.
    #[derive(Eq)]
    pub struct CapturedConnectionPage {
        /// In the order in which they opened.
        pub connections: Vec<CapturedConnection>,
        /// To be given as `after` for the next page; none at the end.
        pub next: Option<u32>,
    }

    /// Bytes that one side sent at once.
    #[derive(Eq)]
    pub struct CapturedPiece {
        /// Microseconds since 1970.
        pub at_micros: i64,
        /// Whose.
        pub side: TrafficSide,
        /// Where they begin among all bytes of that side.
        pub offset: u64,
        /// The bytes, two hexadecimal digits each.
        pub hex: String,
    }

    /// `GET /api/captures/{id}/connections/{stream}/bytes`.
    #[derive(Eq)]
    pub struct CapturedBytes {
        /// As they went, both sides; may be empty though there is more.
        pub pieces: Vec<CapturedPiece>,
        /// To be given as `from` for what comes next; none at the end.
        pub next: Option<u64>,
    }

    /// A statement or a request, and what is known of its answer.
    #[derive(Eq)]
    pub struct CapturedStatement {
        /// Microseconds since 1970 when it was sent.
        pub at_micros: i64,
        /// What it is, such as `query` or `GET`.
        pub verb: String,
        /// It, or its beginning.
        pub text: String,
        /// Whether there was more of it.
        pub is_cut: bool,
        /// Bytes of it.
        pub bytes: u64,
        /// Microseconds until its answer was complete, as far as that was seen.
        pub took_micros: Option<u64>,
        /// Bytes of the answer.
        pub answer_bytes: u64,
        /// What the answer says: `SELECT 3`, `404`, an error.
        pub outcome: String,
        /// Whether the answer is an error.
        pub is_error: bool,
    }

    /// `GET /api/captures/{id}/connections/{stream}/statements`.
    #[derive(Eq)]
    pub struct CapturedStatements {
        /// In which language.
        pub protocol: TrafficProtocol,
        /// In the order in which they were sent.
        pub statements: Vec<CapturedStatement>,
        /// To be given as `from` for the next page; none at the end.
        pub next: Option<u64>,
        /// Why there are no more, where the bytes could not be read to their end.
        #[serde(default)]
        pub stopped: String,
    }
}

impl TrafficCapture {
    /// Bytes that the capture of one session may have.
    #[must_use]
    pub fn max_bytes(self) -> u64 {
        u64::from(self.max_mebibytes) * 1024 * 1024
    }

    /// What satisfies both: each gets as much as it asks for, and one that ends sessions outweighs others.
    #[must_use]
    pub fn more(self, other: Self) -> Self {
        let ends = [self, other].iter().any(|it| it.when_full == WhenFull::EndSession);
        Self {
            max_mebibytes: self.max_mebibytes.max(other.max_mebibytes),
            when_full: if ends { WhenFull::EndSession } else { WhenFull::GoOn },
        }
    }
}

impl Default for TrafficCapture {
    fn default() -> Self {
        Self { max_mebibytes: 1024, when_full: WhenFull::EndSession }
    }
}

impl TrafficProtocol {
    /// Every one.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Postgresql, Self::Mysql, Self::Redis, Self::Http, Self::Tls, Self::Ssh];

    /// Its name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Postgresql => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Redis => "Redis",
            Self::Http => "HTTP",
            Self::Tls => "TLS (encrypted)",
            Self::Ssh => "SSH (encrypted)",
        }
    }

    /// Whether statements or requests are read from it.
    #[must_use]
    pub fn has_statements(self) -> bool {
        matches!(self, Self::Postgresql | Self::Mysql | Self::Redis | Self::Http)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_that_capture_each_gets_what_it_asks_for() {
        let capture = |max_mebibytes, when_full| TrafficCapture { max_mebibytes, when_full };
        let (small, large) = (capture(1, WhenFull::EndSession), capture(2, WhenFull::GoOn));
        assert_eq!(small.more(large), capture(2, WhenFull::EndSession));
        assert_eq!(large.more(small), capture(2, WhenFull::EndSession));
        assert_eq!(large.more(large), large);
        assert_eq!(small.max_bytes(), 1 << 20);
    }
}
