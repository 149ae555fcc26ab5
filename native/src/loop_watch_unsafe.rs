//! A descriptor that Node's event loop watches: JavaScript is called when it is readable, as for a socket of Node's own.

use std::ffi::c_void;
use std::os::fd::RawFd;
use std::ptr;

use napi::bindgen_prelude::{Function, JsValue};
use napi::{Env, Error, Result, Status, sys};

/// uv_handle_type and uv_poll_event of libuv's uv.h; the numbers are part of its ABI.
const UV_POLL: i32 = 8;
const UV_READABLE: i32 = 1;

type OnPoll = unsafe extern "C" fn(handle: *mut c_void, status: i32, events: i32);
type OnClose = unsafe extern "C" fn(handle: *mut c_void);

// libuv is part of Node, which exports it to addons.
unsafe extern "C" {
    fn uv_handle_size(kind: i32) -> usize;
    fn uv_poll_init(uv_loop: *mut c_void, handle: *mut c_void, fd: i32) -> i32;
    fn uv_poll_start(handle: *mut c_void, events: i32, callback: OnPoll) -> i32;
    fn uv_ref(handle: *mut c_void);
    fn uv_unref(handle: *mut c_void);
    fn uv_poll_stop(handle: *mut c_void) -> i32;
    fn uv_close(handle: *mut c_void, callback: OnClose);
    fn uv_handle_set_data(handle: *mut c_void, data: *mut c_void);
    fn uv_handle_get_data(handle: *const c_void) -> *mut c_void;
    fn uv_handle_get_loop(handle: *const c_void) -> *mut c_void;
    fn uv_backend_fd(uv_loop: *const c_void) -> i32;
}

struct Watched {
    env: sys::napi_env,
    callback: sys::napi_ref,
}

/// Stops when dropped, which has to happen on the JavaScript thread.
pub struct LoopWatch {
    handle: *mut c_void,
}

impl LoopWatch {
    /// `callback` is called on every turn of the loop on which `fd` is readable. `fd` must outlive the watch.
    pub fn start(env: &Env, fd: RawFd, callback: &Function<'_, (), ()>) -> Result<LoopWatch> {
        let failed = |what: &str| Error::new(Status::GenericFailure, what.to_owned());
        let mut uv_loop = ptr::null_mut();
        let mut reference = ptr::null_mut();
        // SAFETY: env and callback are of this call; the pointers are for the answers.
        unsafe {
            if sys::napi_get_uv_event_loop(env.raw(), &mut uv_loop) != sys::Status::napi_ok {
                return Err(failed("no event loop"));
            }
            if sys::napi_create_reference(env.raw(), callback.raw(), 1, &mut reference)
                != sys::Status::napi_ok
            {
                return Err(failed("no reference"));
            }
        }
        let watched = Box::new(Watched {
            env: env.raw(),
            callback: reference,
        });
        // SAFETY: the handle is memory of the size that libuv wants, freed by `closed` when libuv is done with it.
        unsafe {
            let handle = libc::calloc(1, uv_handle_size(UV_POLL));
            if handle.is_null() || uv_poll_init(uv_loop.cast(), handle, fd) != 0 {
                libc::free(handle);
                sys::napi_delete_reference(env.raw(), reference);
                return Err(failed("the event loop cannot watch the descriptor"));
            }
            uv_handle_set_data(handle, Box::into_raw(watched).cast());
            let started = uv_poll_start(handle, UV_READABLE, readable);
            let watch = LoopWatch { handle };
            if started != 0 {
                return Err(failed("the event loop does not watch the descriptor"));
            }
            Ok(watch)
        }
    }
}

impl LoopWatch {
    /// Whether the event loop would find something if it waited now: a descriptor of any watch, or a call from another
    /// thread. Of timers it says nothing.
    pub fn has_events(&self) -> bool {
        // SAFETY: the handle is initialized and not closed, so its loop is there; the descriptor is the loop's.
        unsafe {
            let mut backend = libc::pollfd {
                fd: uv_backend_fd(uv_handle_get_loop(self.handle)),
                events: libc::POLLIN,
                revents: 0,
            };
            libc::poll(&mut backend, 1, 0) > 0
        }
    }

    /// Whether the event loop goes on while there is nothing but this watch. It does unless told otherwise.
    pub fn hold_loop(&self, hold: bool) {
        // SAFETY: the handle is initialized and not closed.
        unsafe {
            if hold {
                uv_ref(self.handle);
            } else {
                uv_unref(self.handle);
            }
        }
    }
}

impl Drop for LoopWatch {
    fn drop(&mut self) {
        // SAFETY: the handle is initialized and not closed; its data is the Watched given to it.
        unsafe {
            let watched = Box::from_raw(uv_handle_get_data(self.handle).cast::<Watched>());
            uv_handle_set_data(self.handle, ptr::null_mut());
            uv_poll_stop(self.handle);
            uv_close(self.handle, closed);
            sys::napi_delete_reference(watched.env, watched.callback);
        }
    }
}

unsafe extern "C" fn closed(handle: *mut c_void) {
    // SAFETY: allocated by `start`, and libuv has let go of it.
    unsafe { libc::free(handle) };
}

unsafe extern "C" fn readable(handle: *mut c_void, _status: i32, _events: i32) {
    // SAFETY: libuv calls with a handle that is not closed, so its data is there; on the JavaScript thread, outside
    // of JavaScript, where a scope and a callback may be opened. The callback may drop the watch.
    unsafe {
        let watched = uv_handle_get_data(handle).cast::<Watched>();
        if watched.is_null() {
            return;
        }
        let Watched { env, callback } = *watched;
        let mut scope = ptr::null_mut();
        if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
            return;
        }
        let (mut function, mut receiver, mut returned) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        sys::napi_get_reference_value(env, callback, &mut function);
        sys::napi_get_global(env, &mut receiver);
        let status = sys::napi_make_callback(
            env,
            ptr::null_mut(),
            receiver,
            function,
            0,
            ptr::null(),
            &mut returned,
        );
        if status == sys::Status::napi_pending_exception {
            let mut error = ptr::null_mut();
            sys::napi_get_and_clear_last_exception(env, &mut error);
            sys::napi_fatal_exception(env, error);
        }
        sys::napi_close_handle_scope(env, scope);
    }
}
