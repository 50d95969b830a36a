// Names something that is no zone.
use memzone::beginz;

fn main() {
    beginz!(z in 4096 => z.used());
}
