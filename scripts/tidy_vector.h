// Read by clang-tidy before each file. Clang 14 cannot evaluate GCC 12's constexpr std::vector of a type that is not
// yet complete, such as LibTorch's IValue; here it is not constexpr, nor is the function that <vector> defines for
// bits.
#include <string>
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#define __fill_a1 fill_bits
#include <vector>
#undef __fill_a1
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR constexpr
