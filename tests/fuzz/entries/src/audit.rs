//! Exports of the audit trail, which the command line and the console read from whoever has them.

use wire::audit::{AuditKey, ExportLine, ExportReader, Verified};

/// Goes through a file in pieces of this size.
fn read(bytes: &[u8], piece: usize) -> (Result<Verified, String>, Option<AuditKey>) {
    let mut reader = ExportReader::new(None);
    let pushed = bytes.chunks(piece).try_for_each(|piece| reader.push(piece));
    let key = reader.header().map(|it| it.public_key);
    let outcome = match pushed {
        Ok(()) => reader.finish(),
        Err(broken) => Err(broken),
    };
    (outcome.map_err(|broken| broken.to_string()), key)
}

/// It does not matter how a file comes, and what is whole stays whole when its lines are written anew.
pub fn audit_export(bytes: &[u8]) {
    let (whole, key) = read(bytes, bytes.len().max(1));
    assert!(read(bytes, 7).0 == whole, "it reads differently in pieces");
    if let (Ok(verified), Some(key)) = (&whole, key) {
        let mut anew = ExportReader::new(Some(key));
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(line) = ExportLine::read(line) else { panic!("a verified line cannot be read") };
            let written = [line.written().as_slice(), b"\n"].concat();
            assert!(anew.push(&written).is_ok(), "a verified line does not verify when it is written anew");
        }
        assert!(anew.finish().as_ref() == Ok(verified), "another outcome");
    }
}
