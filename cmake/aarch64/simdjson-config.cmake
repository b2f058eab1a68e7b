# Debian's libsimdjson-dev can be installed for one architecture alone, so this
# takes the header of the host's and the library of libsimdjson14:arm64.
add_library(simdjson::simdjson SHARED IMPORTED)
set_target_properties(simdjson::simdjson PROPERTIES
  IMPORTED_LOCATION /usr/lib/aarch64-linux-gnu/libsimdjson.so.14
  INTERFACE_COMPILE_DEFINITIONS SIMDJSON_THREADS_ENABLED=1)
