// Gives a copy that would outlive the target zone.
use memzone::{DeepCopy, Zone, ZoneError};

struct Voice(f32);

impl<'z> DeepCopy<'z> for Voice {
    type Copied = &'static f32;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        to.try_alloc(self.0).map(|gain| &*gain)
    }
}

fn main() {}
