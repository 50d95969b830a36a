// Forgets the outer zone after `in`.
use memzone::beginz;

fn main() {
    beginz!(z in => {});
}
