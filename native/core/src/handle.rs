//! Owned by HANDLES.
