# For 64-bit ARM on an x86-64 Debian: its cross compiler, the arm64 libraries of
# `scripts/setup aarch64`, and qemu to run what was built.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# CPU: what qemu is to be; `max` has all that it knows, i8mm included.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-cpu;max)
set(ENV{PKG_CONFIG_LIBDIR}
    /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
set(simdjson_DIR ${CMAKE_CURRENT_LIST_DIR}/aarch64)
