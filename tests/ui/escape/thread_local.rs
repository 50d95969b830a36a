// Carries a reference out of a zone that ends with the thread.
use memzone::Zone;

thread_local! {
    static VOICES: Zone = Zone::new(1024);
}

fn gain() -> &'static mut f32 {
    VOICES.with(|zone| zone.alloc(0.5))
}

fn main() {}
