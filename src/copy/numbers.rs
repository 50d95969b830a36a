//! `DeepCopy` for other crates' numbers: they are plain data.

#![forbid(unsafe_code)]

#[cfg(feature = "num-complex")]
mod complex {
    use crate::copy::DeepCopy;
    use crate::copy::ways::flat;
    use num_complex::Complex;

    flat!(Complex<f32>, Complex<f64>);
    flat!(Complex<i8>, Complex<i16>, Complex<i32>, Complex<i64>);
    flat!(Complex<u8>, Complex<u16>, Complex<u32>, Complex<u64>);
}

#[cfg(feature = "glam")]
mod vectors {
    use crate::copy::DeepCopy;
    use crate::copy::ways::flat;
    use glam::*;

    flat!(Vec2, Vec3, Vec3A, Vec4, Quat, Mat2, Mat3, Mat3A, Mat4, Affine2, Affine3, Affine3A);
    flat!(DVec2, DVec3, DVec4, DQuat, DMat2, DMat3, DMat4, DAffine2, DAffine3);
    flat!(IVec2, IVec3, IVec4, UVec2, UVec3, UVec4, BVec2, BVec3, BVec4, BVec3A, BVec4A);
}
