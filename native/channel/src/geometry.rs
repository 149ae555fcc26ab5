//! How much of everything a region has, and where that puts it.
//!
//! Whoever makes a region chooses; the other side reads the numbers from the header once, checks them, and computes the
//! places itself. Every offset used afterwards comes from a checked `RegionMap`.

use std::mem::offset_of;

use crate::layout::{
    CachedResponse, ControlSlot, GrantEntry, HEADER_BYTES, Header, HintSlot, LARGE_PAGE_BYTES, OwnerHeader,
    RingHeader, SMALL_PAGE_BYTES,
};
use crate::page_range::PageRange;

/// The two ends of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Side {
    /// The user VM's agent.
    Client,
    /// The file system's server.
    Server,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// What one side may lend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owned {
    pub grants: u64,
    pub small_pages: u64,
    pub large_pages: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// A power of two.
    pub control_slots: u64,
    /// A power of two.
    pub hint_slots: u64,
    /// A power of two, at most half the control slots: answers always find room.
    pub responses: u64,
    pub client: Owned,
    pub server: Owned,
}

/// A control ring's slot numbers must not repeat within the 32 bits of their sequence, by a wide margin.
pub const RING_SLOTS_MAX: u64 = 1 << 15;
/// An index of 16 bits.
pub const GRANTS_MAX: u64 = 1 << 16;
pub const SMALL_PAGES_MAX: u64 = 1 << 20;
pub const LARGE_PAGES_MAX: u64 = 1 << 14;

/// A ring's header and, behind it, its slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RingPlace {
    pub at: usize,
    /// A power of two.
    pub slots: u64,
}

/// Where the things are that one side owns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnedPlace {
    pub grant_table: usize,
    pub grants: usize,
    pub small: PageRange,
    pub large: PageRange,
}

impl OwnedPlace {
    /// Whether these pages are all this side's, and of one class.
    pub fn contains(&self, pages: PageRange) -> bool {
        self.small.contains(pages) || self.large.contains(pages)
    }

    /// The first page behind these pages, which are this side's, and behind the large page that they are a part of.
    pub fn end_of_units(&self, pages: PageRange) -> u32 {
        let end = pages.first() + pages.count();
        if self.large.contains(pages) {
            end.next_multiple_of((LARGE_PAGE_BYTES / SMALL_PAGE_BYTES) as u32)
        } else {
            end
        }
    }
}

/// Where everything is, in bytes from the start of the region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionMap {
    pub geometry: Geometry,
    pub control_to_server: RingPlace,
    pub control_to_client: RingPlace,
    pub hints_to_server: RingPlace,
    pub hints_to_client: RingPlace,
    pub response_cache: usize,
    pub client: OwnedPlace,
    pub server: OwnedPlace,
    pub bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GeometryError {
    /// A number of slots or responses that is no power of two, or out of bounds.
    Rings,
    /// More grants or pages than fit their numbers.
    Owned,
}

impl Geometry {
    /// For an agent that lends buffers: 16 MiB of small pages and 64 MiB of large ones, and half of that from the server.
    pub const USUAL: Geometry = Geometry {
        control_slots: 1024,
        hint_slots: 4096,
        responses: 512,
        client: Owned {
            grants: 4096,
            small_pages: 4096,
            large_pages: 32,
        },
        server: Owned {
            grants: 4096,
            small_pages: 2048,
            large_pages: 16,
        },
    };

