//! A trait of the program's stands in the place of memzone's `Referent`, and gives a parameter another copy than that which
//! its type speaks of. Two references to one value would share a copy into which each may write.
#![forbid(unsafe_code)]

use memzone::{DeepCopy, Zone, ZoneError, zcopy_shared};
use std::cell::Cell;
use std::marker::PhantomData;

#[derive(DeepCopy)]
#[deep_copy(zone = 'z)]
struct Tag<'z, 'x>(PhantomData<&'z ()>, PhantomData<&'x ()>);

/// What becomes of a tag.
struct Slot<'x>(Cell<Option<&'x str>>);

trait Make: Sized {
    fn make_in(to: &Zone) -> Result<&Self, ZoneError>;
}

impl Make for Slot<'_> {
    fn make_in(to: &Zone) -> Result<&Self, ZoneError> {
        Ok(to.try_alloc(Slot(Cell::new(None)))?)
    }
}

mod other {
    pub use memzone::{DeepCopy, Zone, ZoneError};
    pub mod __private {
        use super::super::{Make, Slot, Tag};
        pub use memzone::__private::*;

        pub trait Referent<'z> {
            type Copied: Make + 'z;
            const KEEPS_LIFETIMES: KeepsLifetimes<Self>;
        }

        impl<'z, 'o: 'z, 'x: 'z> Referent<'z> for Tag<'o, 'x> {
            type Copied = Slot<'x>;
            const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
                <Self as memzone::DeepCopy<'z>>::KEEPS_LIFETIMES;
        }
    }
}

/// Written by hand: what it refers to is made anew.
struct Ghost<'g, T: ?Sized>(&'g T);

impl<'z, T: ?Sized + other::__private::Referent<'z>> DeepCopy<'z> for Ghost<'_, T> {
    type Copied = Ghost<'z, T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(Ghost(T::Copied::make_in(to)?))
    }
}

#[derive(DeepCopy)]
#[deep_copy(crate = other, zone = 'g)]
struct Held<'g, T: ?Sized>(Ghost<'g, T>);

type Two<'z, 's> = (&'z Held<'z, Slot<'s>>, &'z Held<'z, Slot<'static>>);

fn two<'z: 'z, 's: 'z>(
    held: &Held<'_, Tag<'static, 'static>>,
    _: &'s str,
    zone: &'z Zone,
) -> Two<'z, 's> {
    let shorter: &Held<'_, Tag<'static, 's>> = held;
    *zcopy_shared(&(shorter, held), zone)
}

fn main() {
    let zone = Zone::new(4096);
    let tag = Tag(PhantomData, PhantomData);
    let held = Held(Ghost(&tag));
    let kept: &'static str = {
        let text = String::from("a text of some length that is on the heap");
        let copies = two(&held, &text, &zone);
        copies.0.0.0.0.set(Some(&text));
        copies.1.0.0.0.get().unwrap()
    };
    println!("{kept}");
}
