#pragma once
// Plain loops that the compiler turns into the widest vectors of the processor at hand: the function is compiled once for
// each kind of processor and the right one is taken when the program is loaded. Pointers should be __restrict.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define LIMBECK_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LIMBECK_VECTORIZED
#endif
