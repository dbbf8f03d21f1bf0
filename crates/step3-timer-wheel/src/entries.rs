//! The entries of a wheel: one vector of nodes, threaded into as many lists as the wheel has slots.
//!
//! ```text
//! slot 7    head ──────► 4 ◄──────────► 1          (tail)
//! slot 9    head ──────► 0                         (tail)
//! free           ──────► 3 ──► 2
//!
//! nodes     [ 0 | 1 | 2 | 3 | 4 ]                  one allocation, reused from the free list
//! ```
//!
//! Links are indices rather than pointers: half the size, still good after the vector has moved, and a wrong one is a
//! wrong answer rather than undefined behaviour.
//!
//! # Invariants
//!
//! 1. A node has a value exactly if it is in use; then it is in one list, and in no other.
//! 2. A node that is not in use is on the free list, unless its generation has come to `RETIRED`.
//! 3. A node's generation grows each time its value leaves. So a key fits one value, once.
//!
//! # Absent on purpose
//!
//! Nothing here knows what a deadline is for, or which list an entry belongs in: that is the wheel's business. Nodes
//! are not given back to the allocator: memory stays at the most that ever waited at once.

/// Stands for "no node" in a link. A plain `Option<u32>` would take twice the room.
const NONE: u32 = u32::MAX;

/// The generation after the last that a key may have. A node that reaches it is never used again: 32 bytes lost for
/// every four billion timers, and in exchange no key, however old, fits a value that is not its own.
const RETIRED: u32 = u32::MAX;

/// Names one entry of the [`Wheel`](crate::Wheel) that gave it, for as long as that entry waits.
///
/// A key is eight bytes and borrows nothing. Once its entry has come due or was removed it fits nothing any more, even
/// after the entry's place in memory has gone to another. It means nothing to any other wheel.
///
/// ```
/// use step3::Wheel;
///
/// let mut wheel = Wheel::new();
/// let tea = wheel.insert(300, "tea")?;
/// assert_eq!(wheel.remove(tea), Some("tea"));
///
/// let eggs = wheel.insert(360, "eggs")?; // takes the place in memory that the tea has left,
/// assert_eq!(wheel.remove(tea), None); //    and still the old key does not fit.
/// assert_eq!(wheel.get_mut(eggs), Some(&mut "eggs"));
/// # Ok::<(), step3::TooFar>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// Returns the key as one number: a name for its entry in a log, unlike that of any other entry of the wheel.
    pub const fn bits(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }
}

/// The nodes, those in use and those that are free.
pub(crate) struct Entries<T> {
    nodes: Vec<Node<T>>,
    /// The first free node; the others follow by `next`.
    free: u32,
    len: usize,
}

struct Node<T> {
    value: Option<T>,
    at: u32,
    prev: u32,
    next: u32,
    generation: u32,
}

/// The two ends of a list of entries. What lies between is in the nodes, so every change takes the [`Entries`] too.
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(crate) const EMPTY: List = List { head: NONE, tail: NONE };

    pub(crate) fn first(&self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }
}

impl<T> Entries<T> {
    pub(crate) const fn new() -> Self {
        Entries { nodes: Vec::new(), free: NONE, len: 0 }
    }

    /// Counts the entries in use.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts a value into a free node, with as much of its deadline as the caller needs to know again. The caller owes
    /// it a place in a list.
    pub(crate) fn add(&mut self, at: u32, value: T) -> u32 {
        let index = if self.free == NONE { self.grow() } else { self.free };
        let node = &mut self.nodes[index as usize];
        self.free = node.next;
        node.at = at;
        node.value = Some(value);
        self.len += 1;
        index
    }

    /// Appends a node that is free, and the last of the free list.
    fn grow(&mut self) -> u32 {
        assert!(self.nodes.len() < NONE as usize, "a wheel has room for {NONE} entries, and all are taken");
        let index = self.nodes.len() as u32;
        self.nodes.push(Node { value: None, at: 0, prev: NONE, next: NONE, generation: 0 });
        index
    }

    /// Takes the value out of a node, and frees the node. The caller has unlinked it.
    pub(crate) fn take(&mut self, index: u32) -> T {
        let node = &mut self.nodes[index as usize];
        let value = node.value.take().expect("invariant 1: a node from a list has a value");
        node.generation += 1;
        if node.generation != RETIRED {
            node.next = self.free;
            self.free = index;
        }
        self.len -= 1;
        value
    }

