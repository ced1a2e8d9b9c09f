use super::ebml::{Head, Id, NoHead, Vint};
use super::found::{ClusterAt, Found, KeyAt};
use super::headers::{read_header, read_info, read_tracks};
use super::{BLOCK_BYTES, CLUSTERS, HEADER_BYTES, LAST_TICK, WebmFault};

/// Reads the raw stream in pieces of any size, in order, and keeps what finishing needs.
#[derive(Debug, Default)]
pub struct Scan {
    /// Bytes read so far.
    offset: u64,
    /// The head that is being read.
    head: Vec<u8>,
    /// The element whose body is being read.
    element: Option<Element>,
    /// The first bytes of that body.
    kept: Vec<u8>,
    /// The elements that hold what is being read, outermost first: Segment, Cluster, BlockGroup.
    holders: Vec<Holder>,
    stage: Stage,
    found: Found,
    fault: Option<WebmFault>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    Header,
    Segment,
}

#[derive(Clone, Copy, Debug)]
struct Element {
    id: Id,
    /// Where its head begins.
    at: u64,
    /// Where its body ends.
    end: u64,
    /// How much of its body is kept.
    keep: usize,
}

/// An element that is entered instead of passed over.
#[derive(Clone, Copy, Debug)]
struct Holder {
    kind: Kind,
    /// Where its head begins.
    at: u64,
    /// Where it ends at the latest.
    end: u64,
    /// Whether it tells its size.
    sized: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Segment,
    /// `listed`: it has a whole block and is the last of [`Found::clusters`].
    Cluster {
        timestamp: Option<u64>,
        listed: bool,
    },
    Group {
        block: Option<BlockHead>,
        refers: bool,
    },
}

/// What is done with an element whose head was read.
enum Plan {
    /// Its children are read.
    Enter(Kind),
    /// The first bytes of its body are kept until it ends.
    Keep(usize),
    Skip,
}

/// The beginning of a Block or SimpleBlock (RFC 9559, section 10.1).
#[derive(Clone, Copy, Debug)]
struct BlockHead {
    track: u64,
    delta: i16,
    /// What a SimpleBlock says of itself.
    key: bool,
}

