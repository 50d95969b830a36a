//! The adversary of the literature on fragmentation (Robson, JACM 1971 and 1974): it frees in a pattern that
//! leaves much memory free and no large block.
//!
//! Used by `tests/heap.rs`, which asserts what is left, and `examples/fragmentation.rs`, which draws it.

// Not every user uses all of it.
#![allow(dead_code, unreachable_pub)]

/// Something that blocks are taken from and given back to.
pub trait Region {
    type Block;
    fn take(&mut self, bytes: usize) -> Option<Self::Block>;
    fn give_back(&mut self, block: Self::Block);
    /// The largest block that can still be had without more of the system's memory.
    fn largest(&mut self) -> usize;
}

/// What a region can still give, at one step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Bytes that were given back.
    pub freed: usize,
    /// See `Region::largest`.
    pub largest: usize,
}

impl Step {
    /// How much of what was given back no single block can have.
    pub fn fragmentation(&self) -> f64 {
        match self.freed {
            0 => 0.0,
            freed => 1.0 - (self.largest as f64 / freed as f64).min(1.0),
        }
    }
}

/// The bytes of a pattern's blocks, and which of them are given back: after the first list what is left
/// is scattered, after the second only what survives is.
pub struct Pattern {
    pub name: &'static str,
    pub bytes: fn(usize) -> usize,
    pub first: fn(usize, usize) -> bool,
    pub survives: fn(usize, usize) -> bool,
}

pub const SMALL: usize = 64;
pub const LARGE: usize = 1000;
pub const SQUARE: usize = 240;

/// Small and large blocks in turn; the small ones are given back.
pub const IN_TURN: Pattern = Pattern {
    name: "small and large blocks in turn, the small ones freed, then the large ones",
    bytes: |index| if index % 2 == 0 { SMALL } else { LARGE },
    first: |index, _| index % 2 == 0,
    survives: |_, _| false,
};

/// Blocks of one size; every other one is given back, then all but the one in the middle.
pub const CHECKERBOARD: Pattern = Pattern {
    name: "equal blocks, every other one freed, then all but one in the middle",
    bytes: |_| SQUARE,
    first: |index, _| index % 2 == 0,
    survives: |index, len| index == len / 2 / 2 * 2 + 1,
};

impl Pattern {
    /// Fills the region with up to `most` blocks and gives them back as the pattern says. Returns the
    /// steps, `each` blocks apart, and the index of the last step of the first list.
    pub fn run<R: Region>(&self, region: &mut R, most: usize, each: usize) -> (Vec<Step>, usize) {
        let mut blocks: Vec<Option<R::Block>> =
            (0..most).map_while(|index| region.take((self.bytes)(index)).map(Some)).collect();
        let len = blocks.len();
        let mut steps = Vec::new();
        let mut freed = 0;
        let mut end_of_first = 0;
        for pass in 0..2 {
            let mut since = 0;
            for (index, place) in blocks.iter_mut().enumerate() {
                let goes = match pass {
                    0 => (self.first)(index, len) && !(self.survives)(index, len),
                    _ => !(self.survives)(index, len),
                };
                if let Some(block) = place.take_if(|_| goes) {
                    region.give_back(block);
                    freed += (self.bytes)(index);
                    since += 1;
                    if since == each {
                        since = 0;
                        steps.push(Step { freed, largest: region.largest() });
                    }
                }
            }
            steps.push(Step { freed, largest: region.largest() });
            if pass == 0 {
                end_of_first = steps.len() - 1;
            }
        }
        for block in blocks.into_iter().flatten() {
            region.give_back(block);
        }
        (steps, end_of_first)
    }
}

/// The largest size that `fits`, which all smaller ones do too.
pub fn largest_that(most: usize, mut fits: impl FnMut(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, most + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}

/// A real-time heap.
pub struct OfHeap(pub memzone::RtHeap);

impl Region for OfHeap {
    type Block = memzone::HBox<[u8], memzone::RtHeap>;
    fn take(&mut self, bytes: usize) -> Option<Self::Block> {
        memzone::halloc_slice_in(&self.0, bytes, 0).ok()
    }
    fn give_back(&mut self, block: Self::Block) {
        drop(block);
    }
    fn largest(&mut self) -> usize {
        largest_that(self.0.stats().largest_free, |bytes| {
            memzone::HBox::<[u8], _>::try_uninit_slice_in(&self.0, bytes).is_ok()
        })
    }
}

/// A zone: it takes nothing back until it is reset, as soon as nothing in it is used.
pub struct OfZone {
    zone: memzone::Zone,
    used: usize,
}

impl OfZone {
    pub fn new(bytes: usize) -> OfZone {
        OfZone { zone: memzone::Zone::builder().capacity(bytes).fixed().build(), used: 0 }
    }
}

impl Region for OfZone {
    type Block = usize;
    fn take(&mut self, bytes: usize) -> Option<usize> {
        self.zone.try_alloc_uninit::<u8>(bytes).ok()?;
        self.used += bytes;
        Some(bytes)
    }
    fn give_back(&mut self, bytes: usize) {
        self.used -= bytes;
        if self.used == 0 {
            self.zone.reset().expect("nothing else holds it");
        }
    }
    fn largest(&mut self) -> usize {
        self.zone.remaining()
    }
}
