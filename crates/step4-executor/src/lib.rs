//! Tasks: an event loop, gather, a work-stealing pool and real sockets.
