//! What a browser brings as the recording of a desktop.

use appliance::recording::webm::{Finished, Part, PartSlice, Scan};

/// A stream in pieces whose size the first byte chooses: however it is cut, the same is found; and what is made of it is what came,
/// byte for byte, in the order in which it came.
pub fn recording(bytes: &[u8]) {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let (mut whole, mut pieces) = (Scan::default(), Scan::default());
    let at_once = whole.push(stream);
    let mut in_pieces = Ok(());
    for piece in stream.chunks(usize::from(size).max(1)) {
        in_pieces = pieces.push(piece);
        if in_pieces.is_err() {
            break;
        }
    }
    assert_eq!(at_once, in_pieces, "the same bytes in other pieces");
    assert_eq!(whole.found(), pieces.found(), "the same bytes in other pieces");
    let Ok(finished) = Finished::of(whole.found(), None) else {
        assert!(whole.found().is_empty(), "something was found, and nothing comes of it");
        return;
    };
    let mut end = 0;
    let mut len = 0;
    for part in finished.parts() {
        match part {
            Part::New(bytes) => len += bytes.len() as u64,
            Part::Source { offset, len: source } => {
                assert!(*offset >= end && offset + source <= stream.len() as u64, "a part lies outside of what came");
                end = offset + source;
                len += source;
            }
        }
    }
    assert_eq!(len, finished.len());
    let half = len / 2;
    for range in [0..len, 0..half, half..len, half..half] {
        let wanted = range.end - range.start;
        let len = |it: PartSlice<'_>| match it {
            PartSlice::New(bytes) => bytes.len() as u64,
            PartSlice::Source { len, .. } => len,
        };
        assert_eq!(finished.slice(range).map(len).sum::<u64>(), wanted);
    }
}
