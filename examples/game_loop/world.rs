//! What a frame is about: bodies that move and bounce off each other, and cameras that see some of them.
//!
//! Nothing here takes memory after the start.

/// How many bodies there are.
const BODIES: usize = 20_000;
/// Cameras, each with a list of what it sees.
pub(crate) const CAMERAS: usize = 16;
/// Lists that the spatial hash has.
pub(crate) const BUCKETS: usize = 8192;

/// The world is a square from 0 to this.
const SIZE: f32 = 160.0;
const RADIUS: f32 = 0.25;
const CELL: f32 = 2.0;
const SIGHT: f32 = 12.0;
/// Seconds that a frame lasts.
const STEP: f32 = 1.0 / 60.0;
/// Contacts of bodies that meet faster than this are events.
const HARD: f32 = 3.5;

#[derive(Clone, Copy)]
pub(crate) struct Body {
    at: [f32; 2],
    speed: [f32; 2],
}

/// Two bodies that touch.
#[derive(Clone, Copy, memzone::DeepCopy)]
#[deep_copy(flat)]
pub(crate) struct Contact {
    pub(crate) bodies: [u32; 2],
    /// What the first one gets, and the second one loses.
    impulse: [f32; 2],
    /// How fast they meet.
    pub(crate) speed: f32,
}

impl Contact {
    pub(crate) fn is_hard(&self) -> bool {
        self.speed > HARD
    }

    /// Adds what both bodies get.
    pub(crate) fn share(&self, impulses: &mut [[f32; 2]]) {
        for (body, sign) in self.bodies.into_iter().zip([1.0, -1.0]) {
            let sum = &mut impulses[body as usize];
            sum[0] += sign * self.impulse[0];
            sum[1] += sign * self.impulse[1];
        }
    }
}

pub(crate) struct World {
    pub(crate) bodies: Vec<Body>,
    frame: u32,
}

type Cell = [i32; 2];

impl World {
    /// Always the same one.
    pub(crate) fn new() -> World {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let bodies = (0..BODIES).map(|_| Body {
            at: [random() * SIZE, random() * SIZE],
            speed: [random() * 4.0 - 2.0, random() * 4.0 - 2.0],
        });
        World { bodies: bodies.collect(), frame: 0 }
    }

    /// Moves all bodies on by one frame. The world's edges throw them back.
    pub(crate) fn advance(&mut self) {
        self.frame += 1;
        for body in &mut self.bodies {
            for (at, speed) in body.at.iter_mut().zip(&mut body.speed) {
                *at += *speed * STEP;
                if (*at < 0.0 && *speed < 0.0) || (*at > SIZE && *speed > 0.0) {
                    *speed = -*speed;
                }
            }
        }
    }

    pub(crate) fn push(&mut self, impulses: &[[f32; 2]]) {
        for (body, impulse) in self.bodies.iter_mut().zip(impulses) {
            body.speed[0] += impulse[0];
            body.speed[1] += impulse[1];
        }
    }

    /// Where a camera is. They go round.
    pub(crate) fn camera(&self, camera: usize) -> [f32; 2] {
        let turn = self.frame as f32 * STEP + camera as f32;
        [turn.cos(), (turn * 0.7).sin()].map(|at| SIZE * (0.5 + 0.4 * at))
    }

    /// How far a body is from a camera, squared, if that sees it.
    pub(crate) fn seen(&self, camera: [f32; 2], body: u32) -> Option<f32> {
        let [x, y] = self.between(camera, body);
        let square = x * x + y * y;
        (square < SIGHT * SIGHT).then_some(square)
    }

    fn between(&self, from: [f32; 2], body: u32) -> [f32; 2] {
        let to = self.bodies[body as usize].at;
        [to[0] - from[0], to[1] - from[1]]
    }

    pub(crate) fn cell(&self, body: u32) -> Cell {
        self.bodies[body as usize].at.map(|at| (at * (1.0 / CELL)) as i32)
    }

    /// Whether a body is in a cell and may touch another one, that comes before it. Cells that share a bucket are
    /// told apart here.
    pub(crate) fn may_touch(&self, body: u32, other: u32, cell: Cell) -> bool {
        let [x, y] = self.between(self.bodies[body as usize].at, other);
        body < other && x.abs().max(y.abs()) < 2.0 * RADIUS && self.cell(other) == cell
    }

    /// The contact of two bodies, if they touch.
    pub(crate) fn contact(&self, bodies: [u32; 2]) -> Option<Contact> {
        let [a, b] = bodies.map(|body| self.bodies[body as usize]);
        let [x, y] = self.between(a.at, bodies[1]);
        let distance = (x * x + y * y).sqrt();
        if distance >= 2.0 * RADIUS || distance == 0.0 {
            return None;
        }
        let normal = [x / distance, y / distance];
        let speed = (a.speed[0] - b.speed[0]) * normal[0] + (a.speed[1] - b.speed[1]) * normal[1];
        // As of equal masses; bodies that part already are left alone.
        let impulse = normal.map(|part| -part * speed.max(0.0));
        Some(Contact { bodies, impulse, speed })
    }
}

/// The cells where what may touch a body of this one is.
pub(crate) fn around([x, y]: Cell) -> impl Iterator<Item = Cell> {
    (-1..=1).flat_map(move |dy| (-1..=1).map(move |dx| [x + dx, y + dy]))
}

pub(crate) fn bucket([x, y]: Cell) -> usize {
    let hash = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    (hash ^ (hash >> 15)) as usize % BUCKETS
}

/// A sum of all that frames came to, by which two runs are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checksum(pub(crate) u64);

impl Checksum {
    pub(crate) fn new(world: &World) -> Checksum {
        let mut sum = Checksum(0xcbf2_9ce4_8422_2325);
        for body in &world.bodies {
            sum.add(u64::from(body.at[0].to_bits()) << 32 | u64::from(body.at[1].to_bits()));
        }
        sum
    }

    pub(crate) fn add(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
    }

    pub(crate) fn add_text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.add(byte.into()));
    }
}
