// ARM's dot product of four signed bytes a lane (SDOT; Armv8.2 and later).
#include <arm_neon.h>

#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/neon_vectors-inl.h"

}  // namespace

Kernels NeonDotprod() {
  return {MatMulPanelsOf<DotVectors>, PeakOf<DotVectors>};
}

}  // namespace llamba::panels
