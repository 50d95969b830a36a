// Uses a signature that nobody added.
use memzone::ZoneFn;

struct Block<'a>(&'a mut [f32]);

fn main() {
    let _f: ZoneFn<dyn FnMut(Block<'_>)> =
        ZoneFn::new(1024, |z| z.callback(|block: Block<'_>| block.0.fill(0.0)));
}
