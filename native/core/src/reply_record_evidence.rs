//! What an operation that must not run twice knows just before it runs: enough to tell afterwards, by looking, whether
//! it did.

use crate::answer::Time;
use crate::call::UntrustedHandle;
use crate::handle::WIRE_BYTES_MAX;
use crate::name::{NAME_BYTES_MAX, Name};

/// A place in a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub directory: UntrustedHandle,
    pub name: Name,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// REMOVE, RMDIR: what the name stood for.
    Removal { entry: Entry, victim: UntrustedHandle },
    /// RENAME: what was to get the new name.
    Rename {
        from: Entry,
        to: Entry,
        moved: UntrustedHandle,
    },
    /// LINK: the name was free.
    Link { entry: Entry, object: UntrustedHandle },
    /// CREATE, MKDIR, SYMLINK, MKNOD: the name was free.
    Creation {
        entry: Entry,
        /// S_IFMT bits of what was to be made, and who would own it.
        format: u32,
        uid: u32,
        /// By the clock that gives new objects their time of birth.
        since_seconds: i64,
        since_nanoseconds: u32,
    },
    /// SETATTR: the guard was met.
    Guard { object: UntrustedHandle, ctime: Time },
}

const REMOVAL: u8 = 1;
const RENAME: u8 = 2;
const LINK: u8 = 3;
const CREATION: u8 = 4;
const GUARD: u8 = 5;

/// The longest is that of RENAME: three handles and two names, each with its length.
pub const EVIDENCE_BYTES_MAX: usize = 1 + 3 * (1 + WIRE_BYTES_MAX) + 2 * (1 + NAME_BYTES_MAX);

impl Evidence {
    pub fn encode(&self, into: &mut Vec<u8>) {
        match self {
            Evidence::Removal { entry, victim } => {
                into.push(REMOVAL);
                encode_entry(into, entry);
                encode_bytes(into, victim.as_bytes());
            }
            Evidence::Rename { from, to, moved } => {
                into.push(RENAME);
                encode_entry(into, from);
                encode_entry(into, to);
                encode_bytes(into, moved.as_bytes());
            }
            Evidence::Link { entry, object } => {
                into.push(LINK);
                encode_entry(into, entry);
                encode_bytes(into, object.as_bytes());
            }
            Evidence::Creation {
                entry,
                format,
                uid,
                since_seconds,
                since_nanoseconds,
            } => {
                into.push(CREATION);
                encode_entry(into, entry);
                into.extend(format.to_le_bytes());
                into.extend(uid.to_le_bytes());
                into.extend(since_seconds.to_le_bytes());
                into.extend(since_nanoseconds.to_le_bytes());
            }
            Evidence::Guard { object, ctime } => {
                into.push(GUARD);
                encode_bytes(into, object.as_bytes());
                into.extend(ctime.seconds.to_le_bytes());
                into.extend(ctime.nseconds.to_le_bytes());
            }
        }
    }

    /// None for anything that `encode` does not make.
    pub fn decode(mut bytes: &[u8]) -> Option<Evidence> {
        let from = &mut bytes;
        let [kind] = take(from)?;
        let evidence = match kind {
            REMOVAL => Evidence::Removal {
                entry: decode_entry(from)?,
                victim: decode_handle(from)?,
            },
            RENAME => Evidence::Rename {
                from: decode_entry(from)?,
                to: decode_entry(from)?,
                moved: decode_handle(from)?,
            },
            LINK => Evidence::Link {
                entry: decode_entry(from)?,
                object: decode_handle(from)?,
            },
            CREATION => Evidence::Creation {
                entry: decode_entry(from)?,
                format: u32::from_le_bytes(take(from)?),
                uid: u32::from_le_bytes(take(from)?),
                since_seconds: i64::from_le_bytes(take(from)?),
                since_nanoseconds: u32::from_le_bytes(take(from)?),
            },
            GUARD => Evidence::Guard {
                object: decode_handle(from)?,
                ctime: Time {
                    seconds: u32::from_le_bytes(take(from)?),
                    nseconds: u32::from_le_bytes(take(from)?),
                },
            },
            _ => return None,
        };
        bytes.is_empty().then_some(evidence)
    }
}

fn encode_entry(into: &mut Vec<u8>, entry: &Entry) {
    encode_bytes(into, entry.directory.as_bytes());
    encode_bytes(into, entry.name.as_bytes());
}

/// Handles have at most 64 bytes, names 255: the length is one byte.
fn encode_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    into.push(u8::try_from(bytes.len()).expect("handles and names are short"));
    into.extend(bytes);
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*taken)
}

fn decode_bytes<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [length] = take(from)?;
    let (taken, rest) = from.split_at_checked(usize::from(length))?;
    *from = rest;
    Some(taken)
}

fn decode_handle(from: &mut &[u8]) -> Option<UntrustedHandle> {
    UntrustedHandle::new(decode_bytes(from)?).ok()
}

fn decode_entry(from: &mut &[u8]) -> Option<Entry> {
    Some(Entry {
        directory: decode_handle(from)?,
        name: Name::new(decode_bytes(from)?).ok()?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn handles() -> impl Strategy<Value = UntrustedHandle> {
        prop::collection::vec(any::<u8>(), 0..=WIRE_BYTES_MAX)
            .prop_map(|bytes| UntrustedHandle::new(&bytes).unwrap())
    }

    fn entries() -> impl Strategy<Value = Entry> {
        let names = prop::collection::vec(b'0'..=b'z', 1..=NAME_BYTES_MAX);
        (handles(), names).prop_map(|(directory, name)| Entry {
            directory,
            name: Name::new(&name).unwrap(),
        })
    }

    pub(crate) fn evidence() -> impl Strategy<Value = Evidence> {
        prop_oneof![
            (entries(), handles()).prop_map(|(entry, victim)| Evidence::Removal { entry, victim }),
            (entries(), entries(), handles()).prop_map(|(from, to, moved)| Evidence::Rename {
                from,
                to,
                moved
            }),
            (entries(), handles()).prop_map(|(entry, object)| Evidence::Link { entry, object }),
            (entries(), any::<(u32, u32, i64, u32)>()).prop_map(
                |(entry, (format, uid, since_seconds, since_nanoseconds))| Evidence::Creation {
                    entry,
                    format,
                    uid,
                    since_seconds,
                    since_nanoseconds
                }
            ),
            (handles(), any::<(u32, u32)>()).prop_map(|(object, (seconds, nseconds))| Evidence::Guard {
                object,
                ctime: Time { seconds, nseconds }
            }),
        ]
    }

    proptest! {
        #[test]
        fn decodes_what_it_encoded_and_nothing_shorter(evidence in evidence()) {
            let mut bytes = Vec::new();
            evidence.encode(&mut bytes);
            prop_assert!(bytes.len() <= EVIDENCE_BYTES_MAX);
            for length in 0..bytes.len() {
                prop_assert_eq!(Evidence::decode(&bytes[..length]), None);
            }
            prop_assert_eq!(Evidence::decode(&bytes), Some(evidence));
        }

        #[test]
        fn any_bytes_decode_to_something_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..1000)) {
            if let Some(evidence) = Evidence::decode(&bytes) {
                let mut again = Vec::new();
                evidence.encode(&mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
