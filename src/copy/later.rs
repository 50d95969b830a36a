//! Copying owners that are nested deeper than the stack allows: a `Box` in a `Box` in a `Box`.
//!
//! A copy recurses as long as it has used little stack. Past that, each owner it meets becomes a task: a future on the
//! heap whose own owners are tasks again. A task that waits for another returns to [`Work::run`], which runs the newest
//! first; so however long the chain, the stack holds one task at a time. References are no tasks: each starts a
//! [`Run`](super::Run), which ends before it returns, on little stack.

#![forbid(unsafe_code)]

use super::depth::nested;
use super::{DeepCopy, Depth};
use crate::error::{Request, ZoneError};
use crate::system::section;
use crate::zone::Zone;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

impl Depth {
    /// Copies what an owner leads to, now or as a task.
    #[inline]
    pub(crate) fn follow<'s, 'z: 's, T: DeepCopy<'z>>(
        self,
        target: &'s T,
        to: &'z Zone,
    ) -> Result<T::Copied, ZoneError> {
        #[cfg(miri)]
        let _followed = super::depth::following();
        if !T::FLAT && self.is_used_up() {
            return run_tasks(|work| target.copy_later(to, work));
        }
        target.copy_at(to, self)
    }

    /// As `follow`, where the value moves.
    #[inline]
    pub(crate) fn follow_owned<'z, T: DeepCopy<'z>>(
        self,
        value: T,
        to: &'z Zone,
    ) -> Result<T::Copied, ZoneError> {
        #[cfg(miri)]
        let _followed = super::depth::following();
        if !T::FLAT && self.is_used_up() {
            return run_tasks(|work| value.move_later(to, work));
        }
        value.move_out(to)
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
    section::ask(Request::DeepOwners, 0)?;
    // Hand-written parts among the tasks recurse: they may use as much stack again.
    nested(|| {
        let work = Work(Rc::new(Tasks { new: RefCell::new(None) }));
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
        self.start(target.copy_later(to, self.clone())).await
    }

    /// What `Depth::follow_owned` is among tasks.
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
}