    pub fn map(&self) -> Result<RegionMap, GeometryError> {
        let ring_is_good = |slots: u64| slots.is_power_of_two() && (2..=RING_SLOTS_MAX).contains(&slots);
        let rings_are_good = ring_is_good(self.control_slots)
            && ring_is_good(self.hint_slots)
            && self.responses.is_power_of_two()
            && self.responses <= self.control_slots / 2;
        if !rings_are_good {
            return Err(GeometryError::Rings);
        }
        for owned in [&self.client, &self.server] {
            let good = (1..=GRANTS_MAX).contains(&owned.grants)
                && owned.small_pages <= SMALL_PAGES_MAX
                && owned.large_pages <= LARGE_PAGES_MAX;
            if !good {
                return Err(GeometryError::Owned);
            }
        }
        // All within bounds now: no sum below can overflow.
        let mut next = Sections { end: HEADER_BYTES };
        let control_to_server = next.ring(self.control_slots, size_of::<ControlSlot>());
        let control_to_client = next.ring(self.control_slots, size_of::<ControlSlot>());
        let hints_to_server = next.ring(self.hint_slots, size_of::<HintSlot>());
        let hints_to_client = next.ring(self.hint_slots, size_of::<HintSlot>());
        let response_cache = next.take(
            self.responses as usize * size_of::<CachedResponse>(),
            SMALL_PAGE_BYTES,
        );
        let tables = [&self.client, &self.server]
            .map(|owned| next.take(owned.grants as usize * size_of::<GrantEntry>(), SMALL_PAGE_BYTES));
        let small = [&self.client, &self.server]
            .map(|owned| next.pages(owned.small_pages as usize, SMALL_PAGE_BYTES));
        let large = [&self.client, &self.server]
            .map(|owned| next.pages(owned.large_pages as usize, LARGE_PAGE_BYTES));
        let place = |side: usize, owned: &Owned| OwnedPlace {
            grant_table: tables[side],
            grants: owned.grants as usize,
            small: small[side],
            large: large[side],
        };
        Ok(RegionMap {
            geometry: *self,
            control_to_server,
            control_to_client,
            hints_to_server,
            hints_to_client,
            response_cache,
            client: place(0, &self.client),
            server: place(1, &self.server),
            bytes: next.take(0, LARGE_PAGE_BYTES),
        })
    }
}

impl RegionMap {
    pub fn owned(&self, side: Side) -> &OwnedPlace {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// The ring in which `side` is the producer.
    pub fn control_from(&self, side: Side) -> RingPlace {
        match side {
            Side::Client => self.control_to_server,
            Side::Server => self.control_to_client,
        }
    }

    /// The hint ring in which `side` is the producer.
    pub fn hints_from(&self, side: Side) -> RingPlace {
        match side {
            Side::Client => self.hints_to_server,
            Side::Server => self.hints_to_client,
        }
    }

    /// The constant part of the header except for magic and instance: (offset, word).
    pub fn header_words(&self) -> Vec<(usize, u64)> {
        let mut words = vec![
            (offset_of!(Header, region_bytes), self.bytes as u64),
            (offset_of!(Header, control_slots), self.geometry.control_slots),
            (offset_of!(Header, hint_slots), self.geometry.hint_slots),
            (offset_of!(Header, responses), self.geometry.responses),
            (
                offset_of!(Header, control_to_server),
                self.control_to_server.at as u64,
            ),
            (
                offset_of!(Header, control_to_client),
                self.control_to_client.at as u64,
            ),
            (
                offset_of!(Header, hints_to_server),
                self.hints_to_server.at as u64,
            ),
            (
                offset_of!(Header, hints_to_client),
                self.hints_to_client.at as u64,
            ),
            (offset_of!(Header, response_cache), self.response_cache as u64),
        ];
        let owners = [
            (
                offset_of!(Header, client_owned),
                &self.geometry.client,
                &self.client,
            ),
            (
                offset_of!(Header, server_owned),
                &self.geometry.server,
                &self.server,
            ),
        ];
        for (at, owned, place) in owners {
            words.extend([
                (at + offset_of!(OwnerHeader, grants), owned.grants),
                (at + offset_of!(OwnerHeader, small_pages), owned.small_pages),
                (at + offset_of!(OwnerHeader, large_pages), owned.large_pages),
                (
                    at + offset_of!(OwnerHeader, grant_table),
                    place.grant_table as u64,
                ),
                (
                    at + offset_of!(OwnerHeader, small_pool),
                    place.small.start() as u64,
                ),
                (
                    at + offset_of!(OwnerHeader, large_pool),
                    place.large.start() as u64,
                ),
            ]);
        }
        words
    }
}

struct Sections {
    end: usize,
}

impl Sections {
    fn take(&mut self, bytes: usize, alignment: usize) -> usize {
        let start = self.end.next_multiple_of(alignment);
        self.end = start + bytes;
        start
    }

