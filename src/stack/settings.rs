//! What a thread's stack keeps between scopes, and how large its zones are made.

use super::list::{NONE, STACK, above, below, header, mark};
use crate::region::header::state;
use crate::system::{aside, section};

/// Sets how much memory the thread's spare zones may keep between scopes, all of them together, in bytes of the
/// system's. Without it: 16 MiB, or what [`prepare_thread`](crate::rt::prepare_thread) has made, if that is more.
///
/// Spare zones over the limit are given back now, those that only the deepest scopes use first. Those of active scopes
/// are given back when the scope ends. A limit below what a plan has made takes from that too.
///
/// ```
/// use memzone::{beginz, set_keep_limit, stats};
///
/// beginz!(z => { z.alloc_slice(8 << 20, 0_u8); });
/// assert!(stats::thread().live > 8 << 20); // kept, for the next scope
/// set_keep_limit(1 << 20);
/// assert!(stats::thread().live <= 1 << 20);
/// ```
///
/// # Real-time
///
/// No: it may give memory back.
///
/// # Time complexity
///
/// Linear in the number of spare zones.
pub fn set_keep_limit(bytes: usize) {
    STACK.with(|stack| {
        stack.keep.set(bytes);
        stack.active().for_each(|zone| stack.mark_oversize(zone));
        if stack.excess(0) != 0 {
            stack.planned.set(0);
        }
        while let (1.., Some(zone)) = (stack.excess(0), stack.farthest_idle(0)) {
            if aside::may_free(stack.excess(0)).is_err() {
                // Whichever scope ends next looks again.
                core::iter::successors(Some(stack.next.get()), |&zone| Some(above(zone)))
                    .take_while(|&zone| zone != NONE)
                    .for_each(|zone| mark(zone, state::OVERSIZE));
                return;
            }
            let keep = header(zone).system_bytes().saturating_sub(stack.excess(0));
            let under = below(zone);
            stack.remove(zone);
            // SAFETY: (I1) an idle spare is rewound and the list's alone.
            unsafe { header(zone).trim(keep) };
            if stack.excess(header(zone).system_bytes()) == 0 {
                stack.insert(under, zone, NONE);
            } else {
                stack.destroy_spare(zone);
            }
        }
    });
}

/// Sets the least size of the spare zones that are made for this thread's scopes from now on, in bytes. Without it:
/// 32 KiB, so that scopes of different sizes use the same ones. With 0, a scope's zone is as large as the scope asks for: 4,096
/// bytes where it names no size. Spare zones that are there stay as they are.
///
/// ```
/// use memzone::{beginz, set_spare_size, stats};
///
/// set_spare_size(0);
/// beginz!(1000, z => { z.alloc(1); });
/// assert!(stats::thread().live < 4096);
/// ```
///
/// # Real-time
///
/// Yes.
pub fn set_spare_size(bytes: usize) {
    STACK.with(|stack| stack.spare_size.set(bytes));
}

/// Sets the size that this thread's default zone is made with on its first use, in bytes. Without it: 1 MiB. With 0 it
/// starts as small as a zone can be. It grows where it is used up, whatever its size is. If the
/// default zone is there already, this has no effect.
///
/// ```
/// use memzone::{peek_zone, set_default_zone_size, stats};
///
/// set_default_zone_size(0);
/// peek_zone().alloc(1);
/// assert!(stats::thread().live < 4096);
/// ```
///
/// # Real-time
///
/// Yes.
pub fn set_default_zone_size(bytes: usize) {
    STACK.with(|stack| stack.default_size.set(bytes));
}

/// Gives back the thread's idle spare zones now, but for those that [`prepare_thread`](crate::rt::prepare_thread) has
/// made, and says how many those were. In a real-time section it gives back none.
///
/// Without it, spare zones that were not used for long are given back by the thread's scopes, outside of sections: after 64 of
/// those that ask the system for memory or use more than a zone's first block. A thread that has none of those
/// keeps what it has, up to the [keep limit](set_keep_limit).
///
/// ```
/// use memzone::{beginz, stats, trim_spares};
///
/// beginz!(beginz!(beginz!({})));
/// assert_eq!(trim_spares(), 3);
/// assert_eq!(stats::thread().live, 0);
/// ```
///
/// # Real-time
///
/// No: it gives memory back.
///
/// # Time complexity
///
/// Linear in the number of spare zones.
pub fn trim_spares() -> usize {
    STACK.with(|stack| {
        if section::policy().is_some() {
            return 0;
        }
        let before = stack.zones.get();
        while let Some(idle) = stack.farthest_idle(stack.planned.get()) {
            stack.drop_spare(idle);
        }
        before - stack.zones.get()
    })
}
