//! Plain values: numbers and whatever holds nothing but itself. They are copied bit by bit.

#![forbid(unsafe_code)]

use super::ways::flat;
use super::{DeepCopy, InPlace, KeepsLifetimes};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::marker::PhantomData;

flat!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    core::num::NonZeroU8,
    core::num::NonZeroU16,
    core::num::NonZeroU32,
    core::num::NonZeroU64,
    core::num::NonZeroU128,
    core::num::NonZeroUsize,
    core::num::NonZeroI8,
    core::num::NonZeroI16,
    core::num::NonZeroI32,
    core::num::NonZeroI64,
    core::num::NonZeroI128,
    core::num::NonZeroIsize,
    core::time::Duration,
    core::cmp::Ordering,
    core::alloc::Layout,
    core::any::TypeId,
    core::ops::RangeFull,
    core::convert::Infallible,
    core::net::IpAddr,
    core::net::Ipv4Addr,
    core::net::Ipv6Addr,
    core::net::SocketAddr,
    core::net::SocketAddrV4,
    core::net::SocketAddrV6,
    core::marker::PhantomPinned,
    core::num::FpCategory,
    core::sync::atomic::Ordering,
    ZoneError,
);

#[cfg(feature = "std")]
flat!(std::time::Instant, std::time::SystemTime, std::thread::ThreadId, std::process::ExitStatus,);

/// It holds nothing: any type may be named that outlives the zone.
#[diagnostic::do_not_recommend]
impl<'z, T: ?Sized + 'z> DeepCopy<'z> for PhantomData<T> {
    type Copied = Self;
    const FLAT: bool = true;
    const MOVE_IS_COPY: bool = true;
    const IN_PLACE: InPlace<Self> = InPlace::PLAIN;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
    #[inline(always)]
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
        Ok(PhantomData)
    }
}

/// Function pointers of each number of arguments and each way to call them. Of those whose arguments are references
/// of any lifetime, `fn(&T)`, no trait can know all: the derive knows them by how they are written.
macro_rules! functions {
    ($(($($argument:ident)*))*) => {
        $(functions! {
            kinds [$($argument)*]
            [fn] [unsafe fn] [extern "C" fn] [unsafe extern "C" fn] [extern "system" fn] [unsafe extern "system" fn]
        })*
    };
    (kinds $arguments:tt $($kind:tt)*) => {
        $(functions! { one $arguments $kind })*
    };
    (one [$($argument:ident)*] [$($kind:tt)*]) => {
        #[diagnostic::do_not_recommend]
        impl<'z, $($argument: 'z,)* Returned: 'z> DeepCopy<'z>
            for $($kind)*($($argument),*) -> Returned
        {
            type Copied = Self;
            const FLAT: bool = true;
            const MOVE_IS_COPY: bool = true;
            const IN_PLACE: InPlace<Self> = InPlace::PLAIN;
            const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
            #[inline(always)]
            fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                Ok(*self)
            }
        }
    };
}

functions! {
    () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}
