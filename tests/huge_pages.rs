//! Zones of huge pages: where their blocks lie, what was asked from the system, and what else holds for them.
//!
//! Whether the system was asked is read in `/proc/self/smaps`, where memory for which it was has the flag `hg`.

use memzone::Zone;
use memzone::rt::{self, Plan};
use std::mem::MaybeUninit;

const HUGE: usize = 2 << 20;

/// Whether memzone can ask for huge pages here.
const CAN_ASK: bool =
    cfg!(all(feature = "libc", target_os = "linux", target_pointer_width = "64", not(miri)));

/// A zone with room for so much in huge pages.
fn huge(bytes: usize) -> Zone {
    Zone::builder().capacity(bytes).huge_pages().build()
}

#[test]
fn elsewhere_nothing_changes() {
    if CAN_ASK {
        return;
    }
    let bytes = if cfg!(miri) { 3 << 20 } else { 5 << 20 };
    let (asked, plain) = (huge(bytes), Zone::new(bytes));
    for zone in [&asked, &plain] {
        zone.alloc_uninit::<u8>(bytes + 1);
    }
    assert_eq!((asked.capacity(), asked.blocks()), (plain.capacity(), plain.blocks()));
    assert!(!asked.is_huge() && !plain.is_huge());
    let plan = Plan::new().scopes(1, HUGE).default_zone(HUGE).prefault(false);
    assert_eq!(rt::prepare_thread(&plan.huge_pages(true)).unwrap().huge_bytes(), 0);
}

#[test]
fn a_buffer_and_a_small_zone_have_none() {
    let buffer: &'static mut [MaybeUninit<u8>] = Box::leak(Box::new_uninit_slice(3 * HUGE));
    let zone = Zone::from_buffer(buffer);
    assert!(!zone.is_huge() && zone.capacity() >= 3 * HUGE - Zone::OVERHEAD - 63);
    assert!(!Zone::new(3 * HUGE).is_huge());
    assert!(!Zone::new(0).is_huge());

    let small = huge(10_000);
    assert!(!small.is_huge() && small.capacity() < 20_000);
    // It grows by huge pages.
    small.alloc_uninit::<u8>(20_000);
    assert_eq!(small.is_huge(), CAN_ASK);
}

#[cfg(all(feature = "libc", target_os = "linux", target_pointer_width = "64"))]
#[cfg(not(miri))]
mod on_linux {
    use super::*;
    use memzone::rt::Locked;
    use memzone::{ZoneError, peek_zone, stats};
    use std::process::Command;

    /// What a block of huge pages takes from the system beside them.
    const BESIDE: usize = 4096 - 16;

    /// The header of a later block.
    const BLOCK_HEADER: usize = 64;

    fn live() -> usize {
        usize::try_from(stats::thread().live).unwrap()
    }

    /// Does something on a thread that no other test uses.
    fn on_new_thread(body: impl FnOnce() + Send + 'static) {
        let counted = || {
            // The thread has figures of its own from its first scope on.
            memzone::beginz!({});
            memzone::trim_spares();
            body();
        };
        std::thread::spawn(counted).join().unwrap();
    }

    /// What the system says of the mapping that an address lies in: its flags, and its kilobytes in huge pages.
    fn mapping(address: usize) -> (String, usize) {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut is_here = false;
        let mut kilobytes = 0;
        for line in text.lines() {
            let word = line.split_whitespace().next().unwrap();
            let range = word.split_once('-').and_then(|(from, to)| {
                let parse = |text| usize::from_str_radix(text, 16).ok();
                Some(parse(from)?..parse(to)?)
            });
            if let Some(range) = range {
                is_here = range.contains(&address);
            } else if is_here && word == "AnonHugePages:" {
                kilobytes = line.split_whitespace().nth(1).unwrap().parse().unwrap();
            } else if is_here && word == "VmFlags:" {
                return (line.to_string(), kilobytes);
            }
        }
        panic!("nothing is mapped at {address:#x}");
    }

    /// Whether the system was asked for huge pages at an address.
    fn is_asked_for(address: usize) -> bool {
        mapping(address).0.split_whitespace().any(|flag| flag == "hg")
    }

    /// Where the zone's first block begins.
    fn start(zone: &Zone) -> usize {
        // SAFETY: (I1) the handle that was given away is taken back, once.
        let raw = zone.clone().into_raw();
        let address = raw.as_ptr().addr();
        // SAFETY: (I1) as above, and (I3) on the same thread.
        drop(unsafe { Zone::from_raw(raw) });
        address
    }

