//! What a zone tells about itself: how full it is, what holds it, and what its name is.

use super::Zone;
use crate::region::header::state;
use core::fmt;

impl Zone {
    /// The bytes in use. Each allocation counts with its padding to a multiple of 8, and with what aligns it.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[doc(alias = "allocated_bytes")]
    pub fn used(&self) -> usize {
        self.header().used()
    }

    /// The bytes that all blocks of the zone together can hold.
    ///
    /// # Real-time
    ///
    /// Yes. It looks at every block.
    #[doc(alias("chunk_capacity", "allocated_bytes_including_metadata"))]
    pub fn capacity(&self) -> usize {
        self.header().capacity()
    }

    /// The bytes that can still be allocated without asking the system: the rest of the current block, and the blocks
    /// that were kept from before. A single allocation must fit into one block.
    ///
    /// # Real-time
    ///
    /// Yes. It looks at every block that is still to be used.
    pub fn remaining(&self) -> usize {
        let header = self.header();
        let mut sum = header.end.get().addr().get() - header.cursor.get().addr().get();
        if header.state.get() & state::EMPTY == 0 {
            let mut next = header.current_block().next.get();
            while let Some(block) = next {
                // SAFETY: (I2) blocks in the list live as long as the header.
                let block = unsafe { block.as_ref() };
                sum += block.capacity();
                next = block.next.get();
            }
        }
        sum
    }

    /// The most bytes that were in use at one time. A scope's zone starts counting anew when its scope begins, but may
    /// show more if it was larger before.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[doc(alias("peak", "watermark", "high_water_mark"))]
    pub fn high_water(&self) -> usize {
        self.header().high_water()
    }

    /// The number of blocks that the zone has.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[doc(alias("chunks", "iter_allocated_chunks"))]
    pub fn blocks(&self) -> usize {
        self.header().blocks.get() as usize
    }

    /// The number of handles that the zone has: this one, its clones, one for each `ZBox` in it, and one for its scope.
    /// An entry on the thread's stack is not a handle.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let value = zone.boxed(1);
    /// assert_eq!(zone.handles(), 2);
    /// drop(value);
    /// assert_eq!(zone.handles(), 1);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn handles(&self) -> usize {
        let state = self.header().state.get();
        usize::try_from(state::others(state) + 1 - state::entries(state)).unwrap_or(usize::MAX)
    }

    /// Whether the pointer points into the used part of the zone.
    ///
    /// # Real-time
    ///
    /// Yes. It looks at every block in use.
    pub fn contains<T: ?Sized>(&self, pointer: *const T) -> bool {
        let address = pointer.cast::<u8>().addr();
        let header = self.header();
        if header.state.get() & state::EMPTY != 0 {
            return false;
        }
        let mut block = &header.first;
        loop {
            let is_current = core::ptr::eq(block, header.current.get().as_ptr());
            let end = if is_current { header.cursor.get() } else { block.filled.get() };
            if (block.start.addr().get()..end.addr().get()).contains(&address) {
                return true;
            }
            match block.next.get() {
                // SAFETY: (I2) blocks in the list live as long as the header.
                Some(next) if !is_current => block = unsafe { next.as_ref() },
                _ => return false,
            }
        }
    }

    /// Whether all of the zone's memory is locked into physical memory. That is so if the zone was built with
    /// [`lock`](crate::ZoneBuilder::lock), and the system refused no block.
    ///
    /// ```
    /// let zone = memzone::Zone::builder().capacity(4096).lock().build();
    /// if !zone.is_locked() {
    ///     println!("the system does not allow it: see `ulimit -l`");
    /// }
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_locked(&self) -> bool {
        self.header().is_locked()
    }

    /// Whether the system was asked to give the zone huge pages, and has not refused. That is so if the zone was built
    /// with [`huge_pages`](crate::ZoneBuilder::huge_pages), has a block of 2 MiB or more, and the system takes such
    /// requests. Where it has too few huge pages at the moment, some of the memory has ordinary ones all the same.
    ///
    /// ```
    /// let zone = memzone::Zone::builder().capacity(8 << 20).huge_pages().build();
    /// println!("huge pages: {}", zone.is_huge());
    /// assert!(!memzone::Zone::new(8 << 20).is_huge());
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes. It looks at every block.
    pub fn is_huge(&self) -> bool {
        self.header().huge_bytes() > 0
    }

    /// The name that was given to the builder.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn name(&self) -> Option<&'static str> {
        self.header().name()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "zone {name}")?,
            None => write!(f, "zone {:p}", self.raw())?,
        }
        let (used, capacity) = (self.used(), self.capacity());
        let (blocks, handles) = (self.blocks(), self.handles());
        write!(f, ": {used} of {capacity} bytes used, blocks: {blocks}, handles: {handles}")
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zone")
            .field("name", &self.name())
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("blocks", &self.blocks())
            .field("handles", &self.handles())
            .finish_non_exhaustive()
    }
}
