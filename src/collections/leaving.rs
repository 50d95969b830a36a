//! How memzone's own collections are copied to another zone: in one copy, with just the room that they need.

use super::filling;
use super::text::ZString;
use super::zvec::ZVec;
use crate::copy::{DeepCopy, Depth};
use crate::error::ZoneError;
use crate::zone::Zone;

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for ZVec<'_, T> {
    type Copied = ZVec<'z, T::Copied>;
    const UNWATCHED: bool = T::FLAT;

    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }

    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        // Refuses copies with a destructor, as every constructor of a vector does.
        let empty = to.vec();
        if self.is_empty() {
            return Ok(empty);
        }
        let (start, len, room) = filling::copy(self, to, depth)?.into_parts();
        // SAFETY: (I2) the zone gave room for `room` items. (I7) The first `len` are filled.
        Ok(unsafe { empty.with_parts(start, len, room) })
    }
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for ZString<'_> {
    type Copied = ZString<'z>;
    const UNWATCHED: bool = true;

    fn deep_copy(&self, to: &'z Zone) -> Result<ZString<'z>, ZoneError> {
        to.try_string_from(self)
    }
}