    #[test]
    fn blocks_begin_at_huge_pages_and_are_multiples_of_them() {
        on_new_thread(|| {
            let before = live();
            let zone = huge(5 << 20);
            assert_eq!(live() - before, 3 * HUGE + BESIDE);
            assert_eq!(zone.capacity(), 3 * HUGE - Zone::OVERHEAD);
            assert_eq!(start(&zone) % HUGE, 0);
            assert!(is_asked_for(start(&zone)) && is_asked_for(start(&zone) + 3 * HUGE - 1));
            assert!(zone.is_huge());
            // A fixed zone has the capacity that was asked for.
            let fixed = Zone::builder().capacity(5 << 20).fixed().huge_pages().build();
            assert!(fixed.capacity() == 5 << 20 && fixed.is_huge());
            assert_eq!(start(&fixed) % HUGE, 0);
            // The header has to find room too.
            assert_eq!(huge(HUGE - Zone::OVERHEAD).capacity(), HUGE - Zone::OVERHEAD);
            assert_eq!(huge(HUGE).capacity(), 2 * HUGE - Zone::OVERHEAD);
        });
    }

    #[test]
    fn a_zone_grows_by_huge_pages() {
        on_new_thread(|| {
            for first in [10_000, 5 << 20] {
                let zone = huge(first);
                for _ in 0..40 {
                    let (blocks, taken, capacity) = (zone.blocks(), live(), zone.capacity());
                    let place = zone.alloc_uninit::<u8>(1_500_000).as_ptr().addr();
                    assert!(is_asked_for(place));
                    if zone.blocks() > blocks {
                        assert_eq!((place - BLOCK_HEADER) % HUGE, 0);
                        let more = live() - taken;
                        assert_eq!(more % HUGE, BESIDE);
                        assert_eq!(zone.capacity() - capacity, more - BESIDE - BLOCK_HEADER);
                    }
                }
                assert!(zone.is_huge() && zone.blocks() < 8);
            }
        });
    }

