//! Blocks of a pcapng file (draft-ietf-opsawg-pcapng), those that are written here: one section, an interface for each tunnel, and
//! packets. Numbers are little-endian; a block is a multiple of four bytes long.

/// Begins a section.
const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
pub(super) const PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
/// Packets begin with an IP header.
const LINK_TYPE_RAW: u16 = 101;

const COMMENT: u16 = 1;
const NAME: u16 = 2;
const DESCRIPTION: u16 = 3;
const PROGRAM: u16 = 4;
const TIME_RESOLUTION: u16 = 9;
/// Times are in units of 10⁻⁶ seconds.
const MICROSECONDS: u8 = 6;

/// Bytes of a block before and after what it holds.
pub(super) const FRAME: usize = 12;
/// Bytes of a packet block before its packet.
pub(super) const PACKET_HEADER: usize = 20;
/// Most bytes of a text in an option.
const TEXT_MOST: usize = 1_000;

/// Appends the block that begins a section.
pub(super) fn put_section(out: &mut Vec<u8>, comment: &str) {
    block(out, SECTION, |out| {
        out.extend_from_slice(&BYTE_ORDER.to_le_bytes());
        // Version 1.0; how long the section is stays open.
        out.extend_from_slice(&1_u16.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        out.extend_from_slice(&u64::MAX.to_le_bytes());
        option(out, COMMENT, text(comment));
        option(out, PROGRAM, concat!("Sallyport ", env!("CARGO_PKG_VERSION")).as_bytes());
        option(out, 0, &[]);
    });
}

/// Appends the block of an interface.
pub(super) fn put_interface(out: &mut Vec<u8>, name: &str, description: &str, comment: &str) {
    block(out, INTERFACE, |out| {
        out.extend_from_slice(&LINK_TYPE_RAW.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        // Packets are not cut.
        out.extend_from_slice(&0_u32.to_le_bytes());
        option(out, NAME, text(name));
        option(out, DESCRIPTION, text(description));
        option(out, COMMENT, text(comment));
        option(out, TIME_RESOLUTION, &[MICROSECONDS]);
        option(out, 0, &[]);
    });
}

/// Appends the block of a packet: its headers and its payload.
pub(super) fn put_packet(out: &mut Vec<u8>, interface: u16, at_micros: i64, parts: [&[u8]; 3], comment: &str) {
    block(out, PACKET, |out| {
        out.extend_from_slice(&u32::from(interface).to_le_bytes());
        let at = u64::try_from(at_micros).unwrap_or(0);
        let [high, low] = [at >> 32, at & 0xFFFF_FFFF].map(|it| u32::try_from(it).unwrap_or(u32::MAX));
        out.extend_from_slice(&high.to_le_bytes());
        out.extend_from_slice(&low.to_le_bytes());
        let length = u32::try_from(parts.iter().map(|it| it.len()).sum::<usize>()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        for part in parts {
            out.extend_from_slice(part);
        }
        pad(out, length as usize);
        if !comment.is_empty() {
            option(out, COMMENT, text(comment));
            option(out, 0, &[]);
        }
    });
}

fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = u32::try_from(out.len() - start + 4).unwrap_or(u32::MAX).to_le_bytes();
    out[start + 4..start + 8].copy_from_slice(&length);
    out.extend_from_slice(&length);
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(value);
    pad(out, value.len());
}

fn pad(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&[0; 3][..length.next_multiple_of(4) - length]);
}

fn text(text: &str) -> &[u8] {
    let end = (0..=text.len().min(TEXT_MOST)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default().as_bytes()
}

/// A number in a block.
pub(super) fn number(block: &[u8], at: usize) -> Option<u32> {
    let bytes = block.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
