// AVX-512 with VNNI: one instruction adds four products of an unsigned by a
// signed byte to 32 bits. Signed weights are made unsigned by adding 128, which
// is taken off the sum again.
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"
#include "kernels/panels/row_tiles.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/avx512_vectors-inl.h"
//
#include "kernels/panels/panel_matmul-inl.h"
//
#include "kernels/panels/unpacked_matmul-inl.h"

}  // namespace

Kernels Avx512Vnni() {
  return {MatMulUnpacked<Vectors>, PeakOf<Vectors>, RowOrder::kTiles};
}

}  // namespace llamba::panels
