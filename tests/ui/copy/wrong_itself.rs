// Lends itself.
use memzone::{DeepCopy, Zone, ZoneError};

struct Number(u32);

impl<'z> DeepCopy<'z> for Number {
    type Copied = &'z u32;
    fn deep_copy(&self, _to: &'z Zone) -> Result<&'z u32, ZoneError> {
        Ok(&self.0)
    }
}

fn main() {}
