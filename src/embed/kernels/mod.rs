//! The inner loops of the network
//!
//! [`linear`], [`attention`] and [`row`] say what is computed, once, over the few operations of a [`target`]; there is
//! a folder for each kind of machine. [`portable`] is the oracle of the tests. Which one computes is decided when a model is
//! read; in WebAssembly among those that it was built with, since a browser refuses a module with instructions that it
//! does not know.

#[macro_use]
mod row;
#[macro_use]
mod tile;
#[macro_use]
mod target;

mod attention;
mod linear;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(any(test, not(target_arch = "wasm32")))]
mod portable;
#[cfg(test)]
mod tests;

#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
mod relaxed;
#[cfg(target_arch = "wasm32")]
#[cfg_attr(feature = "relaxed-simd", allow(dead_code))] // Of which the other build takes only a part.
mod simd128;

pub(super) use attention::{LONGEST, Projected, Scratch};
pub(super) use linear::{ByteMatrix, FloatMatrix, Quantized};
pub(super) use row::Norm;
#[cfg(any(test, not(target_arch = "wasm32")))]
pub(super) use target::MOST_SUMMED;
pub(super) use target::{PANEL, byte_steps};

/// The functions of one target; their sizes are checked, so that they are safe to call where the target is.
pub(super) struct Kernels {
    pub name: &'static str,
    pub quantize: fn(&[f32], usize, &[f32], &mut Quantized),
    pub multiply_bytes: fn(&Quantized, &ByteMatrix, &mut [f32]),
    pub multiply_floats: fn(&[f32], &FloatMatrix, &mut [f32]),
    pub attend_bytes: fn(Projected, &mut Scratch, &mut [f32]),
    pub attend_floats: fn(Projected, &mut Scratch, &mut [f32]),
    pub normalize: fn(&mut [f32], Option<&[f32]>, &Norm),
    pub gelu: fn(&mut [f32]),
    pub gelu_roughly: fn(&mut [f32]),
}

/// Makes a target's table. Each function is compiled once for it, with its instructions switched on.
macro_rules! kernels {
    ($name:ident, $title:literal, $target:ty $(, $feature:literal)?) => {
        pub(super) mod $name {
            use super::*;

            pub(in crate::embed) static KERNELS: Kernels = Kernels {
                name: $title,
                // Safety: the table is only handed out where the machine has the target's instructions.
                quantize: |rows, width, factors, into| unsafe { quantize(rows, width, factors, into) },
                multiply_bytes: |inputs, matrix, into| unsafe { multiply_bytes(inputs, matrix, into) },
                multiply_floats: |rows, matrix, into| unsafe { multiply_floats(rows, matrix, into) },
                attend_bytes: |text, scratch, mixed| unsafe { attend_bytes(text, scratch, mixed) },
                attend_floats: |text, scratch, mixed| unsafe { attend_floats(text, scratch, mixed) },
                normalize: |rows, residual, norm| unsafe { normalize(rows, residual, norm) },
                gelu: |values| unsafe { gelu(values) },
                gelu_roughly: |values| unsafe { gelu_roughly(values) },
            };

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn quantize(rows: &[f32], width: usize, factors: &[f32], into: &mut Quantized) {
                unsafe { linear::quantize::<$target>(rows, width, factors, into) }
            }

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn multiply_bytes(inputs: &Quantized, matrix: &ByteMatrix, into: &mut [f32]) {
                unsafe { linear::multiply_bytes::<$target>(inputs, matrix, into) }
            }

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn multiply_floats(rows: &[f32], matrix: &FloatMatrix, into: &mut [f32]) {
                unsafe { linear::multiply_floats::<$target>(rows, matrix, into) }
            }

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn attend_bytes(text: Projected, scratch: &mut Scratch, mixed: &mut [f32]) {
                unsafe { attention::attend_bytes::<$target>(text, scratch, mixed) }
            }

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn attend_floats(text: Projected, scratch: &mut Scratch, mixed: &mut [f32]) {
                unsafe { attention::attend_floats::<$target>(text, scratch, mixed) }
            }

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn normalize(rows: &mut [f32], residual: Option<&[f32]>, norm: &Norm) {
                unsafe { row::normalize::<$target>(rows, residual, norm) }
            }

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn gelu(values: &mut [f32]) {
                unsafe { row::gelu::<$target>(values) }
            }

            $(#[target_feature(enable = $feature)])?
            #[inline(never)]
            unsafe fn gelu_roughly(values: &mut [f32]) {
                unsafe { row::gelu_roughly::<$target>(values) }
            }
        }
    };
}

#[cfg(any(test, not(target_arch = "wasm32")))]
kernels!(plain, "portable", portable::Portable);
#[cfg(all(target_arch = "wasm32", not(feature = "relaxed-simd")))]
kernels!(wasm, "wasm simd128", simd128::Simd128);
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
kernels!(fused, "wasm relaxed-simd", relaxed::Relaxed<relaxed::Fused>, "relaxed-simd");
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
kernels!(paired, "wasm relaxed-simd, paired", relaxed::Relaxed<relaxed::Paired>, "relaxed-simd");

#[cfg(target_arch = "x86_64")]
kernels!(avx2, "x86-64 AVX2", native::avx2::Avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(avx512, "x86-64 AVX-512 VNNI", native::avx512::Avx512, "avx512f,avx512bw,avx512vnni");
#[cfg(target_arch = "aarch64")]
kernels!(neon, "aarch64 NEON", native::neon::Neon);

/// The functions that this machine can run, the fastest first.
#[allow(clippy::vec_init_then_push)] // What is pushed depends on the target.
fn able() -> Vec<&'static Kernels> {
    let mut able: Vec<&Kernels> = Vec::new();
    #[cfg(all(target_arch = "wasm32", not(feature = "relaxed-simd")))]
    able.push(&wasm::KERNELS);
    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    able.extend(match relaxed::fused_is_several() {
        true => [&paired::KERNELS, &fused::KERNELS],
        false => [&fused::KERNELS, &paired::KERNELS],
    });
    #[cfg(target_arch = "x86_64")]
    {
        let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        if avx512 && is_x86_feature_detected!("avx512vnni") {
            able.push(&avx512::KERNELS);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            able.push(&avx2::KERNELS);
        }
    }
    #[cfg(target_arch = "aarch64")]
    able.push(&neon::KERNELS);
    #[cfg(any(test, not(target_arch = "wasm32")))]
    able.push(&plain::KERNELS);
    able
}

/// The functions whose results are the same on every machine, bit for bit.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn portable() -> &'static Kernels {
    &plain::KERNELS
}

/// The fastest functions that this machine can run.
pub(super) fn kernels() -> &'static Kernels {
    able()[0]
}
