// Copies to a zone of the implementation's own, which ends at once.
use memzone::{DeepCopy, Zone, ZoneError};

struct Voice(f32);

impl<'z> DeepCopy<'z> for Voice {
    type Copied = &'z f32;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let zone = Zone::new(1024);
        Ok(zone.alloc(self.0))
    }
}

fn main() {}
