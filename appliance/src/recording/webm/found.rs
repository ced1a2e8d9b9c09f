use super::headers::Track;

/// A key frame in a Cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAt {
    /// Bytes from the beginning of the Cluster's first block.
    pub offset: u32,
    /// Ticks from the Cluster's timestamp.
    pub delta: i16,
}

/// A Cluster with at least one whole block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterAt {
    /// Where its first block begins in the raw stream, with the block's head.
    pub offset: u64,
    /// Bytes from there to the end of its last whole block, with whatever lies between blocks.
    pub len: u64,
    /// Its timestamp in ticks.
    pub timestamp: u64,
    /// Its first key frame; none: it has none, or only beyond 4 GiB.
    pub key: Option<KeyAt>,
}

impl ClusterAt {
    /// Whether a player can begin with its first block.
    #[must_use]
    pub fn begins_with_key(&self) -> bool {
        self.key.is_some_and(|it| it.offset == 0)
    }
}

/// What is in a stream as far as it came: whole blocks alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Nanoseconds of a tick; none: Info did not come yet.
    pub(super) scale: Option<u64>,
    /// None: Tracks did not come yet.
    pub(super) track: Option<Track>,
    pub(super) clusters: Vec<ClusterAt>,
    /// Whole blocks.
    pub(super) blocks: u64,
    /// The earliest and the latest timestamp of a block, in ticks.
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Found {
    /// Whether there is not one whole block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks == 0
    }

    /// Whole blocks, which are pictures unless somebody laced them.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The Clusters in the order in which they came.
    #[must_use]
    pub fn clusters(&self) -> &[ClusterAt] {
        &self.clusters
    }

    /// The pixels of width and height that Tracks announces; none: it did not come yet, or does not tell.
    #[must_use]
    pub fn size(&self) -> Option<(u32, u32)> {
        self.track.as_ref()?.size
    }

    /// When the last picture ends, in milliseconds from timestamp 0; 0 when there is none.
    #[must_use]
    pub fn duration_millis(&self) -> u64 {
        let nanos = u128::from(self.end()) * u128::from(self.scale.unwrap_or(0));
        u64::try_from(nanos / 1_000_000).unwrap_or(u64::MAX)
    }

    /// When the last picture ends, in ticks; 0 when there is none.
    pub(super) fn end(&self) -> u64 {
        if self.is_empty() { 0 } else { self.last.saturating_add(self.gap()) }
    }

    /// For how long a picture is shown on average, in ticks. The stream does not tell it of the last one.
    fn gap(&self) -> u64 {
        let second = NANOS_PER_SECOND / self.scale.unwrap_or(NANOS_PER_SECOND).max(1);
        let average = match self.blocks.saturating_sub(1) {
            0 => second / USUAL_RATE,
            gaps => self.last.saturating_sub(self.first) / gaps,
        };
        // A screen on which nothing moves gives a picture now and then.
        average.min(second).max(1)
    }
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Pictures a second, where one alone was recorded.
const USUAL_RATE: u64 = 30;
