//! `DeepCopy` for the types of the standard library and our own.

#![forbid(unsafe_code)]

use super::{DeepCopy, Depth, Keep, Work, later};
use crate::error::{Request, ZoneError};
use crate::section;
use crate::zbox::ZBox;
use crate::zone::Zone;
use core::cell::{Cell, RefCell};
use core::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// Declares types that are copied bit by bit.
///
/// Used by the derive for `#[deep_copy(flat)]` too: what it writes are these items.
#[doc(hidden)]
#[macro_export]
macro_rules! __flat_items {
    ($zone:lifetime) => {
        type Copied = Self;
        const FLAT: bool = true;
        #[inline(always)]
        fn deep_copy(
            &self,
            _to: &$zone $crate::Zone,
        ) -> ::core::result::Result<Self, $crate::ZoneError> {
            ::core::result::Result::Ok(*self)
        }
        #[inline(always)]
        fn deep_copy_slice(
            items: &[Self],
            to: &$zone $crate::Zone,
        ) -> ::core::result::Result<&$zone mut [Self], $crate::ZoneError> {
            to.try_alloc_slice_copy(items)
        }
        #[inline(always)]
        fn copy_slice_at(
            items: &[Self],
            to: &$zone $crate::Zone,
            _depth: $crate::__private::Depth,
        ) -> ::core::result::Result<&$zone mut [Self], $crate::ZoneError> {
            to.try_alloc_slice_copy(items)
        }
        #[inline(always)]
        fn copy_array<const MEMZONE_N: usize>(
            items: &[Self; MEMZONE_N],
            _to: &$zone $crate::Zone,
            _depth: $crate::__private::Depth,
        ) -> ::core::result::Result<[Self; MEMZONE_N], $crate::ZoneError> {
            ::core::result::Result::Ok(*items)
        }
        #[inline(always)]
        fn move_array<const MEMZONE_N: usize>(
            items: [Self; MEMZONE_N],
            _to: &$zone $crate::Zone,
        ) -> ::core::result::Result<[Self; MEMZONE_N], $crate::ZoneError> {
            ::core::result::Result::Ok(items)
        }
    };
}

