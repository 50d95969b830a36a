// Uses what `memzone::alloc` gave after its owner.
fn samples<'a>() -> &'a [f32] {
    let samples = memzone::alloc::<f32>(64);
    &samples
}

fn main() {}
