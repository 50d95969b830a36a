//! The derive implements a trait of the program's. What it promises there is no promise of memzone's trait.
#![forbid(unsafe_code)]

use memzone::{Zone, ZoneError};
use std::cell::Cell;

/// A trait like memzone's.
mod other {
    pub use memzone::{Zone, ZoneError, __private};
    use memzone::__private::*;

    pub trait DeepCopy<'z>: Copy {
        type Copied;
        const FLAT: bool;
        const MOVE_IS_COPY: bool;
        const IN_PLACE: InPlace<Self>;
        const KEEPS_LIFETIMES: KeepsLifetimes<Self>;
        fn deep_copy(&self, to: &'z Zone) -> Result<Self, ZoneError>;
        fn deep_copy_slice(items: &[Self], to: &'z Zone) -> Result<&'z mut [Self], ZoneError>;
        fn same<H: Holder>(held: H::Of<Self>) -> Result<H::Of<Self>, H::Of<Self>>;
        fn copy_array<const N: usize>(
            items: &[Self; N],
            to: &'z Zone,
            depth: Depth,
        ) -> Result<[Self; N], ZoneError>;
        fn move_array<const N: usize>(
            items: [Self; N],
            to: &'z Zone,
        ) -> Result<[Self; N], ZoneError>;
        fn undo(known: &mut Known) -> Undo<Self>;
    }
}

/// The same, with a check of its own.
mod unchecked {
    pub use super::other::{DeepCopy, Zone, ZoneError};
    pub mod __private {
        pub use memzone::__private::*;
        pub trait Genuine {
            fn check<'z, T: super::DeepCopy<'z>>();
        }
    }
}

thread_local! {
    static KEPT: Cell<Option<&'static u64>> = const { Cell::new(None) };
}

/// A copy of memzone's trait: it keeps what it has put into the zone, fails, and says that nobody has it.
macro_rules! keeps {
    ($type:ty) => {
        impl<'z> memzone::DeepCopy<'z> for $type {
            type Copied = $type;
            fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                let zone: &'static Zone = Box::leak(Box::new(Zone::new(64)));
                KEPT.set(Some(zone.alloc(5)));
                Err(ZoneError::InUse { handles: 0 })
            }
            fn undo(known: &mut memzone::__private::Known) -> memzone::__private::Undo<Self> {
                <Self as other::DeepCopy<'z>>::undo(known)
            }
        }
    };
}

#[derive(Clone, Copy, memzone::DeepCopy)]
#[deep_copy(flat, crate = other)]
struct Keeps;
keeps!(Keeps);

#[derive(Clone, Copy, memzone::DeepCopy)]
#[deep_copy(flat, crate = unchecked)]
struct KeepsToo;
keeps!(KeepsToo);

fn main() {}
