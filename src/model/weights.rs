//! the bytes of model.safetensors → tensors of f32
//!
//! The file is kept as it came, in one copy, and each tensor is turned into numbers when it is asked for: who builds
//! the network brings each into its own form and lets go of it. The format is
//! <https://github.com/huggingface/safetensors#format>; a declared shape is believed only where the file is as long
//! as it says, so that a damaged header cannot ask for memory that is not there.

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use safetensors::{SafeTensorError, SafeTensors};

use super::invalid;
use crate::error::Result;

/// How many bytes the length of the header takes, at the beginning of the file.
const LENGTH: usize = 8;

/// The tensors of a file, by name.
pub(crate) struct Weights {
    bytes: Vec<u8>,
    /// Where the tensors begin.
    start: usize,
    header: Metadata,
}

impl Weights {
    /// Reads the header.
    ///
    /// # Errors
    /// `model_invalid` where it does not fit the file.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        let damaged = |error: SafeTensorError| invalid(format!("model.safetensors is damaged: {error}"));
        let (length, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
        Ok(Self { bytes, start: LENGTH + length, header })
    }

    /// Whether there is a tensor of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.info(name).is_some()
    }

    /// The numbers of a tensor, row by row.
    ///
    /// # Errors
    /// `model_invalid` where there is none of that name, or of another shape or a type that is not known.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let info = self.info(name).ok_or_else(|| invalid(format!("its weights have no {name}")))?;
        if info.shape != shape {
            return Err(invalid(format!("{name} has the shape {:?}, and its config says {shape:?}", info.shape)));
        }
        // The header was checked, and each tensor is as long as its shape and type say; but sums of sizes can pass 32 bits.
        let bytes = self.bytes[self.start..].get(info.data_offsets.0..info.data_offsets.1);
        let bytes = bytes.ok_or_else(|| invalid(format!("{name} lies beyond the end of model.safetensors")))?;
        Ok(match info.dtype {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|&it| f32::from_le_bytes(it)).collect(),
            Dtype::F16 => bytes.as_chunks().0.iter().map(|&it| f16::from_le_bytes(it).to_f32()).collect(),
            Dtype::BF16 => bytes.as_chunks().0.iter().map(|&it| bf16::from_le_bytes(it).to_f32()).collect(),
            other => return Err(invalid(format!("{name} is of the type {other}; known are F32, F16 and BF16"))),
        })
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.header.info(name).or_else(|| {
            // As the first BERT's files call them; transformers renames them, too.
            let older = |new: &str, old: &str| Some(format!("{}.{old}", name.strip_suffix(new)?.strip_suffix('.')?));
            let older = older("weight", "gamma").or_else(|| older("bias", "beta"))?;
            self.header.info(&older)
        })
    }
}
