//! The ways that types are copied in, as macros: bit by bit, and by parts. What the derive writes is
//! the same, so that a type of yours and one of std's are copied alike.

#![forbid(unsafe_code)]

/// Declares types that are copied bit by bit. The derive writes the same for `#[deep_copy(flat)]`.
macro_rules! flat_items {
    ($zone:lifetime) => {
        type Copied = Self;
        const FLAT: bool = true;
        const MOVE_IS_COPY: bool = true;
        const KEEPS_LIFETIMES: $crate::copy::KeepsLifetimes<Self> = $crate::copy::KeepsLifetimes::YES;
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
        fn same<MemzoneHolder: $crate::copy::Holder>(
            held: MemzoneHolder::Of<Self>,
        ) -> ::core::result::Result<MemzoneHolder::Of<Self>, MemzoneHolder::Of<Self>> {
            ::core::result::Result::Ok(held)
        }
        #[inline(always)]
        fn copy_array<const MEMZONE_N: usize>(
            items: &[Self; MEMZONE_N],
            _to: &$zone $crate::Zone,
            _depth: $crate::copy::Depth,
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
        $(
            #[diagnostic::do_not_recommend]
            impl<'z> DeepCopy<'z> for $type {
                $crate::copy::ways::flat_items!('z);
                const IN_PLACE: $crate::copy::InPlace<Self> = $crate::copy::InPlace::PLAIN;
                fn undo(_known: &mut $crate::copy::Known) -> $crate::copy::Undo<Self> {
                    $crate::copy::Undo::if_parts(true)
                }
            }
        )*
    };
}

pub(super) use flat;
pub(super) use flat_items;

/// Declares how a type with parts is copied, given what to do in each of the ways there are: with
/// `this` a reference for the two that copy, and the value for the two that move. The derive writes the like.
macro_rules! ways {
    (
        $zone:lifetime, flat: $flat:expr,
        |$this:ident, $to:ident, $depth:ident, $work:ident|
        copy_at: $copy_at:expr,
        move_out: $move_out:expr
        $(, copy_later: $copy_later:expr, move_later: $move_later:expr)? $(,)?
    ) => {
        const FLAT: bool = $flat;
        #[inline]
        fn deep_copy(
            &self,
            to: &$zone $crate::Zone,
        ) -> ::core::result::Result<Self::Copied, $crate::ZoneError> {
            // `const`: the other way is not compiled then.
            if const { $crate::copy::runs_as_a_whole::<Self>() } {
                return $crate::copy::Run::copy(self, to);
            }
            if <Self as $crate::DeepCopy<$zone>>::FLAT {
                return $crate::DeepCopy::copy_at(self, to, $crate::copy::Depth::within());
            }
            $crate::copy::Depth::enter(|depth| $crate::DeepCopy::copy_at(self, to, depth))
        }
        #[inline]
        fn copy_at(
            &self,
            $to: &$zone $crate::Zone,
            $depth: $crate::copy::Depth,
        ) -> ::core::result::Result<Self::Copied, $crate::ZoneError> {
            let $this = self;
            ::core::result::Result::Ok($copy_at)
        }
        $(fn copy_later<'memzone_later>(
            &'memzone_later self,
            $to: &$zone $crate::Zone,
            $work: $crate::copy::Work<'memzone_later>,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Copied, $crate::ZoneError>,
        > + 'memzone_later
        where
            $zone: 'memzone_later,
        {
            async move {
                let _ = &$work;
                let $this = self;
                ::core::result::Result::Ok($copy_later)
            }
        }
        fn move_later<'memzone_later>(
            self,
            $to: &$zone $crate::Zone,
            $work: $crate::copy::Work<'memzone_later>,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Copied, $crate::ZoneError>,
        > + 'memzone_later
        where
            Self: 'memzone_later,
            $zone: 'memzone_later,
        {
            async move {
                let _ = &$work;
                let $this = self;
                ::core::result::Result::Ok($move_later)
            }
        })?
        #[inline]
        fn move_out(
            self,
            $to: &$zone $crate::Zone,
        ) -> ::core::result::Result<Self::Copied, $crate::ZoneError> {
            if const {
                <Self as $crate::DeepCopy<$zone>>::MOVE_IS_COPY
                    && $crate::copy::runs_as_a_whole::<Self>()
            } {
                return $crate::copy::Run::copy(&self, $to);
            }
            let $this = self;
            ::core::result::Result::Ok($move_out)
        }
    };
}

/// `__ways` from one expression: in it, `part!(p)` does with a part what the way does.
macro_rules! by_parts {
    ($zone:lifetime, flat: $flat:expr, |$this:ident| $copy:expr) => {
        $crate::copy::ways::ways! {
            $zone, flat: $flat,
            |$this, to, depth, work|
            copy_at: {
                macro_rules! part {
                    ($part:expr) => { $crate::DeepCopy::copy_at($part, to, depth)? };
                }
                $copy
            },
            move_out: {
                macro_rules! part {
                    ($part:expr) => { $crate::DeepCopy::move_out($part, to)? };
                }
                $copy
            },
            copy_later: {
                macro_rules! part {
                    ($part:expr) => {
                        $crate::DeepCopy::copy_later($part, to, work.clone()).await?
                    };
                }
                $copy
            },
            move_later: {
                macro_rules! part {
                    ($part:expr) => {
                        $crate::DeepCopy::move_later($part, to, work.clone()).await?
                    };
                }
                $copy
            },
        }
    };
}
pub(super) use {by_parts, ways};
