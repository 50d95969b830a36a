// Says that its copy lives for ever.
use memzone::{DeepCopy, Zone, ZoneError};

struct Number(u32);

impl<'z> DeepCopy<'z> for Number {
    type Copied = &'static u32;
    fn deep_copy(&self, to: &'z Zone) -> Result<&'static u32, ZoneError> {
        Ok(to.try_alloc(self.0)?)
    }
}

fn main() {}
