//! A user's groups, looked up on threads of their own: a directory service may take its time.

use fsva_core::fair_queue::Flow;
use fsva_core::pool::Pool;
use fsva_core::user_groups_unsafe::groups_of;
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::core::failure;

const THREADS_MAX: usize = 4;

#[napi]
pub struct NativeGroups {
    pool: Pool,
}

#[napi]
impl NativeGroups {
    /// `lookups_max`: that many may wait at once, one more throws.
    #[napi(constructor)]
    pub fn new(lookups_max: u32) -> NativeGroups {
        NativeGroups {
            pool: Pool::new("fsva-groups".into(), THREADS_MAX, lookups_max as usize),
        }
    }

    /// Null for a user that this machine does not know; rejects if that cannot be found out.
    #[napi(ts_return_type = "Promise<number[] | null>")]
    pub fn lookup<'env>(&self, env: &'env Env, uid: u32) -> Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred::<Option<Vec<u32>>, _>()?;
        let job = Box::new(move || match groups_of(uid) {
            Ok(groups) => deferred.resolve(move |_| Ok(groups)),
            Err(errno) => deferred.reject(failure(errno)),
        });
        self.pool
            .submit(Flow::SERVER, job)
            .map_err(|_refused| failure("too many lookups at once"))?;
        Ok(promise)
    }
}
