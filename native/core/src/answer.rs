//! What an operation answers: one fixed layout that JavaScript reads in place, plus bytes of variable length.
//!
//! The layout is defined here only. `LAYOUT` names every offset for the binding, which hands it to TypeScript;
//! native/answer-layout.ts is checked against it when the addon is loaded.

use std::mem::offset_of;

use crate::directory::INLINE_LISTING_BYTES_MAX;
use crate::handle::{WIRE_BYTES_MAX, WireHandle};
use crate::operations::readlink::TARGET_BYTES_MAX;

#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970, clamped to what nfstime3 can say.
    pub seconds: u32,
    pub nseconds: u32,
}

/// fattr3 of RFC 1813, section 2.5.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Attributes {
    pub size: u64,
    pub used: u64,
    pub fsid: u64,
    pub fileid: u64,
    /// 1 if the rest means anything.
    pub present: u32,
    /// ftype3.
    pub kind: u32,
    pub mode: u32,
    pub nlink: u32,
    pub uid: u32,
    pub gid: u32,
    pub rdev_major: u32,
    pub rdev_minor: u32,
    pub atime: Time,
    pub mtime: Time,
    pub ctime: Time,
}

/// wcc_attr of RFC 1813, section 2.6.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct WccAttributes {
    pub size: u64,
    pub mtime: Time,
    pub ctime: Time,
    /// 1 if the rest means anything.
    pub present: u32,
    pub reserved: u32,
}

/// What the members mean for which operation is said where TypeScript reads them (nfs-server/vfs/native-*.ts).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 0 or an errno number.
    pub status: u32,
    /// Bytes read, written, of a listing or of a link's target, access bits.
    pub count: u32,
    /// End of file or of directory; stable_how of a write.
    pub flags: u32,
    /// 0: no handle.
    pub handle_length: u32,
    pub verifier: [u8; 8],
    /// FSSTAT, FSINFO and PATHCONF.
    pub numbers: [u64; 6],
    pub handle: [u8; WIRE_BYTES_MAX],
    /// The object that the operation is about, or the new one.
    pub object: Attributes,
    /// The directory afterwards.
    pub directory: Attributes,
    /// The directory renamed into, afterwards.
    pub to_directory: Attributes,
    /// The object (WRITE, SETATTR, COMMIT) or the directory before.
    pub before: WccAttributes,
    /// The directory renamed into, before.
    pub to_before: WccAttributes,
}

impl Default for Answer {
    fn default() -> Answer {
        Answer {
            status: 0,
            count: 0,
            flags: 0,
            handle_length: 0,
            verifier: [0; 8],
            numbers: [0; 6],
            handle: [0; WIRE_BYTES_MAX],
            object: Attributes::default(),
            directory: Attributes::default(),
            to_directory: Attributes::default(),
            before: WccAttributes::default(),
            to_before: WccAttributes::default(),
        }
    }
}

impl Answer {
    pub fn set_handle(&mut self, handle: &WireHandle) {
        let bytes = handle.as_bytes();
        self.handle[..bytes.len()].copy_from_slice(bytes);
        self.handle_length = bytes.len() as u32;
    }

    /// The fixed part as the bytes that JavaScript reads.
    pub fn as_bytes(&self) -> &[u8; ANSWER_BYTES] {
        // SAFETY: Answer is repr(C) without padding (asserted below), so all its bytes are initialized.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}

pub const ANSWER_BYTES: usize = size_of::<Answer>();

macro_rules! layout {
    ($($name:literal = $value:expr => $expected:literal,)*) => {
        $(const _: () = assert!($value == $expected, $name);)*
        /// Every offset and size that TypeScript relies on, in bytes.
        pub const LAYOUT: &[(&str, u32)] = &[$(($name, $expected)),*];
    };
}

layout! {
    "answerBytes" = ANSWER_BYTES => 464,
    "answer.status" = offset_of!(Answer, status) => 0,
    "answer.count" = offset_of!(Answer, count) => 4,
    "answer.flags" = offset_of!(Answer, flags) => 8,
    "answer.handleLength" = offset_of!(Answer, handle_length) => 12,
    "answer.verifier" = offset_of!(Answer, verifier) => 16,
    "answer.numbers" = offset_of!(Answer, numbers) => 24,
    "answer.handle" = offset_of!(Answer, handle) => 72,
    "answer.object" = offset_of!(Answer, object) => 136,
    "answer.directory" = offset_of!(Answer, directory) => 224,
    "answer.toDirectory" = offset_of!(Answer, to_directory) => 312,
    "answer.before" = offset_of!(Answer, before) => 400,
    "answer.toBefore" = offset_of!(Answer, to_before) => 432,
    "attributesBytes" = size_of::<Attributes>() => 88,
    "attributes.size" = offset_of!(Attributes, size) => 0,
    "attributes.used" = offset_of!(Attributes, used) => 8,
    "attributes.fsid" = offset_of!(Attributes, fsid) => 16,
    "attributes.fileid" = offset_of!(Attributes, fileid) => 24,
    "attributes.present" = offset_of!(Attributes, present) => 32,
    "attributes.type" = offset_of!(Attributes, kind) => 36,
    "attributes.mode" = offset_of!(Attributes, mode) => 40,
    "attributes.nlink" = offset_of!(Attributes, nlink) => 44,
    "attributes.uid" = offset_of!(Attributes, uid) => 48,
    "attributes.gid" = offset_of!(Attributes, gid) => 52,
    "attributes.rdevMajor" = offset_of!(Attributes, rdev_major) => 56,
    "attributes.rdevMinor" = offset_of!(Attributes, rdev_minor) => 60,
    "attributes.atime" = offset_of!(Attributes, atime) => 64,
    "attributes.mtime" = offset_of!(Attributes, mtime) => 72,
    "attributes.ctime" = offset_of!(Attributes, ctime) => 80,
    "wccBytes" = size_of::<WccAttributes>() => 32,
    "wcc.size" = offset_of!(WccAttributes, size) => 0,
    "wcc.mtime" = offset_of!(WccAttributes, mtime) => 8,
    "wcc.ctime" = offset_of!(WccAttributes, ctime) => 16,
    "wcc.present" = offset_of!(WccAttributes, present) => 24,
    "targetBytesMax" = TARGET_BYTES_MAX => 4096,
    "inlineListingBytesMax" = INLINE_LISTING_BYTES_MAX => 32768,
}

// No padding: as_bytes relies on it.
const _: () = assert!(size_of::<Time>() == 8);
const _: () = assert!(size_of::<Attributes>() == 4 * 8 + 8 * 4 + 3 * 8);
const _: () = assert!(size_of::<WccAttributes>() == 8 + 2 * 8 + 2 * 4);
const _: () = assert!(ANSWER_BYTES == 4 * 4 + 8 + 6 * 8 + 64 + 3 * 88 + 2 * 32);
