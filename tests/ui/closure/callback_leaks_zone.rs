// Gives out its zone's memory, which ends with the `ZoneFn`.
use memzone::ZoneFn;

fn main() {
    let mut f: ZoneFn<dyn FnMut(&mut [f32]) -> &'static [f32]> = ZoneFn::new(1024, |z| {
        let table: &[f32] = z.alloc_slice(64, 0.5);
        z.callback(move |_: &mut [f32]| table)
    });
    let kept = f(&mut [0.0; 64]);
    drop(f);
    println!("{kept:?}");
}
