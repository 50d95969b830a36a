// Resets a zone through a shared reference: somebody else may borrow from it.
use memzone::Zone;

fn begin_block(zone: &Zone) {
    let _ = zone.reset();
}

fn main() {}
