// Gives a copy that does not live as long as the target zone.
use memzone::{DeepCopy, Zone, ZoneError};

struct Voice<T>(T);

impl<'z, T: Clone> DeepCopy<'z> for Voice<T> {
    type Copied = Voice<T>;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(Voice(self.0.clone()))
    }
}

fn main() {}
