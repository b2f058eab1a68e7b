# llamba_fuzz(NAME SOURCES ... DEPS ...)
#
# A libFuzzer target, built only with LLAMBA_FUZZ (clang, preset `fuzz`). Its seeds
# lie in tests/fuzz/NAME; for each such folder the dev tree has a ctest test, a run
# of fixed length (tests/CMakeLists.txt).
if(LLAMBA_FUZZ)
  # The code under test tells libFuzzer which edges it took.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_custom_target(fuzzers)
endif()

function(llamba_fuzz name)
  if(NOT LLAMBA_FUZZ)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${FUZZ_SOURCES})
  target_link_libraries(${name} PRIVATE ${FUZZ_DEPS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers ${name})
  if(NOT IS_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/fuzz/${name})
    message(FATAL_ERROR "llamba_fuzz: no seeds in tests/fuzz/${name}")
  endif()
endfunction()
