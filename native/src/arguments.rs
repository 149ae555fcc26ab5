//! Arguments that JavaScript and the core say differently.

use fsva_core::answer::Time;
use fsva_core::operations::set_attributes::{SetAttributes, SetTime};
use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{Result, ValueType, check_status, sys};
use napi_derive::napi;

/// A bigint of 0 to 2^64 - 1.
pub struct Unsigned64(pub u64);

impl TypeName for Unsigned64 {
    fn type_name() -> &'static str {
        "bigint"
    }
    fn value_type() -> ValueType {
        ValueType::BigInt
    }
}

impl ValidateNapiValue for Unsigned64 {}

impl FromNapiValue for Unsigned64 {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut number = 0;
        let mut lossless = false;
        // SAFETY: env and value are what Node gave us for this call, the others are locals.
        check_status!(unsafe { sys::napi_get_value_bigint_uint64(env, value, &mut number, &mut lossless) })?;
        Ok(Unsigned64(number))
    }
}

/// A time in whole numbers; `now` takes the server's clock and ignores the rest.
#[napi(object)]
pub struct TimeArgument {
    pub seconds: u32,
    pub nseconds: u32,
    pub now: bool,
}

/// What is undefined stays as it is.
#[napi(object)]
pub struct SetAttributesArgument {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// As bigint.
    pub size: Option<napi::bindgen_prelude::BigInt>,
    pub atime: Option<TimeArgument>,
    pub mtime: Option<TimeArgument>,
}

impl From<TimeArgument> for SetTime {
    fn from(time: TimeArgument) -> SetTime {
        if time.now {
            return SetTime::Now;
        }
        SetTime::Explicit(Time {
            seconds: time.seconds,
            nseconds: time.nseconds,
        })
    }
}

impl From<SetAttributesArgument> for SetAttributes {
    fn from(argument: SetAttributesArgument) -> SetAttributes {
        SetAttributes {
            mode: argument.mode,
            uid: argument.uid,
            gid: argument.gid,
            size: argument.size.map(|size| size.get_u64().1),
            atime: argument.atime.map_or(SetTime::Keep, SetTime::from),
            mtime: argument.mtime.map_or(SetTime::Keep, SetTime::from),
        }
    }
}