    pub(crate) fn key(&self, index: u32) -> Key {
        Key { index, generation: self.nodes[index as usize].generation }
    }

    /// Finds the node that `key` was made for, if its value is still there (invariant 3).
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let node = self.nodes.get(key.index as usize)?;
        (node.generation == key.generation).then_some(key.index)
    }

    pub(crate) fn at(&self, index: u32) -> u32 {
        self.nodes[index as usize].at
    }

    pub(crate) fn value_mut(&mut self, index: u32) -> Option<&mut T> {
        self.nodes[index as usize].value.as_mut()
    }

    /// Links a node in behind the last of `list`.
    pub(crate) fn push_back(&mut self, list: &mut List, index: u32) {
        let node = &mut self.nodes[index as usize];
        (node.prev, node.next) = (list.tail, NONE);
        *self.next_of(list.tail, list) = index;
        list.tail = index;
    }

    /// Links a node out of `list`, wherever in it the node stands.
    pub(crate) fn unlink(&mut self, list: &mut List, index: u32) {
        let Node { prev, next, .. } = self.nodes[index as usize];
        *self.next_of(prev, list) = next;
        *self.prev_of(next, list) = prev;
    }

    /// The link that leads forward out of `index`; before the first node, that is the list's head.
    fn next_of<'a>(&'a mut self, index: u32, list: &'a mut List) -> &'a mut u32 {
        if index == NONE { &mut list.head } else { &mut self.nodes[index as usize].next }
    }

    /// The link that leads back out of `index`; behind the last node, that is the list's tail.
    fn prev_of<'a>(&'a mut self, index: u32, list: &'a mut List) -> &'a mut u32 {
        if index == NONE { &mut list.tail } else { &mut self.nodes[index as usize].prev }
    }
}

impl<T> Entries<T> {
    /// Lists the entries of a list, first to last, after checking that the way back agrees with the way forth.
    pub(crate) fn walk(&self, list: &List) -> Vec<u32> {
        let (mut walked, mut prev, mut index) = (Vec::new(), NONE, list.head);
        while index != NONE {
            let node = &self.nodes[index as usize];
            assert!(node.value.is_some(), "entry {index} is in a list without a value");
            assert_eq!(node.prev, prev, "entry {index} has a link back that disagrees");
            walked.push(index);
            (prev, index) = (index, node.next);
        }
        assert_eq!(list.tail, prev, "the tail is not the last entry");
        walked
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_waiting_waker_takes_32_bytes() {
        assert!(size_of::<Node<Waker>>() <= 32);
    }

    #[test]
    fn a_list_keeps_its_order_wherever_an_entry_leaves_it() {
        for leaver in 0..3 {
            let mut entries = Entries::new();
            let mut list = List::EMPTY;
            for value in 0..3 {
                let index = entries.add(0, value);
                entries.push_back(&mut list, index);
            }
            entries.unlink(&mut list, leaver);
            assert_eq!(entries.take(leaver), leaver);

            let stayed: Vec<u32> = (0..3).filter(|&index| index != leaver).collect();
            assert_eq!(entries.walk(&list), stayed);
        }
    }

    #[test]
    fn a_list_that_loses_its_only_entry_is_empty() {
        let mut entries = Entries::new();
        let mut list = List::EMPTY;
        let index = entries.add(0, ());
        entries.push_back(&mut list, index);
        entries.unlink(&mut list, index);
        assert_eq!(list.first(), None);
        assert!(entries.walk(&list).is_empty());
    }

    #[test]
    fn a_free_node_is_used_again_before_the_vector_grows() {
        let mut entries = Entries::new();
        let first = entries.add(0, "first");
        entries.take(first);
        assert_eq!(entries.add(0, "second"), first);
        assert_eq!(entries.nodes.len(), 1);
    }

    #[test]
    fn a_node_whose_generations_are_used_up_retires() {
        let mut entries = Entries::new();
        let old = entries.add(0, "old");
        let first_key = entries.key(old);
        entries.nodes[old as usize].generation = RETIRED - 1; // as after four billion timers
        let last_key = entries.key(old);
        entries.take(old);

        let new = entries.add(0, "new");
        assert_ne!(new, old);
        assert_eq!(entries.find(first_key), None);
        assert_eq!(entries.find(last_key), None);
    }
}
