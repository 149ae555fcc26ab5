//! The name under which programs ask for the shared library: it changes when they would not run any more.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libfsva.so.0");
}
