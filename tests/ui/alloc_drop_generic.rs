// Puts a type with a destructor into a zone by way of a generic function.
use memzone::Zone;

fn keep<T>(zone: &Zone, value: T) -> &T {
    zone.alloc(value)
}

fn main() {
    keep(&Zone::new(1024), Some("kick".to_string()));
}