    /// Page faults of this thread.
    fn faults() -> i64 {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: there is room for the answer.
        assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) }, 0);
        // SAFETY: all zeroes are a value of it, and it was filled.
        unsafe { usage.assume_init() }.ru_minflt
    }

    /// Whether a plain mapping gets huge pages now. The system may have none left.
    fn has_huge_pages() -> bool {
        let (bytes, access) = (34 * HUGE, libc::PROT_READ | libc::PROT_WRITE);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        // SAFETY: this advice reads and writes nothing.
        unsafe { libc::madvise(start, bytes, libc::MADV_HUGEPAGE) };
        // SAFETY: the mapping is that long.
        unsafe { start.write_bytes(1, bytes) };
        let kilobytes = mapping(start.addr()).1;
        // SAFETY: nobody uses it.
        unsafe { libc::munmap(start, bytes) };
        kilobytes >= 33 << 11
    }

    #[test]
    fn prefault_goes_by_huge_pages() {
        if !has_huge_pages() {
            eprintln!("this system gives no huge pages now");
            return;
        }
        on_new_thread(|| {
            let before = faults();
            let zone = Zone::builder().capacity(60 << 20).prefault().huge_pages().build();
            assert!(faults() - before < 1000, "{} faults", faults() - before);
            // All of them, the header's too.
            assert_eq!(mapping(start(&zone)).1 % 2048, 0);
            assert!(mapping(start(&zone)).1 >= 62 << 10);
            let before = faults();
            zone.alloc_slice(60 << 20, 1_u8);
            assert!(faults() - before < 10);
        });
    }

    #[test]
    fn a_limit_has_as_many_huge_pages_as_it_has_room_for() {
        on_new_thread(|| {
            let limit = 5 << 20;
            let zone = Zone::builder().capacity(limit).limit(limit).huge_pages().build();
            assert_eq!(zone.capacity(), 2 * HUGE - Zone::OVERHEAD);
            assert!(zone.is_huge() && live() <= limit);
            // The rest has ordinary pages.
            zone.alloc_uninit::<u8>(zone.remaining());
            zone.alloc_uninit::<u8>(900_000);
            assert!(zone.is_huge() && live() <= limit && zone.capacity() > limit - 200_000);
            let refused = zone.try_alloc_uninit::<u8>(200_000).map(|_| ());
            assert!(matches!(refused, Err(ZoneError::LimitReached { .. })), "{refused:?}");
            drop(zone);
            // A request that fits only if the block has ordinary pages.
            let zone = Zone::builder().capacity(1 << 20).limit(5 << 20).huge_pages().build();
            zone.alloc_uninit::<u8>(1 << 20);
            zone.alloc_uninit::<u8>(3 << 20);
            assert!(live() <= 5 << 20);
            drop(zone);
            let small = Zone::builder().capacity(4 << 20).limit(1 << 20).huge_pages().build();
            assert!(!small.is_huge() && small.capacity() > 900_000 && live() <= 1 << 20);
        });
    }

    fn locked_kilobytes() -> usize {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmLck:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[test]
    fn huge_pages_may_be_locked() {
        let before = locked_kilobytes();
        let zone = Zone::builder().capacity(5 << 20).lock().huge_pages().build();
        assert!(zone.is_huge());
        if !zone.is_locked() {
            eprintln!("see `ulimit -l`");
            return;
        }
        assert!(locked_kilobytes() >= before + 3 * (HUGE >> 10));
        zone.alloc_uninit::<u8>(zone.remaining() + 1);
        assert!(zone.is_locked() && zone.is_huge());
        assert!(locked_kilobytes() >= before + 4 * (HUGE >> 10));
        drop(zone);
        assert!(locked_kilobytes() <= before + 4 * 4);
    }

    #[test]
    fn trim_gives_huge_blocks_back() {
        on_new_thread(|| {
            let before = live();
            let mut zone = huge(3 << 20);
            for _ in 0..30 {
                zone.alloc_uninit::<u8>(1 << 20);
            }
            let (blocks, capacity) = (zone.blocks(), zone.capacity());
            assert!(blocks > 2);
            zone.reset().unwrap();
            assert_eq!((zone.blocks(), zone.capacity()), (blocks, capacity));
            zone.trim(0).unwrap();
            assert_eq!(live() - before, 2 * HUGE + BESIDE);
            assert_eq!((zone.blocks(), zone.capacity()), (1, 2 * HUGE - Zone::OVERHEAD));
            assert!(zone.is_huge());
            zone.alloc_uninit::<u8>(10 << 20);
            assert_eq!((live() - before) % HUGE, 2 * BESIDE);
            drop(zone);
            assert_eq!(live(), before);
        });
    }

    #[test]
    fn a_plan_has_huge_pages() {
        on_new_thread(|| {
            let plan = Plan::new().scopes(2, 3 << 20).default_zone(5 << 20).stack(0);
            let prepared = rt::prepare_thread(&plan.clone().huge_pages(true)).unwrap();
            assert_eq!(prepared.huge_bytes(), 7 * HUGE);
            assert_eq!(prepared.bytes(), 7 * HUGE + 3 * BESIDE);
            let text = prepared.to_string();
            assert!(text.contains("bytes in huge pages") && text.contains("14680064"), "{text}");
            assert!(peek_zone().is_huge());
            let inner = memzone::beginz!(z => {
                let values = z.alloc_slice(1 << 20, 0_u8);
                is_asked_for(values.as_ptr().addr())
            });
            assert!(inner);
            // A second call finds all of it.
            assert_eq!(rt::prepare_thread(&plan).unwrap().huge_bytes(), 7 * HUGE);
        });
        // What there is already gets as many as lie in it.
        on_new_thread(|| {
            let plan = Plan::new().scopes(1, 9 << 20).default_zone(9 << 20).prefault(false);
            assert_eq!(rt::prepare_thread(&plan).unwrap().huge_bytes(), 0);
            assert!(!peek_zone().is_huge());
            let prepared = rt::prepare_thread(&plan.lock(true).huge_pages(true)).unwrap();
            assert!(prepared.huge_bytes() >= 2 * 3 * HUGE, "{prepared}");
            assert!(prepared.huge_bytes() <= prepared.bytes() && peek_zone().is_huge());
            assert_ne!(prepared.locked(), Locked::NotAsked);
        });
        // Small zones have none.
        on_new_thread(|| {
            let plan = Plan::new().default_zone(0).stack(0).huge_pages(true);
            assert_eq!(rt::prepare_thread(&plan).unwrap().huge_bytes(), 0);
        });
    }

    /// In a process of its own, for which huge pages are switched off.
    #[test]
    fn being_refused_is_no_error_and_is_reported() {
        if std::env::var_os("MEMZONE_NO_HUGE").is_none() {
            let test = "on_linux::being_refused_is_no_error_and_is_reported";
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args([test, "--exact", "--nocapture"]).env("MEMZONE_NO_HUGE", "1");
            let output = child.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            return;
        }
        let (on, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
        // SAFETY: no precondition.
        assert_eq!(unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, on, none, none, none) }, 0);
        let zone = huge(5 << 20);
        assert!(!zone.is_huge() && zone.capacity() >= 5 << 20);
        zone.alloc_slice(5 << 20, 1_u8);
        let small = huge(1000);
        small.alloc_slice(5 << 20, 1_u8);
        assert!(!small.is_huge());
        let plan = Plan::new().scopes(1, 3 << 20).default_zone(5 << 20).huge_pages(true);
        let prepared = rt::prepare_thread(&plan).unwrap();
        assert!(prepared.huge_bytes() == 0 && prepared.bytes() > 8 << 20, "{prepared}");
    }
}
