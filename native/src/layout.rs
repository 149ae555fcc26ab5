use std::collections::HashMap;

use napi_derive::napi;

/// Every offset and size, in bytes, of what TypeScript reads in place (fsva_core::answer).
#[napi]
pub fn answer_layout() -> HashMap<String, u32> {
    fsva_core::answer::LAYOUT
        .iter()
        .map(|(name, offset)| (String::from(*name), *offset))
        .collect()
}
