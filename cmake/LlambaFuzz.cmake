# llamba_fuzz(NAME SOURCES ... DEPS ...)
#
# A libFuzzer target. It is built only with LLAMBA_FUZZ (clang, preset `fuzz`);
# with LLAMBA_CHECKS a short run of fixed length over it is a ctest test of this
# tree, which takes the program from build/fuzz. Seeds lie in tests/fuzz/NAME.
if(LLAMBA_FUZZ)
  # The code under test tells libFuzzer which edges it took.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_custom_target(fuzzers)
endif()

function(llamba_fuzz name)
  cmake_parse_arguments(FUZZ "" "" "SOURCES;DEPS" ${ARGN})
  if(LLAMBA_FUZZ)
    add_executable(${name} ${FUZZ_SOURCES})
    target_link_libraries(${name} PRIVATE ${FUZZ_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${name})
  elseif(LLAMBA_CHECKS)
    add_test(NAME fuzz.${name}
      COMMAND ${CMAKE_SOURCE_DIR}/scripts/fuzz-smoke
              ${CMAKE_SOURCE_DIR}/build/fuzz/bin/${name}
              ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}
              ${CMAKE_SOURCE_DIR}/build/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 180
      FIXTURES_REQUIRED fuzz_tree)
  endif()
endfunction()
