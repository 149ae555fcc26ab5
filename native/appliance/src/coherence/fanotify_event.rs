//! What fanotify(7) says, decoded.

use fsva_channel::protocol::{CHANGED_ATTRIBUTES, CHANGED_DATA, CHANGED_DIRECTORY, CHANGED_NAME_REMOVED};
use fsva_core::kernel_handle::KernelHandle;

/// What to be told of. FAN_CLOSE_WRITE comes, for one, when the last mapping of a file through which a program may have
/// stored is gone.
pub const MASK: u64 =
    libc::FAN_MODIFY | libc::FAN_ATTRIB | libc::FAN_CLOSE_WRITE | ENTRIES | NAMES | libc::FAN_ONDIR;
const ENTRIES: u64 = libc::FAN_CREATE | libc::FAN_DELETE | libc::FAN_MOVED_FROM | libc::FAN_MOVED_TO;
const NAMES: u64 = libc::FAN_DELETE_SELF | libc::FAN_MOVE_SELF;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changed {
    /// An or of CHANGED_*.
    pub what: u16,
    /// f_fsid, as `kernel_fsid` has it.
    pub fsid: u64,
    pub object: KernelHandle,
    pub thread: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Changed(Changed),
    /// Of an object whose handle is too long for any client to have it.
    Nameless,
    /// Something changed, and it cannot be told what.
    Lost,
}

/// struct fanotify_event_metadata: event_len u32, vers u8, reserved u8, metadata_len u16, mask u64, fd i32, pid i32.
const METADATA_BYTES: usize = 24;
const VERSION: u8 = 3;
/// struct fanotify_event_info_fid: info_type u8, pad u8, len u16, fsid 2 x i32; then struct file_handle: bytes u32, type i32.
const FID_BYTES: usize = 20;

/// The events that read(2) has filled a buffer with.
pub fn parse(mut bytes: &[u8]) -> impl Iterator<Item = Event> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let length = bytes.first_chunk().map_or(0, |head| u32::from_ne_bytes(*head)) as usize;
        let Some(event) = bytes.get(..length).filter(|event| event.len() >= METADATA_BYTES) else {
            // Not what we know: the rest is lost.
            bytes = &[];
            return Some(Event::Lost);
        };
        bytes = &bytes[length..];
        Some(decode(event).unwrap_or(Event::Lost))
    })
}

/// None if that is no event of a change to one object.
fn decode(event: &[u8]) -> Option<Event> {
    let word = |at: usize| Some(u32::from_ne_bytes(event.get(at..at + 4)?.try_into().ok()?));
    let half = |at: usize| Some(u16::from_ne_bytes(event.get(at..at + 2)?.try_into().ok()?));
    let mask = u64::from_ne_bytes(event.get(8..16)?.try_into().ok()?);
    if event[4] != VERSION || mask & libc::FAN_Q_OVERFLOW != 0 {
        return None;
    }
    let mut at = usize::from(half(6)?);
    while *event.get(at)? != libc::FAN_EVENT_INFO_TYPE_FID {
        at += usize::from(half(at + 2)?.max(4));
    }
    let record = at;
    let fsid = u64::from(word(record + 4)?) | u64::from(word(record + 8)?) << 32;
    let length = word(record + 12)? as usize;
    let handle_type = word(record + 16)?;
    let handle = event.get(record + FID_BYTES..record + FID_BYTES + length)?;
    let thread = word(20)? as i32;
    let object = u8::try_from(handle_type).ok();
    let object = object.and_then(|handle_type| KernelHandle::new(handle_type, handle));
    Some(object.map_or(Event::Nameless, |object| {
        Event::Changed(Changed {
            what: what_of(mask),
            fsid,
            object,
            thread,
        })
    }))
}

fn what_of(mask: u64) -> u16 {
    let said = |events: u64, what: u16| if mask & events != 0 { what } else { 0 };
    CHANGED_ATTRIBUTES
        | said(libc::FAN_MODIFY | libc::FAN_CLOSE_WRITE, CHANGED_DATA)
        | said(ENTRIES, CHANGED_DIRECTORY)
        | said(NAMES, CHANGED_NAME_REMOVED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(mask: u64, handle: &[u8]) -> Vec<u8> {
        let record = (FID_BYTES + handle.len()).next_multiple_of(4);
        let mut bytes = Vec::new();
        bytes.extend(((METADATA_BYTES + record) as u32).to_ne_bytes());
        bytes.extend([VERSION, 0, METADATA_BYTES as u8, 0]);
        bytes.extend(mask.to_ne_bytes());
        bytes.extend((-1i32).to_ne_bytes());
        bytes.extend(77i32.to_ne_bytes());
        bytes.extend([libc::FAN_EVENT_INFO_TYPE_FID, 0]);
        bytes.extend((record as u16).to_ne_bytes());
        bytes.extend([1, 0, 0, 0, 2, 0, 0, 0]);
        bytes.extend((handle.len() as u32).to_ne_bytes());
        bytes.extend(1i32.to_ne_bytes());
        bytes.extend(handle);
        bytes.resize(METADATA_BYTES + record, 0);
        bytes
    }

    #[test]
    fn says_what_changed() {
        let bytes = [
            event(libc::FAN_MODIFY, &[1; 8]),
            event(libc::FAN_CREATE | libc::FAN_ONDIR, &[2; 12]),
            event(libc::FAN_DELETE_SELF, &[3; 7]),
        ]
        .concat();
        let changed = |what, object: &[u8]| {
            Event::Changed(Changed {
                what,
                fsid: 2 << 32 | 1,
                object: KernelHandle::new(1, object).unwrap(),
                thread: 77,
            })
        };
        let expected = [
            changed(CHANGED_DATA | CHANGED_ATTRIBUTES, &[1; 8]),
            changed(CHANGED_DIRECTORY | CHANGED_ATTRIBUTES, &[2; 12]),
            changed(CHANGED_NAME_REMOVED | CHANGED_ATTRIBUTES, &[3; 7]),
        ];
        assert!(parse(&bytes).eq(expected));
    }

    #[test]
    fn what_is_not_understood_is_a_loss() {
        let mut overflow = event(libc::FAN_Q_OVERFLOW, &[])[..METADATA_BYTES].to_vec();
        overflow[..4].copy_from_slice(&(METADATA_BYTES as u32).to_ne_bytes());
        assert!(parse(&overflow).eq([Event::Lost]));
        let good = event(libc::FAN_MODIFY, &[1; 8]);
        assert!(parse(&good[..good.len() - 1]).eq([Event::Lost]));
        let mut version = good.clone();
        version[4] += 1;
        assert!(parse(&version).eq([Event::Lost]));
        assert_eq!(
            parse(&[version, good].concat()).count(),
            2,
            "the next one is read"
        );
    }

    #[test]
    fn too_long_a_handle_is_nobodys() {
        assert!(parse(&event(libc::FAN_MODIFY, &[1; 100])).eq([Event::Nameless]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            parse(&bytes).count();
        }

        #[test]
        fn any_damage_is_survived(at in 0..64usize, byte: u8) {
            let mut bytes = [event(libc::FAN_MODIFY, &[1; 8]), event(libc::FAN_ATTRIB, &[1; 8])].concat();
            bytes[at] = byte;
            prop_assert!(parse(&bytes).count() >= 1);
        }
    }
}
