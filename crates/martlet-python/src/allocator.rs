//! mimalloc, asked the short way: its functions for an alignment come to the same memory by more steps, and nearly
//! everything that is allocated is aligned as all its memory is.

use std::{
    alloc::{GlobalAlloc, Layout},
    ffi::c_void,
};

use libmimalloc_sys as mimalloc;

/// What any memory of mimalloc's is aligned to, however little it is.
const USUAL: usize = align_of::<usize>();

pub(crate) struct Allocator;

// SAFETY: mimalloc gives memory of the size and alignment asked for, to this caller alone, or null, and keeps it at its
// place until it is given back; `free` and `realloc` take what either kind of its functions gave.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: no preconditions.
        let memory = unsafe {
            match layout.align() <= USUAL {
                true => mimalloc::mi_malloc(layout.size()),
                false => mimalloc::mi_malloc_aligned(layout.size(), layout.align()),
            }
        };
        memory.cast()
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: no preconditions.
        let memory = unsafe {
            match layout.align() <= USUAL {
                true => mimalloc::mi_zalloc(layout.size()),
                false => mimalloc::mi_zalloc_aligned(layout.size(), layout.align()),
            }
        };
        memory.cast()
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let memory: *mut c_void = memory.cast();
        // SAFETY: it came from here, by what is asked of the caller.
        let memory = unsafe {
            match layout.align() <= USUAL {
                true => mimalloc::mi_realloc(memory, size),
                false => mimalloc::mi_realloc_aligned(memory, size, layout.align()),
            }
        };
        memory.cast()
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: as in `realloc`.
        unsafe { mimalloc::mi_free(memory.cast()) }
    }
}
