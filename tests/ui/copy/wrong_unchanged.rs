// Its copy still borrows what the source did, which may end before the target.
use memzone::{DeepCopy, Zone, ZoneError};

#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'z, 'a> DeepCopy<'z> for Text<'a> {
    type Copied = Text<'a>;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Text<'a>, ZoneError> {
        Ok(*self)
    }
}

fn main() {}
