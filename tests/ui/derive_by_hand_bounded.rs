// Promises that the old zone outlives the new one, which no scope's zone does.
use memzone::{DeepCopy, Zone, ZoneError, beginz};

#[derive(Clone, Copy)]
struct Voice<'a>(&'a f32);

impl<'z, 'a: 'z> DeepCopy<'z> for Voice<'a> {
    type Copied = Voice<'a>;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(*self)
    }
}

fn main() {
    let voice = beginz!(z => Voice(z.alloc(0.5)));
    println!("{}", voice.0);
}
