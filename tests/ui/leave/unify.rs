// Takes what the compiler works out in code that never runs for the truth about lifetimes.
use memzone::{Keep, Zone, beginz};

fn keep<'z>(outer: &'z Zone) -> Keep<&'z u8> {
    beginz!(z in outer => Keep(&*z.alloc(5)))
}

fn main() {
    keep(&Zone::new(64));
}
