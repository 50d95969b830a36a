//! What is found by a path of the program's may lie. The derive's `unsafe` code does not believe it.
#![forbid(unsafe_code)]

use memzone::{Zone, zcopy};

/// Says of a reference that a copy of its bits is a copy.
mod bits {
    pub use memzone::*;
    pub mod __private {
        pub use memzone::__private::*;
        pub trait Copies<'z, C>: Sized {
            const FLAT: bool = true;
            const IN_PLACE: InPlace<u32> = <u32 as memzone::DeepCopy<'z>>::IN_PLACE;
            const MOVE_IS_COPY: bool = true;
            fn write_at<G>(&self, _place: *mut C, _run: &mut Run<'z>) -> bool {
                true
            }
            fn undo(known: &mut Known) -> Undo<u32> {
                <u32 as memzone::DeepCopy<'z>>::undo(known)
            }
            fn copy_at<G>(&self, _to: &'z memzone::Zone, _: Depth) -> Result<C, memzone::ZoneError> {
                loop {}
            }
            fn move_out<G>(self, _to: &'z memzone::Zone) -> Result<C, memzone::ZoneError> {
                loop {}
            }
        }
        impl<'z, 'a> Copies<'z, &'z u32> for &'a u32 {}
    }
}

#[derive(memzone::DeepCopy)]
#[deep_copy(crate = bits)]
struct Held<'a>(&'a u32);

/// Says of what is not `Copy` that it is.
mod flat {
    pub use memzone::*;
    pub mod __private {
        pub use memzone::__private::*;
        pub trait Bits: Sized {
            const FLAT: bool = true;
            fn bits(&self) -> Self {
                loop {}
            }
        }
        impl<'a> Bits for &'a mut u32 {}
    }
}

#[derive(memzone::DeepCopy)]
#[deep_copy(crate = flat)]
struct Twice(#[deep_copy(flat)] &'static mut u32);

/// Comes before memzone's own methods, if it can.
trait Before {
    fn wrote(self, _written: bool) -> bool;
}
impl Before for &mut memzone::__private::Run<'_> {
    fn wrote(self, _written: bool) -> bool {
        true
    }
}

fn main() {
    let zone = Zone::new(0);
    let copy = {
        let local = 5;
        zcopy(&Held(&local), &zone)
    };
    println!("{}", copy.0);
    let twice = Twice(Box::leak(Box::new(5)));
    *zcopy(&twice, &zone).0 += *twice.0;
}
