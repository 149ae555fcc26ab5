//! One component of a path, as it came from the wire.

use std::ffi::{CStr, CString};

use crate::errno::{Errno, Result};

/// NAME_MAX of Linux.
pub const NAME_BYTES_MAX: usize = 255;

/// 1 to 255 bytes without '/' and NUL; may be "." or "..".
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name(CString);

impl Name {
    /// EINVAL for what can be no component, ENAMETOOLONG for what is too long for one.
    pub fn new(bytes: &[u8]) -> Result<Name> {
        if bytes.is_empty() || bytes.contains(&b'/') {
            return Err(Errno::INVAL);
        }
        if bytes.len() > NAME_BYTES_MAX {
            return Err(Errno::NAMETOOLONG);
        }
        CString::new(bytes).map(Name).map_err(|_| Errno::INVAL)
    }

    pub fn as_c_str(&self) -> &CStr {
        &self.0
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub fn is_dot(&self) -> bool {
        self.as_bytes() == b"."
    }

    pub fn is_dot_dot(&self) -> bool {
        self.as_bytes() == b".."
    }

    /// "." and ".." always exist and are nobody's to create, remove or rename.
    pub fn is_special(&self) -> bool {
        self.is_dot() || self.is_dot_dot()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_any_bytes_but_slash_and_nul() {
        assert!(Name::new(b"\xff\xfe \n").is_ok());
        assert!(Name::new(&[b'a'; 255]).is_ok());
        assert_eq!(Name::new(&[b'a'; 256]).unwrap_err(), Errno::NAMETOOLONG);
        assert_eq!(Name::new(b"").unwrap_err(), Errno::INVAL);
        assert_eq!(Name::new(b"a/b").unwrap_err(), Errno::INVAL);
        assert_eq!(Name::new(b"a\0b").unwrap_err(), Errno::INVAL);
    }
}
