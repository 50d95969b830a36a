//! A reference in a graph that may be set later, and read by other threads.

use super::in_place::InPlace;
use super::run::Run;
use super::{DeepCopy, KeepsLifetimes, Known, Undo};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::fmt;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// What a `Wire` is in for the borrow checker.
type Of<'z, T> = (&'z T, fn(&'z T) -> &'z T);

/// A reference to a value in a zone, or none yet: a `Cell<Option<&T>>` that threads may share.
///
/// Make the nodes of a graph first, and then connect them with wires, in circles too. Unlike a graph with `Cell`s, this
/// one can go to another thread in a [`Parcel`](crate::Parcel). (A `OnceLock` has a destructor, so no zone takes it.)
///
/// ```
/// use memzone::{DeepCopy, Parcel, Wire, try_zcopy_shared};
///
/// #[derive(DeepCopy)]
/// struct Voice<'z> {
///     gain: f32,
///     feedback: Wire<'z, Voice<'z>>,
/// }
///
/// /// Two voices, each with the other one's feedback.
/// fn pair<'z>(z: &'z memzone::Zone, gain: f32) -> &'z Voice<'z> {
///     let one = &*z.alloc(Voice { gain, feedback: Wire::none() });
///     one.feedback.set(z.alloc(Voice { gain: 0.25, feedback: Wire::to(one) }));
///     one
/// }
///
/// let mut edited: Parcel<&'static Voice<'static>> = Parcel::new(1024, |z| pair(z, 0.5));
/// // A copy of it plays, and is replaced by a copy of what is edited meanwhile.
/// let playing = edited.with(|voice| Parcel::<&Voice>::try_new(1024, |z| try_zcopy_shared(*voice, z)))?;
/// let audio = std::thread::spawn(move || {
///     playing.with(|voice| {
///         let other = voice.feedback.get().unwrap();
///         assert!(std::ptr::eq(other.feedback.get().unwrap(), *voice));
///         other.gain + voice.gain
///     })
/// });
/// edited.edit(|voice, z| *voice = pair(z, 1.0));
/// assert_eq!(audio.join().unwrap(), 0.75);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Real-time
///
/// Yes.
#[repr(transparent)]
pub struct Wire<'z, T> {
    /// Null, or what a `&'z T` leads to.
    to: AtomicPtr<T>,
    /// It is as much shared as the reference is. The lifetime is invariant, as references are put in.
    of: PhantomData<Of<'z, T>>,
}

impl<'z, T> Wire<'z, T> {
    /// One that leads nowhere yet.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn none() -> Self {
        Wire { to: AtomicPtr::new(ptr::null_mut()), of: PhantomData }
    }

    /// One that leads to a value.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn to(value: &'z T) -> Self {
        let wire = Self::none();
        wire.set(value);
        wire
    }

    /// Makes it lead to a value. Threads that read it see that value as it is now.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn set(&self, value: &'z T) {
        self.to.store((&raw const *value).cast_mut(), Ordering::Release);
    }

    /// Makes it lead nowhere.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn cut(&self) {
        self.to.store(ptr::null_mut(), Ordering::Release);
    }

    /// The value that it leads to.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn get(&self) -> Option<&'z T> {
        // SAFETY: (I42) null, or the address of what a `&'z T` led to, which was written before it was set.
        unsafe { self.to.load(Ordering::Acquire).as_ref() }
    }
}

impl<T> Default for Wire<'_, T> {
    fn default() -> Self {
        Wire::none()
    }
}

/// Only whether it leads somewhere, as it may lead in a circle.
impl<T> fmt::Debug for Wire<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.get().is_some() { "Wire(..)" } else { "Wire" })
    }
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Wire<'_, T> {
    type Copied = Wire<'z, T::Copied>;
    const MOVE_IS_COPY: bool = true;
    // Another thread may set it just now.
    const IN_PLACE: InPlace<Self> = InPlace::parts(false, false);
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
    fn undo(known: &mut Known) -> Undo<Self> {
        Undo::if_parts(T::undo(known).may())
    }
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        match self.get() {
            Some(value) => Run::reference(value, to).map(Wire::to),
            None => Ok(Wire::none()),
        }
    }
    #[inline(always)]
    unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
        match self.get() {
            // SAFETY: (I42) a wire lies in memory like an address. What is borrowed outlives the run.
            Some(value) => unsafe { Run::follow(value, place.cast(), run) },
            None => {
                // SAFETY: (I42) the caller's promise.
                unsafe { place.write(Wire::none()) };
                true
            }
        }
    }
}
