#pragma once
// Function multiversioning for loops that the compiler vectorizes: the function is compiled once per instruction set,
// and the version is selected for the processor when the program is loaded. Pointers should be __restrict.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define LIMBECK_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
// For code written with vectors of 8 or 16 floats. Allows fused multiply-adds, which "avx2" alone does not.
#define LIMBECK_VECTORS_OF_8 __attribute__((target_clones("arch=x86-64-v3", "default")))
#define LIMBECK_VECTORS_OF_16 __attribute__((target_clones("arch=x86-64-v4", "default")))
#else
#define LIMBECK_VECTORIZED
#define LIMBECK_VECTORS_OF_8
#define LIMBECK_VECTORS_OF_16
#endif
