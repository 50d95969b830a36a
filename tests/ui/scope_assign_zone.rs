// Assigns the scope's zone itself to a variable outside.
use memzone::{Zone, beginz};

fn main() {
    let zone: &Zone;
    beginz!(z => {
        zone = z;
    });
    zone.alloc(0.5_f32);
}
