//! A trait of the program's stands in the place of memzone's `Copies`. It hands on what a type promises of its copies, but
//! gives its copies another lifetime. What holds such a part would be copied bit by bit, and refer to what has ended.
#![forbid(unsafe_code)]

use memzone::{DeepCopy, Zone, zcopy};
use std::marker::PhantomData;

/// Its text stays where it is.
#[derive(DeepCopy)]
#[deep_copy(zone = 'z)]
struct Kept<'z, 'b> {
    of: PhantomData<&'z ()>,
    text: &'b str,
}

/// Declares a module in the place of memzone, with a promise of this type.
macro_rules! lying {
    ($name:ident: $promise:ty = $of_kept:expr) => {
        mod $name {
            pub use memzone::{DeepCopy, Zone, ZoneError};
            pub mod __private {
                use crate::Kept;
                pub use memzone::__private::*;
                pub trait Copies<'z, C>: Sized {
                    const FLAT: bool = false;
                    const MOVE_IS_COPY: bool = false;
                    const IN_PLACE: $promise;
                    fn undo(_: &mut Known) -> Undo<Self> {
                        loop {}
                    }
                    fn write_at<G>(&self, _: *mut C, _: &mut Run<'z>) -> Written {
                        loop {}
                    }
                    fn copy_at<G>(&self, _: &'z memzone::Zone, _: Depth) -> Made<C> {
                        loop {}
                    }
                    fn move_out<G>(self, _: &'z memzone::Zone) -> Made<C> {
                        loop {}
                    }
                    fn copy_later<'s, G>(
                        &'s self,
                        _: &'z memzone::Zone,
                        _: &Work<'s>,
                    ) -> Later<'s, C> {
                        loop {}
                    }
                    fn move_later<'s, G>(self, _: &'z memzone::Zone, _: &Work<'s>) -> Later<'s, C> {
                        loop {}
                    }
                }
                impl<'z, 'a> Copies<'z, Kept<'z, 'z>> for Kept<'a, 'a> {
                    const IN_PLACE: $promise = $of_kept;
                }
            }
        }
    };
}

lying!(says: InPlace<Self> = <Self as memzone::DeepCopy<'a>>::IN_PLACE);

#[derive(DeepCopy)]
#[deep_copy(crate = says)]
struct Said<'a>(Kept<'a, 'a>);

lying!(knows: Promise<Self, Self> = <Self as memzone::__private::Copies<'a, _>>::IN_PLACE);

#[derive(DeepCopy)]
#[deep_copy(crate = knows)]
struct Known<'a>(Kept<'a, 'a>);

fn main() {
    let zone = Zone::new(64);
    let text = String::from("a text of some length that is on the heap");
    let copy = zcopy(&Said(Kept { of: PhantomData, text: &text }), &zone);
    drop(text);
    println!("{}", copy.0.text);
}
