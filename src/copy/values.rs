//! Plain values: numbers and whatever holds nothing but itself. They are copied bit by bit.

#![forbid(unsafe_code)]

use super::DeepCopy;
use super::ways::flat;
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
    std::time::Instant,
    std::time::SystemTime,
    core::cmp::Ordering,
    core::alloc::Layout,
    core::any::TypeId,
    core::ops::RangeFull,
    core::convert::Infallible,
    core::net::IpAddr,
    core::net::SocketAddr,
    std::thread::ThreadId,
    ZoneError,
);

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for PhantomData<T> {
    type Copied = PhantomData<T::Copied>;
    const FLAT: bool = true;
    #[inline(always)]
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(PhantomData)
    }
}
