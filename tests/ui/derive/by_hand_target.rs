// Lets the target zone itself leave the scope, which may be one that stands for none.
use memzone::{DeepCopy, Zone, ZoneError, beginz};

struct Target;

impl<'z> DeepCopy<'z> for Target {
    type Copied = &'z Zone;
    const FLAT: bool = true;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(to)
    }
}

fn main() {
    let zone: &Zone = beginz!({ Target });
    zone.alloc(0.5_f32);
}
