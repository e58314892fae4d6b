# How a folder becomes targets. Files are found, not listed, so that adding one touches one file:
#
#   FOLDER/*.cc, */*.cc   library headrace_FOLDER, except FOLDER/main.cc
#   FOLDER/main.cc        program headrace-FOLDER
#   tests/FOLDER/*.cc     test program FOLDER_test, each TEST a CTest entry
#   tests/fuzz/X_fuzz.cc  fuzzer X_fuzz (asan preset only)
#   bench/FOLDER/*.cc     benchmark program FOLDER_bench

function(headrace_library folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc
                                      ${CMAKE_SOURCE_DIR}/${folder}/*/*.cc)
  list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${folder}/main.cc)
  if(sources)
    add_library(headrace_${folder} STATIC ${sources})
    set(visibility PUBLIC)
  else()
    add_library(headrace_${folder} INTERFACE)
    set(visibility INTERFACE)
  endif()
  target_include_directories(headrace_${folder} ${visibility} ${CMAKE_SOURCE_DIR})
  target_link_libraries(headrace_${folder} ${visibility} ${ARG_DEPENDS} Threads::Threads)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${folder}/main.cc)
    add_executable(headrace-${folder} ${CMAKE_SOURCE_DIR}/${folder}/main.cc)
    target_link_libraries(headrace-${folder} PRIVATE headrace_${folder})
  endif()
endfunction()

function(headrace_test folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${folder}_test ${sources})
  target_link_libraries(${folder}_test PRIVATE headrace_${folder} GTest::gtest GTest::gmock
                                               GTest::gtest_main ${ARGN})
  # Tests read the tree (conf/, docs/) by relative paths.
  gtest_discover_tests(${folder}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} TEST_PREFIX ${folder}. DISCOVERY_MODE PRE_TEST
                       PROPERTIES TIMEOUT 300 LABELS unit)
endfunction()

function(headrace_benchmark folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/${folder}/*_bench.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${folder}_bench ${sources})
  target_link_libraries(${folder}_bench PRIVATE headrace_${folder} benchmark::benchmark
                                                benchmark::benchmark_main ${ARGN})
endfunction()
