// Takes a reference into the zone out of the builder.
use memzone::ZoneFn;

fn main() {
    let mut kept: Option<&mut [f32]> = None;
    ZoneFn::new(1024, |z| {
        kept = Some(z.alloc_slice(10, 0.0));
        z.closure(|()| ())
    });
    kept.unwrap()[0] = 1.0;
}
