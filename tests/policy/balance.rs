//! Who answers: the same host for the same key, who comes first, how much goes to whom.

mod hash_key;
mod maglev;
mod placement;
mod priorities;
mod ring_hash;
mod slow_start;
mod view;
