// Sends a zone as it is through a channel.
use memzone::Zone;
use std::sync::mpsc;

fn main() {
    let (sender, receiver) = mpsc::channel::<Zone>();
    std::thread::spawn(move || receiver.recv());
    sender.send(Zone::new(1024)).unwrap();
}
