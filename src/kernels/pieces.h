#pragma once
// Loops cut into pieces that free threads take, for a processor that others use too: OpenMP gives each thread the same
// share beforehand, and all wait for the one that lost its core. Here the caller works from its end of the loop, helper
// threads join when they get a core, and each takes pieces until none is left; the end waits for pieces that were
// taken, never for a helper that did not come.
//
// Pieces are cut by the loop's size alone, never by the number of threads: a body that writes to places of its piece
// only, or sums into places of its piece that are added up in order, gives the same bits for any number of threads.
//
// Thread-safety: all functions may be called by several threads at once; a loop that finds the helpers at work for
// another thread, or that is called within a piece or in a parallel region of LibTorch, runs on its caller alone. There
// are as many threads as LibTorch is set to use by the caller (at::set_num_threads). Helpers have the caller's floating
// point mode (flushing of denormal numbers), but not its thread-local state in LibTorch. LibTorch and oneDNN, called in
// a piece, use one thread.
#include <cstdint>
#include <memory>
#include <type_traits>

namespace limbeck {

/// A call of a piece, without owning what is called.
class PieceBody {
 public:
  PieceBody() = default;
  template <class Body>
  explicit PieceBody(const Body& body)
      : body_(std::addressof(body)),
        call_([](const void* it, int64_t piece) { (*static_cast<const Body*>(it))(piece); }) {}
  void operator()(int64_t piece) const { call_(body_, piece); }

 private:
  const void* body_ = nullptr;
  void (*call_)(const void*, int64_t) = nullptr;
};

void run_pieces(int64_t pieces, PieceBody body);

/// Calls body(piece) once for each piece 0 … pieces − 1, and returns after the last one ended. If a body throws, pieces
/// that have not begun are left out, and one of the exceptions is thrown again.
template <class Body>
void for_each_piece(int64_t pieces, const Body& body) {
  if (pieces == 1)
    body(int64_t{0});
  else if (pieces > 1)
    run_pieces(pieces, PieceBody(body));
}

/// Calls body(begin, end) for ranges of `size` elements, the last one shorter, that cover 0 … count − 1.
template <class Body>
void for_each_range(int64_t count, int64_t size, const Body& body) {
  for_each_piece((count + size - 1) / size, [&](int64_t piece) {
    const int64_t begin = piece * size;
    body(begin, count - begin < size ? count : begin + size);
  });
}

}  // namespace limbeck
