//! The ways that types are copied in, as macros: bit by bit, and by parts. What the derive writes is
//! these too, so that a type of yours and one of std's are copied alike.

#![forbid(unsafe_code)]

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

pub(super) use flat;

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
