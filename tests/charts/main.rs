//! Charts from real repositories on loopback and from disk: Istio's own, and small ones made here.

#![cfg(test)]

mod disk;
mod environment;
mod made;
mod repository;
mod web;
