// A definition gives out its zone's memory, which a redefinition frees.
use memzone::{ZoneFn, hot};

fn main() {
    let (mut caller, binder) = hot(ZoneFn::new(1024, |z| {
        let table: &[u32] = z.alloc_slice(16, 1_u32);
        z.closure(move |at: usize| &table[at])
    }));
    let kept = caller(1);
    drop((caller, binder));
    println!("{kept}");
}
