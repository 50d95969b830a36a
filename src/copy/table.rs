//! What a run has copied, so that each value is copied once: a hash table in a zone that is for nothing else.

use super::seen::{Kind, Seen};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::ptr;

/// No value with bytes has this address: its last byte's would be one more than there are.
///
/// It is not 0, as the bytes of a free place are not all alike then. Else the compiler clears places by a call that on some
/// processors takes an instruction a byte.
const NONE: usize = usize::MAX;

/// A place in the table: the values at an address, and where their copies are or will be.
#[derive(Clone, Copy)]
struct Place<'t> {
    /// `NONE`: the place is free.
    address: usize,
    kind: Option<&'t Kind<'t>>,
    len: usize,
    copy: *mut (),
}

impl Place<'_> {
    const FREE: Self = Place { address: NONE, kind: None, len: 0, copy: ptr::null_mut() };
}

/// The values that were met so far. Half of its places are free at least.
pub(super) struct Table<'t> {
    /// There is a power of two of them.
    places: &'t mut [Place<'t>],
    /// How far a hash of 64 bits is shifted, so that it is less than their number.
    shift: u32,
    /// How many more values are noted before it grows.
    left: usize,
    /// Where it lies, and grows.
    scratch: &'t Zone,
    /// Whether what one run has noted is of use to the next one.
    pub(super) is_kept: bool,
    /// The zone that the copies are in, by the address of its header.
    of: usize,
}

/// Places that the first table has.
const FIRST: usize = 64;

/// A free place in a table.
pub(super) struct Free(usize);

/// What there is where a value would be.
pub(super) enum Found {
    /// Its copy.
    Copy(*mut ()),
    /// Nothing. It may be noted here.
    Nothing(Free),
    /// Something else at the same address, or the value's kind as another unit of the program has it.
    Another,
}

impl<'t> Table<'t> {
    pub(super) fn new(scratch: &'t Zone, to: &Zone, is_kept: bool) -> Result<Self, ZoneError> {
        let places = scratch.try_alloc_slice(FIRST, Place::FREE)?;
        let shift = shift(FIRST);
        Ok(Table { places, shift, left: FIRST / 2, scratch, is_kept, of: to.raw().addr().get() })
    }

    /// Whether it is of copies in that zone. Code that is written by hand may copy to another one, which ends before.
    pub(super) fn is_of(&self, to: &Zone) -> bool {
        self.of == to.raw().addr().get()
    }

    /// Whether it must grow before more is noted.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// The number of the place where a value is noted that has this address, if nothing else is there.
    #[inline(always)]
    fn first(&self, address: usize) -> usize {
        // The upper bits of this product differ where addresses lie at equal distances, as those of nodes do. Of 60,000
        // factors this one leads to the fewest places in use, for distances of 8 to 256 bytes and tables of any size.
        ((address as u64).wrapping_mul(0x8822_D786_959F_6F7F) >> self.shift) as usize
    }

    /// The place after another.
    #[inline(always)]
    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.places.len() - 1)
    }

    #[inline(always)]
    fn place(&self, at: usize) -> &Place<'t> {
        // SAFETY: (I42) `first` and `next` give less than the number of places, a power of two.
        unsafe { self.places.get_unchecked(at) }
    }

    /// Looks for a value without asking which type a kind is of.
    #[inline(always)]
    pub(super) fn look_for(&self, value: *const (), kind: &Kind<'t>) -> Found {
        let address = value.addr();
        let mut at = self.first(address);
        loop {
            let place = self.place(at);
            if place.address == address {
                // Of values, and not of a slice, so that there is one.
                let is_it = place.kind.is_some_and(|noted| ptr::eq(noted, kind));
                return if is_it { Found::Copy(place.copy) } else { Found::Another };
            }
            if place.address == NONE {
                return Found::Nothing(Free(at));
            }
            at = self.next(at);
        }
    }

    /// Where the copy of values is, or the free place where that would be noted.
    pub(super) fn find(&self, seen: &Seen<'t>) -> Result<*mut (), Free> {
        let address = seen.address.addr();
        let mut at = self.first(address);
        loop {
            let &Place { address: found, kind, len, copy } = self.place(at);
            if found == NONE {
                return Err(Free(at));
            }
            let noted =
                kind.map(|kind| Seen { address: ptr::without_provenance(found), len, kind });
            if found == address && noted.is_some_and(|noted| noted.is(seen)) {
                return Ok(copy);
            }
            at = self.next(at);
        }
    }

    /// Notes where the copy of values is or will be, in the free place that was found for them in a table that is not full.
    #[inline(always)]
    pub(super) fn note_at(&mut self, Free(at): Free, seen: Seen<'t>, copy: *mut ()) {
        let Seen { address, len, kind } = seen;
        // SAFETY: (I42) a `Free` holds what `first` or `next` gave. That is less than the number of places, and a table never
        // shrinks.
        let place = unsafe { self.places.get_unchecked_mut(at) };
        *place = Place { address: address.addr(), kind: Some(kind), len, copy };
        self.left -= 1;
    }

    /// The same where the place is not known. What is noted already stays where it is.
    pub(super) fn note(&mut self, seen: Seen<'t>, copy: *mut ()) {
        if let Err(free) = self.find(&seen) {
            self.note_at(free, seen, copy);
        }
    }

    /// Forgets all.
    #[cold]
    pub(super) fn forget(&mut self) {
        // Many runs begin with this, and most find nothing noted.
        if self.left != self.places.len() / 2 {
            self.places.fill(Place::FREE);
            self.left = self.places.len() / 2;
        }
    }

    /// Becomes twice as large.
    pub(super) fn grow(&mut self) -> Result<(), ZoneError> {
        let len = self.places.len() * 2;
        let places = self.scratch.try_alloc_slice(len, Place::FREE)?;
        let noted = core::mem::replace(&mut self.places, places);
        self.shift = shift(len);
        self.left += len / 4;
        for place in noted.iter().filter(|place| place.address != NONE) {
            let mut at = self.first(place.address);
            while self.place(at).address != NONE {
                at = self.next(at);
            }
            // SAFETY: (I42) `first` and `next` give less than the number of places.
            *unsafe { self.places.get_unchecked_mut(at) } = *place;
        }
        Ok(())
    }
}

/// How far a hash of 64 bits is shifted for so many places, a power of two.
fn shift(len: usize) -> u32 {
    64 - len.trailing_zeros()
}