    fn ring(&mut self, slots: u64, slot_bytes: usize) -> RingPlace {
        let bytes = size_of::<RingHeader>() + slots as usize * slot_bytes;
        RingPlace {
            at: self.take(bytes, SMALL_PAGE_BYTES),
            slots,
        }
    }

    fn pages(&mut self, count: usize, page_bytes: usize) -> PageRange {
        // An empty pool has no place that would need aligning.
        let alignment = if count == 0 { SMALL_PAGE_BYTES } else { page_bytes };
        let start = self.take(count * page_bytes, alignment);
        PageRange::new(
            (start / SMALL_PAGE_BYTES) as u32,
            (count * page_bytes / SMALL_PAGE_BYTES) as u32,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_aligned_and_do_not_overlap() {
        let map = Geometry::USUAL.map().unwrap();
        let geometry = map.geometry;
        let ring = |place: RingPlace, slot: usize| (place.at, 384 + place.slots as usize * slot);
        let pages = |range: PageRange| (range.start(), range.bytes());
        let mut sections = vec![
            (0, HEADER_BYTES),
            ring(map.control_to_server, 64),
            ring(map.control_to_client, 64),
            ring(map.hints_to_server, 32),
            ring(map.hints_to_client, 32),
            (map.response_cache, geometry.responses as usize * 128),
            (map.client.grant_table, map.client.grants * 32),
            (map.server.grant_table, map.server.grants * 32),
            pages(map.client.small),
            pages(map.server.small),
            pages(map.client.large),
            pages(map.server.large),
            (map.bytes, 0),
        ];
        sections.sort_unstable();
        assert!(sections.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
        assert!(sections.iter().all(|(at, _)| at.is_multiple_of(4096)));
        assert!(map.client.large.start().is_multiple_of(LARGE_PAGE_BYTES));
        assert!(map.bytes.is_multiple_of(LARGE_PAGE_BYTES));
    }

    #[test]
    fn the_largest_geometry_is_computed_without_overflow() {
        let owned = Owned {
            grants: GRANTS_MAX,
            small_pages: SMALL_PAGES_MAX,
            large_pages: LARGE_PAGES_MAX,
        };
        let geometry = Geometry {
            control_slots: RING_SLOTS_MAX,
            hint_slots: RING_SLOTS_MAX,
            responses: RING_SLOTS_MAX / 2,
            client: owned,
            server: owned,
        };
        let map = geometry.map().unwrap();
        assert_eq!(map.server.large.start() + map.server.large.bytes(), map.bytes);
        assert!(map.bytes / SMALL_PAGE_BYTES < u32::MAX as usize);
    }

    #[test]
    fn numbers_out_of_bounds_are_refused() {
        let bad: [fn(&mut Geometry); 8] = [
            |geometry| geometry.control_slots = 0,
            |geometry| geometry.control_slots = 1000,
            |geometry| geometry.control_slots = RING_SLOTS_MAX * 2,
            |geometry| geometry.hint_slots = u64::MAX,
            |geometry| geometry.responses = geometry.control_slots,
            |geometry| geometry.client.grants = GRANTS_MAX + 1,
            |geometry| geometry.server.small_pages = u64::MAX,
            |geometry| geometry.server.large_pages = 1 << 63,
        ];
        for spoil in bad {
            let mut geometry = Geometry::USUAL;
            spoil(&mut geometry);
            assert!(geometry.map().is_err(), "{geometry:?}");
        }
    }
}
