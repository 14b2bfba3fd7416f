# lahetti_floor(NAME SOURCES … BELOW … PRIVATE …): one floor of the server. Its headers lie beside its sources and are seen
# only by those that link it, so that an include that goes up does not compile. BELOW are the floors its headers
# speak of, PRIVATE what only its sources use.
function(lahetti_floor name)
  cmake_parse_arguments(floor "" "" "SOURCES;BELOW;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${floor_SOURCES})
  target_include_directories(${name} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${floor_BELOW} PRIVATE lahetti_compiler ${floor_PRIVATE})
endfunction()

# lahetti_unit_test(NAME LINKS …): tests/unit/NAME.c, a cmocka program with no other file beside it.
function(lahetti_unit_test name)
  add_executable(unit_${name} ${name}.c)
  target_link_libraries(unit_${name} PRIVATE lahetti_compiler PkgConfig::CMOCKA ${ARGN})
  target_compile_definitions(unit_${name} PRIVATE
    LAHETTI_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors" LAHETTI_CORPUS="${PROJECT_SOURCE_DIR}/tests/fuzz/corpus")
  add_test(NAME unit_${name} COMMAND unit_${name})
  set_tests_properties(unit_${name} PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()
