#include "kernels/products.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <cstring>
#include <map>
#include <tuple>

#include "core/error.h"
#include "core/vectorize.h"
#include "kernels/torch_compatibility.h"

#ifdef LIMBECK_HAS_DNNL
#include <dnnl.hpp>
#endif

namespace limbeck {
namespace {

/// Not-a-number stays that, whatever its lower bits.
LIMBECK_VECTORIZED
void round_range(const uint32_t* __restrict from, uint16_t* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = from[i];
    const uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
    to[i] = static_cast<uint16_t>((bits & 0x7fffffffU) > 0x7f800000U ? 0x7fc0U : rounded);
  }
}

}  // namespace

at::Tensor to_bfloat16(const at::Tensor& values) {
  const at::Tensor from = values.detach().contiguous();
  at::Tensor to = at::empty(from.sizes(), from.options().dtype(at::kBFloat16));
  const auto* source = reinterpret_cast<const uint32_t*>(read_pointer<float>(from));
  auto* target = reinterpret_cast<uint16_t*>(to.data_ptr<at::BFloat16>());
  constexpr int64_t kSmallestRange = 1 << 15;
  at::parallel_for(0, from.numel(), kSmallestRange,
                   [&](int64_t begin, int64_t end) { round_range(source + begin, target + begin, end - begin); });
  return to;
}

#ifdef LIMBECK_HAS_DNNL
namespace {

using Memory = dnnl::memory;

const dnnl::engine& processor() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::matmul::primitive_desc describe_matmul(const Memory::desc& a, const Memory::desc& b, const Memory::desc& c) {
#if DNNL_VERSION_MAJOR >= 3
  return {processor(), a, b, c};
#else
  return {{a, b, c}, processor()};
#endif
}

struct Product {
  dnnl::matmul primitive;
  Memory a, b, c;

  Product(Layout a_layout, Layout b_layout, int64_t m, int64_t n, int64_t k)
      : Product(describe_matmul(describe(a_layout, m, k, Memory::data_type::bf16),
                                describe(b_layout, k, n, Memory::data_type::bf16),
                                describe(Layout::plain, m, n, Memory::data_type::f32))) {}

 private:
  explicit Product(const dnnl::matmul::primitive_desc& description)
      : primitive(description),
        a(description.src_desc(), processor(), nullptr),
        b(description.weights_desc(), processor(), nullptr),
        c(description.dst_desc(), processor(), nullptr) {}

  static Memory::desc describe(Layout layout, int64_t rows, int64_t columns, Memory::data_type type) {
    return {{rows, columns}, type, layout == Layout::plain ? Memory::format_tag::ab : Memory::format_tag::ba};
  }
};

}  // namespace

bool has_products() {
  return true;
}

bool has_fast_bfloat16() {
  const auto at_least = [](dnnl::cpu_isa isa) {
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & static_cast<unsigned>(isa)) ==
           static_cast<unsigned>(isa);
  };
  return at_least(dnnl::cpu_isa::avx512_core_bf16);
}

void multiply(Layout a_layout, Layout b_layout, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
              float* c) {
  const int64_t a_stride = a_layout == Layout::plain ? k : m, b_stride = b_layout == Layout::plain ? n : k;
  const dnnl::status status = dnnl::sgemm(static_cast<char>(a_layout), static_cast<char>(b_layout), m, n, k, 1.0F, a,
                                          a_stride, b, b_stride, 0.0F, c, n);
  if (status != dnnl::status::success)
    throw Error(fmt::format("oneDNN cannot multiply {}x{}x{}: status {}", m, n, k, static_cast<int>(status)));
}

void multiply(Layout a_layout, Layout b_layout, int64_t m, int64_t n, int64_t k, const c10::BFloat16* a,
              const c10::BFloat16* b, float* c) {
  // Making a product ready costs more than a small one; training asks for the same few again and again. One set per
  // thread, since the memory objects point to the factors of the call.
  using Key = std::tuple<Layout, Layout, int64_t, int64_t, int64_t>;
  thread_local std::map<Key, Product> products;
  thread_local dnnl::stream stream(processor());
  try {
    Product& product = products.try_emplace({a_layout, b_layout, m, n, k}, a_layout, b_layout, m, n, k).first->second;
    product.a.set_data_handle(const_cast<c10::BFloat16*>(a));
    product.b.set_data_handle(const_cast<c10::BFloat16*>(b));
    product.c.set_data_handle(c);
    product.primitive.execute(stream,
                              {{DNNL_ARG_SRC, product.a}, {DNNL_ARG_WEIGHTS, product.b}, {DNNL_ARG_DST, product.c}});
    stream.wait();
  } catch (const dnnl::error& error) {
    throw Error(fmt::format("oneDNN cannot multiply {}x{}x{} in bfloat16: {}", m, n, k, error.what()));
  }
}

#else

bool has_products() {
  return false;
}
bool has_fast_bfloat16() {
  return false;
}

void multiply(Layout, Layout, int64_t, int64_t, int64_t, const float*, const float*, float*) {
  throw Error("this build has no oneDNN; its products cannot be used");
}
void multiply(Layout, Layout, int64_t, int64_t, int64_t, const c10::BFloat16*, const c10::BFloat16*, float*) {
  throw Error("this build has no oneDNN; its products cannot be used");
}

#endif

}  // namespace limbeck