macro_rules! flat {
    ($($type:ty),* $(,)?) => {
        $(impl<'z> DeepCopy<'z> for $type { crate::__flat_items!('z); })*
    };
}

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

/// Declares how a type with parts is copied, in each of the ways there are.
///
/// What follows `|this|` is evaluated with `this` a reference for three of them, with `this` the
/// value for the fourth; `part!(p)` in it copies a part. The derive writes this too.
#[doc(hidden)]
#[macro_export]
macro_rules! __by_parts {
    ($zone:lifetime, flat: $flat:expr, |$this:ident| $copy:expr) => {
        const FLAT: bool = $flat;
        #[inline]
        fn deep_copy(
            &self,
            to: &$zone $crate::Zone,
        ) -> ::core::result::Result<Self::Copied, $crate::ZoneError> {
            $crate::__private::Depth::enter(|depth| $crate::DeepCopy::copy_at(self, to, depth))
        }
        #[inline]
        fn copy_at(
            &self,
            to: &$zone $crate::Zone,
            depth: $crate::__private::Depth,
        ) -> ::core::result::Result<Self::Copied, $crate::ZoneError> {
            #[allow(unused_macros)]
            macro_rules! part {
                ($part:expr) => {
                    $crate::DeepCopy::copy_at($part, to, depth)?
                };
            }
            let $this = self;
            ::core::result::Result::Ok($copy)
        }
        fn copy_later<'memzone_later>(
            &'memzone_later self,
            to: &$zone $crate::Zone,
            work: $crate::__private::Work<'memzone_later>,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Copied, $crate::ZoneError>,
        > + 'memzone_later
        where
            $zone: 'memzone_later,
        {
            #[allow(unused_macros)]
            macro_rules! part {
                ($part:expr) => {
                    $crate::DeepCopy::copy_later(
                        $part,
                        to,
                        ::core::clone::Clone::clone(&work),
                    )
                    .await?
                };
            }
            async move {
                let _ = &work;
                let $this = self;
                ::core::result::Result::Ok($copy)
            }
        }
        #[inline]
        fn move_out(
            self,
            to: &$zone $crate::Zone,
        ) -> ::core::result::Result<Self::Copied, $crate::ZoneError> {
            #[allow(unused_macros)]
            macro_rules! part {
                ($part:expr) => {
                    $crate::DeepCopy::move_out($part, to)?
                };
            }
            let $this = self;
            ::core::result::Result::Ok($copy)
        }
        fn move_later<'memzone_later>(
            self,
            to: &$zone $crate::Zone,
            work: $crate::__private::Work<'memzone_later>,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Copied, $crate::ZoneError>,
        > + 'memzone_later
        where
            Self: 'memzone_later,
            $zone: 'memzone_later,
        {
            #[allow(unused_macros)]
            macro_rules! part {
                ($part:expr) => {
                    $crate::DeepCopy::move_later(
                        $part,
                        to,
                        ::core::clone::Clone::clone(&work),
                    )
                    .await?
                };
            }
            async move {
                let _ = &work;
                let $this = self;
                ::core::result::Result::Ok($copy)
            }
        }
    };
}

macro_rules! tuples {
    ($($part:ident)+) => {
        impl<'z, $($part: DeepCopy<'z>),+> DeepCopy<'z> for ($($part,)+) {
            type Copied = ($($part::Copied,)+);
            crate::__by_parts!('z, flat: $($part::FLAT)&&+, |this| {
                #[allow(non_snake_case)]
                let ($($part,)+) = this;
                ($(part!($part),)+)
            });
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Option<T> {
    type Copied = Option<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| match this {
        Some(value) => Some(part!(value)),
        None => None,
    });
}

impl<'z, T: DeepCopy<'z>, E: DeepCopy<'z>> DeepCopy<'z> for Result<T, E> {
    type Copied = Result<T::Copied, E::Copied>;
    crate::__by_parts!('z, flat: T::FLAT && E::FLAT, |this| match this {
        Ok(value) => Ok(part!(value)),
        Err(error) => Err(part!(error)),
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::num::Wrapping<T> {
    type Copied = core::num::Wrapping<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::num::Wrapping(value) = this;
        core::num::Wrapping(part!(value))
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::cmp::Reverse<T> {
    type Copied = core::cmp::Reverse<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::cmp::Reverse(value) = this;
        core::cmp::Reverse(part!(value))
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::Range<T> {
    type Copied = core::ops::Range<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::Range { start, end } = this;
        part!(start)..part!(end)
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::RangeFrom<T> {
    type Copied = core::ops::RangeFrom<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::RangeFrom { start } = this;
        part!(start)..
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::RangeTo<T> {
    type Copied = core::ops::RangeTo<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::RangeTo { end } = this;
        ..part!(end)
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::RangeToInclusive<T> {
    type Copied = core::ops::RangeToInclusive<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::RangeToInclusive { end } = this;
        ..=part!(end)
    });
}

/// As a whole: whether it has run to its end cannot be told from its parts.
impl<'z, T: Copy + DeepCopy<'z, Copied = T> + 'z> DeepCopy<'z> for core::ops::RangeInclusive<T> {
    type Copied = Self;
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
        Ok(self.clone())
    }
}

impl<'z, T: DeepCopy<'z>, const N: usize> DeepCopy<'z> for [T; N] {
    type Copied = [T::Copied; N];
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    #[inline(always)]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        T::copy_array(self, to, depth)
    }
    #[inline(always)]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        T::move_array(self, to)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        let mut copied = vec(N)?;
        for item in self {
            copied.push(item.copy_later(to, work.clone()).await?);
        }
        Ok(copied.try_into().unwrap_or_else(|_| unreachable!("N items were pushed")))
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        let mut copied = vec(N)?;
        for item in self {
            copied.push(item.move_later(to, work.clone()).await?);
        }
        Ok(copied.try_into().unwrap_or_else(|_| unreachable!("N items were pushed")))
    }
}

impl<'z, T: Copy + DeepCopy<'z>> DeepCopy<'z> for Cell<T> {
    type Copied = Cell<T::Copied>;
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    #[inline(always)]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        self.get().copy_at(to, depth).map(Cell::new)
    }
    #[inline(always)]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        self.into_inner().move_out(to).map(Cell::new)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        self.get().move_later(to, work).await.map(Cell::new)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        self.into_inner().move_later(to, work).await.map(Cell::new)
    }
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for RefCell<T> {
    type Copied = RefCell<T::Copied>;
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        self.borrow().deep_copy(to).map(RefCell::new)
    }
    #[inline(always)]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        self.into_inner().move_out(to).map(RefCell::new)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        self.into_inner().move_later(to, work).await.map(RefCell::new)
    }
}

