//! A closure that owns its zone hands nothing of it out, also not through what a call lends it.
use memzone::ZoneFn;

struct All<'a>(Vec<&'a [f32]>);

memzone::signature!(FnMut(&mut All<'_>));

fn main() {
    let mut collects: ZoneFn<dyn FnMut(&mut All<'_>)> = ZoneFn::new(1024, |z| {
        let kept = &*z.alloc_slice(16, 0.5_f32);
        z.callback(move |all: &mut All<'_>| all.0.push(kept))
    });
    let mut all = All(Vec::new());
    collects(&mut all);
    drop(collects);
    println!("{:?}", all.0);
}
