// Fills an owned slice with a type that cannot be copied bit by bit.
use memzone::Zone;

fn main() {
    Zone::new(1024).boxed_slice(8, "kick".to_string());
}
