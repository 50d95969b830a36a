//! Real time: preparing a thread, and sections that count or refuse what the system is asked for.

use crate::error::{Failure, code_of, mz_error, or_else};
use crate::zone::{MZ_LOCK, MZ_PREFAULT};
use core::cell::RefCell;
use core::mem::ManuallyDrop;
use memzone::rt::{self, Locked, Plan, Policy, Report, Section};

/// What a real-time thread will need. `mz_plan_default()` gives one to begin with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct mz_plan {
    /// How many scopes will be active at one time, pushed zones included.
    pub scopes: usize,
    /// How many bytes each of them holds in all.
    pub scope_bytes: usize,
    /// How many bytes the default zone has room for. With 0 it is not made now.
    pub default_zone: usize,
    /// How many bytes of the machine's stack to touch.
    pub stack: usize,
    /// `MZ_PREFAULT` and `MZ_LOCK`, or-ed together.
    pub flags: u32,
}

/// What `mz_rt_prepare` has made or found.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct mz_prepared {
    /// The scopes that can be entered from here on without a new zone.
    pub scopes: usize,
    /// The bytes of the system's memory that their zones and the default zone have.
    pub bytes: usize,
    /// The pages of 4 KiB that were touched.
    pub pages: usize,
    /// The bytes of the machine's stack that were touched.
    pub stack: usize,
    /// The bytes that stay resident. Fewer than `bytes` if the system has refused some, or was not asked.
    pub locked_bytes: usize,
}

/// What happens in a section when memzone would ask the system for something.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum mz_policy {
    /// It is counted.
    MZ_COUNT = 0,
    /// It is refused with `MZ_ERROR_DENIED`. What would be freed is put aside for `mz_rt_collect`.
    MZ_DENY = 1,
}

/// Stands for a number that is not known.
pub const MZ_UNKNOWN: u64 = u64::MAX;

/// What a thread has asked the system for since a section was entered.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct mz_report {
    /// The requests, including those that were refused.
    pub asked: u64,
    /// The requests that were refused.
    pub denied: u64,
    /// The bytes that were asked for.
    pub bytes: u64,
    /// The bytes that were given back.
    pub given_back: u64,
    /// The thread's page faults that needed no disk, or `MZ_UNKNOWN`.
    pub minor_faults: u64,
    /// The thread's page faults that needed a disk, or `MZ_UNKNOWN`.
    pub major_faults: u64,
}

impl From<Report> for mz_report {
    fn from(report: Report) -> mz_report {
        mz_report {
            asked: report.asked(),
            denied: report.denied(),
            bytes: report.bytes(),
            given_back: report.given_back(),
            minor_faults: report.minor_faults().unwrap_or(MZ_UNKNOWN),
            major_faults: report.major_faults().unwrap_or(MZ_UNKNOWN),
        }
    }
}

/// The most sections that are nested.
const MOST: usize = 16;

/// A thread's sections, the innermost last.
struct Sections {
    open: [Option<Section>; MOST],
    count: usize,
}

thread_local! {
    // Without a destructor, so that nothing is registered when a thread first enters a section.
    static SECTIONS: RefCell<ManuallyDrop<Sections>> = const {
        RefCell::new(ManuallyDrop::new(Sections { open: [const { None }; MOST], count: 0 }))
    };
}

impl Sections {
    fn innermost(&mut self) -> Result<&mut Option<Section>, Failure> {
        let innermost = self.count.checked_sub(1);
        innermost
            .map(|at| &mut self.open[at])
            .ok_or(Failure::Invalid("the thread is in no section; `mz_rt_enter` begins one"))
    }
}

/// Four nested scopes of 64 KiB each, 1 MiB in the default zone, and 32 KiB of the machine's stack. All of it is touched,
/// and none of it is locked.
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_plan_default() -> mz_plan {
    mz_plan {
        scopes: 4,
        scope_bytes: 64 << 10,
        default_zone: 1 << 20,
        stack: 32 << 10,
        flags: MZ_PREFAULT,
    }
}

