//! Copying what is nested deeper than the stack allows.
//!
//! A copy recurses as long as it has used little stack. Past that, each reference it meets becomes
//! a task: a future on the heap whose own references are tasks again. A task that waits for
//! another returns to [`Work::run`], which runs the newest first; so however long the list, the
//! stack holds one task at a time.

#![forbid(unsafe_code)]

use super::{DeepCopy, Depth};
use crate::error::{Request, ZoneError};
use crate::system::section;
use crate::zone::Zone;
use crate::zone::growing::SliceBuilder;
use crate::zone::places::{OnError, Return, refuse_drop};
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::{Pin, pin};
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};
use std::collections::HashSet;
use std::rc::Rc;

/// Stack a copy may use before it goes on with tasks, in bytes.
const STACK: usize = 24 << 10;

/// How many copies with tasks may be nested in one another, which only `DeepCopy`s written by hand
/// lead to: each takes its 24 KiB of stack again.
const MOST_NESTED: usize = 3;

thread_local! {
    /// The floor of the copy that this thread is in: how far down the stack it may go. None: 0. Nor has a
    /// copy one whose error is on its way, so that what destructors copy meanwhile is a copy apart.
    static FLOOR: Cell<usize> = const { Cell::new(0) };
    static NESTED: Cell<usize> = const { Cell::new(0) };
    /// What each `LEFT_BEHIND` that is on its way stands for. The last one is of the copy that took `FLOOR` away.
    static FAILURES: [Cell<Failure>; MOST_FAILURES] = const { [const { Cell::new(Failure::NONE) }; MOST_FAILURES] };
    static FAILED: Cell<usize> = const { Cell::new(0) };
}

/// How many errors may be on their way at a time. There is a second one where a destructor copies something
/// while a copy that failed is taken down, and fails too. Those beyond say `TooDeep`.
const MOST_FAILURES: usize = 4;

/// An error that was left behind, and the floor of its copy.
#[derive(Clone, Copy)]
struct Failure {
    error: ZoneError,
    floor: usize,
}

impl Failure {
    const NONE: Failure = Failure { error: LEFT_BEHIND, floor: 0 };
}

/// Stands for the error in `FAILURES`, and for itself where none is there. Within a copy, so that the
/// levels it passes need not have room for an error's fields.
pub(crate) const LEFT_BEHIND: ZoneError = ZoneError::TooDeep;

/// Copies what a reference leads to. This is what recurses, so its result fits into a register.
#[inline]
pub(crate) fn reference_at<'z, T: DeepCopy<'z>>(
    target: &T,
    to: &'z Zone,
    depth: Depth,
) -> Option<&'z mut T::Copied> {
    #[cfg(miri)]
    let _followed = During::new(&FOLLOWED, FOLLOWED.get() + 1);
    // Plain data leads nowhere, however deep it lies.
    if !T::FLAT && depth.is_used_up() {
        return reference_later(target, to);
    }
    match target.copy_at(to, depth) {
        Ok(copied) => keep(copied, to),
        Err(error) => leave_behind(error),
    }
}

/// Puts a copy into the zone. Not inlined into what recurses where nothing is optimised: its frame
/// would be part of each level's.
#[inline]
fn keep<T>(copied: T, to: &Zone) -> Option<&mut T> {
    const { refuse_drop::<T>() };
    to.put_in::<LeaveBehind, T>(copied).ok()
}

/// Leaves an error behind where a zone has no room.
enum LeaveBehind {}

impl OnError for LeaveBehind {
    type Error = ();
    #[inline(always)]
    fn fail<T>(error: ZoneError) -> Result<T, ()> {
        leave_behind(error).ok_or(())
    }
    #[inline(always)]
    fn grow(zone: &Zone, size: usize, align: usize) -> Result<NonNull<u8>, ()> {
        /// All in registers, so that what recurses needs no room for it.
        #[cold]
        #[inline(never)]
        fn grow(
            zone: ManuallyDrop<Zone>,
            size: usize,
            align: usize,
        ) -> (Option<NonNull<u8>>, ManuallyDrop<Zone>) {
            let place = zone.grow(size, align).map_or_else(leave_behind, Some);
            (place, zone)
        }
        let (place, lent) = grow(zone.lend(), size, align);
        zone.take_back(lent);
        place.ok_or(())
    }
}

