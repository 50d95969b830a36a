// Returns what is copied, by hand, to something that borrows, without saying where to.
use memzone::{DeepCopy, Zone, ZoneError, beginz};

struct Pair(u32);

impl<'z> DeepCopy<'z> for Pair {
    type Copied = &'z [u32];
    fn deep_copy(&self, to: &'z Zone) -> Result<&'z [u32], ZoneError> {
        Ok(to.try_alloc_slice(2, self.0)?)
    }
}

fn main() {
    let pair = beginz!(_ => Pair(7));
    println!("{}", pair.len());
}