/// References: what they refer to is copied, and a reference of the same kind refers to the copy.
macro_rules! references {
    ($([$($kind:tt)*])*) => {
        $(
            impl<'z, 'a, T: DeepCopy<'z>> DeepCopy<'z> for &'a $($kind)* T {
                type Copied = &'z $($kind)* T::Copied;
                const UNWATCHED: bool = T::FLAT;
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    Depth::enter(|depth| self.copy_at(to, depth))
                }
                #[inline]
                fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                    match later::reference_at(&**self, to, depth) {
                        Some(copied) => Ok(&$($kind)* *copied),
                        None => Err(later::LEFT_BEHIND),
                    }
                }
                async fn copy_later<'s>(
                    &'s self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    'z: 's,
                {
                    let copied = work.follow(&**self, to).await?;
                    Ok(&$($kind)* *to.try_alloc(copied)?)
                }
                async fn move_later<'s>(
                    self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    Self: 's,
                    'z: 's,
                {
                    let target: &'s T = self;
                    let copied = work.follow(target, to).await?;
                    Ok(&$($kind)* *to.try_alloc(copied)?)
                }
            }

            impl<'z, 'a, T: DeepCopy<'z>> DeepCopy<'z> for &'a $($kind)* [T] {
                type Copied = &'z $($kind)* [T::Copied];
                const UNWATCHED: bool = T::FLAT;
                #[inline]
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    if T::FLAT {
                        return T::deep_copy_slice(self, to).map(|copied| &$($kind)* *copied);
                    }
                    Depth::enter(|depth| self.copy_at(to, depth))
                }
                #[inline]
                fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                    depth.follow_slice(&**self, to).map(|copied| &$($kind)* *copied)
                }
                async fn copy_later<'s>(
                    &'s self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    'z: 's,
                {
                    Ok(&$($kind)* *work.follow_slice(&**self, to).await?)
                }
                async fn move_later<'s>(
                    self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    Self: 's,
                    'z: 's,
                {
                    let items: &'s [T] = self;
                    Ok(&$($kind)* *work.follow_slice(items, to).await?)
                }
            }

            impl<'z, 'a> DeepCopy<'z> for &'a $($kind)* str {
                type Copied = &'z $($kind)* str;
                const UNWATCHED: bool = true;
                #[inline]
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    to.try_alloc_str(self).map(|copied| &$($kind)* *copied)
                }
            }
        )*
    };
}

references!([] [mut]);

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for ZBox<T> {
    type Copied = ZBox<T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    #[inline]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        to.try_boxed(depth.follow(&**self, to)?)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let value = ZBox::into_inner(self);
        to.try_boxed(Depth::enter(|depth| depth.follow_owned(value, to))?)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        to.try_boxed(work.follow_owned(ZBox::into_inner(self), to).await?)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        to.try_boxed(work.follow(&**self, to).await?)
    }
}

impl<'z, T: Copy + DeepCopy<'z, Copied = T> + 'z> DeepCopy<'z> for ZBox<[T]> {
    type Copied = ZBox<[T]>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        to.try_boxed_slice_copy(self)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        if ZBox::zone(&self).raw() == to.raw() { Ok(self) } else { self.deep_copy(to) }
    }
}

impl<'z> DeepCopy<'z> for Zone {
    type Copied = Zone;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Zone, ZoneError> {
        self.try_clone()
    }
    fn move_out(self, _to: &'z Zone) -> Result<Zone, ZoneError> {
        Ok(self)
    }
}

/// Types that own memory which is no zone's, or share it: they move, and are cloned otherwise.
macro_rules! owners {
    ($([$($parameter:tt)*] $type:ty $(, $bytes:expr)?;)*) => {
        $(impl<'z, $($parameter)*> DeepCopy<'z> for $type {
            type Copied = Self;
            fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                $(ask($bytes(self))?;)?
                Ok(self.clone())
            }
            #[inline(always)]
            fn move_out(self, _to: &'z Zone) -> Result<Self, ZoneError> {
                Ok(self)
            }
        })*
    };
}