#[cold]
#[inline(never)]
fn reference_later<'z, T: DeepCopy<'z>>(target: &T, to: &'z Zone) -> Option<&'z mut T::Copied> {
    match run_tasks(|work| target.copy_later(to, work)) {
        Ok(copied) => keep(copied, to),
        Err(error) => leave_behind(error),
    }
}

#[inline(always)]
fn leave_behind<R>(error: ZoneError) -> Option<R> {
    #[cold]
    #[inline(never)]
    fn set(error: ZoneError) {
        let (count, floor) = (FAILED.get(), FLOOR.get());
        if floor != 0 && count < MOST_FAILURES {
            FAILURES.with(|failures| failures[count].set(Failure { error, floor }));
            FAILED.set(count + 1);
            FLOOR.set(0);
        }
    }
    if error != LEFT_BEHIND {
        set(error);
    }
    None
}

/// The error that the innermost copy has left behind, if any. The copy has its floor again then.
#[cold]
#[inline(never)]
fn take_failure() -> Option<ZoneError> {
    if FLOOR.get() != 0 {
        return None;
    }
    let last = FAILED.get().checked_sub(1)?;
    FAILED.set(last);
    let Failure { error, floor } = FAILURES.with(|failures| failures[last].get());
    FLOOR.set(floor);
    Some(error)
}

/// What an error stands for. For who has set the floor, or found one.
#[cold]
#[inline(never)]
fn stood_for(error: ZoneError) -> ZoneError {
    match take_failure() {
        Some(left_behind) if error == LEFT_BEHIND => left_behind,
        _ => error,
    }
}

/// Nobody looks at what a copy has left behind that a panic ends.
struct Unwinding;

impl Drop for Unwinding {
    fn drop(&mut self) {
        take_failure();
    }
}

/// Runs a copy on a floor of its own.
#[inline(always)]
fn with_floor<R>(copy: impl FnOnce() -> Result<R, ZoneError>) -> Result<R, ZoneError> {
    // Put back last, also where the copy panics.
    let _floor = During::new(&FLOOR, floor());
    let unwinding = Unwinding;
    let copied = copy().map_err(stood_for);
    core::mem::forget(unwinding);
    copied
}

/// Sets a thread-local for as long as it lives.
struct During<T: Copy + 'static>(&'static std::thread::LocalKey<Cell<T>>, T);

impl<T: Copy + 'static> During<T> {
    fn new(key: &'static std::thread::LocalKey<Cell<T>>, value: T) -> Self {
        During(key, key.replace(value))
    }
}

impl<T: Copy + 'static> Drop for During<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

// The stack grows downward on all our targets.
#[cfg(not(miri))]
use crate::system::stack_bounds::stack_pointer as stack_top;

#[cfg(miri)]
thread_local! {
    /// How many references the copy follows just now: in Miri a local's address says nothing.
    static FOLLOWED: Cell<usize> = const { Cell::new(0) };
}

#[cfg(miri)]
fn stack_top() -> usize {
    usize::MAX - FOLLOWED.get() * 512
}

/// The floor of a copy that begins here.
fn floor() -> usize {
    stack_top().saturating_sub(STACK).max(1)
}

impl Depth {
    /// Starts a copy, or goes on with the one that this thread is in.
    ///
    /// # Real-time
    ///
    /// Yes, as far as the copy is.
    #[inline]
    pub fn enter<R>(copy: impl FnOnce(Depth) -> Result<R, ZoneError>) -> Result<R, ZoneError> {
        if FLOOR.get() != 0 {
            let unwinding = Unwinding;
            let copied = copy(Depth(())).map_err(stood_for);
            core::mem::forget(unwinding);
            return copied;
        }
        with_floor(|| copy(Depth(())))
    }

    #[inline(always)]
    fn is_used_up(self) -> bool {
        stack_top() < FLOOR.get()
    }

    /// Copies what a reference leads to, now or as a task.
    #[inline]
    pub(crate) fn follow<'s, 'z: 's, T: DeepCopy<'z>>(
        self,
        target: &'s T,
        to: &'z Zone,
    ) -> Result<T::Copied, ZoneError> {
        #[cfg(miri)]
        let _followed = During::new(&FOLLOWED, FOLLOWED.get() + 1);
        if self.is_used_up() && !T::FLAT {
            return run_tasks(|work| target.copy_later(to, work));
        }
        target.copy_at(to, self)
    }

    /// As `follow`, for what an owner leads to: it moves.
    #[inline]
    pub(crate) fn follow_owned<'z, T: DeepCopy<'z>>(
        self,
        value: T,
        to: &'z Zone,
    ) -> Result<T::Copied, ZoneError> {
        #[cfg(miri)]
        let _followed = During::new(&FOLLOWED, FOLLOWED.get() + 1);
        if self.is_used_up() && !T::FLAT {
            return run_tasks(|work| value.move_later(to, work));
        }
        value.move_out(to)
    }

    /// As `follow`, for what a slice leads to.
    #[inline]
    pub(crate) fn follow_slice<'s, 'z: 's, T: DeepCopy<'z>>(
        self,
        items: &'s [T],
        to: &'z Zone,
    ) -> Result<&'z mut [T::Copied], ZoneError> {
        #[cfg(miri)]
        let _followed = During::new(&FOLLOWED, FOLLOWED.get() + 1);
        if self.is_used_up() && !T::FLAT {
            return run_tasks(|work| slice_later(items, to, work));
        }
        T::copy_slice_at(items, to, self)
    }
}

type Task<'s> = Pin<Box<dyn Future<Output = ()> + 's>>;

/// The tasks of one copy.
#[doc(hidden)]
#[derive(Clone)]
pub struct Work<'s>(Rc<Tasks<'s>>);

