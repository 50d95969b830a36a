//! What a run has copied, so that each value is copied once: a hash table in a zone that is for nothing else.

use super::seen::Seen;
use crate::error::ZoneError;
use crate::zone::Zone;
use core::alloc::Layout;
use core::any::TypeId;
use core::ptr::{self, NonNull};

/// One value, and where its copy is or will be.
#[derive(Clone, Copy)]
struct Entry {
    /// No value has the address 0.
    address: usize,
    bytes: usize,
    id: TypeId,
    copy: *mut u8,
}

/// A free place.
fn free() -> Entry {
    Entry { address: 0, bytes: 0, id: TypeId::of::<()>(), copy: ptr::null_mut() }
}

/// The values that were met so far. Half of its places are free at least.
pub(super) struct Table<'t> {
    /// Where it lies, and grows.
    scratch: &'t Zone,
    entries: &'t mut [Entry],
    count: usize,
    /// The zone that the copies are in, by the address of its header.
    of: usize,
    /// A place for a note that is used again. All notes apart are alike.
    spare: Option<NonNull<Spare>>,
}

/// A place that is not used just now.
struct Spare {
    next: Option<NonNull<Spare>>,
}

/// Places that the first table has.
const FIRST: usize = 64;

impl<'t> Table<'t> {
    pub(super) fn new(scratch: &'t Zone, to: &Zone) -> Result<Self, ZoneError> {
        let of = to.raw().addr().get();
        Ok(Table { scratch, entries: entries(scratch, FIRST)?, count: 0, of, spare: None })
    }

    /// Whether it is of copies in that zone. Code that is written by hand may copy to another one, which ends before.
    pub(super) fn is_of(&self, to: &Zone) -> bool {
        self.of == to.raw().addr().get()
    }

    /// Where the copy of a value is.
    #[inline]
    pub(super) fn copy_of(&self, seen: &Seen) -> Option<NonNull<u8>> {
        let at = self.find(seen.address.addr(), seen.bytes, (seen.id)());
        NonNull::new(self.entries[at].copy)
    }

    /// Notes where the copy of a value will be. One that is noted already stays where it is.
    #[inline]
    pub(super) fn note(&mut self, seen: &Seen, copy: NonNull<u8>) -> Result<(), ZoneError> {
        if self.count * 2 >= self.entries.len() {
            self.grow()?;
        }
        let (address, bytes, id) = (seen.address.addr(), seen.bytes, (seen.id)());
        let at = self.find(address, bytes, id);
        if self.entries[at].copy.is_null() {
            self.entries[at] = Entry { address, bytes, id, copy: copy.as_ptr() };
            self.count += 1;
        }
        Ok(())
    }

    /// A place for a note.
    pub(super) fn place(&mut self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        match self.spare {
            Some(spare) => {
                // SAFETY: (I42) written when it was given back, and used by nobody since.
                self.spare = unsafe { spare.as_ref() }.next;
                Ok(spare.cast())
            }
            None => self.scratch.try_alloc_layout(layout),
        }
    }

    /// Takes back a place from `place`, which nobody uses any more.
    pub(super) fn give_back(&mut self, place: NonNull<u8>) {
        let place = place.cast::<Spare>();
        // SAFETY: (I42) the place is of this zone, and larger than this.
        unsafe { place.write(Spare { next: self.spare }) };
        self.spare = Some(place);
    }

    /// Forgets all.
    #[cold]
    pub(super) fn forget(&mut self) {
        // Each run begins with this, and most find nothing noted.
        if self.count != 0 {
            self.entries.fill(free());
            self.count = 0;
        }
    }

    /// Where it is, or the free place where it would be.
    #[inline(always)]
    fn find(&self, address: usize, bytes: usize, id: TypeId) -> usize {
        let mask = self.entries.len() - 1;
        // Addresses differ in their middle bits.
        let hash = (address as u64 >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut at = (hash >> 32) as usize & mask;
        loop {
            let entry = &self.entries[at & mask];
            let is_it = entry.address == address && entry.bytes == bytes && entry.id == id;
            if is_it || entry.address == 0 {
                return at & mask;
            }
            at += 1;
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> Result<(), ZoneError> {
        let larger = entries(self.scratch, self.entries.len() * 2)?;
        let smaller = core::mem::replace(&mut self.entries, larger);
        for entry in smaller.iter().filter(|entry| entry.address != 0) {
            let at = self.find(entry.address, entry.bytes, entry.id);
            self.entries[at] = *entry;
        }
        Ok(())
    }
}

fn entries(zone: &Zone, len: usize) -> Result<&mut [Entry], ZoneError> {
    zone.try_alloc_slice(len, free())
}
