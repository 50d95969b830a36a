//! The arithmetic of bump allocation and of growing. It works on plain numbers and touches no memory.

#![forbid(unsafe_code)]

/// The cursor moves in steps of this many bytes. So a type of this alignment or less fits at the cursor as it is, and takes
/// no more than its size rounded up to a step.
pub(crate) const STEP: usize = 8;

/// Sizes up to this one may be added to a cursor without a check for overflow. This works because a block that ends
/// closer than this to the top of the address space is refused.
///
/// On 32-bit systems memory near the top is in use: `mmap` begins there on i686 under a 64-bit kernel, and some
/// microcontrollers have their large memory there.
pub(crate) const HEADROOM: usize = if usize::BITS == 64 { 1 << 30 } else { 64 << 10 };

/// The largest size that a request may have, in bytes.
pub(crate) const MAX_REQUEST: usize = isize::MAX as usize - HEADROOM;

/// The size up to which each new block is twice as large as the last one.
pub(crate) const MAX_BLOCK: usize = 64 << 20;

/// A zone that holds less than this may grow as if it held this much.
const SMALL: usize = 64 << 10;

/// Rounds up to the next step. A size within a step of `usize::MAX` wraps to zero.
#[inline(always)]
pub(crate) const fn round_up_step(size: usize) -> usize {
    size.wrapping_add(STEP - 1) & !(STEP - 1)
}

/// Where a request lies in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes from the cursor to the allocation.
    pub(crate) skip: usize,
    /// Bytes from the old cursor to the new one.
    pub(crate) advance: usize,
}

/// Fits `size > 0` bytes of alignment `align` between the addresses `cursor` and `end`.
///
/// The new cursor is rounded up to a step, but never beyond `end`. So a request for exactly the rest of a block fits.
pub(crate) fn place(cursor: usize, end: usize, size: usize, align: usize) -> Option<Place> {
    assert!(align.is_power_of_two() && size > 0 && cursor <= end);
    let room = end - cursor;
    // The cursor need not be a multiple of STEP: it may be at the end of a block whose length is odd.
    let skip = cursor.checked_next_multiple_of(align)? - cursor;
    let bytes = skip.checked_add(size)?;
    if bytes > room {
        return None;
    }
    let rounded = bytes.checked_next_multiple_of(STEP)?;
    Some(Place { skip, advance: rounded.min(room) })
}

/// The size of the block that a zone takes next, its header included.
///
/// * `request`: bytes that the block must have room for, its header included.
/// * `last`: the size of the newest block.
/// * `total`: the size of all blocks together.
/// * `held`: the most bytes that the zone has held so far, the request included.
///
/// The block is twice as large as the last one, as long as the zone then takes at most 2.1 times what it holds.
pub(super) fn next_block(request: usize, last: usize, total: usize, held: usize) -> usize {
    let doubled = last.saturating_mul(2).min(MAX_BLOCK);
    let held = held.max(SMALL);
    let allowed = held.saturating_mul(2).saturating_add(held / 10);
    doubled.min(allowed.saturating_sub(total)).max(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_fit_fits_also_with_an_odd_end() {
        assert_eq!(place(64, 164, 100, 1), Some(Place { skip: 0, advance: 100 }));
        assert_eq!(place(64, 164, 101, 1), None);
        assert_eq!(place(64, 164, 84, 1), Some(Place { skip: 0, advance: 88 }));
        assert_eq!(place(64, 164, 89, 1), Some(Place { skip: 0, advance: 96 }));
        assert_eq!(place(64, 164, 97, 1), Some(Place { skip: 0, advance: 100 }));
    }

    #[test]
    fn alignment_is_paid_from_the_block() {
        assert_eq!(place(16, 4096, 1, 64), Some(Place { skip: 48, advance: 56 }));
        assert_eq!(place(8, 4096, 16, 16), Some(Place { skip: 8, advance: 24 }));
        assert_eq!(place(16, 64, 1, 64), None);
        assert_eq!(place(16, 65, 1, 64), Some(Place { skip: 48, advance: 49 }));
    }

    #[test]
    fn nothing_wraps() {
        assert_eq!(place(16, 4096, usize::MAX, 1), None);
        assert_eq!(place(16, 4096, usize::MAX - 8, 4096), None);
        assert_eq!(place(usize::MAX - 31, usize::MAX, 8, 64), None);
        assert_eq!(next_block(100, usize::MAX, 0, usize::MAX), MAX_BLOCK);
        assert_eq!(next_block(100, usize::MAX, usize::MAX, usize::MAX), 100);
        assert_eq!(next_block(usize::MAX, 1, 1, usize::MAX), usize::MAX);
    }

    #[test]
    fn blocks_double_up_to_the_cap() {
        let (mut last, mut total) = (4096, 4096);
        let mut sizes = vec![last];
        while sizes.len() < 18 {
            last = next_block(64, last, total, total);
            total += last;
            sizes.push(last);
        }
        assert_eq!(&sizes[..4], [4096, 8192, 16384, 32768]);
        assert_eq!(sizes[17], MAX_BLOCK);
        for pair in sizes.windows(2) {
            assert!(pair[1] >= pair[0]);
        }
    }

    #[test]
    fn a_zone_takes_at_most_2_1_times_what_it_holds() {
        // The worst case: every request is just too large for what is left.
        let (mut last, mut total, mut held, mut room) = (4096usize, 4096usize, 0usize, 4096usize);
        for _ in 0..200 {
            let request = room + 1;
            held += request;
            last = next_block(request, last, total, held);
            total += last;
            room = last - request;
            assert!(total * 10 <= held.max(SMALL) * 21 + 10, "{total} for {held}");
            if held > usize::MAX / 64 {
                break;
            }
        }
    }
}