owners! {
    [] std::path::PathBuf, |path: &std::path::Path| path.as_os_str().len();
    [] std::ffi::OsString, |text: &std::ffi::OsStr| text.len();
    [] std::ffi::CString, |text: &std::ffi::CStr| text.count_bytes() + 1;
    [T: Clone + 'z] Keep<T>;
    [T: ?Sized + 'z] Rc<T>;
    [T: ?Sized + 'z] Arc<T>;
    [T: ?Sized + 'z] std::rc::Weak<T>;
    [T: ?Sized + 'z] std::sync::Weak<T>;
}

/// Before memory of the system's is taken for a copy.
#[track_caller]
pub(super) fn ask(bytes: usize) -> Result<(), ZoneError> {
    if bytes == 0 { Ok(()) } else { section::ask(Request::OwnedCopy, bytes) }
}

/// Room for `len` items, or an error.
fn vec<T>(len: usize) -> Result<Vec<T>, ZoneError> {
    let mut vec = Vec::new();
    let requested = len.saturating_mul(size_of::<T>());
    ask(requested)?;
    vec.try_reserve_exact(len).map_err(|_| ZoneError::OutOfMemory { requested })?;
    Ok(vec)
}

pub(crate) fn vec_at<'z, T: DeepCopy<'z>>(
    items: &[T],
    to: &'z Zone,
    depth: Depth,
) -> Result<Vec<T::Copied>, ZoneError> {
    let mut copied = vec(items.len())?;
    for item in items {
        copied.push(depth.follow(item, to)?);
    }
    Ok(copied)
}

pub(crate) async fn vec_later<'s, 'z: 's, T: DeepCopy<'z>>(
    items: &'s [T],
    to: &'z Zone,
    work: Work<'s>,
) -> Result<Vec<T::Copied>, ZoneError> {
    let mut copied = vec(items.len())?;
    for item in items {
        copied.push(work.clone().follow(item, to).await?);
    }
    Ok(copied)
}

/// A text's copy, or an error.
fn string(text: &str) -> Result<String, ZoneError> {
    let mut copied = String::new();
    let requested = text.len();
    ask(requested)?;
    copied.try_reserve_exact(requested).map_err(|_| ZoneError::OutOfMemory { requested })?;
    copied.push_str(text);
    Ok(copied)
}

impl<'z> DeepCopy<'z> for String {
    type Copied = String;
    fn deep_copy(&self, _to: &'z Zone) -> Result<String, ZoneError> {
        string(self)
    }
    #[inline(always)]
    fn move_out(self, _to: &'z Zone) -> Result<String, ZoneError> {
        Ok(self)
    }
}

impl<'z> DeepCopy<'z> for Box<str> {
    type Copied = Box<str>;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Box<str>, ZoneError> {
        string(self).map(String::into_boxed_str)
    }
    #[inline(always)]
    fn move_out(self, _to: &'z Zone) -> Result<Box<str>, ZoneError> {
        Ok(self)
    }
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Vec<T> {
    type Copied = Vec<T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        vec_at(self, to, depth)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        // The standard library collects into the vector's own memory where the items' size allows,
        // as it does for everything but types of another size than their copy.
        if T::FLAT {
            return self.into_iter().map(|item| item.move_out(to)).collect();
        }
        Depth::enter(|depth| self.into_iter().map(|item| depth.follow_owned(item, to)).collect())
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        let mut moved = vec(self.len())?;
        for item in self {
            moved.push(work.clone().follow_owned(item, to).await?);
        }
        Ok(moved)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        vec_later(self, to, work).await
    }
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Box<[T]> {
    type Copied = Box<[T::Copied]>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        vec_at(self, to, depth).map(Vec::into_boxed_slice)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(self.into_vec().move_out(to)?.into_boxed_slice())
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        vec_later(self, to, work).await.map(Vec::into_boxed_slice)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        Ok(self.into_vec().move_later(to, work).await?.into_boxed_slice())
    }
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Box<T> {
    type Copied = Box<T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        super::reuse::try_box(depth.follow(&**self, to)?)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let (value, emptied) = super::reuse::empty(self);
        let moved = Depth::enter(|depth| depth.follow_owned(value, to))?;
        Ok(emptied.fill(moved))
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        let (value, emptied) = super::reuse::empty(self);
        Ok(emptied.fill(work.follow_owned(value, to).await?))
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        super::reuse::try_box(work.follow(&**self, to).await?)
    }
}