impl Scan {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next bytes of the stream.
    ///
    /// # Errors
    /// What is wrong with the stream; from then on every call fails with it. What was found in front of it stays found.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), WebmFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.read(bytes).inspect_err(|fault| self.fault = Some(*fault))
    }

    /// What was found so far. A Cluster that is still being written counts up to its last whole block.
    #[must_use]
    pub fn found(&self) -> &Found {
        &self.found
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<(), WebmFault> {
        while let Some((first, behind)) = bytes.split_first() {
            let Some(element) = self.element else {
                self.offset = self.offset.saturating_add(1);
                self.head.push(*first);
                self.read_head()?;
                bytes = behind;
                continue;
            };
            let left = usize::try_from(element.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
            let (piece, behind) = bytes.split_at_checked(left).unwrap_or((bytes, &[]));
            self.kept.extend(piece.iter().take(element.keep.saturating_sub(self.kept.len())));
            self.offset = self.offset.saturating_add(piece.len() as u64);
            self.end_element(element)?;
            bytes = behind;
        }
        Ok(())
    }

    fn read_head(&mut self) -> Result<(), WebmFault> {
        let at = self.offset.saturating_sub(self.head.len() as u64);
        let head = match Head::read(&self.head) {
            Ok(None) => return Ok(()),
            Ok(Some((head, _))) => head,
            Err(NoHead) if self.stage == Stage::Nothing => return Err(WebmFault::NotWebm),
            Err(NoHead) => return Err(WebmFault::Malformed { at, what: "no element begins so" }),
        };
        self.head.clear();
        if head.id == Id::EBML && self.stage != Stage::Nothing {
            return Err(WebmFault::SecondHeader);
        }
        // A Cluster of unknown size ends in front of what can only be a child of the Segment.
        self.holders.pop_if(|it| !it.sized && matches!(it.kind, Kind::Cluster { .. }) && head.id.is_of_segment());
        let plan = self.plan(at, head)?;
        let holder_end = self.holders.last().map_or(u64::MAX, |it| it.end);
        let end = match (head.size, &plan) {
            (Some(size), _) => self.offset.checked_add(size).filter(|end| *end <= holder_end),
            (None, Plan::Enter(Kind::Segment | Kind::Cluster { .. })) => Some(holder_end),
            (None, _) => return Err(WebmFault::UnknownSize { at, id: head.id }),
        };
        let end = end.ok_or(WebmFault::Overrun { at, id: head.id })?;
        let keep = match plan {
            Plan::Enter(kind) => {
                self.holders.push(Holder { kind, at, end, sized: head.size.is_some() });
                return self.leave();
            }
            Plan::Keep(keep) => keep,
            Plan::Skip => 0,
        };
        self.kept.clear();
        let element = Element { id: head.id, at, end, keep };
        self.element = Some(element);
        self.end_element(element)
    }

    fn plan(&mut self, at: u64, Head { id, size }: Head) -> Result<Plan, WebmFault> {
        let malformed = |what| Err(WebmFault::Malformed { at, what });
        let within = |limit: u64| match size {
            Some(size) if size > limit => Err(WebmFault::TooLarge { at, id, limit }),
            _ => Ok(()),
        };
        let Some(holder) = self.holders.last() else {
            return match (self.stage, id) {
                (Stage::Nothing, Id::EBML) => within(HEADER_BYTES).map(|()| Plan::Keep(usize::MAX)),
                (Stage::Nothing, _) => Err(WebmFault::NotWebm),
                (_, Id::VOID | Id::CRC_32) => Ok(Plan::Skip),
                (Stage::Header, Id::SEGMENT) => {
                    self.stage = Stage::Segment;
                    Ok(Plan::Enter(Kind::Segment))
                }
                (Stage::Header, _) => malformed("something else than a Segment behind the EBML header"),
                (Stage::Segment, _) => malformed("something behind the Segment"),
            };
        };
        match (holder.kind, id) {
            (Kind::Segment, Id::INFO | Id::TRACKS) => within(HEADER_BYTES).map(|()| Plan::Keep(usize::MAX)),
            (Kind::Segment, Id::CLUSTER) if self.found.scale.is_none() || self.found.track.is_none() => {
                malformed("a Cluster in front of Info or Tracks")
            }
            (Kind::Segment, Id::CLUSTER) => Ok(Plan::Enter(Kind::Cluster { timestamp: None, listed: false })),
            (Kind::Segment | Kind::Cluster { .. }, Id::SEGMENT) => malformed("a second Segment"),
            (Kind::Cluster { .. }, id) if id.is_of_segment() => malformed("a child of the Segment in a Cluster"),
            (Kind::Cluster { timestamp: Some(_), .. }, Id::TIMESTAMP) => malformed("a second timestamp in a Cluster"),
            (Kind::Cluster { .. }, Id::TIMESTAMP) => within(NUMBER_BYTES).map(|()| Plan::Keep(usize::MAX)),
            (Kind::Cluster { timestamp: None, .. }, Id::SIMPLE_BLOCK | Id::BLOCK_GROUP) => {
                malformed("a block in front of its Cluster's timestamp")
            }
            (Kind::Cluster { .. }, Id::SIMPLE_BLOCK) => within(BLOCK_BYTES).map(|()| Plan::Keep(BLOCK_HEAD_BYTES)),
            (Kind::Cluster { .. }, Id::BLOCK_GROUP) => {
                within(BLOCK_BYTES).map(|()| Plan::Enter(Kind::Group { block: None, refers: false }))
            }
            (Kind::Group { block: Some(_), .. }, Id::BLOCK) => malformed("a second Block in a BlockGroup"),
            (Kind::Group { .. }, Id::BLOCK) => Ok(Plan::Keep(BLOCK_HEAD_BYTES)),
            _ => Ok(Plan::Skip),
        }
    }

    /// Goes on behind the element if it was read to its end.
    fn end_element(&mut self, element: Element) -> Result<(), WebmFault> {
        if self.offset < element.end {
            return Ok(());
        }
        self.element = None;
        let at = element.at;
        match (self.holders.last_mut().map(|it| &mut it.kind), element.id) {
            (None, Id::EBML) => {
                read_header(&self.kept)?;
                self.stage = Stage::Header;
            }
            (Some(Kind::Segment), Id::INFO) => {
                let scale = read_info(at, &self.kept)?;
                if self.found.scale.is_some_and(|before| before != scale) {
                    return Err(WebmFault::Malformed { at, what: "a second Info that is not like the first" });
                }
                self.found.scale = Some(scale);
            }
            (Some(Kind::Segment), Id::TRACKS) => {
                let track = read_tracks(at, std::mem::take(&mut self.kept))?;
                if self.found.track.as_ref().is_some_and(|before| *before != track) {
                    return Err(WebmFault::Malformed { at, what: "a second Tracks that is not like the first" });
                }
                self.found.track = Some(track);
            }
            (Some(Kind::Cluster { timestamp, .. }), Id::TIMESTAMP) => {
                let ticks = super::ebml::unsigned(&self.kept).filter(|it| *it <= LAST_TICK);
                let late = WebmFault::Malformed { at, what: "a timestamp beyond any recording" };
                *timestamp = Some(ticks.ok_or(late)?);
            }
            (Some(Kind::Cluster { .. }), Id::SIMPLE_BLOCK) => {
                let block = BlockHead::read(at, &self.kept)?;
                self.add(at, block)?;
            }
            (Some(Kind::Group { block, .. }), Id::BLOCK) => *block = Some(BlockHead::read(at, &self.kept)?),
            (Some(Kind::Group { refers, .. }), Id::REFERENCE_BLOCK) => *refers = true,
            _ => {}
        }
        self.leave()
    }

    /// Leaves the holders that end here.
    fn leave(&mut self) -> Result<(), WebmFault> {
        while let Some(left) = self.holders.pop_if(|it| it.end == self.offset) {
            if let Kind::Group { block: Some(block), refers } = left.kind {
                self.add(left.at, BlockHead { key: !refers, ..block })?;
            }
        }
        Ok(())
    }

    /// Counts a block that begins at `at` and ends here.
    fn add(&mut self, at: u64, block: BlockHead) -> Result<(), WebmFault> {
        let Found { track, clusters, blocks, first, last, .. } = &mut self.found;
        if track.as_ref().is_none_or(|it| it.number != block.track) {
            return Err(WebmFault::Malformed { at, what: "a block of another track" });
        }
        let Some(Holder { kind: Kind::Cluster { timestamp: Some(timestamp), listed }, .. }) = self.holders.last_mut()
        else {
            return Err(WebmFault::Malformed { at, what: "a block outside a Cluster" });
        };
        if !*listed {
            if clusters.len() >= CLUSTERS {
                return Err(WebmFault::TooManyClusters);
            }
            clusters.push(ClusterAt { offset: at, len: 0, timestamp: *timestamp, key: None });
            *listed = true;
        }
        if let Some(cluster) = clusters.last_mut() {
            cluster.len = self.offset.saturating_sub(cluster.offset);
            if block.key && cluster.key.is_none() {
                let offset = u32::try_from(at.saturating_sub(cluster.offset)).ok();
                cluster.key = offset.map(|offset| KeyAt { offset, delta: block.delta });
            }
        }
        let time = timestamp.saturating_add_signed(block.delta.into());
        *first = if *blocks == 0 { time } else { time.min(*first) };
        *last = time.max(*last);
        *blocks += 1;
        Ok(())
    }
}

impl BlockHead {
    fn read(at: u64, kept: &[u8]) -> Result<Self, WebmFault> {
        let short = WebmFault::Malformed { at, what: "a block without its head" };
        let track = Vint::read(kept, TRACK_BYTES).ok().flatten().ok_or(short)?;
        match kept.get(track.bytes..) {
            Some([high, low, flags, ..]) => {
                let delta = i16::from_be_bytes([*high, *low]);
                Ok(Self { track: track.value, delta, key: flags & KEY != 0 })
            }
            _ => Err(short),
        }
    }
}

/// The longest number of a track in a block.
const TRACK_BYTES: usize = 8;
/// The longest head of a block: its track, two bytes of time, and flags.
const BLOCK_HEAD_BYTES: usize = TRACK_BYTES + 3;
/// The flag of a SimpleBlock that is a key frame.
const KEY: u8 = 0x80;
/// The longest unsigned number.
const NUMBER_BYTES: u64 = 8;
