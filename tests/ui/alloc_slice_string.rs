// Fills a slice with a type that cannot be copied bit by bit.
use memzone::Zone;

fn main() {
    Zone::new(1024).alloc_slice(8, "kick".to_string());
}
