//! Limits that more than one program has to keep. Row numbers are those of the requirements.

/// Characters in a jump item's name (row 0.5).
pub const NAME_CHARS: usize = 128;
/// Characters in a jump item's comments.
pub const COMMENTS_CHARS: usize = 2_000;
/// Characters in a tag.
pub const TAG_CHARS: usize = 64;
/// Characters in a host name (RFC 1035, section 2.3.4).
pub const HOST_CHARS: usize = 253;
/// Tunnels in one jump item (row 0.11).
pub const TUNNELS_PER_ITEM: usize = 64;
/// Credentials of one jump item.
pub const CREDENTIALS_PER_ITEM: usize = 32;
/// Credentials of one jump group.
pub const CREDENTIALS_PER_GROUP: usize = 1_000;
/// Characters in the user name of a credential.
pub const CREDENTIAL_USER_CHARS: usize = 256;
/// Characters in a stored password, token or passphrase.
pub const STORED_SECRET_CHARS: usize = 4_096;
/// Characters in a stored key.
pub const STORED_KEY_CHARS: usize = 32_768;
/// Simultaneous connections of one session (row 0.22).
pub const CONNECTIONS_PER_SESSION: usize = 256;
/// Characters in the name of a jump policy or a session policy.
pub const POLICY_NAME_CHARS: usize = 255;
/// Characters in the description of a jump policy.
pub const POLICY_DESCRIPTION_CHARS: usize = 1_000;
/// Entries of a jump policy's schedule.
pub const SCHEDULE_ENTRIES: usize = 100;
/// Users, teams or e-mail addresses that one list of a jump policy names.
pub const POLICY_PEOPLE: usize = 100;
/// Minutes that an approval may last at most: 52 weeks.
pub const APPROVAL_MINUTES: u32 = 524_160;
/// Minutes that an approval may last at most unless an administrator says otherwise.
pub const APPROVAL_MINUTES_DEFAULT: u32 = 480;
/// Days that somebody can ask ahead for an approval.
pub const APPROVAL_DAYS_AHEAD: u32 = 90;
/// Requests of one user that wait for an approval.
pub const APPROVALS_WAITING: usize = 50;
/// Characters in the reason for a request, and in the note of a decision.
pub const APPROVAL_REASON_CHARS: usize = 1_000;
/// Minutes before a session has to end from which its people are warned.
pub const WARN_MINUTES: u32 = 15;
/// Seconds for which a session may wait for a lost link at most, whatever a policy says.
pub const LINK_GRACE_SECONDS: u32 = 3_600;
/// Minutes after which a session policy may end an idle session, at most: a day.
pub const IDLE_MINUTES: u32 = 1_440;
/// Characters in what people read before they sign in.
pub const BANNER_CHARS: usize = 4_000;
/// Minutes of nobody there after which a sign-in ends, at most: a day.
pub const SIGN_IN_IDLE_MINUTES: u32 = 1_440;
/// Hours after which a sign-in ends in any case, at most: a week.
pub const SIGN_IN_HOURS: u32 = 168;
/// Sessions of one user that are not over, at most.
pub const SESSIONS_PER_USER: u32 = 200;
/// Sessions of one user that are not over unless an administrator says otherwise.
pub const SESSIONS_PER_USER_DEFAULT: u32 = 50;
/// Days for which sessions are kept, at most: ten years.
pub const KEEP_SESSIONS_DAYS: u32 = 3_653;
/// Items started with one press of *Jump* (row 1.2).
pub const ITEMS_PER_JUMP: usize = 10;
/// Items changed, removed or brought back by one request, and copies made by one.
pub const ITEMS_PER_CHANGE: usize = 1_000;
/// Bytes of a CSV file of items that is imported.
pub const CSV_BYTES: usize = 5 * 1024 * 1024;
/// Items in a CSV file that is imported, and ids in one request for such a file.
pub const CSV_ITEMS: usize = 10_000;
/// Lines that one answer about a CSV file tells of; beyond, only how many there are.
pub const CSV_REMARKS: usize = 200;
/// Seconds within which whoever removed items can bring them back.
pub const UNDO_SECONDS: u32 = 30;
/// Filter sets that the appliance keeps for one user.
pub const SAVED_FILTERS: usize = 100;
/// Characters in the address of a filter set.
pub const FILTER_QUERY_CHARS: usize = 2_000;
/// Nodes of one jumpoint.
pub const NODES_PER_JUMPOINT: usize = 10;
/// Characters in a user name.
pub const USER_NAME_CHARS: usize = 64;
/// Fewest characters in a password (NIST SP 800-63B asks for at least 8; a gateway may ask for more).
pub const PASSWORD_MIN_CHARS: usize = 12;
/// Most characters in a password: bounds the work of one sign-in.
pub const PASSWORD_MAX_CHARS: usize = 256;
/// Passkeys of one user.
pub const PASSKEYS_PER_USER: usize = 20;
/// Bytes of what a browser says of a passkey.
pub const PASSKEY_BYTES: usize = 64 * 1024;
/// Days that an API token works at most.
pub const TOKEN_DAYS: u32 = 365;
/// Characters in the reason an administrator gives.
pub const REASON_CHARS: usize = 200;
/// Characters in a mail address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
pub const MAIL_ADDRESS_CHARS: usize = 254;
/// Characters in a mail's subject.
pub const MAIL_SUBJECT_CHARS: usize = 200;
/// Characters in a mail.
pub const MAIL_TEXT_CHARS: usize = 20_000;
/// Characters in a ticket id.
pub const TICKET_CHARS: usize = 255;
/// Headers that are sent to a ticket system.
pub const TICKET_HEADERS: usize = 10;
/// Characters in the value of one.
pub const TICKET_HEADER_CHARS: usize = 4_000;
/// Characters in what is posted to a ticket system, before it is filled in.
pub const TICKET_BODY_CHARS: usize = 4_000;
/// Characters in a JSON pointer, and in what it has to lead to.
pub const TICKET_POINTER_CHARS: usize = 200;
/// Seconds a ticket system has to answer where nobody says otherwise.
pub const TICKET_TIME_OUT_SECONDS: u32 = 5;
/// Most seconds a ticket system can be given to answer.
pub const TICKET_TIME_OUT_MOST_SECONDS: u32 = 30;
/// Scopes, groups, teams of a group and the like that the settings of a provider of single sign-on can name.
pub const SIGN_ON_ENTRIES: usize = 100;
/// Characters in one of them, and in an issuer or a client id.
pub const SIGN_ON_TEXT_CHARS: usize = 1_000;
/// Characters in the name of a claim.
pub const SIGN_ON_CLAIM_CHARS: usize = 200;
/// Characters in the secret that a provider gave.
pub const SIGN_ON_SECRET_CHARS: usize = 4_000;
/// Providers of single sign-on.
pub const SIGN_ON_PROVIDERS: usize = 20;
/// Characters in certificate authorities that somebody pastes.
pub const CA_PEM_CHARS: usize = 64_000;
/// Bytes of one native message, either way. Browsers allow 1 MiB from the helper.
pub const NATIVE_MESSAGE_BYTES: usize = 256 * 1024;
/// Bytes of one JSON control message on a link or an agent's control link.
pub const CONTROL_MESSAGE_BYTES: usize = 256 * 1024;
/// Bytes of the body of a console API request.
pub const API_BODY_BYTES: usize = 1024 * 1024;
/// Seconds a tunnel ticket is good for.
pub const TICKET_SECONDS: u64 = 60;
/// The local address of an item that names none (row 0.8).
pub const DEFAULT_LOCAL_ADDRESS: std::net::Ipv4Addr = std::net::Ipv4Addr::LOCALHOST;
/// The lowest port an ordinary process may listen on (row 0.24).
pub const FIRST_UNPRIVILEGED_PORT: u16 = 1024;
/// Characters of the reason for which a session is ended.
pub const END_REASON_CHARS: usize = 300;
/// Frames in a second that a desktop is recorded with at most.
pub const RECORDING_FRAMES: u32 = 30;
/// Fewest lines that the picture of a recorded desktop is limited to.
pub const RECORDING_LINES_LEAST: u32 = 360;
/// Most of them.
pub const RECORDING_LINES_MOST: u32 = 4320;
/// Bytes of one chunk of a recording. A page cuts what its browser gives it.
pub const RECORDING_CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Seconds within which something has to come of a recording that runs; longer is a stall.
pub const RECORDING_STALL_SECONDS: u32 = 10;
/// Seconds for which a session waits for a recording that stopped.
pub const RECORDING_RESUME_SECONDS: u32 = 60;
/// Screens of one session that are recorded at once.
pub const RECORDING_SCREENS: usize = 8;
/// MiB that the capture of one session's traffic may have at most.
pub const CAPTURE_MEBIBYTES: u32 = 64 * 1024;
/// Seconds within which what goes through a tunnel has to be written when it is captured.
pub const CAPTURE_STALL_SECONDS: u32 = 10;
/// Characters of what a browser calls a screen.
pub const RECORDING_LABEL_CHARS: usize = 100;
/// The port of syslog over TLS.
pub const SYSLOG_PORT: u32 = 6514;
/// Characters of a webhook's secret, at least.
pub const WEBHOOK_SECRET_LEAST: usize = 16;
/// And at most.
pub const WEBHOOK_SECRET_MOST: usize = 200;
/// Days for which recordings are kept at most, where they are not kept for ever.
pub const KEEP_RECORDINGS_DAYS: u32 = 36_525;
/// GiB that recordings of one kind may be bounded to.
pub const KEEP_RECORDINGS_GIB: u32 = 1024 * 1024;
/// Characters of a reviewer's note on a session.
pub const SESSION_NOTE_CHARS: usize = 4_000;
/// Notes on one session.
pub const SESSION_NOTES: usize = 500;
