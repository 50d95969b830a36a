// Returns a vector that borrows, without a zone that it could borrow from.
use memzone::beginz;

fn main() {
    let notes = beginz!(z => {
        let mut notes = z.vec();
        notes.push(60_u8);
        notes
    });
    println!("{notes:?}");
}
