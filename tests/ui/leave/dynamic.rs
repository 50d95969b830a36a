// Hides a reference into the scope's zone behind a trait.
use memzone::{Zone, beginz};

fn next(outer: &Zone) -> Box<dyn Fn() -> u8 + '_> {
    beginz!(z in outer => {
        let gain: &u8 = z.alloc(5);
        Box::new(move || *gain)
    })
}

fn main() {
    next(&Zone::new(64))();
}
