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
