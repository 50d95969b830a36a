//! What a run has copied, so that each value is copied once: a hash table in a zone that is for nothing else.

use super::seen::Seen;
use crate::error::ZoneError;
use crate::zone::Zone;
use core::any::TypeId;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

/// What is known of a value beside its address.
#[derive(Clone, Copy)]
struct Entry {
    bytes: usize,
    id: TypeId,
    /// Where its copy is or will be.
    copy: NonNull<u8>,
}

/// The values that were met so far. Half of its places are free at least.
pub(super) struct Table<'t> {
    /// Where it lies, and grows.
    scratch: &'t Zone,
    /// The values' addresses, or 0 in a free place. They lie apart, as most of what is compared is these.
    addresses: &'t mut [usize],
    /// The rest of each, which is there where the address is.
    entries: &'t mut [MaybeUninit<Entry>],
    /// How far a hash is shifted, so that it is less than the number of places.
    shift: u32,
    count: usize,
    /// Whether what one run has noted is of use to the next one.
    pub(super) is_kept: bool,
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

/// Places for notes that are made at once.
const NOTES: usize = 16;

/// A free place in a table.
pub(super) struct Free(usize);

impl<'t> Table<'t> {
    pub(super) fn new(scratch: &'t Zone, to: &Zone, is_kept: bool) -> Result<Self, ZoneError> {
        let of = to.raw().addr().get();
        let (addresses, entries) = places(scratch, FIRST)?;
        let shift = shift(FIRST);
        Ok(Table { scratch, addresses, entries, shift, count: 0, is_kept, of, spare: None })
    }

    /// Whether it is of copies in that zone. Code that is written by hand may copy to another one, which ends before.
    pub(super) fn is_of(&self, to: &Zone) -> bool {
        self.of == to.raw().addr().get()
    }

    /// Where the copy of a value is, or the free place where that would be noted.
    #[inline(always)]
    pub(super) fn find(&self, seen: &Seen) -> Result<NonNull<u8>, Free> {
        let mask = self.addresses.len() - 1;
        let address = seen.address.addr();
        // The upper bits of this product differ where addresses lie at equal distances, as those of nodes do.
        let hash = (address as u64 >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut at = (hash >> self.shift) as usize;
        loop {
            at &= mask;
            match self.addresses[at] {
                0 => return Err(Free(at)),
                found if found == address => {
                    // SAFETY: (I42) an entry is written before its address is.
                    let entry = unsafe { self.entries[at].assume_init_ref() };
                    if entry.bytes == seen.bytes && entry.id == seen.id {
                        return Ok(entry.copy);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Notes where the copy of a value will be, in the free place that was found for it. True: now it has to grow.
    #[inline(always)]
    #[must_use]
    pub(super) fn note_at(&mut self, free: Free, seen: &Seen, copy: NonNull<u8>) -> bool {
        self.set(free, seen.address.addr(), Entry { bytes: seen.bytes, id: seen.id, copy });
        self.count += 1;
        self.count * 2 >= self.addresses.len()
    }

    #[inline(always)]
    fn set(&mut self, Free(at): Free, address: usize, entry: Entry) {
        self.entries[at].write(entry);
        self.addresses[at] = address;
    }

    /// A place for a note, if there is one.
    #[inline(always)]
    pub(super) fn place(&mut self) -> Option<NonNull<u8>> {
        let spare = self.spare?;
        // SAFETY: (I42) written when it was given back, and used by nobody since.
        self.spare = unsafe { spare.as_ref() }.next;
        Some(spare.cast())
    }

    /// Makes places for notes.
    pub(super) fn add_places<N>(&mut self) -> Result<(), ZoneError> {
        for place in self.scratch.try_alloc_uninit::<N>(NOTES)? {
            self.give_back(NonNull::from(place).cast());
        }
        Ok(())
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
        // Many runs begin with this, and most find nothing noted.
        if self.count != 0 {
            self.addresses.fill(0);
            self.count = 0;
        }
    }

    /// Becomes twice as large.
    pub(super) fn grow(&mut self) -> Result<(), ZoneError> {
        let len = self.addresses.len() * 2;
        let (addresses, entries) = places(self.scratch, len)?;
        let addresses = core::mem::replace(&mut self.addresses, addresses);
        let entries = core::mem::replace(&mut self.entries, entries);
        self.shift = shift(len);
        for (&address, entry) in addresses.iter().zip(entries).filter(|(address, _)| **address != 0)
        {
            // SAFETY: (I42) an entry is written before its address is.
            let entry = unsafe { entry.assume_init() };
            let seen = Seen {
                address: ptr::without_provenance(address),
                bytes: entry.bytes,
                id: entry.id,
            };
            if let Err(free) = self.find(&seen) {
                self.set(free, address, entry);
            }
        }
        Ok(())
    }
}

/// How far a hash of 64 bits is shifted for so many places, a power of two.
fn shift(len: usize) -> u32 {
    64 - len.trailing_zeros()
}

type Places<'t> = (&'t mut [usize], &'t mut [MaybeUninit<Entry>]);

fn places(zone: &Zone, len: usize) -> Result<Places<'_>, ZoneError> {
    Ok((zone.try_alloc_slice(len, 0)?, zone.try_alloc_uninit(len)?))
}
