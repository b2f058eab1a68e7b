# The version stands in project() alone. Whoever shows it links llamba_version
# and includes "llamba/version.h".
configure_file(${CMAKE_SOURCE_DIR}/cmake/version.h.in
               ${CMAKE_BINARY_DIR}/generated/llamba/version.h @ONLY)
add_library(llamba_version INTERFACE)
target_include_directories(llamba_version INTERFACE ${CMAKE_BINARY_DIR}/generated)
