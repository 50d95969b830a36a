//! Whether a copy has its value's lifetimes is not the implementation's to say.
#![forbid(unsafe_code)]

use memzone::__private::KeepsLifetimes;
use memzone::{DeepCopy, Zone, ZoneError};
use std::cell::Cell;
use std::marker::PhantomData;

struct Reads<'l>(PhantomData<&'l u64>);
struct Writes<'l>(Cell<Option<&'l u64>>);

impl<'z, 'l: 'z> DeepCopy<'z> for Reads<'l> {
    type Copied = Writes<'l>;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::unchanged();
    fn deep_copy(&self, _to: &'z Zone) -> Result<Writes<'l>, ZoneError> {
        Ok(Writes(Cell::new(None)))
    }
}

fn main() {}
