//! ACLs as calls of numbers and bytes: see session.rs for how they are answered.

use fsva_core::errno::Errno;
use fsva_core::operations::getacl::{ACL_BYTES_MAX, Getacl};
use fsva_core::operations::setacl::Setacl;
use napi_derive::napi;

use crate::session::{NativeSession, handle};

#[napi]
impl NativeSession {
    #[napi]
    pub fn getacl(&mut self, caller: f64, ticket: u32, object: &[u8]) -> i32 {
        self.start(caller, ticket, handle(object).map(|object| Getacl { object }))
    }

    /// ACLs as in extended attributes; an empty one is removed, one that is not given stays.
    #[napi]
    pub fn setacl(
        &mut self,
        caller: f64,
        ticket: u32,
        object: &[u8],
        access: Option<&[u8]>,
        by_default: Option<&[u8]>,
    ) -> i32 {
        if [access, by_default]
            .iter()
            .flatten()
            .any(|acl| acl.len() > ACL_BYTES_MAX)
        {
            return self.refuse(Errno::INVAL);
        }
        let operation = handle(object).map(|object| Setacl {
            object,
            access: access.map(<[u8]>::to_vec),
            default: by_default.map(<[u8]>::to_vec),
        });
        self.start(caller, ticket, operation)
    }
}
