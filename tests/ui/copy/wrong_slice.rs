// Copies a slice into a zone of its own.
use memzone::{DeepCopy, Zone, ZoneError};

struct Number;

impl<'z> DeepCopy<'z> for Number {
    type Copied = Number;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Number, ZoneError> {
        Ok(Number)
    }
    fn deep_copy_slice(items: &[Number], _to: &'z Zone) -> Result<&'z mut [Number], ZoneError> {
        let own = Zone::new(1024);
        own.try_alloc_slice_with(items.len(), |_| Number)
    }
}

fn main() {}
