// Implements `DeepCopy` so that what belongs to the old zone is passed off as the new one's.
use memzone::{DeepCopy, Zone, ZoneError};

struct Voice<'a>(&'a f32);

impl<'z, 'a> DeepCopy<'z> for Voice<'a> {
    type Copied = Voice<'z>;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(Voice(self.0))
    }
}

fn main() {}
