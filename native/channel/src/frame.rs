//! How the two ends of a channel meet: one frame each way on a stream, before there is any memory. A frame is its length,
//! 4 bytes little-endian, and so many bytes of text. Descriptors go with its first byte, on Unix sockets only.

use std::io::{self, ErrorKind};
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::descriptors_unsafe::{receive_with_descriptors, send_with_descriptors};

/// The text's. A stream whose length says more is not of this protocol.
pub const FRAME_BYTES_MAX: usize = 4096;
const LENGTH_BYTES: usize = 4;

#[derive(Debug)]
pub struct Frame {
    pub text: String,
    pub descriptors: Vec<OwnedFd>,
}

/// A frame that comes bit by bit. Reads nothing of what is behind it.
#[derive(Debug, Default)]
pub struct FrameReader {
    length: [u8; LENGTH_BYTES],
    text: Vec<u8>,
    /// Bytes read, of the length and the text together.
    read: usize,
    descriptors: Vec<OwnedFd>,
}

impl FrameReader {
    /// The frame, or None if the stream would block before its end. UnexpectedEof: the peer closed the stream before.
    pub fn read(&mut self, stream: BorrowedFd<'_>) -> io::Result<Option<Frame>> {
        loop {
            let room = if self.read < LENGTH_BYTES {
                &mut self.length[self.read..]
            } else {
                &mut self.text[self.read - LENGTH_BYTES..]
            };
            match receive_with_descriptors(stream, room, &mut self.descriptors) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => self.read += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            if self.read == LENGTH_BYTES {
                let bytes = u32::from_le_bytes(self.length) as usize;
                if !(1..=FRAME_BYTES_MAX).contains(&bytes) {
                    return Err(invalid("a frame of impossible length"));
                }
                self.text = vec![0; bytes];
            } else if self.read == LENGTH_BYTES + self.text.len() {
                let text = String::from_utf8(std::mem::take(&mut self.text));
                return Ok(Some(Frame {
                    text: text.map_err(|_| invalid("a frame that is no text"))?,
                    descriptors: std::mem::take(&mut self.descriptors),
                }));
            }
        }
    }
}

/// Sends a whole frame at once. A peer that has no room even for this is not waited for.
pub fn send_frame(stream: BorrowedFd<'_>, text: &str, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    if !(1..=FRAME_BYTES_MAX).contains(&text.len()) {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    if send_with_descriptors(stream, &bytes, descriptors)? < bytes.len() {
        return Err(ErrorKind::WriteZero.into());
    }
    Ok(())
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use proptest::prelude::*;

    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        let (left, right) = UnixStream::pair().unwrap();
        right.set_nonblocking(true).unwrap();
        (left, right)
    }

    #[test]
    fn a_frame_comes_in_pieces_and_what_is_behind_it_stays() {
        let (mut left, mut right) = pair();
        let mut reader = FrameReader::default();
        for piece in [&b"\x05"[..], b"\0\0\0", b"he", b"llo!"] {
            assert!(reader.read(right.as_fd()).unwrap().is_none());
            left.write_all(piece).unwrap();
        }
        assert_eq!(reader.read(right.as_fd()).unwrap().unwrap().text, "hello");
        let mut rest = [0; 2];
        assert_eq!((right.read(&mut rest).unwrap(), rest[0]), (1, b'!'));
    }

    #[test]
    fn descriptors_come_with_their_frame() {
        let (left, right) = pair();
        let (mut one, other) = UnixStream::pair().unwrap();
        send_frame(left.as_fd(), "{}", &[other.as_fd(), left.as_fd()]).unwrap();
        send_frame(left.as_fd(), "none", &[]).unwrap();
        let mut frame = FrameReader::default().read(right.as_fd()).unwrap().unwrap();
        assert_eq!((frame.text.as_str(), frame.descriptors.len()), ("{}", 2));
        one.write_all(b"x").unwrap();
        let mut byte = [0];
        let other = UnixStream::from(frame.descriptors.remove(0));
        (&other).read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
        let frame = FrameReader::default().read(right.as_fd()).unwrap().unwrap();
        assert_eq!((frame.text.as_str(), frame.descriptors.len()), ("none", 0));
    }

    #[test]
    fn more_descriptors_than_anybody_needs_are_refused() {
        let (left, right) = pair();
        let four = [left.as_fd(); 4];
        send_with_descriptors(left.as_fd(), b"\x02\0", &four).unwrap();
        send_with_descriptors(left.as_fd(), b"\0\0{}", &four).unwrap();
        let read = FrameReader::default().read(right.as_fd());
        assert_eq!(read.unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn the_end_in_the_middle_is_told() {
        let (mut left, right) = pair();
        left.write_all(b"\x05\0\0\0he").unwrap();
        drop(left);
        let read = FrameReader::default().read(right.as_fd());
        assert_eq!(read.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let (mut left, right) = pair();
            left.write_all(&bytes).unwrap();
            let mut reader = FrameReader::default();
            match reader.read(right.as_fd()) {
                Ok(Some(frame)) => prop_assert_eq!(frame.text.as_bytes(), &bytes[4..4 + frame.text.len()]),
                Ok(None) => prop_assert!(reader.text.len() <= FRAME_BYTES_MAX),
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidData),
            }
        }
    }
}
