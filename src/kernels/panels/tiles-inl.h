// The tile registers of AMX. Included by one translation unit an instruction
// set, inside its anonymous namespace, as panel_matmul-inl.h is.

// Of each tile how many rows it has and how many bytes a row; none at first.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void Set(int tile, int64_t n_rows, int64_t bytes) {
    rows[tile] = static_cast<uint8_t>(n_rows);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};

// Tiles may be used while it lives. Its making clears them.
class TileUse {
 public:
  explicit TileUse(const TileShapes& shapes) {
    // The compiler believes that only eight bytes of it are read, and that
    // loads of tiles need no memory to be up to date.
    __asm__ volatile("" : : "m"(shapes) : "memory");
    _tile_loadconfig(&shapes);
  }
  ~TileUse() { _tile_release(); }
  TileUse(const TileUse&) = delete;
  TileUse& operator=(const TileUse&) = delete;
};

// Where a step of group g of rows lies among all `steps` of `groups` groups, in
// steps: what a panel of weights is multiplied by lies in one run, in the order
// of its use. The panel_steps of a panel stand before others, of these two
// groups before others, of these steps in turn.
inline int64_t StepAt(int64_t g, int64_t step, int64_t groups, int64_t steps,
                      int64_t panel_steps) {
  const int64_t first = step / panel_steps * panel_steps;
  const int64_t even = g / 2 * 2;
  const int64_t beside = std::min<int64_t>(2, groups - even);
  return first * groups + even * std::min(panel_steps, steps - first) +
         (step - first) * beside + g - even;
}

// Makes `rounds` times four products of full tiles: of 4 and 5 with 6 and 7 to
// 0 to 3, each of 16 x 16 outputs and `columns` columns. See
// KernelTable::float_peak.
template <class FourProducts>
double TilePeak(int64_t rounds, int64_t columns, float* sink,
                const FourProducts& multiply) {
  TileShapes full;
  for (int i = 0; i < 8; ++i) full.Set(i, 16, 64);
  const TileUse use(full);
  // Bytes that are about 1 as bf16, too.
  alignas(64) int8_t values[16 * 64];
  __builtin_memset(values, 0x3f, sizeof values);
  __asm__ volatile("" : : : "memory");
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, values, 64);
  _tile_loadd(5, values, 64);
  _tile_loadd(6, values, 64);
  _tile_loadd(7, values, 64);
  for (int64_t i = 0; i < rounds; ++i) multiply();
  alignas(64) int32_t sums[16 * 16];
  _tile_stored(3, sums, 64);
  *sink += static_cast<float>(sums[0] & 1);
  return static_cast<double>(rounds) * 4 * 16 * 16 *
         static_cast<double>(columns);
}
