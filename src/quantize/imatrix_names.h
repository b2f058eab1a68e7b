#ifndef LLAMBA_QUANTIZE_IMATRIX_NAMES_H_
#define LLAMBA_QUANTIZE_IMATRIX_NAMES_H_

// llama.cpp's names in an importance matrix (tools/imatrix), shared by reader
// and writer.
namespace llamba {

inline constexpr char kImatrixType[] = "imatrix";
inline constexpr char kSumsSuffix[] = ".in_sum2";
// Ours, and optional: the sums of products of each two columns' inputs.
inline constexpr char kMomentsSuffix[] = ".in_moments";
inline constexpr char kCountsSuffix[] = ".counts";
inline constexpr char kDatasetsKey[] = "imatrix.datasets";
inline constexpr char kChunkCountKey[] = "imatrix.chunk_count";
inline constexpr char kChunkSizeKey[] = "imatrix.chunk_size";

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_IMATRIX_NAMES_H_
