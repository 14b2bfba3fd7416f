# add_protobuf_c(TARGET ROOT FILES…): compiles .proto files below ROOT to C with protoc-c, into a library whose
# generated headers are system headers, so that our warnings stay ours. Nothing generated is committed.

find_program(PROTOC_C protoc-c REQUIRED)

function(add_protobuf_c target root)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/generated")
  set(sources)
  foreach(file IN LISTS ARGN)
    string(REPLACE ".proto" ".pb-c" stem "${file}")
    list(APPEND sources "${out}/${stem}.c")
    list(APPEND headers "${out}/${stem}.h")
    list(APPEND inputs "${root}/${file}")
  endforeach()
  file(MAKE_DIRECTORY "${out}")
  add_custom_command(OUTPUT ${sources} ${headers}
    COMMAND "${PROTOC_C}" "--c_out=${out}" -I "${root}" ${inputs}
    DEPENDS ${inputs} COMMENT "protoc-c")
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC PkgConfig::PROTOBUF_C)
  target_compile_options(${target} PRIVATE -w)
endfunction()
