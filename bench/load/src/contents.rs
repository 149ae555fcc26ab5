//! What the files hold: every page says at which offset of the file it is, so that a READ can be checked cheaply.

const PAGE_BYTES: u64 = 4096;
/// Every other byte.
const FILLER: u8 = 0x5a;

/// Bytes of `length` at `offset`, appended.
pub fn append(out: &mut Vec<u8>, offset: u64, length: usize) {
    let start = out.len();
    out.resize(start + length, FILLER);
    for (at, page) in pages(offset, length) {
        out[start + at..start + at + 8].copy_from_slice(&page.to_be_bytes());
    }
}

/// Whether a file has these bytes at `offset`: the mark of every page that is whole in them and one byte of filler each.
pub fn are_right(data: &[u8], offset: u64) -> bool {
    pages(offset, data.len()).all(|(at, page)| {
        data[at..at + 8] == page.to_be_bytes() && data.get(at + 2500).is_none_or(|byte| *byte == FILLER)
    })
}

/// Where in `length` bytes at `offset` pages begin, and at which offset of the file that is.
fn pages(offset: u64, length: usize) -> impl Iterator<Item = (usize, u64)> {
    let end = (offset + length as u64).saturating_sub(7);
    let first = offset.next_multiple_of(PAGE_BYTES);
    (first..end.max(first))
        .step_by(PAGE_BYTES as usize)
        .map(move |page| ((page - offset) as usize, page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_another_place_are_noticed() {
        let mut data = Vec::new();
        append(&mut data, 8192, 12_288);
        assert!(are_right(&data, 8192));
        assert!(!are_right(&data, 4096));
        data[4096 + 2500] = 0;
        assert!(!are_right(&data, 8192), "and so is other filler");
    }

    #[test]
    fn pieces_of_pages_are_what_they_are_in_the_whole() {
        let mut whole = Vec::new();
        append(&mut whole, 0, 20_000);
        for (offset, length) in [(0, 1), (100, 4000), (4090, 5), (4095, 9), (5000, 8000), (4096, 7)] {
            let mut piece = Vec::new();
            append(&mut piece, offset, length);
            let of_whole = &whole[offset as usize..offset as usize + length];
            assert!(are_right(of_whole, offset), "{length} bytes at {offset}");
            assert!(
                are_right(&piece, offset),
                "{length} bytes at {offset}, by themselves"
            );
        }
    }
}
