# How every file of ours is compiled: the language, the warnings, the sanitizers, the hardening.

option(LAHETTI_WERROR "Treat warnings as errors" OFF)
option(LAHETTI_HARDEN "Build with the hardening of a release" OFF)
option(LAHETTI_COVERAGE "Measure coverage" OFF)
option(LAHETTI_FUZZ "Build the libFuzzer targets (clang)" OFF)
set(LAHETTI_SANITIZE "" CACHE STRING "Sanitizers, as the compiler names them: address,undefined or thread")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
endif()

# Carried by every target of ours, never by generated code. -Wcast-qual is gcc's alone: clang looks into protobuf-c's
# initialisers, macros of generated headers that cast const away.
add_library(lahetti_compiler INTERFACE)
target_compile_definitions(lahetti_compiler INTERFACE _GNU_SOURCE)
target_compile_options(lahetti_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align
  -Wformat=2 -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wwrite-strings -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough
  $<$<C_COMPILER_ID:GNU>:-Wcast-qual -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init>
  $<$<BOOL:${LAHETTI_WERROR}>:-Werror>)

if(LAHETTI_SANITIZE)
  add_compile_options(-fsanitize=${LAHETTI_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${LAHETTI_SANITIZE})
  if(LAHETTI_SANITIZE MATCHES "undefined")
    # The first finding ends the program, so that a test sees it.
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

if(LAHETTI_COVERAGE)
  add_compile_options(--coverage -O0 -g)
  add_link_options(--coverage)
endif()

if(LAHETTI_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "libFuzzer is clang's: use the preset `fuzz`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(LAHETTI_HARDEN)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
  # Fortification rests on the optimiser. Level 3 is of gcc 12 and clang 9, the oldest we build with knows it.
  add_compile_options(
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>
    -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
    add_compile_options(-fcf-protection=full)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    add_compile_options(-mbranch-protection=standard)
  endif()
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)
endif()
