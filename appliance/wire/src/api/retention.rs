use super::{RecordingKind, api_type};
use crate::Timestamp;

api_type! {
    /// How long recordings of one kind are kept. What is neither too old nor too much stays.
    #[derive(Copy, Eq)]
    pub struct RetentionRule {
        /// Which.
        pub kind: RecordingKind,
        /// Days after their end after which they are deleted; none: whatever their age.
        #[serde(default)]
        pub days: Option<u32>,
        /// GiB that all of them may take together: beyond that the oldest are deleted; none: without a bound.
        #[serde(default)]
        pub gib: Option<u32>,
    }

    /// `PUT /api/settings/retention`.
    #[derive(Eq, Default)]
    pub struct Retention {
        /// One for each kind that has bounds.
        pub rules: Vec<RetentionRule>,
        /// The revision that was looked at; a change to another one is refused.
        #[serde(default)]
        pub revision: i64,
    }

    /// `GET /api/settings/retention`.
    #[derive(Eq)]
    pub struct RetentionSettings {
        /// The rules.
        #[serde(flatten)]
        pub retention: Retention,
        /// What there is now, of each kind.
        pub stored: Vec<StoredOfKind>,
        /// Since when new recordings take the key that they take; none: since the beginning.
        #[serde(default)]
        pub key_since: Option<Timestamp>,
        /// Keys that only older recordings need.
        #[serde(default)]
        pub older_keys: u64,
    }

    /// What is stored of one kind.
    #[derive(Copy, Eq)]
    pub struct StoredOfKind {
        /// Which.
        pub kind: RecordingKind,
        /// How many.
        pub count: u64,
        /// Their bytes.
        pub bytes: u64,
        /// How many of them are kept whatever the rules say: of sessions under a legal hold, and of those that are not over.
        pub protected: u64,
    }

    /// Nothing of a session is deleted as long as it is under a legal hold.
    #[derive(Eq)]
    pub struct LegalHold {
        /// Why.
        pub reason: String,
        /// Who set it.
        pub set_by: String,
        /// When.
        pub set_at: Timestamp,
    }

    /// `GET /api/sessions/{id}/hold`.
    #[derive(Eq)]
    pub struct HoldState {
        /// The hold; none: there is none.
        pub hold: Option<LegalHold>,
    }

    /// `POST /api/sessions/{id}/hold` and `POST /api/sessions/{id}/hold/lift`.
    #[derive(Eq)]
    pub struct ChangeHold {
        /// Why, for the record.
        pub reason: String,
    }

    /// `POST /api/recordings/{id}/delete`.
    #[derive(Eq)]
    pub struct DeleteRecording {
        /// The name of the session's item, typed: nobody deletes by a slip of the hand.
        pub name: String,
        /// Why, for the record.
        pub reason: String,
    }

    /// A recording was deleted.
    #[derive(Eq)]
    pub struct Deletion {
        /// When.
        pub at: Timestamp,
        /// By which rule or whom, in a sentence.
        pub because: String,
    }
}
