//! The copies of a part are of another type, which becomes the field's type by itself. An enum's part would be written as what
//! the copies are, to a place for what they become.
#![forbid(unsafe_code)]

use memzone::{DeepCopy, Zone, ZoneError, zcopy};

trait Voice {
    fn name(&self) -> &str;
}

struct Sine;

impl Voice for Sine {
    fn name(&self) -> &str {
        "sine"
    }
}

impl<'z> DeepCopy<'z> for &dyn Voice {
    type Copied = &'z Sine;
    fn deep_copy(&self, to: &'z Zone) -> Result<&'z Sine, ZoneError> {
        Ok(to.try_alloc(Sine)?)
    }
}

#[derive(DeepCopy)]
enum Playing<'a> {
    Nothing(u64),
    Voice(&'a dyn Voice),
}

fn main() {
    let zone = Zone::new(64);
    if let Playing::Voice(voice) = zcopy(&Playing::Voice(&Sine), &zone) {
        println!("{}", voice.name());
    }
}
