//! What is played where nobody types.

/// What the patch is redefined to, one after the other, in equal distances.
pub(crate) const SCORE: [&str; 12] = [
    "osc 110",
    "lowpass 900 2",
    "delay 0.3 0.5",
    "grain 120",
    "osc 164.81",
    "lowpass 2400 0.7",
    "grain 40",
    "delay 0.45 0.7",
    "osc 220",
    "lowpass 500 4",
    "grain 250",
    "osc 0",
];
