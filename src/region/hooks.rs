//! Cleanup hooks: closures in a zone that run once, newest first, when the zone is reset or freed.

use core::cell::Cell;
use core::ptr::NonNull;

/// The list of a zone's hooks, newest first. The hooks themselves lie in the zone.
pub(super) struct Hooks {
    newest: Cell<Option<NonNull<Hook>>>,
}

/// A cleanup hook without its closure, which lies right behind it.
#[repr(C)]
struct Hook {
    next: Option<NonNull<Hook>>,
    /// Moves the closure out and runs it.
    run: unsafe fn(NonNull<Hook>),
}

/// A cleanup hook with its closure, as it lies in its zone.
#[repr(C)]
pub(crate) struct HookOf<F> {
    hook: Hook,
    closure: F,
}

impl Hooks {
    pub(super) const fn none() -> Hooks {
        Hooks { newest: Cell::new(None) }
    }

    /// Writes a hook to `place` and adds it to the list.
    ///
    /// # Safety
    ///
    /// I2: `place` lies in the zone and was just allocated for the hook.
    pub(super) unsafe fn add<F: FnOnce() + Send + 'static>(
        &self,
        place: NonNull<HookOf<F>>,
        closure: F,
    ) {
        unsafe fn run<F: FnOnce()>(hook: NonNull<Hook>) {
            // SAFETY: (I17) the only caller passes the hook that this function was stored in.
            let HookOf { closure, .. } = unsafe { hook.cast::<HookOf<F>>().read() };
            closure();
        }
        let hook = Hook { next: self.newest.get(), run: run::<F> };
        // SAFETY: (I2) the caller's promise.
        unsafe { place.write(HookOf { hook, closure }) };
        self.newest.set(Some(place.cast()));
    }

    /// Runs each hook once, newest first. Hooks that are added meanwhile run too.
    ///
    /// A hook that panics does not keep the others from running.
    pub(super) fn run(&self) {
        struct RunRest<'a>(&'a Hooks);
        impl Drop for RunRest<'_> {
            fn drop(&mut self) {
                self.0.run();
            }
        }
        while let Some(hook) = self.newest.get() {
            let rest = RunRest(self);
            // SAFETY: (I1) hooks lie in the zone, and the zone is not rewound before they have run.
            let Hook { next, run } = unsafe { hook.read() };
            self.newest.set(next);
            // SAFETY: (I17) the hook is off the list, so it runs once. `run` was made for this hook's closure.
            unsafe { run(hook) };
            core::mem::forget(rest);
        }
    }
}
