//! Cleanup hooks: closures in a zone that run once, newest first, when it is reset or freed.

use core::cell::Cell;
use core::ptr::NonNull;

/// The hooks of a zone, the newest first. They lie in the zone.
pub(super) struct Hooks {
    newest: Cell<Option<NonNull<Hook>>>,
}

/// A cleanup hook, with its closure behind it.
#[repr(C)]
struct Hook {
    next: Option<NonNull<Hook>>,
    /// Moves the closure out and runs it.
    run: unsafe fn(NonNull<Hook>),
}

/// A hook as it lies in its zone.
#[repr(C)]
pub(crate) struct HookOf<F> {
    hook: Hook,
    closure: F,
}

impl Hooks {
    pub(super) const fn none() -> Hooks {
        Hooks { newest: Cell::new(None) }
    }

    /// Adds a hook, which is written to `place`.
    ///
    /// # Safety
    ///
    /// I2: `place` lies in the zone, and was just taken for it.
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

    /// Runs all hooks, newest first, each once; also those that are added meanwhile.
    ///
    /// A hook that panics does not keep the others from running.
    pub(super) fn run(&self) {
        struct Rest<'a>(&'a Hooks);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.run();
            }
        }
        while let Some(hook) = self.newest.get() {
            let rest = Rest(self);
            // SAFETY: (I1) hooks lie in the zone, which is not rewound before they have run.
            let Hook { next, run } = unsafe { hook.read() };
            self.newest.set(next);
            // SAFETY: (I17) taken off the list, so run once; `run` was made for this hook's closure.
            unsafe { run(hook) };
            core::mem::forget(rest);
        }
    }
}
