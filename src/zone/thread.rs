//! Why a zone stays on its thread, in the words of the compiler.
//!
//! What has a handle to a zone is neither `Send` nor `Sync` (I3) because of the pointer in it, and the compiler would speak of that
//! pointer. With the bound below it gives a message of ours.

/// What may go to another thread, or be seen by one: nothing may.
#[diagnostic::on_unimplemented(
    message = "zones belong to one thread: send a `Parcel` or a `SendZone`",
    label = "this would use a zone on two threads"
)]
pub(crate) trait MayLeaveItsThread {}

/// Stands for each zone. (With a lifetime, as the compiler refuses bounds that it sees to hold for nothing.)
pub(crate) struct AZone<'a>(core::marker::PhantomData<&'a ()>);

/// Makes types `Send` and `Sync` where a zone may leave its thread, that is nowhere.
macro_rules! stays_on_its_thread {
    ([$($parameter:tt)*] $type:ty) => {
        // SAFETY: (I3) never `Send`, as nothing is `MayLeaveItsThread`.
        unsafe impl<$($parameter)*> Send for $type where
            for<'a> $crate::zone::thread::AZone<'a>: $crate::zone::thread::MayLeaveItsThread
        {
        }
        // SAFETY: (I3) never `Sync`, as nothing is `MayLeaveItsThread`.
        unsafe impl<$($parameter)*> Sync for $type where
            for<'a> $crate::zone::thread::AZone<'a>: $crate::zone::thread::MayLeaveItsThread
        {
        }
    };
}

pub(crate) use stays_on_its_thread;

stays_on_its_thread!([] super::Zone);
