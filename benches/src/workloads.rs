//! The workloads, each in a file of its own.

pub(crate) mod waits;

pub(crate) mod errands;

pub(crate) mod echo;

pub(crate) mod rows;

pub(crate) mod items;

pub(crate) mod sections;

pub(crate) mod count;
