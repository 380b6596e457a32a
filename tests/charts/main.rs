//! Charts from real repositories and registries on loopback and from disk: Istio's own, and small ones made here.

#![cfg(test)]

mod disk;
mod environment;
mod made;
mod protocol;
mod registry;
mod repository;
mod web;