/// Makes the calling thread ready for real time. Afterwards nothing that memzone does within the plan happens for the
/// first time. Call it on the real-time thread itself, before its first block of audio. `prepared` may be NULL.
///
/// Real-time: no, it does all the work that is not allowed later.
///
/// # Safety
///
/// `plan` is NULL or points to a plan. `prepared` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_rt_prepare(
    plan: *const mz_plan,
    prepared: *mut mz_prepared,
) -> mz_error {
    code_of(|| {
        // SAFETY: (I60) the caller's promise.
        let plan = unsafe { plan.as_ref() }.ok_or(Failure::Null("plan"))?;
        if plan.flags & !(MZ_PREFAULT | MZ_LOCK) != 0 {
            return Err(Failure::Invalid("`flags` has a bit that is no flag of a plan"));
        }
        let made = rt::prepare_thread(
            &Plan::new()
                .scopes(plan.scopes, plan.scope_bytes)
                .default_zone(plan.default_zone)
                .stack(plan.stack)
                .prefault(plan.flags & MZ_PREFAULT != 0)
                .lock(plan.flags & MZ_LOCK != 0),
        )?;
        // SAFETY: (I60) the caller's promise.
        if let Some(prepared) = unsafe { prepared.as_mut() } {
            *prepared = mz_prepared {
                scopes: made.scopes(),
                bytes: made.bytes(),
                pages: made.pages(),
                stack: made.stack(),
                locked_bytes: match made.locked() {
                    Locked::NotAsked => 0,
                    _ => made.locked_bytes(),
                },
            };
        }
        Ok(())
    })
}

/// Begins a section, in which the thread is a real-time thread: `policy` (`MZ_COUNT` or `MZ_DENY`) says what happens when
/// memzone would ask the system for something. Sections may be nested up to 16 deep, and the strictest counts.
///
/// If `count_faults`, page faults are counted too. That is a system call of some 0.4 us here and for each report.
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_rt_enter(policy: i32, count_faults: bool) -> mz_error {
    code_of(|| {
        let policy = match policy {
            0 => Policy::Count,
            1 => Policy::Deny,
            _ => return Err(Failure::Invalid("`policy` is neither MZ_COUNT nor MZ_DENY")),
        };
        SECTIONS.with_borrow_mut(|sections| {
            let at = sections.count;
            let place = sections.open.get_mut(at);
            let place =
                place.ok_or(Failure::Invalid("16 sections are open in one another already"))?;
            *place = Some(match count_faults {
                true => rt::enter(policy),
                false => rt::enter_unwatched(policy),
            });
            sections.count += 1;
            Ok(())
        })
    })
}

/// Ends the thread's innermost section, and gives its report through `report`, which may be NULL.
///
/// Real-time: yes.
///
/// # Safety
///
/// `report` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_rt_leave(report: *mut mz_report) -> mz_error {
    code_of(|| {
        SECTIONS.with_borrow_mut(|sections| {
            let section = sections.innermost()?.take();
            sections.count -= 1;
            // SAFETY: (I60) the caller's promise.
            if let (Some(place), Some(section)) = (unsafe { report.as_mut() }, &section) {
                *place = section.report().into();
            }
            Ok(())
        })
    })
}

/// What the thread has asked the system for since it entered its innermost section.
///
/// Real-time: yes.
///
/// # Safety
///
/// `report` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_rt_report(report: *mut mz_report) -> mz_error {
    code_of(|| {
        // SAFETY: (I60) the caller's promise.
        let place = unsafe { report.as_mut() }.ok_or(Failure::Null("report"))?;
        SECTIONS.with_borrow_mut(|sections| {
            if let Some(section) = sections.innermost()? {
                *place = section.report().into();
            }
            Ok(())
        })
    })
}

/// Frees what was put aside in sections of all threads, and returns the number of pieces. Cleanup hooks run on this thread.
///
/// Real-time: no.
#[unsafe(no_mangle)]
pub extern "C" fn mz_rt_collect() -> usize {
    or_else(0, || Ok(rt::collect()))
}
