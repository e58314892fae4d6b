# Compilers, warnings and sanitizers, the same for every target.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(HEADRACE_CCACHE ccache)
if(HEADRACE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${HEADRACE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HEADRACE_CCACHE})
endif()

find_program(HEADRACE_LLD ld.lld-19)
if(HEADRACE_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=${HEADRACE_LLD})
endif()

add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers -fno-omit-frame-pointer
                    # Paths in debug info and asserts are relative to the tree, so that builds of
                    # two checkouts share one compiler cache and no binary names its machine.
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # -g1 keeps backtraces and profiles readable at a third of -g's build time. CHECKs stay on.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 uses in std::stable_sort what it deprecates; g++ still reports our own uses.
  add_compile_options(-Wthread-safety -Wno-unused-command-line-argument
                      -Wno-deprecated-declarations)
endif()

if(HEADRACE_SANITIZE STREQUAL "address")
  add_compile_options(-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
                      -fno-sanitize=vptr
                      # Coverage for the fuzzers: without it in the libraries they search blindly.
                      -fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=address,undefined)
elseif(HEADRACE_SANITIZE STREQUAL "thread")
  add_compile_options(-O1 -g1 -fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(NOT HEADRACE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "HEADRACE_SANITIZE is '${HEADRACE_SANITIZE}': expected address or thread")
endif()

if(HEADRACE_SANITIZE AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "the sanitizer presets need clang (apt-get install clang-19)")
endif()
