//! How much memory a thread's stack keeps between scopes, and how large its zones are made.

use super::list::{STACK, above, below, header, set_flag};
use crate::region::header::state;
use crate::system::{aside, section};

/// Sets the keep limit: how much memory all spare zones of this thread may keep between scopes together, in bytes of
/// the system's. The default is 16 MiB, or what [`prepare_thread`](crate::rt::prepare_thread) has made, if that is
/// more.
///
/// Spare zones over the limit are given back now, and those that only the deepest scopes use go first. Zones of active
/// scopes are given back when the scope ends. A limit below what a plan has made gives back some of that too.
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
        stack.keep_limit.set(bytes);
        stack.active().for_each(|zone| stack.flag_if_over_limit(zone));
        if stack.bytes_over_limit(0) != 0 {
            stack.planned_zones.set(0);
        }
        while let (1.., Some(zone)) = (stack.bytes_over_limit(0), stack.last_idle_spare(0)) {
            if aside::may_free(stack.bytes_over_limit(0)).is_err() {
                // The next scope that ends tries again.
                core::iter::successors(Some(stack.next_spare.get()), |&zone| Some(above(zone)))
                    .take_while(|&zone| zone != stack.end())
                    .for_each(|zone| set_flag(zone, state::OVERSIZE));
                return;
            }
            let keep = header(zone).system_bytes().saturating_sub(stack.bytes_over_limit(0));
            let under = below(zone);
            stack.remove(zone);
            // SAFETY: (I1) an idle spare zone is rewound, and only the list has it.
            unsafe { header(zone).trim(keep) };
            if stack.bytes_over_limit(header(zone).system_bytes()) == 0 {
                stack.insert(under, zone, stack.end());
            } else {
                stack.destroy_spare(zone);
            }
        }
    });
}

/// Sets the least size of the spare zones that are made for this thread's scopes from now on, in bytes. The default is
/// 32 KiB, so that scopes of different sizes share their zones. With 0, a scope's zone is as large as the scope asks
/// for, which is 4,096 bytes if it names no size. Existing spare zones stay as they are.
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

/// Sets the size of this thread's default zone, in bytes. The zone is made on its first use, and this has no effect if
/// it exists already. The default is 1 MiB. With 0 it starts as small as a zone can be. It grows when it is full,
/// whatever its size is.
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

/// Gives back the thread's idle spare zones now, and returns how many it gave back. It keeps those that
/// [`prepare_thread`](crate::rt::prepare_thread) has made. In a real-time section it gives back none.
///
/// Without this call, the thread's scopes give back the spare zones that were not used for a long time. They do so
/// outside of real-time sections, after 64 scopes that ask the system for memory or use more than a zone's first block.
/// A thread without such scopes keeps what it has, up to the [keep limit](set_keep_limit).
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
        let before = stack.zone_count.get();
        while let Some(idle) = stack.last_idle_spare(stack.planned_zones.get()) {
            stack.drop_spare(idle);
        }
        before - stack.zone_count.get()
    })
}
