//! The only Node-API code of the project: types across the boundary, nothing decided here.
