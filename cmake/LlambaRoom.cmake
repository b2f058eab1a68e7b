# llamba_room(NAME DEPS... [SOURCES ...])
#
# One static library llamba_NAME for the current folder: every .cc in it (and in
# the sub-folders named by SUBDIRS) except tests. With LLAMBA_TESTS, the
# *_test.cc files beside them, and *_testing.cc (what tests share), become one
# test program, NAME_test.
#   DEPS       libraries to link: llamba_* rooms from the table in DESIGN.md,
#              and third-party targets
#   SUBDIRS    sub-folders that belong to this room
#   TEST_DEPS  what only the tests link
function(llamba_room name)
  cmake_parse_arguments(ROOM "" "" "DEPS;SUBDIRS;TEST_DEPS" ${ARGN})
  set(patterns *.cc)
  set(test_patterns *_test.cc *_testing.cc)
  foreach(sub IN LISTS ROOM_SUBDIRS)
    list(APPEND patterns ${sub}/*.cc)
    list(APPEND test_patterns ${sub}/*_test.cc ${sub}/*_testing.cc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_testing)\\.cc$")
  add_library(llamba_${name} STATIC ${sources})
  target_include_directories(llamba_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(llamba_${name} PUBLIC ${ROOM_DEPS})

  file(GLOB tests CONFIGURE_DEPENDS ${test_patterns})
  if(LLAMBA_TESTS AND tests)
    llamba_test(${name}_test SOURCES ${tests}
                DEPS llamba_${name} ${ROOM_TEST_DEPS})
  endif()
endfunction()

# llamba_test(NAME SOURCES ... DEPS ... [LABELS ...]): a GoogleTest program whose
# cases are ctest tests. LLAMBA_SHARED (environment) or ../shared finds the large
# material; tests that need it skip without it.
function(llamba_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_DEPS} GTest::gmock_main)
  # Assertions compile slowly and run once.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    LLAMBA_SOURCE_DIR=".")  # tests run in the checkout
  if(NOT TEST_LABELS)
    set(TEST_LABELS unit)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60  # libtorch loads slowly where others work
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    PROPERTIES LABELS "${TEST_LABELS}" TIMEOUT 600)
endfunction()
