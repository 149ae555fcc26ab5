//! The few XDR shapes (RFC 4506) that the load generator sends and checks.

use std::fmt;

/// A reply that is not what RFC 5531 or RFC 1813 says it must be.
#[derive(Debug)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed reply: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Appends XDR to a byte vector.
pub trait Encode {
    fn u32(&mut self, value: u32);
    fn u64(&mut self, value: u64);
    fn opaque(&mut self, bytes: &[u8]);
    /// Zeros up to the next word.
    fn pad(&mut self);
}

impl Encode for Vec<u8> {
    fn u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn opaque(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.extend_from_slice(bytes);
        self.pad();
    }

    fn pad(&mut self) {
        self.resize(self.len().next_multiple_of(4), 0);
    }
}

/// Reads XDR from a reply; every length is checked against what is left.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], Malformed> {
        if count > self.rest.len() {
            return Err(Malformed(format!(
                "{what}: {count} bytes wanted, {} left",
                self.rest.len()
            )));
        }
        let (head, tail) = self.rest.split_at(count);
        self.rest = tail;
        Ok(head)
    }

    pub fn u32(&mut self, what: &str) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(
            self.take(4, what)?.try_into().expect("four bytes"),
        ))
    }

    pub fn u64(&mut self, what: &str) -> Result<u64, Malformed> {
        Ok(u64::from_be_bytes(
            self.take(8, what)?.try_into().expect("eight bytes"),
        ))
    }

    pub fn opaque(&mut self, what: &str) -> Result<&'a [u8], Malformed> {
        let length = self.u32(what)? as usize;
        let bytes = self.take(length, what)?;
        self.take(length.next_multiple_of(4) - length, what)?;
        Ok(bytes)
    }

    pub fn skip(&mut self, count: usize, what: &str) -> Result<(), Malformed> {
        self.take(count, what).map(drop)
    }

    pub fn end(&self) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Malformed(format!("{left} bytes after the result"))),
        }
    }
}
