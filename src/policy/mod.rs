//! Pure decisions: time, chance and the thread in, a decision out.
