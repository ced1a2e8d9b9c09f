use super::api_type;
use crate::{AgentId, EnrolmentKeyId, JumpointId, SecretText, Timestamp};

api_type! {
    /// A jumpoint: the way into one remote network.
    pub struct Jumpoint {
        /// Its id.
        pub id: JumpointId,
        /// Its name, unique.
        pub name: String,
        /// Free text.
        pub comments: String,
        /// A disabled jumpoint takes no new sessions.
        pub enabled: bool,
        /// Whether Protocol Tunnel Jumps may use it (row 0.4).
        pub protocol_tunnel_enabled: bool,
        /// Whether any of its nodes is connected now.
        pub online: bool,
        /// Its enrolled agents.
        pub nodes: Vec<Node>,
        /// Keys that were made and not used yet.
        pub enrolment_keys: Vec<EnrolmentKey>,
        /// Items that go through it.
        pub item_count: u32,
        /// When it was made.
        pub created_at: Timestamp,
        /// Goes up with each change by an administrator; to be sent with the next one.
        #[serde(default)]
        pub revision: i64,
    }

    /// One enrolled agent of a jumpoint.
    pub struct Node {
        /// Its id.
        pub id: AgentId,
        /// Host name it reported.
        pub hostname: String,
        /// Version of `sallyport-jumpoint`.
        pub version: String,
        /// Operating system it reported.
        pub os: String,
        /// Addresses of its host, as it reported them.
        pub addresses: Vec<String>,
        /// Address it dials from, as the appliance sees it.
        pub remote_address: Option<String>,
        /// Whether its control link is up.
        pub online: bool,
        /// Takes no new sessions; those that run go on.
        pub draining: bool,
        /// Sessions that run on it.
        pub sessions: u32,
        /// Connections that are open through it.
        pub connections: u32,
        /// Round trip of its control link in microseconds.
        pub round_trip_micros: Option<u64>,
        /// When it was last heard of.
        pub last_seen_at: Option<Timestamp>,
        /// When it enrolled.
        pub enrolled_at: Timestamp,
    }

    /// `PATCH /api/jumpoints/{id}/nodes/{agent_id}`: what is absent stays.
    #[derive(Default)]
    pub struct NodeChange {
        /// Whether it is drained: takes no new sessions.
        #[serde(default)]
        pub draining: Option<bool>,
    }

    /// A key that was made and not used yet. The key itself is shown once, in [`NewEnrolmentKey`].
    pub struct EnrolmentKey {
        /// Its id.
        pub id: EnrolmentKeyId,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it stops working.
        pub expires_at: Timestamp,
    }

    /// Answer of `POST /api/jumpoints/{id}/enrolment-keys`.
    pub struct NewEnrolmentKey {
        /// The list entry.
        pub entry: EnrolmentKey,
        /// To be given to `sallyport-jumpoint enrol --key`; holds the appliance's address and the fingerprint
        /// of its certificate authority. Not shown again.
        pub key: SecretText,
        /// The whole command for the host in the remote network.
        pub command: SecretText,
    }

    /// `POST /api/jumpoints`.
    pub struct NewJumpoint {
        /// Its name.
        pub name: String,
        /// Free text.
        #[serde(default)]
        pub comments: String,
    }

    /// `PATCH /api/jumpoints/{id}`: what is absent stays.
    #[derive(Default)]
    pub struct JumpointChange {
        /// Its name.
        #[serde(default)]
        pub name: Option<String>,
        /// Free text.
        #[serde(default)]
        pub comments: Option<String>,
        /// Whether it takes sessions.
        #[serde(default)]
        pub enabled: Option<bool>,
        /// Whether Protocol Tunnel Jumps may use it.
        #[serde(default)]
        pub protocol_tunnel_enabled: Option<bool>,
        /// The revision that was looked at; a change to another one is refused. Absent: what is named here is changed, whatever
        /// else was changed meanwhile.
        #[serde(default)]
        pub revision: Option<i64>,
    }
}
