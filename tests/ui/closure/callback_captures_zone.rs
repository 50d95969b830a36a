// Captures its zone, to allocate in it at each call.
use memzone::ZoneFn;

fn main() {
    let _f: ZoneFn<dyn FnMut(&mut [f32])> = ZoneFn::new(1024, |z| {
        z.callback(move |block: &mut [f32]| block.copy_from_slice(z.alloc_slice(block.len(), 0.0)))
    });
}
