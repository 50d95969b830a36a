// As in any array: one value is not many, unless it can be copied or is a constant.
use memzone::salloc;

fn main() {
    salloc![String::new(); 4];
}
