// A closure's future borrows from its zone.
use memzone::ZoneFn;

fn main() {
    let mut f = ZoneFn::new(1024, |z| {
        let table: &[u32] = z.alloc_slice(16, 1_u32);
        z.closure(move |at: usize| async move { table[at] })
    });
    let later = f(1);
    drop(f);
    drop(later);
}
