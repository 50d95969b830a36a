// The slice cannot be sent out of the body.
use memzone::salloc_with;

fn main() {
    let (sender, receiver) = std::sync::mpsc::channel::<&mut [f32]>();
    salloc_with(4, 1.0, |slice| sender.send(slice).unwrap()).unwrap();
    receiver.recv().unwrap()[0] = 2.0;
    salloc_with(4, 1.0_f32, |slice| drop(std::thread::spawn(|| slice[0] = 2.0))).unwrap();
}