struct Tasks<'s> {
    /// Started by the task that is running, and to run next.
    new: RefCell<Option<Task<'s>>>,
    /// What is being copied just now: address, bytes, name of the type. Meeting it again before it
    /// is finished means that it leads back to itself.
    active: RefCell<HashSet<(usize, usize, &'static str)>>,
}

/// A task that was started: its result, once it has run.
struct Started<R>(Rc<Cell<Option<Result<R, ZoneError>>>>);

impl<R> Future for Started<R> {
    type Output = Result<R, ZoneError>;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0.take() {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }
}

/// Copies with tasks, on little stack.
#[cold]
#[inline(never)]
fn run_tasks<'s, F, R>(copy: impl FnOnce(Work<'s>) -> F) -> Result<R, ZoneError>
where
    F: Future<Output = Result<R, ZoneError>> + 's,
    R: 's,
{
    // Tasks take memory of the system's, how much nobody knows.
    section::ask(Request::OwnedCopy, 0)?;
    let nested = NESTED.get();
    if nested == MOST_NESTED {
        return Err(ZoneError::TooDeep);
    }
    let _nested = During::new(&NESTED, nested + 1);
    // Hand-written parts among the tasks recurse: they may use as much stack again.
    with_floor(|| {
        let work = Work(Rc::new(Tasks { new: RefCell::new(None), active: RefCell::default() }));
        let root = copy(work.clone());
        work.run(root)
    })
}

impl<'s> Work<'s> {
    fn run<R>(&self, root: impl Future<Output = R>) -> R {
        // One that was started, but not waited for, would keep itself: it has the list that it is in.
        struct Unstarted<'a, 's>(&'a Tasks<'s>);
        impl Drop for Unstarted<'_, '_> {
            fn drop(&mut self) {
                drop(self.0.new.take());
            }
        }
        let _unstarted = Unstarted(&self.0);
        let mut root = pin!(root);
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<Task<'s>> = Vec::new();
        loop {
            let ended = match waiting.last_mut() {
                Some(task) => task.as_mut().poll(&mut context).is_ready(),
                None => match root.as_mut().poll(&mut context) {
                    Poll::Ready(result) => return result,
                    Poll::Pending => false,
                },
            };
            if ended {
                waiting.pop();
            }
            waiting.extend(self.0.new.take());
        }
    }

    /// Makes a copy a task of its own, to be run once the calling one waits for it. (What it
    /// returns does not have the copy's type in it, so types may be recursive.)
    fn start<R: 's>(&self, copy: impl Future<Output = Result<R, ZoneError>> + 's) -> Started<R> {
        let result = Rc::new(Cell::new(None));
        let sender = Rc::clone(&result);
        self.0.new.replace(Some(Box::pin(async move { sender.set(Some(copy.await)) })));
        Started(result)
    }

    /// What `Depth::follow` is among tasks.
    pub(crate) async fn follow<'z: 's, T: DeepCopy<'z>>(
        self,
        target: &'s T,
        to: &'z Zone,
    ) -> Result<T::Copied, ZoneError> {
        if T::FLAT {
            return target.deep_copy(to);
        }
        let key = self.begin(target)?;
        let result = self.start(target.copy_later(to, self.clone())).await;
        self.finish(key);
        result
    }

    /// What `Depth::follow_owned` is among tasks. An owner cannot lead back to itself.
    pub(crate) async fn follow_owned<'z: 's, T: DeepCopy<'z> + 's>(
        self,
        value: T,
        to: &'z Zone,
    ) -> Result<T::Copied, ZoneError> {
        if T::FLAT {
            return value.move_out(to);
        }
        self.start(value.move_later(to, self.clone())).await
    }

    /// What `Depth::follow_slice` is among tasks.
    pub(crate) async fn follow_slice<'z: 's, T: DeepCopy<'z>>(
        self,
        items: &'s [T],
        to: &'z Zone,
    ) -> Result<&'z mut [T::Copied], ZoneError> {
        if T::FLAT {
            return T::deep_copy_slice(items, to);
        }
        let key = self.begin(items)?;
        let result = self.start(slice_later(items, to, self.clone())).await;
        self.finish(key);
        result
    }

    fn begin<T: ?Sized>(&self, target: &T) -> Result<(usize, usize, &'static str), ZoneError> {
        let address = (&raw const *target).cast::<u8>().addr();
        let key = (address, size_of_val(target), core::any::type_name::<T>());
        // What has no bytes leads nowhere.
        if key.1 != 0 && !self.0.active.borrow_mut().insert(key) {
            return Err(ZoneError::Cycle);
        }
        Ok(key)
    }

    fn finish(&self, key: (usize, usize, &'static str)) {
        self.0.active.borrow_mut().remove(&key);
    }
}

async fn slice_later<'s, 'z: 's, T: DeepCopy<'z>>(
    items: &'s [T],
    to: &'z Zone,
    work: Work<'s>,
) -> Result<&'z mut [T::Copied], ZoneError> {
    const { refuse_drop::<T::Copied>() };
    let mut copied = SliceBuilder::<Return, _>::new(to);
    copied.reserve_exact(items.len())?;
    for item in items {
        copied.push(item.copy_later(to, work.clone()).await?)?;
    }
    Ok(copied.finish())
}
