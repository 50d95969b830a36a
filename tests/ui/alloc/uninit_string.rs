// Takes room for values that a zone would never drop.
use memzone::Zone;

fn main() {
    Zone::new(1024).alloc_uninit::<String>(8);
}
